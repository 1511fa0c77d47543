"""Which networks ended at a minimum, and why the others did not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numerics.files.datasets import Dataset, uneven

Facts = dict[str, Any]


def at_minima(found: Iterable[Facts]) -> tuple[list[Facts], list[Facts]]:
    """Divide networks into those at a minimum, or at the target risk of a loss without one, and the rest."""
    ended: tuple[list[Facts], list[Facts]] = ([], [])
    for facts in found:
        ended[not is_minimum(facts)].append(facts)
    return ended


def is_minimum(facts: Facts) -> bool:
    """Whether training ended with residuals or gradient zero within rounding, or at its target risk.

    Examples
    --------
    >>> is_minimum({"training": {"why": "residuals are zero within rounding"}})
    True
    """
    why = str(facts["training"]["why"])
    return why.endswith("within rounding") or "target" in why


def cause(data: Dataset) -> str:
    """What most likely keeps training on these data from a minimum, and what to do about it."""
    ratio = None if data.standardise else uneven(data.X)
    if ratio is not None:
        return (
            f"the widest input spreads {ratio:.3g} times as far as the median one, so that training is badly "
            "conditioned: try --standardise"
        )
    return "the steps of training were spent first: the data may hold equal inputs with unlike labels"


def left_out(count: int, unfinished: int, why: str) -> str:
    """One sentence on what is left out, empty if nothing is.

    Examples
    --------
    >>> left_out(75, 47, "too few steps")
    '47 of 75 networks did not end at a minimum and are left out of everything below: too few steps.'
    """
    if not unfinished:
        return ""
    said = "did not end at a minimum and are left out of everything below"
    return f"{unfinished} of {count} networks {said}: {why}."
