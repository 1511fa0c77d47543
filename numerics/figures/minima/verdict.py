"""The verdicts of a run at a glance."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.figures.script import Data, Missing, Script, Setting
from numerics.verdicts import glance
from numerics.verdicts.claims import CLAIMS, Effect, Verdict


def data(setting: Setting) -> Data:
    """Every effect of a run, a row each, with the claim that hangs on it and the verdict.

    Raises
    ------
    Missing
        If no run is recorded.
    """
    results = setting.results("two-layer") or {}
    if not results.get("verdicts"):
        raise Missing("verdict needs a run: make one with `twolayer reproduce`, then --data its folder")
    rows = [row for verdict in results["verdicts"] for row in rows_of(verdict)]
    return {
        name: np.array([row[place] for row in rows])
        for place, name in enumerate(("claim", "level", "effect", "value", "low", "high", "count"))
    }


def rows_of(verdict: dict[str, Any]) -> list[tuple[Any, ...]]:
    """A row for every effect of a verdict, or one without numbers."""
    keys, about = ("value", "low", "high", "count"), (verdict["claim"], verdict["verdict"])
    known = [(*about, name, *(each[key] for key in keys)) for name, each in verdict["effects"].items()]
    return known or [(*about, "", *(float("nan"),) * 3, 0)]


def draw(data: Data) -> Figure:
    """The figure that the report opens with."""
    verdicts = []
    for key in dict.fromkeys(data["claim"].tolist()):
        mine = np.flatnonzero(data["claim"] == key)
        effects = {
            str(data["effect"][row]): Effect(
                float(data["value"][row]),
                float(data["low"][row]),
                float(data["high"][row]),
                int(data["count"][row]),
            )
            for row in mine
            if data["effect"][row]
        }
        verdicts.append(Verdict(CLAIMS[key], str(data["level"][mine[0]]), "", effects))
    return glance.figure(verdicts)


SCRIPT = Script(
    "verdict",
    "Is the paper right?",
    "A claim holds where the marks and bars of its rows lie right of the black lines.",
    "Every effect that a verdict of `twolayer reproduce` hangs on, with its 95 % interval; a black line is "
    "what it has to exceed, and a claim that something makes no difference holds left of it. Shapes and "
    "colours say what was decided.",
    data,
    draw,
)
