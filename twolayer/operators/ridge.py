"""A curvature with weight decay: a multiple of the identity added on all parameters or on some parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..errors.measurement import Measurement, measured
from ..errors.rounding import SLACK, UNIT, enclosed_times_power, exponent_above, scaled_norm
from ..spectrum.enclosed import Spectrum, merged
from ..spectrum.extremes.watch import Progress, Watch
from ..spectrum.lapack import verified_eigenvalues
from .operand import RealOperator

if TYPE_CHECKING:
    from .on_diagonal import OnDiagonal

ENDS = ("largest", "smallest", "magnitude")


class Regularised(RealOperator):
    """H + ridge I, or H + ridge on the diagonal of some parts. Made by ``Hessian.with_ridge``.

    Parameters
    ----------
    curvature : OnDiagonal
        H, one of its parts, or a principal block.
    strengths : dict of str to float
        What is added to the diagonal of each part of the parameters that is named.

    Attributes
    ----------
    strengths : dict of str to float
        As given.
    convention : str
        That of the curvature, and what is added.
    """

    def __init__(self, curvature: OnDiagonal, strengths: dict[str, float]) -> None:
        self.curvature, self.strengths = curvature, dict(strengths)
        self._found: Spectrum | None = None
        super().__init__(np.dtype(np.float64), curvature.shape)

    @property
    def convention(self) -> str:
        """What a reader must know to reproduce a number."""
        added = ", ".join(f"{strength!r} on {part}" for part, strength in self.strengths.items())
        return f"{self.curvature.convention}; plus a multiple of the identity: {added or 'none'}"

    def __repr__(self) -> str:
        return f"Regularised(P = {self.shape[0]}; {self.convention})"

    @cached_property
    def added(self) -> Array:
        """What is added to the diagonal, shape (P,)."""
        parts = self.curvature.part_sizes.items()
        each = [np.full(size, self.strengths.get(name, 0.0)) for name, size in parts]
        return np.concatenate(each)

    @property
    def uniform(self) -> float | None:
        """The multiple of the identity, if it is the same on all parameters."""
        first = float(self.added[0])
        return first if (self.added == first).all() else None

    def _matvec(self, vector: Any) -> Array:
        direction = arrays.real_array("vector", vector).ravel()
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.asarray(self.curvature @ direction + self.added * direction)
        arrays.require_representable("entries of the product", found)
        return found

    def _adjoint(self) -> Regularised:
        return self

    _transpose = _adjoint

    def toarray(self) -> Array:
        """The (P, P) matrix; time and errors raised are those of ``Hessian.toarray``."""
        H: Array = self.curvature.toarray()
        H[np.diag_indices_from(H)] = self._summed(H.diagonal())
        return H

    def _summed(self, diagonal: Array) -> Array:
        """The sum of a diagonal (P,) of H and what is added."""
        with np.errstate(over="ignore"):
            found = diagonal + self.added
        arrays.require_representable("entries of the Hessian", found)
        return found

    def diagonal(self) -> Array:
        """The diagonal, shape (P,)."""
        return self._summed(self.curvature.diagonal())

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix."""
        step = UNIT * scaled_norm(self.diagonal())
        error: float = SLACK * (self.curvature.rounding_error() * (1 + UNIT) + 2 * step)
        arrays.require_representable("bounds of rounding errors", error)
        return error

    def trace(self) -> Measurement:
        """Trace, exact: that of H, and the sum of what is added.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).with_ridge(0.5).trace())  # [[1.5, 2], [2, 4.5]]
        6.0
        """
        total = self.curvature.trace()
        for part, size in self.curvature.part_sizes.items():
            total = total + self._known(self.strengths.get(part, 0.0)) * size
        return self._said(total)

    def frobenius_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        r"""Frobenius norm, exact.

        By :math:`|H + D|^2 = |H|^2 + 2 \sum_p r_p\, \mathrm{tr}\, H_{pp} + \sum_p r_p^2 P_p` over parts p.
        `progress` and `max_seconds` are as for ``Hessian.frobenius_norm``.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0]).with_ridge(1.0, parts=["a"])  # [[2, 2], [2, 4]]
        >>> round(float(H.frobenius_norm()) ** 2, 12)
        28.0
        """
        norm = self.curvature.frobenius_norm(progress=progress, max_seconds=max_seconds)
        largest = max([float(norm.upper), *self.strengths.values()])
        exponent = exponent_above(largest) if largest > 0 else 0  # of a power that keeps squares in range
        square = _times_power(norm, -exponent) ** 2
        for part, size in self.curvature.part_sizes.items():
            strength = _times_power(self._known(self.strengths.get(part, 0.0)), -exponent)
            if strength.upper:
                block: Any = self.curvature.block(part)
                trace = _times_power(block.trace(), -exponent)
                square = square + 2 * strength * trace + strength * strength * size
        return self._said(_times_power(square.sqrt(), exponent))

    def eigenvalues(self, k: int | None = None, which: str = "largest", **how: Any) -> Measurement:
        """Eigenvalues: all P, descending, or the `k` extreme ones.

        Parameters
        ----------
        k : int, optional
        which : {"largest", "smallest", "magnitude"}
        **how
            What ``Hessian.eigenvalues`` takes, where the same is added on all parameters: those of H are
            shifted. Otherwise the matrix is formed, O(P^3), and `progress` and `max_seconds` alone are taken.

        Raises
        ------
        ValueError, MemoryError
            As ``Hessian.eigenvalues`` does; if `k`, `which` or an option does not fit.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> G = Hessian(net, [[1.0]], [2.0]).gauss_newton.with_ridge(0.5)
        >>> G.eigenvalues().value
        array([5.5, 0.5])
        """
        strength = self.uniform
        if strength is not None and which != "magnitude":
            found = self.curvature.eigenvalues(k, which, **how)
            with np.errstate(over="ignore"):
                moved = found.value + strength
            error = SLACK * (found.error + UNIT * np.abs(moved)) if strength else found.error
            return self._said(replace(found, value=moved, error=error))
        watched = {name: how.pop(name) for name in ("progress", "max_seconds") if name in how}
        if how:
            raise ValueError(f"options must be left out for these eigenvalues; got {', '.join(how)}")
        if which not in ENDS:
            raise ValueError(f"which must be one of {', '.join(ENDS)}; got {which!r}")
        P = self.shape[0]
        if k is not None and not (isinstance(k, int) and 1 <= k <= P):
            raise ValueError(f"k must be None or in 1..{P}; got {k!r}")
        every = self._all(Watch(**watched))
        values, errors = every.extreme(P if k is None else k, which)
        return Measurement(values, errors, True, every.method, self.convention)

    @property
    def spectrum(self) -> Spectrum:
        """All eigenvalues: those of H shifted, or of the matrix formed."""
        return self._all(Watch())

    def _all(self, watch: Watch) -> Spectrum:
        """The same; kept, for the next question."""
        if self._found is None:
            self._found = self._sought(watch)
        return self._found

    def _sought(self, watch: Watch) -> Spectrum:
        if self.uniform is not None:
            found = self.eigenvalues(progress=watch.progress, max_seconds=watch.left())
            errors = np.broadcast_to(found.error, found.value.shape)
            return merged(found.value, errors, SLACK * scaled_norm(errors), found.method)
        watch.stage(0.0, f"forming a matrix of order {self.shape[0]}")
        values, error = verified_eigenvalues(self.toarray(), watch=watch)
        error = SLACK * (error + self.rounding_error())
        return merged(values, np.full(len(values), error), error, "dense, verified")

    def spectral_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Largest absolute eigenvalue, from all of them.

        `progress` and `max_seconds` are as for ``Hessian.eigenvalues``.
        """
        return self._read(self._all(Watch(progress, max_seconds)).spectral_norm())

    def nuclear_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Sum of the absolute eigenvalues.

        `progress` and `max_seconds` are as for ``Hessian.eigenvalues``.
        """
        return self._read(self._all(Watch(progress, max_seconds)).nuclear_norm())

    def rank(self, *, progress: Progress | None = None, max_seconds: float | None = None) -> Measurement:
        """Number of eigenvalues that are certainly not zero; the error counts the undecided ones.

        `progress` and `max_seconds` are as for ``Hessian.eigenvalues``.
        """
        return self._read(self._all(Watch(progress, max_seconds)).rank())

    def inertia(
        self, shift: float = 0.0, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Number of eigenvalues of this matrix + shift I below zero; the error counts the undecided ones.

        `progress` and `max_seconds` are as for ``Hessian.eigenvalues``.
        """
        watched: Any = {"progress": progress, "max_seconds": max_seconds}
        if self.uniform is None:
            return self._read(self._all(Watch(**watched)).inertia(float(shift)))
        more, fewer = self._around(lambda s: self.curvature.inertia(s, **watched), shift, self.uniform)
        error = max(more.value + more.error - fewer.value, fewer.error)
        return self._said(replace(fewer, error=error, exact=more.exact and fewer.exact))

    def logdet(
        self, shift: float = 0.0, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Logarithm of the determinant of this matrix + shift I, which must be positive definite.

        `progress` and `max_seconds` are as for ``Hessian.eigenvalues``.

        Raises
        ------
        ValueError
            If it is not certainly so; the message names a shift that works.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual.with_ridge(3.0)  # eigenvalues 3 + 2 and 3 - 2
        >>> round(float(np.exp(R.logdet().value)), 12)
        5.0
        """
        watched: Any = {"progress": progress, "max_seconds": max_seconds}
        if self.uniform is None:
            return self._read(self._all(Watch(**watched)).logdet(float(shift)))
        less, more = self._around(lambda s: self.curvature.logdet(s, **watched), shift, self.uniform)
        error = max(more.value - less.value + less.error, more.error)
        error = error if less is more else SLACK * error
        return self._said(replace(more, error=error, exact=less.exact and more.exact))

    def _around(
        self, ask: Callable[[float], Measurement], shift: float, ridge: float
    ) -> tuple[Measurement, Measurement]:
        """What is monotone in a shift, at the floats around `shift` + `ridge`: once where that is one."""
        below, above = floats_around(float(shift), ridge)
        found = ask(below)
        return found, found if above == below else ask(above)

    def _known(self, number: float) -> Measurement:
        return Measurement(number, 0.0, True, "given")

    def _read(self, found: tuple[Any, Any]) -> Measurement:
        return measured(*found, self.spectrum.method, self.convention)

    def _said(self, found: Measurement) -> Measurement:
        arrays.require_representable("values", found.value)
        arrays.require_representable("bounds of rounding errors", found.error)
        method = found.method.replace("; given", "").replace("given; ", "")
        return replace(found, method=f"{method}, ridge added", convention=self.convention)


def _times_power(found: Measurement, exponent: int) -> Measurement:
    """A measured number times 2^exponent, with what underflow takes from it in its error."""
    value, error = enclosed_times_power(float(found.value), float(found.error), exponent)
    return replace(found, value=float(value), error=float(error))


def strengths(groups: tuple[str, ...], ridge: Any, parts: Any) -> dict[str, float]:
    """What is added on each part, from a number and the parts it is for (None: all `groups`).

    Raises
    ------
    ValueError
        If `ridge` is not a finite number of at least 0, or a part is not among `groups`.
    """
    strength = arrays.finite_number("ridge", ridge)
    if strength < 0:
        raise ValueError(f"ridge must be at least 0; got {ridge!r}")
    chosen = groups if parts is None else arrays.names(parts)
    if not chosen or not set(chosen) <= set(groups):
        raise ValueError(f"parts must be among {', '.join(groups)}; got {', '.join(map(str, chosen))}")
    return {name: strength for name in groups if name in chosen}


def floats_around(one: float, other: float) -> tuple[float, float]:
    """The neighbouring floats between which the sum of two numbers lies, the sum twice where it is a float.

    By Dekker's exact sum.

    Examples
    --------
    >>> floats_around(1.0, 0.5)
    (1.5, 1.5)
    >>> floats_around(1.0, 0.1)
    (1.0999999999999999, 1.1)
    """
    total = one + other
    part = total - one
    rest = (one - (total - part)) + (other - part)
    if rest > 0.0:
        return total, math.nextafter(total, math.inf)
    return (math.nextafter(total, -math.inf) if rest < 0.0 else total), total
