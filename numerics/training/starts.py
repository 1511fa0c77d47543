"""Random starts by name, each seeded by its own number: start i is the same whatever the batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import twolayer as tl
from twolayer.arrays import Array

Draw = Callable[[tl.TwoLayer, np.random.Generator, float], dict[str, Array]]


def starts(
    net: tl.TwoLayer, count: int, *, kind: str = "gaussian", seed: int, scale: float = 1.0, first: int = 0
) -> Array:
    """Draw parameters for networks of the shape of `net`.

    Parameters
    ----------
    net : TwoLayer
        Gives the shape; its parameters are not used.
    count : int
        How many.
    kind : str
        "gaussian": every parameter N(0, scale^2). "box": uniform in [-scale, scale]. "ball": uniform in the
        ball of radius scale of all parameters. "kaiming": W ~ N(0, 2 / d), a ~ N(0, 2 / m), biases zero.
        "xavier": uniform of variance 2 / (d + m) for W and 2 / (m + q) for a, biases zero. "mean_field":
        W, b ~ N(0, 1), a ~ N(0, 1) / m, c zero. The last three are multiplied by scale.
    seed : int
    scale : float
    first : int
        Number of the first start.

    Returns
    -------
    ndarray, shape (count, P)
        Row i depends on the shape, the kind, the scale, the seed and first + i alone.

    Raises
    ------
    ValueError
        If the kind is unknown or a number is out of range.

    Examples
    --------
    >>> net = tl.TwoLayer([0.0, 0.0], [[0.0], [0.0]])
    >>> many = starts(net, 5, seed=1)
    >>> bool((starts(net, 2, seed=1, first=3) == many[3:]).all())
    True
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    if count < 1 or first < 0 or not 0 < scale < np.inf:
        raise ValueError(
            "count, first and scale must be at least 1, at least 0 and positive; "
            f"got {count}, {first} and {scale}"
        )
    return np.array([_one(net, kind, np.random.default_rng([seed, first + i]), scale) for i in range(count)])


def _one(net: tl.TwoLayer, kind: str, rng: np.random.Generator, scale: float) -> Array:
    drawn = KINDS[kind](net, rng, scale)
    return np.concatenate([drawn.get(name, np.zeros(part.shape)).ravel() for name, part in net.parts.items()])


def _gaussian(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    return {name: scale * rng.normal(size=part.shape) for name, part in net.parts.items()}


def _box(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    return {name: rng.uniform(-scale, scale, size=part.shape) for name, part in net.parts.items()}


def _ball(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    P = net.n_parameters
    vector = rng.normal(size=P)
    vector *= scale * rng.uniform() ** (1 / P) / np.linalg.norm(vector)
    return {name: vector[where] for name, where in net.layout.items()}


def _kaiming(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    m, d = net.W.shape
    return {
        "a": scale * np.sqrt(2 / m) * rng.normal(size=net.a.shape),
        "W": scale * np.sqrt(2 / d) * rng.normal(size=(m, d)),
    }


def _xavier(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    (m, d), q = net.W.shape, net.n_outputs
    outer, inner = scale * np.sqrt(6 / (m + q)), scale * np.sqrt(6 / (d + m))
    return {"a": rng.uniform(-outer, outer, net.a.shape), "W": rng.uniform(-inner, inner, (m, d))}


def _mean_field(net: tl.TwoLayer, rng: np.random.Generator, scale: float) -> dict[str, Array]:
    m, d = net.W.shape
    return {
        "a": scale * rng.normal(size=net.a.shape) / m,
        "W": scale * rng.normal(size=(m, d)),
        "b": scale * rng.normal(size=m),
    }


KINDS: dict[str, Draw] = {
    "gaussian": _gaussian,
    "box": _box,
    "ball": _ball,
    "kaiming": _kaiming,
    "xavier": _xavier,
    "mean_field": _mean_field,
}
