"""All eigenvalues of H, of G and of R, each by its own method, and the nuclear norm of G by none."""

from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np

from twolayer.forward.bounds import bounds

from ..blas_threads import LARGE, one_blas_thread
from ..curvature.dense import dense, dense_error
from ..curvature.diagonal import trace
from ..curvature.frobenius import frobenius
from ..errors.rounding import SLACK
from .compressed import Matrix
from .enclosed import Spectrum, merged, semidefinite
from .extremes.watch import Watch
from .lapack import verified_eigenvalues
from .tangent_kernel import tangent_kernel
from .unit_blocks import Units

SOON = 1e6  # entries of a Jacobian whose products take one thread no longer than the wait of several costs


def dense_spectrum(small: Matrix, watch: Watch | None = None) -> Spectrum:
    """Form the matrix and verify LAPACK's eigensystem. O(n q P^2 + 6 P^3) time."""
    watch = watch or Watch()
    soon = small.order >= LARGE and small.forward.F.size * small.order < SOON
    # where scipy's BLAS works on several threads next, numpy's would wait for more work beside them
    with one_blas_thread() if soon else nullcontext():
        entries = dense(small.forward, small.scope, told=lambda share, doing: watch.stage(share / 10, doing))
    values, error = verified_eigenvalues(small.checked(entries), watch=watch)
    error = SLACK * (error + dense_error(small.forward, small.bound) + small.error)
    if small.zeros:
        zeros = np.zeros(small.zeros)
        errors = np.concatenate([np.full(len(values), error), zeros])
        found = merged(np.concatenate([values, zeros]), errors, error, "dense, verified")
    else:
        found = Spectrum(values, np.full(len(values), error), error, "dense, verified")
    return found if small.scope.residual else semidefinite(found, small.forward.F.size)


def kernel_spectrum(newton: Matrix, watch: Watch | None = None) -> Spectrum:
    """Eigenvalues of G from the tangent kernel. O(n^2 q^2 (m + d) + 6 (n q)^3) time."""
    watch = watch or Watch()
    watch.stage(0.0, f"forming a kernel of order {newton.forward.F.size}")
    K, rounding = tangent_kernel(newton)
    found, error = verified_eigenvalues(newton.checked(K), watch=watch)
    error = SLACK * (error + rounding + newton.bound.propagated)
    values = np.zeros(newton.order)
    values[: len(found)] = np.maximum(found, 0.0)[: newton.order]
    return semidefinite(Spectrum(values, np.full(newton.order, error), error, "kernel"), len(found))


def with_residual(newton: Spectrum, whole: Matrix) -> Spectrum:
    """Those of H, which are within the norm of R of those of G (Hoffman and Wielandt)."""
    scope = whole.scope.only(gauss_newton=False)
    rest = bounds(whole.forward, scope)
    value, error, _ = frobenius(whole.forward, scope, rest)
    distance = SLACK * (newton.distance + min(value + error, rest.residual + rest.propagated))
    return Spectrum(
        newton.values, np.full(whole.order, distance), distance, newton_method(whole, newton.method)
    )


def unit_spectrum(small: Matrix, watch: Watch | None = None) -> Spectrum:
    """The eigenvalues of the residual part: those of its blocks. O(m (n d^2 + 6 (q + d)^3)) time."""
    units, watch = Units(small), watch or Watch()
    blocks = range(small.forward.S.shape[1] if units.block_order else 0)
    found = []
    for k in blocks:
        watch.stage(k / len(blocks), f"unit {k} of {len(blocks)}")
        found.append(verified_eigenvalues(small.checked(units.block(k))))
    forming = SLACK * (units.forming_error + small.factors_error)
    zeros = np.zeros(small.order + small.zeros - len(blocks) * units.block_order)
    values = np.concatenate([*(values for values, _ in found), zeros])
    errors = [np.full(units.block_order, SLACK * error + forming) for _, error in found]
    distance = SLACK * math.hypot(*(error for _, error in found)) + forming
    return merged(values, np.concatenate([*errors, zeros]), distance, "structured")


def trace_norm(whole: Matrix) -> tuple[float, float]:
    """tr G, the nuclear norm of G; that of H differs by at most that of R.

    R is a mean of matrices of rank 2 m at most, so that its nuclear norm is at most sqrt(2 m) times the mean
    of their Frobenius norms.
    """
    forward, scope = whole.forward, whole.scope.only(residual=False)
    value, error = trace(forward, scope, bounds(forward, scope))
    if whole.scope.residual:
        rest = bounds(forward, whole.scope.only(gauss_newton=False))
        with np.errstate(over="ignore"):  # an infinite bound is refused where the trace is answered
            error += SLACK * math.sqrt(2 * forward.S.shape[1]) * (rest.residual + rest.propagated)
    return value, error


def newton_method(whole: Matrix, name: str) -> str:
    """The name of a method through G, saying so if H was meant."""
    return f"{name} of G, R in the error" if whole.scope.residual else name
