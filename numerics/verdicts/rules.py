"""The rules that turn effects into verdicts; each stands in words at its claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.verdicts import effects as read
from numerics.verdicts.claims import CLAIMS, IN_PART, NOT_SUPPORTED, SUPPORTED, UNDECIDED, Effect, Verdict
from numerics.verdicts.said import IN_PART_SINCE, label, sentence
from theory import theorems
from theory.records.theorem import REFUTED

Effects = dict[str, Effect | None]
ENOUGH = 0.05
"""A difference in accuracy below which it does not count."""


def verdicts(parts: dict[str, Any]) -> list[Verdict]:
    """A verdict on each claim from the results of the parts that were run: "two-layer", "basins", "deep".

    Parameters
    ----------
    parts : dict of str to dict
        The results of each study; what was not run is missing, and what hangs on it is not decided.
    """
    found: Effects = {}
    for name, reader in (("two-layer", read.two_layer), ("basins", read.basins), ("deep", read.deep)):
        if parts.get(name):
            found |= reader(parts[name])
    return [decided(key, found) for key in CLAIMS]


def decided(key: str, found: Effects) -> Verdict:
    """The verdict on the claim `key` from effects by name."""
    level, used = RULES[key](found)
    known = {name: effect for name in used if (effect := found.get(name)) is not None}
    missing = [name for name in used if name not in known]
    parts = [sentence(name, effect) for name, effect in known.items()] or ["Nothing was measured."]
    parts += [f"Not measured: {'; '.join(label(name) for name in missing)}."] if missing and known else []
    parts += [IN_PART_SINCE[key]] if level == IN_PART else []
    return Verdict(CLAIMS[key], level, " ".join(parts), known)


def differ(found: Effects) -> tuple[str, list[str]]:
    """Whether the interval of the difference lies on one side of what counts."""
    return above(found.get("accuracy gap"), ENOUGH), ["accuracy gap"]


def volume(found: Effects) -> tuple[str, list[str]]:
    """The proxy over all minima, among equals, and frequency against volume."""
    frequency = [name for name in found if name.startswith("frequency and volume")]
    names = ["proxy, all minima", "proxy, equal attack", *(frequency or ["frequency and volume"])]
    first = above(found.get(names[0]), 0.0)
    rest = [above(found.get(name), 0.0) for name in names[1:]]
    whole = first == SUPPORTED and bool(frequency) and all(level == SUPPORTED for level in rest)
    return (SUPPORTED if whole else IN_PART if first == SUPPORTED else first), names


def random(found: Effects) -> tuple[str, list[str]]:
    """Random starts above one half, attacked starts below."""
    names = ["random starts, good", "attacked starts, good"]
    first, second = above(found.get(names[0]), 0.5), above(found.get(names[1]), 0.5)
    if first != SUPPORTED:
        return first, names
    return (SUPPORTED if second == NOT_SUPPORTED else IN_PART), names


def noise(found: Effects) -> tuple[str, list[str]]:
    """Whether SGD gains what counts in any problem."""
    names = [name for name in found if name.startswith("gain of SGD")] or ["gain of SGD"]
    levels = [above(found.get(name), ENOUGH) for name in names]
    if SUPPORTED in levels:
        return NOT_SUPPORTED, names
    return (SUPPORTED if all(level == NOT_SUPPORTED for level in levels) else UNDECIDED), names


def complexity(found: Effects) -> tuple[str, list[str]]:
    """The theorem's direction, the correlation, and whether the converse is refuted."""
    names = ["theorems, violated", "norm and input gradient"]
    broken, level = found.get(names[0]), above(found.get(names[1]), 0.0)
    if broken is None:
        return UNDECIDED, names
    if broken.value > 0 or level == NOT_SUPPORTED:
        return NOT_SUPPORTED, names
    if level == UNDECIDED:
        return UNDECIDED, names
    return (IN_PART if converse_refuted() else SUPPORTED), names


def converse_refuted() -> bool:
    """Whether the record of T8, that simple functions may have any curvature, is a refutation."""
    return theorems["simple-but-curved"].status == REFUTED


def deep(found: Effects) -> tuple[str, list[str]]:
    """The difference and both correlations of deep networks."""
    names = ["deep accuracy gap", "deep proxy, all minima", "deep proxy, equal attack"]
    gap, whole, within = (
        above(found.get(name), least) for name, least in zip(names, (ENOUGH, 0, 0), strict=True)
    )
    if NOT_SUPPORTED in (gap, whole):
        return NOT_SUPPORTED, names
    if UNDECIDED in (gap, whole):
        return UNDECIDED, names
    return (SUPPORTED if within == SUPPORTED else IN_PART), names


def above(effect: Effect | None, least: float) -> str:
    """Supported if the interval lies above `least`, not supported if below, undecided if it holds it.

    Examples
    --------
    >>> above(Effect(0.3, 0.1, 0.5, 10), 0.05), above(None, 0.0)
    ('supported', 'not decided by this run')
    """
    if effect is None or effect.low <= least <= effect.high:
        return UNDECIDED
    return SUPPORTED if effect.low > least else NOT_SUPPORTED


RULES: dict[str, Callable[[Effects], tuple[str, list[str]]]] = {
    "differ": differ,
    "volume": volume,
    "random": random,
    "noise": noise,
    "complexity": complexity,
    "deep": deep,
}
