"""The problems whose basins are measured: a student of a teacher, a spiral, digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import twolayer as tl
from numerics.files.datasets import centred, digits_task
from twolayer.arrays import Array


@dataclass(frozen=True)
class Problem:
    """Data with two classes -1 and +1: genuine samples, samples kept in reserve to attack with, test samples.

    Parameters
    ----------
    name : str
    genuine, reserve, test : tuple of ndarray
        X (n, d) and y (n,).
    units : int
        Hidden units of the networks.
    """

    name: str
    genuine: tuple[Array, Array]
    reserve: tuple[Array, Array]
    test: tuple[Array, Array]
    units: int

    def accuracy(self, net: tl.TwoLayer) -> float:
        """Test accuracy of `net`."""
        X, y = self.test
        return float(np.mean(np.where(net(X) > 0, 1.0, -1.0) == y))


def spiral_points(count: int, rng: np.random.Generator, *, turns: float = 1.0) -> tuple[Array, Array]:
    """Points on two interleaved spiral arms, with their labels.

    Parameters
    ----------
    count : int
    rng : numpy Generator
    turns : float
        Of each arm.

    Returns
    -------
    (ndarray, ndarray)
        X (count, 2), within the unit disc but for noise, and y (count,), -1 or +1.

    Examples
    --------
    >>> X, y = spiral_points(100, np.random.default_rng(0))
    >>> X.shape, sorted(set(y.tolist()))
    ((100, 2), [-1.0, 1.0])
    """
    y = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    along = np.sqrt(rng.uniform(0.05, 1.0, size=count))
    angle = 2 * np.pi * turns * along + np.where(y > 0, 0.0, np.pi)
    X = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return X + 0.02 * rng.normal(size=X.shape), y


def spiral(seed: int, *, genuine: int = 40, units: int = 24) -> Problem:
    """The two-class spiral of `genuine` samples for networks of `units`; `seed` draws it."""
    rng = np.random.default_rng([seed, 1])
    X, y = spiral_points(2 * genuine + 2000, rng)
    X = 2 * X
    parts = np.split(np.arange(len(y)), [genuine, 2 * genuine])
    one, two, three = ((X[part], y[part]) for part in parts)
    return Problem("spiral", one, two, three, units)


def digits(seed: int, *, genuine: int = 100, units: int = 8) -> Problem:
    """The embedded digits, +1 for a digit of at least 5, dealt by `seed`; `genuine` and `units` as above."""
    data = digits_task()
    order = np.random.default_rng([seed, 2]).permutation(len(data.y))
    scaling = centred(data.X[order[: 2 * genuine]])
    parts = np.split(order, [genuine, 2 * genuine])
    one, two, three = ((scaling(data.X[part]), data.y[part]) for part in parts)
    return Problem("digits", one, two, three, units)


def teacher_student(
    seed: int, *, samples: int = 100, inputs: int = 3, teachers: int = 8, students: int = 4
) -> tuple[tl.TwoLayer, Array, Array]:
    """A student of tanh units with biases, and what a teacher says.

    Parameters
    ----------
    seed : int
        Draws everything.
    samples : int
        How many.
    inputs : int
        d; they are Gaussian.
    teachers, students : int
        Units of either. With fewer students than teachers the minima are isolated, several and of different
        risk, so that basins can be counted.

    Returns
    -------
    (TwoLayer, ndarray, ndarray)
        A network of the student's shape, X (samples, inputs) and y (samples,).
    """
    teacher, X = taught(seed, samples, inputs, teachers)
    student = tl.TwoLayer(np.ones(students), np.ones((students, inputs)), np.zeros(students))
    return student, X, teacher(X)


def taught(
    seed: int, samples: int = 100, inputs: int = 3, teachers: int = 8, *, unseen: int = 0
) -> tuple[tl.TwoLayer, Array]:
    """The teacher of :func:`teacher_student`, and its inputs, or `unseen` further ones of the same law.

    Returns
    -------
    (TwoLayer, ndarray)
        The teacher and X (samples, inputs), or (unseen, inputs).
    """
    rng = np.random.default_rng([seed, 3])
    W = 2.0 * rng.normal(size=(teachers, inputs))
    a = rng.choice([-1.0, 1.0], size=teachers) * rng.uniform(0.5, 1.5, size=teachers)
    teacher, X = tl.TwoLayer(a, W, rng.normal(size=teachers)), rng.normal(size=(samples, inputs))
    return teacher, rng.normal(size=(unseen, inputs)) if unseen else X
