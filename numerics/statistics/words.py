"""Counts, numbers and intervals as sentences have them."""

from __future__ import annotations

import math

MOST = 6
"""Decimals that an interval's end is given at most to be told from zero."""


def in_words(count: int, total: int) -> str:
    """How many of a total, as a person says it: none, all, or so many.

    Examples
    --------
    >>> in_words(0, 8), in_words(8, 8), in_words(1200, 1845)
    ('none', 'all', '1,200')
    >>> in_words(1, 1), in_words(2, 2)
    ('it', 'both')
    """
    if count == 0:
        return "none"
    if count == total:
        return {1: "it", 2: "both"}.get(total, "all")
    return f"{count:,}"


def of_them(count: int, total: int) -> str:
    """A count before the noun that it counts.

    Examples
    --------
    >>> of_them(0, 8), of_them(8, 8), of_them(3, 8), of_them(1, 1)
    ('none of 8', 'all 8', '3 of 8', 'the 1')
    """
    if count == 0:
        return f"none of {total:,}"
    if count == total:
        return f"all {total:,}" if total > 1 else "the 1"
    return f"{count:,} of {total:,}"


def written(number: float, places: int, *, signed: bool = False) -> str:
    """A number with so many decimals, zero without a minus.

    Examples
    --------
    >>> written(-0.001, 2), written(-0.123, 2), written(0.5, 2, signed=True)
    ('0.00', '-0.12', '+0.50')
    """
    rounded = round(number, places) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{places}f}"


def decimals(low: float, high: float, least: int = 2) -> int:
    """Decimals by which an interval that lies on one side of zero is seen to do so; at most 6.

    Examples
    --------
    >>> decimals(-0.74, -0.004), decimals(-0.74, 0.004), decimals(0.0, 0.37)
    (3, 2, 2)
    """
    near = min(abs(low), abs(high))
    if low <= 0 <= high or not math.isfinite(near):
        return least
    places = least
    while places < MOST and round(near, places) == 0:
        places += 1
    return places


def with_interval(value: float, low: float | None, high: float | None, *, signed: bool = False) -> str:
    """A number in [-1, 1] with its interval, if it has one, as text.

    Examples
    --------
    >>> with_interval(-0.44, -0.74, -0.004), with_interval(0.5, None, None, signed=True)
    ('-0.44 [-0.740, -0.004]', '+0.50')
    """
    if low is None or high is None:
        return written(value, 2, signed=signed)
    places = decimals(low, high)
    ends = ", ".join(written(end, places, signed=signed) for end in (low, high))
    return f"{written(value, 2, signed=signed)} [{ends}]"
