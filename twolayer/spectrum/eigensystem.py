"""Every question about eigenvalues: each takes the cheapest method that proves its value.

Which one that is depends on the matrix and the question alone, never on what was asked before: no value does.

========== ========================================================================================
dense      forms the matrix, compressed (:mod:`.compressed`), and verifies LAPACK (:mod:`.lapack`)
kernel     the n q x n q tangent kernel has the spectrum of G (:mod:`.tangent_kernel`, theorem T10)
structured blocks over hidden units, and a matrix of rank n q (:mod:`.unit_blocks`, :mod:`.inertia`)
lanczos    a few extreme eigenvalues, none missed (:mod:`.extremes`)
trace      the nuclear norm of a positive semidefinite matrix
========== ========================================================================================

What each costs, and which is taken, is in :mod:`.methods`. Where Lanczos, taken as the cheapest, proves
nothing, all eigenvalues answer.
"""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Array, finite_number, require_representable
from ..errors.measurement import Measurement, measured
from ..errors.rounding import SLACK, SUBNORMAL, enclosed_times_power, gamma, times_power
from . import methods
from .complete import dense_spectrum, kernel_spectrum, newton_method, trace_norm, unit_spectrum, with_residual
from .compressed import Matrix, compress
from .enclosed import NotDefinite, Spectrum, rounded_up
from .extremes.counting import counter, counter_of
from .extremes.curvature_pairs import extreme
from .extremes.eigenpairs import Eigenvalues
from .extremes.records import Pairs
from .extremes.watch import Watch
from .inertia import Count, beside, count, decided
from .logdet import factored_logdet
from .solving import by_columns, solved

ENDS = ("largest", "smallest", "magnitude")
TRIES = 12  # shifts tried before none is named


@dataclass(frozen=True)
class Asked:
    """Which eigenvalues are sought, and how."""

    k: Any
    which: str = "largest"
    method: str | None = None
    vectors: bool = False
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        if self.which not in ENDS:
            raise ValueError(f"which must be one of {', '.join(ENDS)}; got {self.which!r}")


