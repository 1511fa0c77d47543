"""A set of eigenvalues with bounds, and what can be read off it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import NoReturn

import numpy as np

from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, UNIT, gamma, times_power
from .extremes.clusters import MORE, cluster_end, cluster_said

SMALLEST = float(f"{2.0**-1021:.2e}")  # a positive shift that is no subnormal number


@dataclass(frozen=True)
class Spectrum:
    """All eigenvalues of a symmetric matrix.

    Attributes
    ----------
    values, errors : ndarray, shape (P,)
        Descending; the true eigenvalue of the same rank in order lies within ``values +- errors``.
    distance : float
        Bound of the Euclidean norm of all errors together.
    method : str
    """

    values: Array
    errors: Array
    distance: float
    method: str

    def spectral_norm(self) -> tuple[float, float]:
        """Largest absolute eigenvalue and its error."""
        ends = [0, -1]
        low = float(np.maximum(np.abs(self.values) - self.errors, 0.0)[ends].max())
        high = float((np.abs(self.values) + self.errors)[ends].max())
        value = float(np.abs(self.values[ends]).max())
        return value, max(high - value, value - low)

    def extreme(self, k: int, which: str) -> tuple[Array, Array]:
        """The k largest, smallest or largest by absolute value, and their errors, each (k,)."""
        if which == "largest":
            return self.values[:k], self.errors[:k]
        if which == "smallest":
            return self.values[::-1][:k], self.errors[::-1][:k]
        order = np.argsort(-np.abs(self.values), kind="stable")[:k]
        return self.values[order], np.full(k, self.errors.max())

    def whole_cluster(self, k: int, which: str) -> tuple[Array, Array, str]:
        """The same, and the rest of the cluster that the last of them is in, with what is to be said of it.

        Examples
        --------
        >>> found = Spectrum(np.array([2.0, 1.0, 1.0]), np.full(3, 1e-15), 0.0, "by hand")
        >>> values, errors, said = found.whole_cluster(2, "largest")
        >>> values, said
        (array([2., 1., 1.]), '3 in place of 2, for the last are one cluster')
        """
        sizes = {"largest": self.values, "smallest": -self.values[::-1]}.get(which)
        if sizes is None:
            sizes = np.sort(np.abs(self.values))[::-1]
        errors = self.errors[::-1] if which == "smallest" else self.errors
        end = cluster_end(sizes[: k + MORE + 1], errors[: k + MORE + 1], k)
        said = cluster_said(k, end)
        return *self.extreme(k if end > k + MORE else end, which), said

    def nuclear_norm(self) -> tuple[float, float]:
        """Sum of the absolute eigenvalues; Cauchy-Schwarz over the eigenvalues that have an error at all."""
        value = _sum(np.abs(self.values))
        uncertain = int((self.errors > 0).sum())
        error = SLACK * min(math.sqrt(uncertain) * self.distance, _sum(self.errors)) + UNIT * value
        require_representable("norms of the matrix", (value, error))
        return value, error

    def rank(self) -> tuple[int, int]:
        """Eigenvalues certainly not zero, and the undecided ones."""
        undecided = (np.abs(self.values) <= self.errors) & (self.errors > 0)
        return int(((self.values != 0) & ~undecided).sum()), int(undecided.sum())

    def inertia(self, shift: float) -> tuple[int, int]:
        """Eigenvalues certainly below -shift, and the undecided ones."""
        moved, errors = self._moved(shift)
        undecided = (np.abs(moved) <= errors) & (errors > 0)
        return int(((moved < 0) & ~undecided).sum()), int(undecided.sum())

    def decided(self, shift: float) -> tuple[float, float]:
        """The nearest shifts below and above at which :meth:`inertia` leaves nothing undecided.

        Examples
        --------
        >>> Spectrum(np.array([1.0, 0.5]), np.full(2, 0.25), 0.0, "by hand").decided(-0.9)
        (-1.25..., -0.24...)
        """
        low = high = -shift
        ends = np.stack([self.values - self.errors, self.values + self.errors], axis=1)[self.errors > 0]
        for below, above in ends[np.argsort(-ends[:, 1])]:
            low = min(low, below) if above >= low >= below else low
        for below, above in ends[np.argsort(ends[:, 0])]:
            high = max(high, above) if below <= high <= above else high
        room = 4 * UNIT * max(abs(low), abs(high))
        return float(-high - room), float(-low + room)

    def logdet(self, shift: float) -> tuple[float, float]:
        """Sum of log(lambda + shift), and its error.

        Raises
        ------
        ValueError
            If an eigenvalue may not be above -shift.
        """
        moved, errors = self._moved(shift)
        least = moved - errors
        if not least.min() > 0:
            refuse_shift(shift, float((self.errors - self.values).max()))
        logs = np.log(moved)
        value, rounding = math.fsum(logs), gamma(4) * math.fsum(np.abs(logs))
        with np.errstate(over="ignore"):
            together = float(np.sqrt(((self.distance / least[errors > 0]) ** 2).sum()))
        apart = -math.fsum(np.log1p(-errors / moved))
        return value, SLACK * min(together + gamma(4) * len(moved), apart) + rounding

    def _moved(self, shift: float) -> tuple[Array, Array]:
        with np.errstate(over="ignore"):
            moved = self.values + shift
        require_representable("eigenvalues of H + shift I", moved)
        rounding = 2 * UNIT * np.abs(moved) if shift else 0.0
        return moved, self.errors + rounding


class NotDefinite(ValueError):
    """H + shift I is not certainly positive definite; `needed` is a shift with which it may be, or inf."""

    def __init__(self, shift: float, needed: float) -> None:
        self.needed = needed
        enough = f": at least {needed:.3g}" if math.isfinite(needed) else ", which none was found to do"
        super().__init__(f"shift must make H + shift I positive definite{enough}; got {float(shift)!r}")


def refuse_shift(shift: float, needed: float) -> NoReturn:
    """Raise the error that names a shift somewhat above `needed`."""
    raise NotDefinite(shift, rounded_up(needed + 1e-6 * abs(needed)))


def rounded_up(value: float, digits: int = 3) -> float:
    """The smallest number of so many significant digits above `value`.

    Examples
    --------
    >>> rounded_up(0.12301), rounded_up(-2.0)
    (0.124, -1.99)
    """
    if value == 0.0:
        return SMALLEST
    if not math.isfinite(value):
        return math.inf
    return float(Context(prec=digits).next_plus(Decimal(value)))


@np.errstate(over="ignore", invalid="ignore")  # an end that is no float makes an error that is none
def merged(values: Array, errors: Array, distance: float, method: str) -> Spectrum:
    """The spectrum of eigenvalues that each lie within their own error, in any order. Shapes (k,) and (k,).

    The i-th largest true value lies between the i-th largest lower end and the i-th largest upper end.
    """
    ordered, low, high = (np.sort(ends)[::-1] for ends in (values, values - errors, values + errors))
    apart = np.maximum(high - ordered, ordered - low)
    rounding = 4 * UNIT * np.abs(ordered) * (apart > 0)
    return Spectrum(ordered, apart + rounding, distance, method)


def semidefinite(spectrum: Spectrum, rank: int) -> Spectrum:
    """Use that of a Gauss-Newton matrix no eigenvalue is negative and at most `rank` are not zero."""
    values, errors = np.maximum(spectrum.values, 0.0), spectrum.errors.copy()
    values[rank:] = errors[rank:] = 0.0
    return Spectrum(values, errors, spectrum.distance, spectrum.method)


def _sum(sizes: Array) -> float:
    """The sum of non-negative numbers, infinite where it is no float."""
    exponent = math.frexp(float(sizes.max(initial=0.0)))[1]
    return times_power(math.fsum(np.ldexp(sizes, -exponent)), exponent)
