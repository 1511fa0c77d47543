"""Log-volume about good and bad minima against their test accuracy, by every estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics import volume
from numerics.figures.minima.trained import spiral_pair
from numerics.figures.script import Data, Script, Setting
from numerics.landscape.landscape import NetworkLandscape
from numerics.plotting import TWO_COLUMNS
from numerics.volume.estimate import VolumeEstimate
from numerics.volume.priors import Gaussian
from twolayer.arrays import Array

N_BETA, GAMMA = 1000.0, 100.0
"""Inverse temperature and localisation of soft volumes; a threshold is 1 / N_BETA."""

VERDICTS = ("trusted", "doubtful", "refused")


def estimates(
    place: NetworkLandscape, theta: Array, steps: int, rng: np.random.Generator
) -> dict[str, VolumeEstimate]:
    """What every estimator says of the minimum `theta` (P,); tempering with so many `steps`."""
    prior = Gaussian(GAMMA**-0.5, theta)
    least: dict[str, Any] = {"threshold": 1 / N_BETA}
    soft: dict[str, Any] = {"n_beta": N_BETA, "gamma": GAMMA, "steps": 200, "walkers": 16}
    return {
        "log product": volume.log_product(place, theta, k=len(place.X) // 2),
        "ellipsoid": volume.ellipsoid(place, theta, radius=GAMMA**-0.5 * len(theta) ** 0.5, **least),
        "radial": volume.radial(place, theta, prior=prior, directions=300, rng=rng, **least),
        "tempering": volume.tempering(place, theta, prior=prior, steps=steps, walkers=8, rng=rng, **least),
        "soft volume": volume.learning_coefficient(place, theta, rng=rng, **soft),
    }


def data(setting: Setting) -> Data:
    """Accuracy, and value, error and verdict by estimator, of a good and a bad minimum of every start."""
    rows, accuracy, bad, names = [], [], [], []
    for start in range(4 if setting.quick else 20):
        pair = spiral_pair(SCRIPT.seed, start)
        X, y = pair.problem.genuine
        for net in (pair.good, pair.bad):
            rng = np.random.default_rng([SCRIPT.seed, start])
            found = estimates(NetworkLandscape(net, X, y), net.theta, 150 if setting.quick else 1500, rng)
            names = list(found)
            accuracy.append(pair.problem.accuracy(net))
            bad.append(net is pair.bad)
            rows.append(
                [(each.log_volume, each.error, VERDICTS.index(each.verdict)) for each in found.values()]
            )
    values, errors, verdicts = np.moveaxis(np.array(rows, dtype=float), -1, 0)
    return {
        "accuracy": np.array(accuracy),
        "bad": np.array(bad),
        "estimators": np.array(names),
        "values": values,
        "errors": errors,
        "verdicts": verdicts,
    }


def draw(data: Data) -> Figure:
    """A panel for every estimator; hollow marks are doubtful, crosses refused."""
    names = data["estimators"]
    figure = Figure(figsize=(TWO_COLUMNS, 2.3))
    panels = figure.subplots(1, len(names), sharex=True)
    for number, (axes, name) in enumerate(zip(panels, names, strict=True)):
        value, error, verdict = (data[key][:, number] for key in ("values", "errors", "verdicts"))
        for bad, colour, marker in ((False, "C0", "o"), (True, "C1", "s")):
            for level, face in ((0, colour), (1, "white")):
                chosen = (data["bad"] == bad) & (verdict == level) & np.isfinite(value)
                axes.errorbar(
                    data["accuracy"][chosen],
                    value[chosen],
                    yerr=error[chosen],
                    fmt=marker,
                    color=colour,
                    markerfacecolor=face,
                    markersize=4,
                    linewidth=0.8,
                )
            refused = (data["bad"] == bad) & (verdict == 2) & np.isfinite(value)
            axes.plot(data["accuracy"][refused], value[refused], "x", color=colour, markersize=4)
        axes.set_title(name)
        axes.set_xlim(0.3, 1.05)
    panels[0].set_ylabel("ln volume (see caption)")
    marks = [
        panels[0].plot([], [], marker, color=colour, markersize=4, markerfacecolor=face, label=label)[0]
        for marker, colour, face, label in (
            ("o", "C0", "C0", "without wrong labels"),
            ("s", "C1", "C1", "with as many wrong labels"),
            ("o", "black", "white", "hollow: doubtful"),
            ("x", "black", "black", "cross: refused"),
        )
    ]
    figure.supxlabel("test accuracy (chance: 0.5)", fontsize=7.5)
    figure.legend(handles=marks, loc="outside upper center", ncols=4)
    return figure


SCRIPT = Script(
    name="volumes",
    title="Log-volume about minima against their test accuracy, by every estimator",
    how_to_read="If good minima are the flat ones, marks rise to the right in a panel; values of one panel "
    "compare with "
    "each other, not with those of another, since each estimator measures another region.",
    caption="Spiral, n = 40, 24 tanh units (P = 96). Log product: minus the sum of logarithms of the 20 "
    "largest "
    "eigenvalues, the paper's proxy, which is no volume. Ellipsoid: the sublevel set of the quadratic part "
    "at a risk of "
    "1/1000, softly cut at distance 0.98. Radial and tempering: the mass of the sublevel set of the risk "
    "at 1/1000 under the "
    "Gaussian of standard deviation 0.1 about the minimum. Soft volume: ln of the mean of exp(−1000 R) "
    "under that "
    "Gaussian. Bars are 95 % intervals. A refused value is drawn, without an interval, but would not be "
    "quoted: in 96 "
    "dimensions a few samples carry it.",
    data=data,
    draw=draw,
)
