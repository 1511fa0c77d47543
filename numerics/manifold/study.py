"""The digits: how far apart are the flattest and the sharpest solution of a start, and which generalises?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import twolayer as tl
from numerics import plotting
from numerics.files.datasets import centred, digits_task
from numerics.manifold.walk import Walk, walk
from numerics.plotting import Drawn
from numerics.training.newton import gauss_newton
from twolayer.arrays import Array

TITLE = "Test accuracy along the manifold of zero loss"


@dataclass(frozen=True)
class Journey:
    """A trained network, and the ways from it to flatter and to sharper solutions.

    Attributes
    ----------
    down, up : Walk
    accuracies : tuple of ndarray
        Test accuracy at every step of both.
    apart : float
        Euclidean distance of the two ends, over the norm of theta where they began.
    """

    down: Walk
    up: Walk
    accuracies: tuple[Array, Array]
    apart: float

    @property
    def row(self) -> tuple[float, ...]:
        """tr H of the flat end, the start and the sharp end; their test accuracies; how far apart."""
        (down, up), (flat, sharp) = (self.down, self.up), self.accuracies
        ends = float(down.values[-1]), float(down.values[0]), float(up.values[-1])
        return (*ends, float(flat[-1]), float(flat[0]), float(sharp[-1]), self.apart)


def journeys(starts: int = 5, *, samples: int = 100, units: int = 20, steps: int = 300) -> list[Journey]:
    """Train on some digits from several starts, and walk from each solution down and up tr H.

    Parameters
    ----------
    starts : int
        Seeds 0, 1, ...: each draws its own training samples and its own start.
    samples, units, steps : int
        Training samples, hidden units (tanh), and steps of a walk. A walk up ends where it is as long as the
        walk down, since tr H has no upper bound.

    Returns
    -------
    list of Journey
    """
    return [journey(seed, samples, units, steps) for seed in range(starts)]


def journey(seed: int, samples: int = 100, units: int = 20, steps: int = 300) -> Journey:
    """Train from one start, and walk from its solution both ways; see :func:`journeys`.

    Raises
    ------
    KeyboardInterrupt
        If a walk was interrupted.
    """
    rng, task = np.random.default_rng(seed), digits_task()
    order = rng.permutation(len(task.X))
    train, test = order[:samples], order[samples:]
    inputs = centred(task.X[train])
    X, probe, y = inputs(task.X[train]), inputs(task.X[test]), task.y[train]
    W = rng.standard_normal((units, X.shape[1])) / np.sqrt((X**2).sum(axis=1).mean())
    net = tl.TwoLayer(rng.standard_normal(units) / np.sqrt(units), W, np.zeros(units))
    begun = gauss_newton(net, X, y).net
    down = walk(begun, X, y, steps=steps)
    up = walk(begun, X, y, uphill=True, steps=steps, longest=down.length)
    if "interrupted" in (down.stopped, up.stopped):
        raise KeyboardInterrupt
    found = [
        np.array([np.mean(np.sign(net.replace(theta)(probe)) == task.y[test]) for theta in way.path])
        for way in (down, up)
    ]
    apart = np.linalg.norm(down.net.theta - up.net.theta) / np.linalg.norm(begun.theta)
    return Journey(down, up, (found[0], found[1]), float(apart))


def table(found: list[Journey]) -> str:
    """One line a start, and their means.

    Examples
    --------
    >>> table([])
    'start  tr H: flat  trained    sharp   accuracy: flat  trained  sharp   apart'
    """
    lines = ["start  tr H: flat  trained    sharp   accuracy: flat  trained  sharp   apart"]
    rows = [each.row for each in found]
    names = [str(number) for number in range(len(rows))]
    if rows:
        rows.append(tuple(np.mean(rows, axis=0)))
        names.append("mean")
    for name, row in zip(names, rows, strict=True):
        traces = f"{row[0]:10.3g}  {row[1]:7.3g}  {row[2]:7.3g}"
        lines.append(f"{name:5}  {traces}   {row[3]:14.3f}  {row[4]:7.3f}  {row[5]:5.3f}   {row[6]:5.2f}")
    return "\n".join(lines)


def draw(found: list[Journey], folder: Path) -> Drawn:
    """Test accuracy against tr H along both walks of every start."""
    from matplotlib.figure import Figure

    with plotting.style():
        figure = Figure(figsize=(5.0, 3.4), layout="constrained")
        axes = figure.subplots()
        for each, colour in zip(found, plotting.colours(len(found)), strict=True):
            for way, accuracy in zip((each.down, each.up), each.accuracies, strict=True):
                axes.plot(way.values, accuracy, color=colour)
            axes.plot(each.down.values[0], each.accuracies[0][0], "o", color=colour)
        axes.set(xscale="log", xlabel="tr H", ylabel="test accuracy")
        path = plotting.saved(figure, folder, "zero-loss")
    caption = f"{len(found)} starts on the digits, a dot each; on the lines every residual is zero."
    reading = (
        "left of a dot the walk went down tr H, right of it up; height is how well the solution generalises."
    )
    return Drawn("zero-loss", TITLE, caption, reading, path)
