"""Eigenvalues of deep networks' curvature: all, by the tangent kernel or the matrix, or the extreme ones.

The eigenvalues of G are those of the n q x n q tangent kernel (theorem T10), at any depth. Those of H are
within |R|_F of them (Hoffman and Wielandt), which is nothing at interpolation. Elsewhere the k extreme ones
are found by :mod:`twolayer.spectrum.extremes`; the exact |H|_F or a count proves that none is missing, or a
test by random vectors says how unlikely that is.
"""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import linalg

from numerics.deep.forward import Forward
from numerics.deep.matrices import dense, dense_error, tangent_kernel
from numerics.deep.network import refuse_overflow
from numerics.deep.norms import Bounds, Scope
from twolayer.arrays import finite_number
from twolayer.blas_threads import scipy_on_one_thread
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK, SUBNORMAL, gamma, scaled_norms
from twolayer.memory import available
from twolayer.spectrum.eigensystem import Asked
from twolayer.spectrum.enclosed import Spectrum, semidefinite
from twolayer.spectrum.extremes.counting import counter_of
from twolayer.spectrum.extremes.eigenpairs import Eigenvalues
from twolayer.spectrum.extremes.lanczos import extreme_pairs
from twolayer.spectrum.extremes.records import Counter, Operator, Pairs
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.lapack import verified_eigenvalues
from twolayer.spectrum.solving import by_columns, refined

FORMED = 3000  # largest order of a matrix that is formed though a few eigenvalues could be had without
WHOLE = 6000  # the same where only that gives all eigenvalues: minutes
COPIES = 6  # of a matrix, while its eigenvalues are found and verified


def kernel_spectrum(run: Forward, scope: Scope, bound: Bounds, order: int) -> Spectrum:
    """All `order` eigenvalues of G; O(n^2 q^2 m L + (n q)^3) time."""
    with np.errstate(over="ignore", invalid="ignore"):
        K, rounding = tangent_kernel(run, scope, bound)
    refuse_overflow("entries of the tangent kernel", K)
    found, error = verified_eigenvalues(K, watch=run.watch)
    distance = SLACK * (error + rounding)
    values = np.zeros(order)
    count = min(order, len(found))
    values[:count] = np.maximum(found, 0.0)[:count]
    return semidefinite(Spectrum(values, np.full(order, distance), distance, "kernel"), count)


def with_residual(newton: Spectrum, residual: float) -> Spectrum:
    """Those of H, |R|_F being at most `residual`."""
    distance = SLACK * (newton.distance + residual)
    return Spectrum(newton.values, np.full(len(newton.values), distance), distance, f"{newton.method}, |R|")


def dense_spectrum(run: Forward, scope: Scope, bound: Bounds) -> Spectrum:
    """All eigenvalues of the formed matrix; O(n q P^2 + P^3) time."""
    with np.errstate(over="ignore", invalid="ignore"):
        H = dense(run, scope)
    refuse_overflow("entries of the Hessian", H)
    values, error = verified_eigenvalues(H, watch=run.watch)
    distance = SLACK * (error + dense_error(run, bound))
    found = Spectrum(values, np.full(len(values), distance), distance, "dense, verified")
    return found if scope.residual else semidefinite(found, run.F.size)


