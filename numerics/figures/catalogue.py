"""All figures by name, in the order of the gallery."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from numerics.figures.basins import fractions, frequency, plane, scrambling, starts, ways
from numerics.figures.deep import depth, edge
from numerics.figures.instruments import known, timing
from numerics.figures.minima import (
    attack,
    flatness,
    labels,
    opening,
    ranks,
    regions,
    slices,
    spectra,
    verdict,
    volumes,
)
from numerics.figures.script import Script
from numerics.figures.theorems import bounds, tightness

ROOMS = {
    "Good and bad minima": (
        verdict,
        opening,
        regions,
        labels,
        attack,
        flatness,
        ranks,
        spectra,
        volumes,
        slices,
    ),
    "Theorems": (bounds, tightness),
    "Basins": (starts, ways, fractions, scrambling, plane, frequency),
    "Deep networks": (depth, edge),
    "Instruments": (known, timing),
}
"""Modules of scripts by subject."""

FIGURES: dict[str, Script] = {
    module.SCRIPT.name: module.SCRIPT for modules in ROOMS.values() for module in modules
}


def chosen(names: Iterable[str]) -> list[Script]:
    """The scripts of these names, all for none.

    Raises
    ------
    ValueError
        For an unknown name; the message says which are nearest.

    Examples
    --------
    >>> [script.name for script in chosen(["plane"])]
    ['plane']
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in FIGURES:
            near = get_close_matches(name, FIGURES, n=3, cutoff=0.5) or list(FIGURES)
            raise ValueError(
                f"figures must be among those of --list; got {name!r}; the nearest are {', '.join(near)}"
            )
    return [FIGURES[name] for name in wanted or FIGURES]
