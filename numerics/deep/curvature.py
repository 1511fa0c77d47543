"""The curvature of a deep network's risk: an operator that knows its exact norms without being formed."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from numerics.deep import norms
from numerics.deep.block import Block, Chosen, named
from numerics.deep.forward import Forward
from numerics.deep.frobenius import frobenius
from numerics.deep.matrices import (
    counter,
    dense,
    dense_error,
    product,
    product_error,
    require_memory,
    surely_above,
    widths,
)
from numerics.deep.network import refuse_overflow
from numerics.deep.norms import Bounds, Scope
from numerics.deep.spectrum import (
    FORMED,
    WHOLE,
    DeepEigensystem,
    bounds_by_norms,
    dense_spectrum,
    kernel_spectrum,
    product_of_logs,
    with_residual,
)
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK, gamma, scaled_norm
from twolayer.operators.on_diagonal import OnDiagonal
from twolayer.operators.spectral import require_not_zero
from twolayer.spectrum.enclosed import Spectrum
from twolayer.spectrum.extremes.records import Counter, Operator
from twolayer.spectrum.extremes.watch import Progress, Watch
from twolayer.spectrum.functions import weyl

LARGEST = 20_000  # n q up to which the tangent kernel is formed without being asked for, or P if larger
NEGLIGIBLE = 1e-10  # share of |G|_F below which |R|_F counts as an error of the eigenvalues


class Curvature(OnDiagonal):
    """The Hessian, one of its two parts, or its block over some parameters. Made by :class:`Hessian`.

    A scipy LinearOperator of shape (P, P), P the number of parameters included. What it says of eigenvalues
    is what ``twolayer.Hessian`` says, by the methods "dense", "kernel" (those of G through the n q x n q
    tangent kernel; for H itself ``|R|_F`` is added to the error) and "lanczos". Without a `method`:
    the kernel where there is no residual part or it is negligible, else the matrix up to P = 3000; for a few
    eigenvalues then Lanczos, and for all the matrix up to P = 6000, the kernel beyond.

    Attributes
    ----------
    layers, groups : tuple
        The layers included, counted from 1, and the parts, such as "W1" and "b1".
    convention : str
        Loss, factor, mean and parameter order of every number this object returns.
    part_sizes : dict of str to int
        Number of parameters in each of these parts.
    n_kinks, undecided_kinks : int
        Pre-activations exactly at a kink (the limit from the left is used there), and those whose side
        rounding leaves open, the jump being part of every error.
    """

    forward: Any
    scope: Any
    _norm: tuple[float, float] | None = None

    def __init__(self, run: Forward, scope: Scope) -> None:
        self.forward, self.scope = run, scope
        P = sum(widths(run, scope).values())
        LinearOperator.__init__(self, np.dtype(np.float64), (P, P))

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers included, counted from 1."""
        return tuple(l + 1 for l in self.scope.layers)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameter parts included."""
        return tuple(name for name in self.forward.net.parts if self._has(name))

    @property
    def part_sizes(self) -> dict[str, int]:
        """Number of parameters in each of these parts."""
        return {name: self.forward.net.parts[name].size for name in self.groups}

    def _has(self, name: str) -> bool:
        return int(name[1:]) in self.layers and name not in self.scope.without

    @property
    def n_kinks(self) -> int:
        """How many pre-activations sit exactly at a kink."""
        return int(self.forward.n_kinks)

    @property
    def undecided_kinks(self) -> int:
        """How many pre-activations are so near a kink that rounding leaves their side open."""
        return int(self.forward.undecided)

    @cached_property
    def bound(self) -> Bounds:  # type: ignore[override]
        """Sizes that rounding errors are proportional to."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return norms.bounds(self.forward, self.scope)

    @cached_property
    def gauss_newton(self) -> Curvature:
        """G = (1/n) sum_i J_i^T Lam_i J_i."""
        return Curvature(self.forward, replace(self.scope, gauss_newton=True, residual=False))

    @cached_property
    def residual(self) -> Curvature:
        """R = H - G = (1/n) sum_i g_i d2f_i."""
        return Curvature(self.forward, replace(self.scope, gauss_newton=False, residual=True))

    def block(self, rows: Chosen, columns: Chosen | None = None) -> Curvature | Block:
        """A principal block, or that which couples two sets of parameters.

        Parameters
        ----------
        rows, columns : int, str, or a tuple of these
            Layers, counted from 1, or parts.

        Raises
        ------
        ValueError
            If one is not among this operator's, or rows and columns overlap without being equal.

        Examples
        --------
        >>> from numerics.deep import Hessian, Network
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [0.0])  # [[4, 4], [4, 1]]
        >>> H.block(2).toarray(), H.block("W1", "W2").toarray()
        (array([[1.]]), array([[4.]]))
        """
        chosen = named("rows", rows, self.groups)
        across = chosen if columns is None else named("columns", columns, self.groups)
        if chosen == across:
            return self.principal(chosen)
        if set(chosen) & set(across):
            raise ValueError(f"columns must be the rows or other parts; got {', '.join(across)}")
        both = self.principal(tuple(name for name in self.groups if name in chosen + across))
        return Block(both, chosen, across)

    def principal(self, names: tuple[str, ...]) -> Curvature:
        """The principal block over parts of these names."""
        layers = tuple(sorted({int(name[1:]) - 1 for name in names}))
        without = frozenset(self.forward.net.parts) - set(names)
        kept = frozenset(name for name in without if int(name[1:]) - 1 in layers)
        return Curvature(self.forward, replace(self.scope, layers=layers, without=kept))

    def _matvec(self, vector: Any) -> Array:
        direction = arrays.real_array("vector", vector).ravel()
        with np.errstate(over="ignore", invalid="ignore"):
            found = product(self.forward, self.scope, direction)
        refuse_overflow("entries of the product", found)
        return found

    def _adjoint(self) -> Curvature:
        return self

    _transpose = _adjoint

    def toarray(self, *, progress: Progress | None = None, max_seconds: float | None = None) -> Array:
        """The (P, P) matrix. O(n q P^2) time; `progress` and `max_seconds` are as for :meth:`eigenvalues`.

        Raises
        ------
        MemoryError
            If it would not fit into this machine's memory.
        """
        require_memory(self.shape[0])
        with np.errstate(over="ignore", invalid="ignore"):
            found = dense(self._watched(Watch(progress, max_seconds)), self.scope)
        refuse_overflow("entries of the Hessian", found)
        return found

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix."""
        return dense_error(self.forward, self.bound)

    def diagonal(self, *, progress: Progress | None = None, max_seconds: float | None = None) -> Array:
        """The diagonal, shape (P,); `progress` and `max_seconds` are as for :meth:`eigenvalues`."""
        run = self._watched(Watch(progress, max_seconds), bounded=True)
        found = norms.diagonal(run, self.scope, self.bound)
        refuse_overflow("entries of the Hessian", found)
        return found

    def trace(self, *, progress: Progress | None = None, max_seconds: float | None = None) -> Measurement:
        """Trace, exact; `progress` and `max_seconds` are as for :meth:`eigenvalues`.

        Examples
        --------
        >>> from numerics.deep import Hessian, Network
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).trace())
        5.0
        """
        run = self._watched(Watch(progress, max_seconds), bounded=True)
        return self._measured(*norms.trace(run, self.scope, self.bound), "closed form")

    def frobenius_norm(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Frobenius norm, exact and without forming the matrix; O(n^2 L^2 m^2 + n^2 q L m) time.

        Parameters
        ----------
        method : {None, "pairs", "dense"}
            "dense" forms the matrix.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If `method` is unknown.

        Examples
        --------
        >>> from numerics.deep import Hessian, Network
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> round(float(Hessian(net, [[1.0]], [2.0]).frobenius_norm()), 12)  # [[4, 2], [2, 1]]
        5.0
        """
        if method not in (None, "pairs", "dense"):
            raise ValueError(f"method must be None or one of pairs, dense; got {method!r}")
        watch = Watch(progress, max_seconds)
        if method != "dense":
            return self._measured(*self._pairs_norm(watch), "pairs of samples")
        H = self.toarray(progress=progress, max_seconds=max_seconds)
        value = scaled_norm(H)
        return self._measured(value, SLACK * (self.rounding_error() + gamma(H.size + 4) * value), "dense")

    def _pairs_norm(self, watch: Watch) -> tuple[float, float]:
        """The Frobenius norm and its error; kept, for the next question."""
        if self._norm is None:
            run = self._watched(watch, bounded=True)
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                self._norm = frobenius(run, self.scope, self.bound)
        return self._norm

    def _watched(self, watch: Watch, bounded: bool = False) -> Forward:
        """The pass with a `watch` on what runs over it, and, if `bounded`, with the sizes of its blocks."""
        run: Forward = replace(self.forward, watch=watch)
        if bounded and self.scope.residual:
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                norms.block_sizes(run)
        return run

    @cached_property
    def eigensystem(self) -> DeepEigensystem:  # type: ignore[override]
        """What answers the questions about eigenvalues."""
        options = {"dense": (self._by_matrix, int(self.shape[0]))}
        if self.scope.gauss_newton:
            options["kernel"] = self._by_kernel, self.forward.F.size
        nuclear = None if self.scope.residual else self.trace
        return DeepEigensystem(
            self.shape[0],
            self.convention,
            options,
            self._method,
            self._operator,
            nuclear,
            counting=self._counter,
            large=self._large,
        )

    def _by_matrix(self, watch: Watch) -> Spectrum:
        require_memory(self.shape[0])
        return dense_spectrum(self._watched(watch, bounded=True), self.scope, self.bound)

    def _by_kernel(self, watch: Watch) -> Spectrum:
        newton = self.gauss_newton if self.scope.residual else self
        found = kernel_spectrum(self._watched(watch), self.scope, newton.bound, self.shape[0])
        return with_residual(found, self._residual_size(watch)) if self.scope.residual else found

    def _method(self, watch: Watch) -> str:
        """How eigenvalues are found where all are had in seconds, with errors of rounding; else ""."""
        if self.scope.gauss_newton and (not self.scope.residual or self._interpolates(watch)):
            return "kernel" if self.forward.F.size <= max(LARGEST, self.shape[0]) else ""
        return "dense" if self.shape[0] <= FORMED else ""

    def _large(self) -> str:
        """How all eigenvalues are found where that takes minutes, or costs |R|_F of error; else ""."""
        if self.shape[0] <= WHOLE:
            return "dense"
        return "kernel" if self.scope.gauss_newton and self.forward.F.size <= LARGEST else ""

    def _counter(self, which: str, watch: Watch) -> Counter | None:
        return counter(self._watched(watch), self.scope, self.bound, which, watch)

    def _interpolates(self, watch: Watch) -> bool:
        """Whether |R|_F is but a rounding error beside |G|_F."""
        self._watched(watch, bounded=not self.forward.at_zero)
        most = NEGLIGIBLE * math.sqrt(self.forward.net.n_outputs) * self.gauss_newton.bound.size
        rest, P = self.residual.scope, self.shape[0]
        if not self.forward.at_zero and surely_above(most, self.forward, rest, self.bound, P):
            return False
        return bool(self._residual_size(watch) <= NEGLIGIBLE * self.gauss_newton._pairs_norm(watch)[0])

    def _residual_size(self, watch: Watch) -> float:
        """An upper bound of |R|_F; where every residual may be zero, one that costs nothing."""
        if self.forward.at_zero:
            return norms.residual_ceiling(self.forward, self.scope.layers)
        return SLACK * math.fsum(self.residual._pairs_norm(watch))

    def _operator(self, watch: Watch) -> Operator:
        self._watched(watch, bounded=True)
        apart = self.bound.propagated
        rounding = product_error(self.forward, self.scope, apart)

        def norm() -> float:
            return SLACK * math.fsum(self._pairs_norm(watch))

        return Operator(self.shape[0], self._matvec, rounding, norm, matrix_error=apart)

    def stable_rank(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """``|H|_F^2 / |H|_2^2``, refused where H may be zero; arguments as for :meth:`spectral_norm`."""
        watch = Watch(progress, max_seconds)
        norm = self.frobenius_norm(progress=progress, max_seconds=max_seconds)
        value, lower, upper, said = self.eigensystem.spectral_ends(method, watch)
        require_not_zero(value, value - lower)
        found = (norm.value / value) ** 2
        ends = (norm.lower / upper) ** 2, (norm.upper / lower) * (norm.upper / lower)
        return self._measured(found, SLACK * max(found - ends[0], ends[1] - found), f"{norm.method}; {said}")

    def weyl_bounds(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Enclosures of all eigenvalues of H by those of G and the extreme ones of R, descending, (P,) each.

        The true eigenvalue of the same rank lies within ``value +- error``, which is the size of R and not a
        rounding error. `progress` and `max_seconds` are as for :meth:`eigenvalues`.
        """
        watch = Watch(progress, max_seconds)
        newton = self.gauss_newton.eigensystem.spectrum(watch=watch)
        largest = self.residual.spectral_norm(progress=progress, max_seconds=watch.left()).upper
        ends = (-largest, 0.0), (largest, 0.0)
        return self._measured(*weyl(newton, *ends), f"Weyl: G by {newton.method}")

    def log_product(
        self,
        k: int,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Sum of the logarithms of the `k` largest eigenvalues; arguments as for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If one of them is not certainly positive.
        """
        found = self.eigenvalues(k, method=method, progress=progress, max_seconds=max_seconds)
        return product_of_logs(found, k, self.convention)

    def eigenvalue_bounds(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> tuple[Measurement, Measurement]:
        """Bounds of the largest eigenvalue from trace and Frobenius norm alone (Wolkowicz and Styan 1980).

        ``mu + s / sqrt(P - 1) <= lmax <= mu + s sqrt(P - 1)``, mu = tr H / P, ``s^2 = |H|_F^2 / P - mu^2``.
        `progress` and `max_seconds` are as for :meth:`eigenvalues`.
        """
        watch = Watch(progress, max_seconds)
        trace = self.trace(progress=progress, max_seconds=max_seconds)
        norm = self.frobenius_norm(progress=progress, max_seconds=watch.left())
        return bounds_by_norms(trace, norm, self.shape[0])

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        refuse_overflow("norms of the Hessian", value)
        refuse_overflow("bounds of rounding errors", error)
        return Measurement(value, error, True, method, self.convention)