@dataclass
class DeepEigensystem:
    """The eigenvalues of one symmetric operator; all of them, once found by a method, are kept for it.

    Parameters
    ----------
    order : int
        P.
    convention : str
        What every answer says of the loss and the parameters.
    options : mapping of str to (callable, int)
        How all eigenvalues can be found, by the name of the method, and the order of the matrix it forms.
    small : callable
        Returns the method that needs no demand, or "" if every one is too long.
    operator : callable
        Returns what Lanczos needs.
    nuclear : callable, optional
        Returns the nuclear norm where it is known without eigenvalues.
    exact : bool
        Whether errors are bounds that are proved.
    counting : callable, optional
        Returns a counter of the eigenvalues beyond a point, in the order sought, or None if that is long.
    large : callable, optional
        As `small`, for all eigenvalues where `small` has no method.
    """

    order: int
    convention: str
    options: Mapping[str, tuple[Callable[[Watch], Spectrum], int]]
    small: Callable[[Watch], str]
    operator: Callable[[Watch], Operator]
    nuclear: Callable[[], Measurement] | None = None
    exact: bool = True
    counting: Callable[[str, Watch], Counter | None] | None = None
    large: Callable[[], str] | None = None
    found: dict[str, Spectrum] = field(default_factory=dict)

    def eigenvalues(self, asked: Asked) -> Measurement:
        """All eigenvalues, or the k extreme ones; a ValueError if k is out of range."""
        if asked.k is None and not asked.vectors and asked.which == "largest":
            whole = self.spectrum(asked.method, asked.watch)
            return self._measured(whole.values, whole.errors, whole.method)
        k = self.order if asked.k is None else asked.k
        if isinstance(k, bool) or not hasattr(k, "__index__") or not 1 <= operators.index(k) <= self.order:
            raise ValueError(f"k must be None or in 1..{self.order}; got {k!r}")
        k = operators.index(k)
        option = self._method(asked.method, k, asked.watch)
        if option == "lanczos" or asked.vectors:
            return self._answered(asked, self._pairs(option, k, asked.which, asked.watch), k, option)
        whole = self.spectrum(option, asked.watch)
        values, errors, cluster = whole.whole_cluster(k, asked.which)
        proved, said = np.full(len(values), self.exact), "; ".join(filter(None, (whole.method, cluster)))
        return Eigenvalues(values, errors, self.exact, said, self.convention, proved)

    def spectrum(self, method: str | None = None, watch: Watch | None = None) -> Spectrum:
        """All eigenvalues with their bounds, by the method called `method`, or that which needs no demand."""
        watch = watch or Watch()
        option = self._method(method, None, watch)
        if option not in self.found:
            watch.stage(0.0, f"all eigenvalues, {option}")
            self.found[option] = self.options[option][0](watch)
        return self.found[option]

    def spectral_norm(self, method: str | None, watch: Watch) -> Measurement:
        """Largest absolute eigenvalue."""
        value, lower, upper, said = self.spectral_ends(method, watch)
        return self._measured(value, SLACK * max(value - lower, upper - value), said)

    def spectral_ends(self, method: str | None, watch: Watch) -> tuple[float, float, float, str]:
        """Largest absolute eigenvalue, what it is at least and at most, and the method's name."""
        option = self._method(method, 1, watch)
        if option != "lanczos":
            whole = self.spectrum(option, watch)
            value, error = (float(number) for number in whole.spectral_norm())
            return value, value - error, value + error, whole.method
        pairs = self._pairs(option, 1, "magnitude", watch, self.exact)
        value, error = abs(float(pairs.values[0])), float(pairs.errors[0])
        upper = value + error
        if self.exact and not pairs.proved:
            upper = max(upper, pairs.upper)
        return value, max(value - error, 0.0), upper, _said(pairs)

    def nuclear_norm(self, method: str | None, watch: Watch) -> Measurement:
        """Sum of the absolute eigenvalues."""
        if self.nuclear is not None and method in (None, "trace"):
            return self.nuclear()
        whole = self.spectrum(method, watch)
        return self._measured(*whole.nuclear_norm(), whole.method)

    def rank(self, method: str | None, watch: Watch) -> Measurement:
        """Number of eigenvalues certainly not zero; the error counts the undecided."""
        whole = self.spectrum(method, watch)
        return self._measured(*whole.rank(), whole.method)

    def solve(self, right: np.ndarray, shift: Any, method: str | None, watch: Watch) -> Measurement:
        """x with (H + shift I) x = `right`, (P,) or (P, k); `method` is that of all eigenvalues.

        Up to `FORMED` parameters from the matrix made by products, else by GMRES.

        Raises
        ------
        ValueError
            If an eigenvalue may be -shift.
        """
        shift, whole = finite_number("shift", shift), self.spectrum(method, watch)
        least = float((np.abs(whole.values + shift) * (1 - gamma(2)) - whole.errors).min())
        if not least > 0:
            raise ValueError(f"shift must be away from minus an eigenvalue; got {shift!r}")
        columns, sizes = by_columns(right)
        with np.errstate(over="ignore", invalid="ignore"):
            x, errors = self._solved(columns, shift, least, watch)
            values = np.ldexp(x, sizes).reshape(right.shape)
            # of what the last scaling leaves no digits
            bounds = np.ldexp(errors, sizes) + len(right) * SUBNORMAL * columns.any(axis=0)
        refuse_overflow("solutions", values)
        refuse_overflow("bounds of rounding errors", bounds)
        errors = np.broadcast_to(bounds, x.shape).reshape(right.shape)
        return self._measured(values, errors, f"refined; eigenvalues: {whole.method}")

    def _solved(
        self, columns: np.ndarray, shift: float, least: float, watch: Watch
    ) -> tuple[np.ndarray, np.ndarray]:
        """x (P, k) for `columns` (P, k), and bounds (k,) of the norms of the errors; `least` as found."""
        operator = self.operator(watch)

        def apply(v: np.ndarray) -> np.ndarray:
            return np.asarray(operator.product(v) + shift * v)

        inverse: Callable[[np.ndarray], np.ndarray] = np.copy
        if self.order <= FORMED:
            formed = np.stack([apply(v) for v in np.eye(self.order)], axis=1)
            with scipy_on_one_thread(self.order):
                inverse = partial(linalg.lu_solve, linalg.lu_factor(formed))
        found = [refined(apply, inverse, column, watch) for column in columns.T]
        x = np.stack([column for column, _ in found], axis=1)
        missed = np.array([left for _, left in found]) + gamma(4) * scaled_norms(columns.T)
        missed += (operator.product_error + gamma(4) * abs(shift)) * scaled_norms(x.T)
        return x, SLACK * missed / least

    def inertia(self, shift: Any, method: str | None, watch: Watch, points: int = 1) -> Measurement:
        """Number of eigenvalues of H + shift I below zero, from all, asked at however many `points`.

        The error counts the undecided.
        """
        whole = self.spectrum(method, watch)
        return self._measured(*whole.inertia(finite_number("shift", shift)), whole.method)

    def logdet(self, shift: Any, method: str | None, watch: Watch) -> Measurement:
        """log det(H + shift I); a ValueError names the least shift where it is not positive definite."""
        whole = self.spectrum(method, watch)
        return self._measured(*whole.logdet(finite_number("shift", shift)), whole.method)

    def _method(self, method: str | None, k: int | None, watch: Watch) -> str:
        iterable = k is not None
        names = [*self.options, *(["lanczos"] if iterable else [])]
        if method is None:
            option = self.small(watch)
            if iterable and not (option and self._fits(option)):
                return "lanczos"
            method = option or (self.large() if self.large else "")
            if not method:
                forms = " or ".join(f"{name!r} ({_gib(order)})" for name, (_, order) in self.options.items())
                raise ValueError(f"method must be {forms} for P = {self.order:,}; got None: or ask for k")
        if method not in names:
            raise ValueError(f"method must be None or one of {', '.join(names)}; got {method!r}")
        if not self._fits(method):
            raise MemoryError(f"method must fit into memory; got {method!r}, {_gib(self.options[method][1])}")
        return method

    def _fits(self, method: str) -> bool:
        """Whether there is memory for the matrix that a method forms, and for what is made of it."""
        return method not in self.options or COPIES * 8 * self.options[method][1] ** 2 <= available()

    def _pairs(self, option: str, k: int, which: str, watch: Watch, bounded: bool = False) -> Pairs:
        given = self.operator(watch)
        if option != "lanczos":
            beyond: Counter | None = counter_of(self.spectrum(option, watch), which)
        else:
            beyond = self.counting(which, watch) if self.counting else None
        norm = given.norm() if bounded and callable(given.norm) else given.norm
        return extreme_pairs(replace(given, norm=norm, beyond=beyond), k, which, watch=watch)

    def _answered(self, asked: Asked, pairs: Pairs, k: int, option: str) -> Eigenvalues:
        proved = (np.arange(len(pairs.values)) < pairs.proved) & self.exact
        said = _said(pairs) if option == "lanczos" else self.spectrum(option).method
        missing = pairs.missing if self.exact else "errors are estimated, so that nothing is proved"
        return Eigenvalues(
            pairs.values,
            pairs.errors,
            bool(proved.all()) and len(proved) >= k,
            "; ".join(filter(None, (said, pairs.cluster))),
            self.convention,
            proved,
            pairs.residuals,
            pairs.vectors if asked.vectors else None,
            missing,
            pairs.chance if self.exact else 1.0,
        )

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        refuse_overflow("eigenvalues", value)
        refuse_overflow("bounds of rounding errors", error)
        return Measurement(value, error, self.exact, method, self.convention)


