"""The settings of the experiment, and how they are cut to a data set."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

UNITS_TO_SPARE = 1.3
"""Networks get at least this many parameters per sample, so that they can interpolate."""


@dataclass(frozen=True)
class Arm:
    """One setting of the experiment, run from several random starts.

    Parameters
    ----------
    name : str
    activation, loss : str
    genuine : int
        Number of genuine training samples n.
    units : int
        Number of hidden units m.
    attacks : tuple of int
        Sizes of the attack sets.
    repeats : int
        Number of random splits and starts.
    flipped : float
        Share of attack samples with wrong labels.
    target : float
        Risk at which training stops; 0 trains to a true minimum.
    descent : {"", "gradient_descent", "sgd", "lbfgs"}
        What goes before the Gauss-Newton finish, if anything.
    """

    name: str
    activation: str = "tanh"
    loss: str = "squared"
    genuine: int = 200
    units: int = 24
    attacks: tuple[int, ...] = (0, 50, 100, 200, 400)
    repeats: int = 5
    flipped: float = 1.0
    target: float = 0.0
    descent: str = ""


FEW = (0, 100, 400)
QUICK = (Arm("tanh", repeats=10), Arm("relu", activation="relu"))
FULL = (
    Arm("tanh", attacks=(0, 25, 50, 100, 150, 200, 300, 400, 600), repeats=40),
    Arm("relu", activation="relu", repeats=20),
    Arm("softplus", activation="softplus", repeats=20),
    Arm("erf", activation="erf", repeats=20),
    Arm("silu", activation="silu", repeats=20),
    Arm("tanh, 12 units", units=12, repeats=20),
    Arm("tanh, 96 units", units=96, repeats=10),
    Arm("tanh, 350 genuine", genuine=350, units=32, repeats=20),
    Arm("tanh, half flipped", flipped=0.5, repeats=20),
    Arm("tanh, gradient descent first", descent="gradient_descent", attacks=FEW),
    Arm("tanh, SGD first", descent="sgd", attacks=FEW),
    Arm("tanh, L-BFGS first", descent="lbfgs", attacks=FEW, repeats=10),
    Arm("tanh, pseudo-Huber loss", loss="pseudo_huber", repeats=20),
    Arm("tanh, logistic loss", loss="logistic", target=1e-3),
)


@dataclass(frozen=True)
class Task:
    """One minimum to be found: an arm, the number of the repeat and the size of the attack set."""

    arm: Arm
    repeat: int
    attack: int


def fitted(arms: tuple[Arm, ...], samples: int, inputs: int) -> tuple[Arm, ...]:
    """Return the arms with sizes that a data set allows.

    At least 2/5 of the samples test and at most 1/5 are genuine; attack sets keep their ratio to the genuine
    samples, and those that do not fit are left out; networks are widened until they have 1.3 parameters per
    training sample.

    Parameters
    ----------
    arms : tuple of Arm
    samples, inputs : int
        Size of the data set, n and d.

    Examples
    --------
    >>> small = fitted((Arm("small"),), 500, 2)[0]
    >>> small.genuine, small.attacks, small.units
    (100, (0, 25, 50, 100, 200), 98)

    Raises
    ------
    ValueError
        If there are fewer than 20 samples.
    """
    if samples < 20:
        raise ValueError(f"the data must have at least 20 samples; got {samples}")
    found = []
    for arm in arms:
        genuine = min(arm.genuine, samples // 5)
        scaled = sorted({round(k * genuine / arm.genuine) for k in arm.attacks})
        attacks = tuple(k for k in scaled if k <= reserve_size(samples, genuine))
        needed = math.ceil(UNITS_TO_SPARE * (genuine + max(attacks, default=0)) / (inputs + 2))
        found.append(replace(arm, genuine=genuine, attacks=attacks, units=max(arm.units, needed)))
    return tuple(found)


def reserve_size(samples: int, genuine: int) -> int:
    """Return how many samples are set aside for attacks: 800, or as many as leave 2/5 to test on."""
    return min(800, samples - genuine - -(-2 * samples // 5))


def tasks(arms: tuple[Arm, ...]) -> list[Task]:
    """Return all tasks, repeat by repeat, so that an interrupted arm has whole repeats."""
    return [
        Task(arm, repeat, attack) for arm in arms for repeat in range(arm.repeats) for attack in arm.attacks
    ]


def as_plain(arm: Arm) -> dict[str, Any]:
    """Return an arm as plain data."""
    return {**asdict(arm), "attacks": list(arm.attacks)}
