"""How far each volume estimator is off where the answer is known."""

from __future__ import annotations

from functools import cache
from typing import Any

from numerics.basin_study.known_volumes import compared
from numerics.basin_study.tables_drawn import LEAST, MOST, draw_known, known_rows
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.sweeps.workplace import Workplace


@cache
def rows(quick: bool, seed: int) -> list[dict[str, Any]]:
    """Every estimator on every region; 1,000 dimensions as well unless `quick`."""
    return compared(seed, not quick, Workplace())


def data(setting: Setting) -> Data:
    """Regions, estimators, nats off, half-width of the interval and verdict of every run.

    Raises
    ------
    Missing
        If recorded results hold no estimate.
    """
    recorded = setting.results("basins")
    found = recorded["known_volumes"] if recorded else rows(setting.quick, SCRIPT.seed)
    found = [row for row in found if row["off"] is not None]
    if not found:
        raise Missing("the figure known-volumes needs estimates; run twolayer basins to its end")
    return known_rows(found)


SCRIPT = Script(
    name="known-volumes",
    title="Volume estimators where the answer is known",
    how_to_read="A mark within its coloured line is as near to the truth as the estimator said; filled "
    "circles are what "
    "it would stand by, and should be within; crosses it refused itself.",
    caption="Each mark is one run on a region of known log-volume; the line reaches to the half-width of "
    "its 95 % "
    f"interval. {LEAST:g} nats stand for less, {MOST:g} for more; the dotted line is a tenth of a nat. D "
    f"is the dimension, "
    "condition the ratio of extreme eigenvalues. The log product is taken for a log-volume here, which it "
    "is not.",
    data=data,
    draw=draw_known,
)
