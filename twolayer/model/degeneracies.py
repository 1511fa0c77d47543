"""Degeneracies: what makes a network or its data a hard case, each a change of its arrays in place.

A twist takes the parts of a problem (``a`` (m,) or (q, m), ``W`` (m, d), ``b`` (m,) or None, ``X`` (n, d),
``y`` and the flag ``fit``: whether the targets are to be the network's own outputs) and a numpy Generator.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

Parts = dict[str, Any]
Twist = Callable[[Parts, np.random.Generator], None]
DECADES = 4  # how many powers of ten an outstanding weight is above the others at most


def saturated(p: Parts, rng: np.random.Generator) -> None:
    """The first unit of the parts `p` far out on both sides; `rng` draws how far."""
    p["W"][0] *= rng.choice([30.0, 300.0])


def duplicated(p: Parts, rng: np.random.Generator) -> None:
    """The last unit of `p` a copy of the first, with a like, an opposite or another output weight (`rng`)."""
    p["W"][-1] = p["W"][0]
    if p["b"] is not None:
        p["b"][-1] = p["b"][0]
    sign = rng.choice([-1.0, 1.0, 0.0])
    if sign:
        p["a"][..., -1] = sign * p["a"][..., 0]


def nearly_duplicated(p: Parts, rng: np.random.Generator) -> None:
    """As :func:`duplicated`, but for a last relative 1e-16 to 1e-4 of `p`'s weights, drawn by `rng`."""
    duplicated(p, rng)
    p["W"][-1] *= 1 + 10.0 ** rng.uniform(-16, -4)


def silent(p: Parts, rng: np.random.Generator) -> None:
    """The first unit of `p` without output weight; nothing is drawn from `rng`."""
    p["a"][..., 0] = 0.0


def without_inputs(p: Parts, rng: np.random.Generator) -> None:
    """The first unit of `p` without input weights; nothing is drawn from `rng`."""
    p["W"][0] = 0.0


def dead(p: Parts, rng: np.random.Generator) -> None:
    """The first unit of `p` without any weight, at a kink of ReLU; nothing is drawn from `rng`."""
    p["a"][..., 0], p["W"][0] = 0.0, 0.0
    if p["b"] is not None:
        p["b"][0] = 0.0


def same_samples(p: Parts, rng: np.random.Generator) -> None:
    """The last sample of `p` a copy of the first; nothing is drawn from `rng`."""
    p["X"][-1], p["y"][-1] = p["X"][0], p["y"][0]


def parallel(p: Parts, rng: np.random.Generator) -> None:
    """All hidden weights of `p` along one direction, their lengths drawn by `rng`."""
    p["W"] = rng.standard_normal((len(p["W"]), 1)) * p["W"][:1]


def orthogonal(p: Parts, rng: np.random.Generator) -> None:
    """Hidden weights of `p` orthogonal and of equal length where m <= d, their directions drawn by `rng`."""
    m, d = p["W"].shape
    if m <= d:
        p["W"] = np.linalg.qr(rng.standard_normal((d, d)))[0][:m] * np.linalg.norm(p["W"][0])


def near_kink(p: Parts, rng: np.random.Generator) -> None:
    """A pre-activation of `p` that cancels up to rounding, or exactly; nothing is drawn from `rng`."""
    p["X"][0, 1:] = 0.0
    if p["b"] is None:
        p["X"][0, 0] = 0.0
    else:
        p["b"][0] = -p["W"][0, 0] * p["X"][0, 0]


def interpolating(p: Parts, rng: np.random.Generator) -> None:
    """Targets of `p` that are the network's outputs, so that residuals vanish; `rng` is not used."""
    p["fit"] = True


def one_weight(p: Parts, rng: np.random.Generator) -> None:
    """One output weight of `p` far larger than the others, drawn by `rng`."""
    p["a"][..., 0] *= 10.0 ** rng.uniform(0, DECADES)


TWISTS: MappingProxyType[str, Twist] = MappingProxyType(
    {
        twist.__name__: twist
        for twist in (
            saturated,
            duplicated,
            nearly_duplicated,
            silent,
            without_inputs,
            dead,
            same_samples,
            parallel,
            orthogonal,
            near_kink,
            interpolating,
            one_weight,
        )
    }
)
"""Every degeneracy by name."""
