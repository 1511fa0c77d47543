"""What is compared: one piece of work at one size, by us and by each peer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import twolayer as tl

Work = Callable[[], Any]


@dataclass(frozen=True)
class Contender:
    """Another way to do the work.

    Parameters
    ----------
    name : str
    target : float
        How many times longer than ours it should take at least.
    build : callable
        Imports what it needs, compiles what can be, and returns the work to be timed.
    value : callable, optional
        Turns what the work returns into a number that ours must match.
    allowed : float
        Seconds that ours may take beyond that, for validation and bounds.
    """

    name: str
    target: float
    build: Callable[[], Work]
    value: Callable[[Any], float] | None = None
    allowed: float = 0.0


@dataclass(frozen=True)
class Case:
    """One row of the table: `ours` against `peers`, at the sizes in `size`."""

    work: str
    size: str
    ours: Contender
    peers: list[Contender] = field(default_factory=list)
    budget: float = 45.0  # seconds after which a contender runs no further round


def problem(n: int, d: int, m: int) -> tuple[tl.TwoLayer, np.ndarray, np.ndarray]:
    """A tanh network with all biases, unit-size outputs and targets."""
    rng = np.random.default_rng(0)
    net = tl.TwoLayer(
        rng.normal(size=m) / np.sqrt(m), rng.normal(size=(m, d)) / np.sqrt(d), rng.normal(size=m), 0.1
    )
    return net, rng.normal(size=(n, d)), rng.normal(size=n)


def size_text(n: int, d: int, m: int) -> str:
    return f"n={n:,} d={d} m={m:,} P={m * (d + 2) + 1:,}"