def product_of_logs(found: Measurement, k: int, convention: str) -> Measurement:
    """Sum of the logarithms of the first `k` eigenvalues, all of which must be positive for certain.

    Raises
    ------
    ValueError
        If one is not.
    """
    values, errors = found.value[:k], found.error[:k]
    if not (values - errors).min() > 0:
        raise ValueError(
            f"k must be such that the k largest eigenvalues are positive; got k = {len(values)}, the "
            f"smallest being {values[-1]:.3g} within {errors[-1]:.1g}"
        )
    logs = np.log(values)
    error = gamma(8) * math.fsum(abs(logs)) - math.fsum(np.log1p(-errors / values))
    return Measurement(math.fsum(logs), SLACK * error, found.exact, found.method, convention)


def bounds_by_norms(trace: Measurement, norm: Measurement, order: int) -> tuple[Measurement, Measurement]:
    """Bounds of the largest eigenvalue of a matrix of this order (Wolkowicz and Styan 1980)."""
    mu = trace / order
    square = norm**2 / order - mu**2
    if not square.value > 0:  # between 0 and the upper end
        half = max(square.upper, 0.0) / 2
        square = replace(square, value=half, error=half)
    s = square.sqrt()
    root = math.sqrt(max(order - 1, 1))
    return mu + s / root, mu + s * root


def _said(pairs: Pairs) -> str:
    if pairs.proof:
        return f"lanczos, {pairs.proved} proved by {pairs.proof}"
    tested = f"none missing but with probability {pairs.chance:.1g}"
    return f"lanczos, {tested if pairs.chance < 1 else 'candidates'}"


def _gib(order: int) -> str:
    return f"{8 * order**2 / 2**30:.1f} GiB"
