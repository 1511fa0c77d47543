"""Timing ours and the peers' in turns, so that a slow minute of the machine hits them all."""

import statistics
import time
from dataclasses import dataclass

from . import CPU_CLOCK, THREADS
from .case import Case, Contender, Work

ROUNDS = 11
REST = 0.3 if THREADS > 1 else 1e-3  # seconds in which the thread pool of the one before stops spinning
QUICK = 0.5  # work shorter than this runs once more, untimed, to find its data in the caches
BATCH = 0.02  # seconds for which shorter work is repeated, and their mean taken
AGREEMENT = 1e-9


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender; `seconds` is the median, None when it is not installed."""

    name: str
    target: float
    seconds: float | None
    rounds: int
    spread: float
    ratio: float | None
    allowed: float = 0.0

    @property
    def met(self) -> bool | None:
        if self.ratio is None or self.seconds is None:
            return None
        return self.target * (self.seconds / self.ratio - self.allowed) <= self.seconds


def race(case: Case, dry: bool = False, rounds: int = ROUNDS) -> list[Timing]:
    """Time every contender of `case`, ours first, and check that they found the same.

    Raises
    ------
    AssertionError
        If a peer's number differs from ours by more than 1e-9 of it.
    """
    contenders = [case.ours, *case.peers]
    works = {contender.name: _built(contender) for contender in contenders}
    _agree(contenders, {name: work() for name, work in works.items() if work is not None})
    times: dict[str, list[float]] = {name: [] for name, work in works.items() if work is not None}
    for _ in range(1 if dry else rounds):
        for name, spent in times.items():
            if not spent or sum(spent) < case.budget:
                spent.append(_seconds(works[name], 0.0 if dry else REST, spent))
    return [_timing(contender, times, times[case.ours.name]) for contender in contenders]


def _built(contender: Contender) -> Work | None:
    try:
        return contender.build()
    except ImportError:
        return None


def _agree(contenders: list[Contender], results: dict[str, object]) -> None:
    present = [c for c in contenders if c.value is not None and c.name in results]
    values = {c.name: c.value(results[c.name]) for c in present if c.value is not None}
    truth = values.get(contenders[0].name)
    for name, value in values.items():
        if truth is not None and abs(value - truth) > AGREEMENT * abs(truth):
            raise AssertionError(f"{name} must be {truth!r} as ours; got {value!r}")


def _seconds(work: Work | None, rest: float, before: list[float]) -> float:
    assert work is not None
    time.sleep(rest)
    if rest and before and before[-1] < QUICK:
        work()
    clock = time.process_time if CPU_CLOCK else time.perf_counter
    start = clock()
    work()
    spent = clock() - start
    if not rest or spent > BATCH / 2:
        return spent
    count = int(BATCH / max(spent, 1e-6))
    start = clock()
    for _ in range(count):
        work()
    return (clock() - start) / count


def _timing(contender: Contender, times: dict[str, list[float]], ours: list[float]) -> Timing:
    if contender.name not in times:
        return Timing(contender.name, contender.target, None, 0, 0.0, None)
    mine = times[contender.name]
    seconds = statistics.median(mine)
    spread = (max(mine) - min(mine)) / seconds
    ratio = seconds / statistics.median(ours)
    return Timing(contender.name, contender.target, seconds, len(mine), spread, ratio, contender.allowed)
