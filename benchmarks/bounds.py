"""An attack on the bounds: problems at scales 1e-320 ... 1e300, and a climb towards the worst of them.

    python -m benchmarks bounds --seconds 60

Every answer is compared with balls of 120 digits (``tests.oracle``, extra ``[certify]``). A problem is drawn
at random; then it is changed, and a change is kept if the worst |value - truth| / error rises. Reported are
the worst ratio with the problem that gives it, errors that are no finite number, whatever was raised that is
no refusal, and at scales 1e-8 ... 1e8 the median of error / |truth| for each quantity and road.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.oracle.problem import Problem
from tests.oracle.strategies import random_problem

from .bounds_functions import functions
from .bounds_further import further
from .bounds_questions import ACTIVATIONS, LOSSES, Answer, answers

STEPS = 12
"""Changes tried on one problem before the next is drawn."""
WIDE, PLAIN = (-320, 300), (-8, 8)
"""Powers of ten by which the arrays are scaled, in an attack and where an error should be small."""

TARGET = 1e-12
"""What the median of error / |truth| is to be below at plain scales."""


@dataclass
class Report:
    """What an attack has found.

    Attributes
    ----------
    checks, refused, needless : int
        Answers compared, questions refused by one clear error, and those of them whose answer is a float.
    worst : float
        The largest |value - truth| / error.
    broken : list of str
        Wrong bounds, errors that are not finite and what was raised, each with the problem.
    shares : dict of str to list of float
        error / |truth| at plain scales, by question: quantity and road.
    """

    checks: int = 0
    refused: int = 0
    needless: int = 0
    worst: float = 0.0
    worst_at: str = ""
    above: int = 0
    nan: int = 0
    raised: int = 0
    broken: list[str] = field(default_factory=list)
    shares: dict[str, list[float]] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)

    def add(self, problem: Problem, answer: Answer, plain: bool) -> None:
        """Count one answer in."""
        if answer.refused:
            self.refused += 1
            self.needless += answer.needless
            what = answer.refused.split("; got")[0].split(":")[0].split(", 1e")[0]
            self.refusals[what] = self.refusals.get(what, 0) + 1
            return
        self.checks += 1
        if answer.raised:
            self.raised += 1
        elif not math.isfinite(answer.error):
            self.nan += 1
        elif answer.ratio > 1:
            self.above += 1
        elif plain and answer.share is not None:
            self.shares.setdefault(answer.question, []).append(answer.share)
        if answer.wrong:
            self.broken.append(f"{answer} at {problem!r}")
        if answer.ratio > self.worst:
            self.worst, self.worst_at = answer.ratio, f"{answer.question} at {problem!r}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        counted = {
            name: getattr(self, name)
            for name in ("checks", "refused", "needless", "above", "nan", "raised", "worst")
        }
        every = [share for shares in self.shares.values() for share in shares]
        medians = {name: float(np.median(shares)) for name, shares in sorted(self.shares.items())}
        return {
            **counted,
            "worst_at": self.worst_at,
            "plain": len(every),
            "median_share": float(np.median(every)) if every else None,
            "median_shares": medians,
            "refusals": self.refusals,
        }


def drawn(rng: np.random.Generator, decades: tuple[int, int]) -> Problem:
    """A problem of any activation, loss and small shape, each array scaled by its own power of ten."""
    loss = str(rng.choice(LOSSES))
    scalar = loss != "softmax" and bool(rng.random() < 0.6)
    p = random_problem(
        int(rng.integers(2**32)),
        *(int(rng.integers(1, top)) for top in (5, 4, 4)),
        None if scalar else int(rng.integers(2 if loss == "softmax" else 1, 4)),
        biased=bool(rng.random() < 0.5),
        offset=bool(rng.random() < 0.5),
        activation=str(rng.choice(ACTIVATIONS)),
        loss=loss,
        coarse=bool(rng.random() < 0.3),
    )
    for name in "aWbcXy":
        if rng.random() < 0.7:
            p = scaled(p, name, int(rng.integers(*decades)))
    return p


def scaled(p: Problem, name: str, decade: int, only: Any = ...) -> Problem:
    """`p` with (the entries `only` of) one array times a power of ten; labels are left alone."""
    array = getattr(p, name)
    if array is None or (name == "y" and p.loss in ("logistic", "softmax")):
        return p
    changed = np.array(array, dtype=float)
    with np.errstate(over="ignore", under="ignore"):
        # in two steps: a power of ten below 1e-308 has lost its digits
        changed[only] = changed[only] * 10.0 ** (decade // 2) * 10.0 ** (decade - decade // 2)
    bounded = np.clip(changed, -1e300, 1e300)
    return p.but(**{name: bounded if bounded.ndim else float(bounded)})


def changed(p: Problem, rng: np.random.Generator, decades: tuple[int, int]) -> Problem:
    """`p` with one thing changed: a scale, an entry, a target that interpolates, a unit."""
    name = str(rng.choice([n for n in "aWbcXy" if getattr(p, n) is not None]))
    step = int(rng.integers(-12, 13)) if decades == WIDE else int(rng.integers(-2, 3))
    array = np.asarray(getattr(p, name), dtype=float)
    if rng.random() < 0.5 or array.ndim == 0:
        return scaled(p, name, step)
    at = tuple(int(rng.integers(size)) for size in array.shape)
    if rng.random() < 0.5 or (name == "y" and p.loss in ("logistic", "softmax")):
        return scaled(p, name, step, at)
    entries = array.copy()
    entries[at] = rng.choice([0.0, -entries[at], entries[at] * rng.normal(), entries.flat[0], 1.0])
    return p.but(**{name: entries})


def climb(
    rng: np.random.Generator, decades: tuple[int, int], until: float
) -> Iterator[tuple[Problem, Answer]]:
    """Every answer on the way from a random problem to a worse one."""
    problem, worst = drawn(rng, decades), -1.0
    candidate = problem
    for _ in range(STEPS):
        found = [answer for ask in (None, further, functions) for answer in answers(candidate, ask)]
        yield from ((candidate, answer) for answer in found)
        reached = max((answer.ratio for answer in found if math.isfinite(answer.ratio)), default=0.0)
        if reached >= worst:
            problem, worst = candidate, reached
        if time.monotonic() > until:
            return
        candidate = changed(problem, rng, decades)


def _judged(median: float) -> str:
    return "" if median < TARGET else "  above the target"


def attack(seconds: float, seed: int = 0, most: int | None = None) -> Report:
    """Attack for a time, or until `most` answers have been compared; half of the climbs at plain scales."""
    rng, report, until = np.random.default_rng(seed), Report(), time.monotonic() + seconds
    while time.monotonic() < until and (most is None or report.checks + report.refused < most):
        decades = WIDE if rng.random() < 0.7 else PLAIN
        for problem, answer in climb(rng, decades, until):
            report.add(problem, answer, decades == PLAIN)
    return report


def main(words: list[str]) -> int:
    """Print what an attack found; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks bounds", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="60 by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=5, help="broken promises printed, 5 by default")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    chosen = parser.parse_args(words)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = attack(chosen.seconds, chosen.seed)
    found = report.as_dict()
    if chosen.json:
        print(json.dumps({**found, "broken": report.broken}, indent=2))
    else:
        medians = found.pop("median_shares")
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
        print(f"median error / |truth| at scales 1e-8 ... 1e8 (target: below {TARGET:g}):")
        print("\n".join(f"  {name:32s} {value:.1e}{_judged(value)}" for name, value in medians.items()))
        kinds: dict[str, str] = {}
        for broken in report.broken:
            kinds.setdefault(broken.split(" at Problem")[0].split(":")[0], broken)
        print("\n".join(list(kinds.values())[: chosen.show]))
    return int(bool(report.broken))
