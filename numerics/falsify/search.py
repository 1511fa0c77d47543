"""The search for a network that violates a claim."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from numerics.falsify.ascent import CONSTANT, Ascent
from numerics.falsify.dual.numbers import NUMBERS
from numerics.falsify.dual.third import third_derivative
from numerics.falsify.result import Falsification
from numerics.falsify.shrinking import example_of, fewer, shrinking
from numerics.falsify.starts import Family, starts
from numerics.verify.search import RESOLVED, tightness
from theory.analysis.admission import activation_expression
from theory.claims import Claim, claim
from theory.expressions.activations import ACTIVATIONS
from theory.quantities.check import Check
from theory.quantities.example import Example
from theory.quantities.hypotheses import DEAD_UNIT, INTERPOLATION, SILENT_INPUT, TWINS
from theory.quantities.network import Situation

BATCH = 16  # starts that are tried before the most promising of them is climbed from
STEPS = 40  # of an ascent
LEVEL = 1e-9  # a gap this near to 0 has nothing left to climb
FARTHER = 1e-3  # how much further from 0 the gap of a rounder network may be
CLEAR = 0.05  # the gap that a counter-example keeps while it shrinks, if it can
RIGID = (TWINS, DEAD_UNIT, SILENT_INPUT)  # hypotheses that no gradient respects


def falsify(
    what: str | sp.Basic | Claim,
    family: Family | None = None,
    *,
    seconds: float = 10.0,
    seed: int = 0,
    tries: int | None = None,
    progress: Callable[[float], Any] | None = None,
    **options: Any,
) -> Falsification:
    """Search for a network with data at which a claim is false.

    Small and structured networks come first (units that cancel, residuals that make H_bb vanish, saturated
    units, equality cases of theorems), random and extreme ones between them; from the most promising the
    ratio of the sides is climbed by its exact derivatives with respect to all weights, inputs and targets and
    the scales of their arrays; what is found is made small.

    Parameters
    ----------
    what : str, sympy relation or Claim
        See ``theory.claim``.
    family : Family, optional
        Which networks; or give its fields as `options`: activation, interpolating, outputs, hidden_bias,
        output_bias, loss.
    seconds : float
        After which the search gives up.
    seed : int
        Determines every start, and with it everything but the moment at which time is up.
    tries : int, optional
        Give up after so many starts: then the answer does not depend on time, if `seconds` is large enough.
    progress : callable, optional
        Called with the seconds since its last call.
    **options
        Fields of the family.

    Returns
    -------
    Falsification

    Raises
    ------
    ValueError
        If the claim cannot be read, no activation suits it, or an option is out of range.

    Notes
    -----
    A violation counts only beyond the rounding bounds of both sides. A claim that survives is not proved.

    Examples
    --------
    >>> found = falsify("lmax(G_bb) <= input_gradient", activation="tanh")
    >>> found.refuted, found.example.a, found.example.W, found.example.X
    (True, [1.0], [[0.0]], [[0.0]])
    """
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds must be a positive number; got {seconds}")
    search = Search(claim(what), family or Family(**options), seed)
    return search.run(seconds, tries, progress)


class Search:
    """One search: what it seeks, and the best it has met.

    Parameters
    ----------
    target : Claim
    family : Family
    seed : int
    """

    def __init__(self, target: Claim, family: Family, seed: int) -> None:
        if family.interpolating and INTERPOLATION not in target.hypotheses:
            target = replace(target, hypotheses=(*target.hypotheses, INTERPOLATION))
        self.claim, self.family, self.seed = target, family, seed
        self.evaluations, self.largest, self.nearest = 0, math.nan, -math.inf
        self.tightest: Situation | None = None
        self.violation: Situation | None = None
        self.reasons: Counter[str] = Counter()

    @property
    def fitted(self) -> bool:
        """Whether every residual is zero."""
        return INTERPOLATION in self.claim.hypotheses

    def run(
        self, seconds: float, tries: int | None, progress: Callable[[float], Any] | None
    ) -> Falsification:
        """Search for some `seconds` or `tries`, tell `progress`, and make small what was found."""
        begun, partial = time.perf_counter(), False
        examples: list[Example] = []
        with np.errstate(all="ignore"):
            try:
                self._seek(begun, seconds, tries, progress)
            except KeyboardInterrupt:
                partial = True
            try:
                examples.extend(self._smallest())
            except KeyboardInterrupt:
                partial = True
            example = examples[-1] if examples else None
            check = None if example is None else self.claim.check_at(example.situation())
        if check is not None:
            self.largest = float(np.fmax(self.largest, tightness(self.claim, check)))
        spent = time.perf_counter() - begun
        refuted, note = check is not None and check.holds is False, self._note()
        return Falsification(
            self.claim, refuted, check, example, self.largest, spent, self.evaluations, note, partial
        )

    def _seek(
        self, begun: float, seconds: float, tries: int | None, progress: Callable[[float], Any] | None
    ) -> None:
        last = begun
        batch: list[tuple[float, Situation]] = []
        for number, at in enumerate(starts(self.claim, self.family, self.seed)):
            now = time.perf_counter()
            if progress:
                progress(now - last)
            last = now
            if now - begun > seconds or (tries is not None and number >= tries):
                return
            found = None if at is None else self.gap_at(at)
            if at is not None and found is not None and not found >= -LEVEL:
                batch.append((found, at))
            if self.violation is None and number % BATCH == BATCH - 1:
                self._climb(batch, number)
                batch = []
            if self.violation is not None:
                return

    def gap_at(self, at: Situation) -> float | None:
        """The gap of the claim at a network, None where it says nothing; what is found is kept."""
        self.evaluations += 1
        if not self.family.holds(at):
            self.reasons["the claim needs other networks than were asked for"] += 1
            return None
        try:
            check = self.claim.check_at(at)
        except (ValueError, OverflowError, np.linalg.LinAlgError):  # beyond the floating-point range
            return None
        if not check.applicable:
            self.reasons[check.why.partition("; got")[0]] += 1
            return None
        found = gap(check) if resolved(check) else math.nan
        if check.holds is False and self.violation is None:
            self.violation = at
        if found > self.nearest:
            self.nearest, self.tightest = found, at
        self.largest = float(np.fmax(self.largest, tightness(self.claim, check)))
        return found

    def unclimbable(self) -> str:
        """Why derivatives are of no use, or ""."""
        missing = sorted(self.claim.quantities - NUMBERS.keys())
        rigid = [each.statement for each in RIGID if each in self.claim.hypotheses]
        reasons = {
            f"no derivative of {', '.join(missing)}": missing,
            "it claims an identity": isinstance(self.claim.relation, sp.Eq),
            "every side is constant": self.claim.quantities <= CONSTANT,
            f"it needs {', '.join(rigid)}": rigid,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def _climb(self, below: list[tuple[float, Situation]], number: int) -> None:
        """From the highest network below equality, and from another."""
        if not below or self.unclimbable():
            return
        below.sort(key=lambda each: -math.inf if math.isnan(each[0]) else each[0])
        other = np.random.default_rng([self.seed, number, 1]).integers(len(below))
        for place in {len(below) - 1, int(other)}:
            top = self._climbed(below[place][1]) if self.violation is None else None
            if top is not None:
                self.gap_at(top)

    def _climbed(self, at: Situation) -> Situation | None:
        """The top of the climb from a network, None where the numbers leave the floating-point range."""
        name = at.net.activation.name
        expression = (
            ACTIVATIONS[name]
            if name in ACTIVATIONS
            else activation_expression(self.family.activation or name)
        )
        try:
            ascent = Ascent(self.claim.relation, at, third_derivative(expression), self.fitted)
            top = ascent.climb(STEPS)
        except (ValueError, OverflowError, np.linalg.LinAlgError):
            return None
        self.evaluations += ascent.evaluations
        return top

    def _found(self) -> tuple[Situation | None, Callable[[Check], bool]]:
        """The network to be made small, and what a check of it must show."""
        if self.violation is None:
            least = min(-LEVEL, max(self.nearest - FARTHER, 10 * self.nearest))
            return self.tightest, lambda check: bool(check.holds) and gap(check) >= least
        margin = min(CLEAR, abs(gap(self.claim.check_at(self.violation))) / 2)
        return self.violation, lambda check: check.holds is False and abs(gap(check)) >= margin

    def _smallest(self) -> Iterator[Example]:
        """The network found as an example, then smaller and smaller ones."""
        at, shows = self._found()
        if at is None:
            return

        def wanted(example: Example) -> bool:
            self.evaluations += 1
            try:
                at = example.situation()
                return self.family.holds(at) and shows(self.claim.check_at(at))
            except (ValueError, OverflowError, np.linalg.LinAlgError):
                return False

        example = self._as_example(at)
        if not wanted(example):  # residuals that are zero within rounding only
            example = example_of(at, False, example.activation)
        smaller: Example | None = example
        while smaller is not None:
            example = smaller
            yield example
            for smaller in shrinking(example, wanted):
                yield smaller
            smaller = self._mended(smaller, wanted)

    def _mended(self, example: Example, wanted: Callable[[Example], bool]) -> Example | None:
        """An example with one part less, from which climbing shows again what is wanted; None without."""
        if self.violation is None or self.unclimbable():
            return None
        for candidate in fewer(example):
            top = self._climbed(candidate.situation())
            smaller = None if top is None else self._as_example(top)
            if smaller is not None and wanted(smaller):
                return smaller
        return None

    def _as_example(self, at: Situation) -> Example:
        return example_of(at, self.fitted, self.family.activation or at.net.activation.name)

    def _note(self) -> str:
        if not self.violation and self.tightest is None and self.reasons:
            why, count = self.reasons.most_common(1)[0]
            return f"no network showed its sides; what kept {count} networks out: {why}"
        reason = self.unclimbable()
        return f"no gradient was followed: {reason}" if reason and not self.violation else ""


def gap(check: Check) -> float:
    """(left - right) / (|left| + |right|) of a `check`, between -1 and 1; NaN where both are zero.

    Where both sides are positive it grows with their ratio, and it is 0 where they are equal.
    """
    left, right = float(check.left.value), float(check.right.value)
    size = abs(left) + abs(right)
    return (left - right) / size if size else math.nan


def resolved(check: Check) -> bool:
    """Whether rounding leaves the sides of a `check` alone, but for a millionth."""
    size = abs(check.left.value) + abs(check.right.value)
    return bool(check.left.error + check.right.error <= RESOLVED * size)
