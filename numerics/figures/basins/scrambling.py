"""Where other ways down take the starts of each basin of the gradient flow."""

from __future__ import annotations

import numpy as np

from numerics.basin_study.tables_drawn import draw_scrambled, scrambled
from numerics.figures.basins.studied import students
from numerics.figures.script import Data, Missing, Script, Setting


def data(setting: Setting) -> Data:
    """Counts by way, minimum of the flow and minimum of the way, and how many starts agree.

    Raises
    ------
    Missing
        If no start went down by two ways.
    """
    known = [found for found in students(setting, SCRIPT.seed) if found["confusion"]]
    if not known:
        raise Missing("the figure scrambling needs starts that have landed; run twolayer basins to its end")
    found = max(known, key=lambda one: len(one["shares"]["flow"]))
    return {
        **scrambled(found),
        "note": np.array(f"Problem {found['problem']}, {found['starts']} starts, P = {found['parameters']}."),
    }


SCRIPT = Script(
    name="scrambling",
    title="How much other ways down scramble the basins of the flow",
    how_to_read="A way that keeps to the flow's basins has everything on the diagonal; the shade is what the "
    "counts make certain, so that 1 of 1 is dark and 11 of 11 bright.",
    caption="Counts of starts by the minimum that the gradient flow reaches and the one that another way "
    "reaches; the shade is the lower end of the 95 % interval (Clopper and Pearson) of the share of the row. "
    "The eight most frequent minima by number, then all others; none: no minimum; ?: undecided.",
    data=data,
    draw=draw_scrambled,
)