class Eigensystem:
    """The eigenvalues of one matrix; all of them, once found by a method, are kept for it.

    Parameters
    ----------
    whole : Matrix
        The matrix over two to `exponent`.
    convention : str
        What every answer says of the loss and the parameters.
    newton : callable, optional
        Returns the eigensystem of the Gauss-Newton part, so that one spectrum serves both.
    exponent : int

    Attributes
    ----------
    found : dict of str to Spectrum
        All eigenvalues, by each method that has found them, of the matrix over two to `exponent`.
    """

    def __init__(
        self,
        whole: Matrix,
        convention: str,
        newton: Callable[[], Eigensystem] | None = None,
        exponent: int = 0,
    ) -> None:
        self.whole, self.convention, self.newton, self.exponent = whole, convention, newton, exponent
        self.found: dict[str, Spectrum] = {}
        self.whole.checked(np.zeros(0))

    @cached_property
    def small(self) -> Matrix:
        """The matrix without what is known to be zero."""
        return compress(self.whole)

    @cached_property
    def choice(self) -> methods.Choice:
        """What chooses a method."""
        return methods.Choice(self.whole, self.small)

    def eigenvalues(self, asked: Asked) -> Measurement:
        """All eigenvalues, or the k extreme ones; a ValueError if k is out of range."""
        P = self.whole.order
        if asked.k is None and not asked.vectors and asked.which == "largest":
            found = self.spectrum(asked.method, asked.watch)
            return measured(found.values, found.errors, found.method, self.convention)
        k = P if asked.k is None else asked.k
        if isinstance(k, bool) or not hasattr(k, "__index__") or not 1 <= operators.index(k) <= P:
            raise ValueError(f"k must be None or in 1..{P}; got {k!r}")
        return self._extreme(replace(asked, k=operators.index(k)))

    def spectrum(self, method: str | None = None, watch: Watch | None = None) -> Spectrum:
        """All eigenvalues with their bounds, by the cheapest method or the one called `method`."""
        found = self._spectrum(self.choice.to_all("eigenvalues", method), watch or Watch())
        if not self.exponent:
            return found
        values, errors = self._enclosed(found.values, found.errors)
        return Spectrum(
            values, errors, float(enclosed_times_power(0.0, found.distance, self.exponent)[1]), found.method
        )

    def spectral_norm(self, method: str | None, watch: Watch) -> Measurement:
        """Largest absolute eigenvalue."""
        asked = Asked(1, "magnitude", method, watch=watch)
        found = self._few(asked, bounded=True)
        if isinstance(found, Spectrum):
            return self._measured(*found.spectral_norm(), found.method)
        value, error = abs(float(found.values[0])), float(found.errors[0])
        if not found.proved:
            error = max(error, SLACK * (found.upper - value))
        return self._measured(value, error, _lanczos(found))

    def nuclear_norm(self, method: str | None, watch: Watch) -> Measurement:
        """Sum of the absolute eigenvalues."""
        whole = self.whole
        offered, forced = dict(self.choice.spectra), self.choice.forced
        if whole.scope.gauss_newton:
            offered["trace"] = methods.Method("trace")
        option = methods.choose("the nuclear norm", offered, method, forced and ("trace", *forced))
        if option.name == "trace":
            return self._measured(*trace_norm(whole), newton_method(whole, "trace"))
        found = self._spectrum(option, watch)
        return self._measured(*found.nuclear_norm(), found.method)

    def rank(self, method: str | None, watch: Watch) -> Measurement:
        """Number of eigenvalues certainly not zero; the error counts the undecided."""
        option = self.choice.to_count("the rank", method)
        found = self._signs(option, 0.0, method, watch)
        if isinstance(found, Spectrum):
            return self._counted(*found.rank(), found.method)
        return self._counted(self.small.order - found.undecided, found.undecided, f"{option.name}, inertia")

    def inertia(self, shift: float, method: str | None, watch: Watch, points: int = 1) -> Measurement:
        """Number of eigenvalues of H + shift I below zero, asked at so many `points`.

        The error counts the undecided.
        """
        shift = self._scaled(shift)
        low, high = self.whole.enclosure
        if method is None and not low <= -shift <= high:
            return self._counted(
                (self.whole.order + self.whole.zeros) * (-shift > high), 0, "bounds of both parts"
            )
        option = self.choice.to_count("the inertia", method, points)
        found, said = self._signs(option, shift, method, watch), ""
        if isinstance(found, Spectrum):
            certain, undecided = found.inertia(shift)
            if undecided:
                said = self._elsewhere(found.decided(shift), lambda tried: not found.inertia(tried)[1])
            return self._counted(certain, undecided, found.method + said)
        if found.undecided:
            ends = decided(self.small, shift, found, option.name, watch)
            said = self._elsewhere(ends, lambda tried: any(beside(tried, end, shift) for end in ends))
        certain = found.certain + self.small.zeros * (shift < 0)
        return self._counted(certain, found.undecided, f"{option.name}, inertia{said}")

    def _signs(
        self, option: methods.Method, shift: float, method: str | None, watch: Watch
    ) -> Count | Spectrum:
        """A count; or all eigenvalues, where that is the option, or a count leaves a sign undecided."""
        if not option.counts:
            return self._spectrum(option, watch)
        watch.announce(option.name, option.flops)
        other = self.choice.instead_of_more(option) if method is None else None
        found = count(self.small, shift, option.name, watch, again=other is None)
        if found is None:
            assert other is not None, "a count that may look again says what it found"
            return self._spectrum(other, watch)
        return found

    def _elsewhere(self, ends: tuple[float, float], fits: Callable[[float], bool]) -> str:
        """The nearest shifts at which every sign is decided, in words, as short as `fits` allows."""
        named = [self._outward(end, sign, fits) for end, sign in zip(ends, (-1.0, 1.0), strict=True)]
        said = " and ".join(name for name in named if name)
        return f"; every sign is decided at {said}" if said else ""

    def _outward(self, end: float, sign: float, fits: Callable[[float], bool]) -> str:
        """`end`, which is nan if there is none, with the fewest digits that may be written."""
        for digits in range(3, 18) if not math.isnan(end) else ():
            tried = sign * rounded_up(times_power(sign * end, self.exponent), digits)
            if fits(times_power(tried, -self.exponent)):
                return repr(tried)
        return ""

    def solve(self, right: Array, shift: float, method: str | None, watch: Watch) -> Measurement:
        """x with (H + shift I) x = `right`, of shape (P,) or (P, k)."""
        moved, small = self._scaled(shift), self.small
        option = methods.choose("the solution", methods.counting_methods(small), method)
        watch.announce(option.name, 3 * option.flops)
        columns, sizes = by_columns(right)
        with np.errstate(over="ignore", invalid="ignore"):
            x, errors = solved(self.whole, small, moved, option.name, columns, watch)
            values = np.ldexp(x, sizes - self.exponent).reshape(right.shape)
            lost = len(right) * SUBNORMAL * columns.any(axis=0)  # of what the last scaling leaves no digits
            bounds = np.ldexp(errors, sizes - self.exponent) + lost
        bounds = np.broadcast_to(bounds, x.shape).reshape(right.shape)
        return measured(values, bounds, f"{option.name}, refined", self.convention)

    def logdet(self, shift: float, method: str | None, watch: Watch) -> Measurement:
        """log det(H + shift I); a ValueError names a shift that works, if it is not positive definite."""
        try:
            value, error, name = self._logdet(self._scaled(shift), method, watch)
        except NotDefinite as refused:
            raise NotDefinite(shift, self._sufficient(shift, refused.needed, method, watch)) from None
        order, logs = self.whole.order + self.whole.zeros, self.exponent * math.log(2.0)
        error += gamma(4) * (abs(value) + abs(order * logs)) if self.exponent else 0.0
        return measured(value + order * logs, error, name, self.convention)

    @np.errstate(over="ignore", invalid="ignore")
    def _logdet(self, shift: float, method: str | None, watch: Watch) -> tuple[float, float, str]:
        option = self.choice.to_count("the log-determinant", method)
        if not option.counts:
            if option.name == "dense" and self.small.order > methods.FEW:
                with suppress(NotDefinite):  # all eigenvalues say best which shift would do
                    return *factored_logdet(self.small, shift, "dense", watch), "dense, factored"
            found = self._spectrum(option, watch)
            return *found.logdet(shift), found.method
        watch.announce(option.name, option.flops)
        return *factored_logdet(self.small, shift, option.name, watch), f"{option.name}, factored"

    def _sufficient(self, shift: float, needed: float, method: str | None, watch: Watch) -> float:
        """A shift of three digits with which the same question is answered, inf if none is found."""
        for _ in range(TRIES):
            named = rounded_up(max(times_power(needed, self.exponent), float(shift)))
            if math.isinf(named):
                break
            try:
                self._logdet(self._scaled(named), method, watch)
            except NotDefinite as refused:
                needed = max(refused.needed, needed + 0.5 * abs(needed))
            else:
                return named
        return math.inf

    def _scaled(self, shift: Any) -> float:
        """The shift of the scaled matrix that stands for `shift`."""
        given = finite_number("shift", shift)
        moved = times_power(given, -self.exponent)
        if times_power(moved, self.exponent) != given:
            size = f"1e{self.exponent * math.log10(2):.0f}"
            raise ValueError(f"shift must be nearer to the size of the matrix, {size}; got {shift!r}")
        return moved

    @np.errstate(over="ignore", invalid="ignore")
    def _spectrum(self, option: methods.Method, watch: Watch) -> Spectrum:
        """All eigenvalues by a method; kept, for the next question."""
        if option.name not in self.found:
            watch.announce(option.name, option.flops)
            if option.name == "kernel" and self.whole.scope.residual:
                made = with_residual(self._newton(option, watch), self.whole)
            elif option.name == "kernel":
                made = kernel_spectrum(self.whole, watch)
            else:
                make = dense_spectrum if option.name == "dense" else unit_spectrum
                made = make(self.small, watch)
            require_representable("eigenvalues", made.values)
            require_representable("bounds of rounding errors", made.errors)
            self.found[option.name] = made
        return self.found[option.name]

    def _newton(self, option: methods.Method, watch: Watch) -> Spectrum:
        """All eigenvalues of the Gauss-Newton part."""
        assert self.newton is not None, "the whole Hessian is given its Gauss-Newton part"
        return self.newton()._spectrum(option, watch)

    def _extreme(self, asked: Asked) -> Eigenvalues:
        """The pairs that are asked for."""
        found = self._few(asked)
        if isinstance(found, Pairs):
            return self._answered(asked, found, _lanczos(found))
        if asked.vectors:
            beyond = counter_of(found, asked.which)
            formed = found is self.found.get("dense")
            pairs = extreme(self.whole, self.small, asked.k, asked.which, beyond, asked.watch, formed)
            return self._answered(asked, pairs, found.method)
        values, errors, cluster = found.whole_cluster(asked.k, asked.which)
        proved = np.ones(len(values), dtype=bool)
        said = "; ".join(filter(None, (found.method, cluster)))
        return Eigenvalues(*self._enclosed(values, errors), True, said, self.convention, proved)

    def _few(self, asked: Asked, bounded: bool = False) -> Pairs | Spectrum:
        """The pairs that Lanczos finds; if `bounded`, with a bound of what it does not find.

        All eigenvalues, where that is cheaper; or not much dearer, and Lanczos does not prove its pairs.
        """
        option, watch = self.choice.to_few(asked.k, asked.method), asked.watch
        if option.name != "lanczos":
            return self._spectrum(option, watch)
        watch.announce(option.name, option.flops)
        other = self.choice.instead_of(option) if asked.method is None else None
        pairs = self._iterated(asked, self.choice.patience(asked.k, other), bounded)
        if other is None or pairs.proved >= asked.k or watch.stopped:
            return pairs
        with suppress(TimeoutError, KeyboardInterrupt):  # what was found is worth more than nothing
            return self._spectrum(other, watch)
        return pairs

    def _iterated(self, asked: Asked, most: float, bounded: bool) -> Pairs:
        """The pairs that Lanczos finds, giving up after `most` products."""
        counting = methods.proving_method(self.small)
        beyond = counter(self.small, asked.which, counting, asked.watch) if counting else None
        return extreme(
            self.whole,
            self.small,
            asked.k,
            asked.which,
            beyond,
            asked.watch,
            vectors=asked.vectors,
            bounded=bounded,
            most=most,
        )

    def _answered(self, asked: Asked, pairs: Pairs, method: str) -> Eigenvalues:
        proved = np.arange(len(pairs.values)) < pairs.proved
        exact = bool(proved.all()) and len(proved) >= asked.k
        vectors = pairs.vectors if asked.vectors else None
        values, errors = self._enclosed(pairs.values, pairs.errors)
        residuals = enclosed_times_power(0.0, pairs.residuals, self.exponent)[1]
        return Eigenvalues(
            values,
            errors,
            exact,
            "; ".join(filter(None, (method, pairs.cluster))),
            self.convention,
            proved,
            residuals,
            vectors,
            pairs.missing,
            pairs.chance,
        )

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        return measured(*enclosed_times_power(value, error, self.exponent), method, self.convention)

    def _enclosed(self, values: Array, errors: Array) -> tuple[Array, Array]:
        """Eigenvalues (k,) and their errors (k,) as they are for the matrix, if they are floats there."""
        found: tuple[Array, Array] = enclosed_times_power(values, errors, self.exponent)
        for what, numbers in zip(("eigenvalues", "bounds of rounding errors"), found, strict=True):
            require_representable(what, numbers)
        return found

    def _counted(self, value: int, error: int, method: str) -> Measurement:
        return Measurement(value, error, True, method, self.convention)


def _lanczos(pairs: Pairs) -> str:
    return f"lanczos, none missed by {pairs.proof}" if pairs.proof else "lanczos, candidates"
