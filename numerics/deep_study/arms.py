"""The settings of the experiment with deep networks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from numerics.minima_study.arms import Arm, reserve_size

ALONE, TOGETHER = "then alone", "together"


@dataclass(frozen=True)
class DeepArm(Arm):
    """One setting; what it does not say is as for :class:`numerics.minima_study.arms.Arm`.

    Parameters
    ----------
    name, activation, loss, genuine, units, attacks, repeats, flipped, target, descent
        `units` is not used: widths are `hidden`. `descent` is "lbfgs", "gradient_descent" or "sgd".
    hidden : tuple of int
        Widths of the hidden layers.
    recipe : {"then alone", "together"}
        Whether the network is trained on the genuine samples alone after the attack, or on genuine and attack
        samples together to the end, as by Wu, Ma and E (2018). Either way its curvature is that of the
        genuine samples.
    wrong : bool
        Whether every wrong class is as likely for an attack label; else every one but the last, as theirs
        were drawn.
    volumes : bool
        Whether volumes are sampled, which needs a small network.
    """

    descent: str = "lbfgs"
    genuine: int = 60
    attacks: tuple[int, ...] = (0, 60, 120, 240)
    hidden: tuple[int, ...] = (32, 32)
    recipe: str = ALONE
    wrong: bool = True
    volumes: bool = False


QUICK = (
    DeepArm("tanh, depth 3", repeats=8),
    DeepArm("relu, depth 3", activation="relu", hidden=(64, 64), repeats=8),
    DeepArm("tanh, depth 6", hidden=(32,) * 5, repeats=6, attacks=(0, 120)),
    DeepArm("tanh, depth 2", hidden=(48,), repeats=6, attacks=(0, 120)),
    DeepArm("tanh, depth 3, together", recipe=TOGETHER, genuine=40, attacks=(0, 40, 80), repeats=6),
    DeepArm("tanh, depth 3, softmax", loss="softmax", target=1e-3, attacks=(0, 120), repeats=6),
    DeepArm("tanh, small, volumes", hidden=(12, 12), genuine=20, attacks=(0, 40), repeats=3, volumes=True),
    DeepArm("tanh, depth 4", hidden=(32,) * 3, repeats=3, attacks=(0, 120)),
    DeepArm("relu, 500 wide", activation="relu", hidden=(500, 500), genuine=20, repeats=2, attacks=(0, 40)),
    DeepArm("tanh, SGD first", descent="sgd", genuine=40, attacks=(0, 40), repeats=2),
    DeepArm(
        "tanh, gradient descent first", descent="gradient_descent", genuine=40, attacks=(0, 40), repeats=2
    ),
    DeepArm(
        "relu, together, their labels",
        activation="relu",
        hidden=(64, 64),
        genuine=40,
        attacks=(0, 80),
        repeats=2,
        recipe=TOGETHER,
        wrong=False,
    ),
)

FEWEST = (
    DeepArm("tanh, depth 3", repeats=6, attacks=(0, 60, 240)),
    DeepArm("tanh, depth 6", hidden=(32,) * 5, repeats=4, attacks=(0, 120)),
)
"""What `twolayer reproduce --quick` has time for."""

MANY = (0, 50, 100, 200, 400)
FEW = (0, 100, 400)

FULL = (
    DeepArm("tanh, depth 3", genuine=100, attacks=MANY, repeats=20, hidden=(64, 64)),
    DeepArm("relu, depth 3", activation="relu", genuine=100, attacks=MANY, repeats=20, hidden=(100, 100)),
    DeepArm("tanh, depth 2", genuine=100, attacks=MANY, repeats=10, hidden=(100,)),
    DeepArm("tanh, depth 4", genuine=100, attacks=MANY, repeats=10, hidden=(64,) * 3),
    DeepArm("tanh, depth 6", genuine=100, attacks=MANY, repeats=10, hidden=(64,) * 5),
    DeepArm("relu, depth 4", activation="relu", genuine=100, attacks=FEW, repeats=10, hidden=(100,) * 3),
    DeepArm("relu, depth 6", activation="relu", genuine=100, attacks=FEW, repeats=10, hidden=(100,) * 5),
    DeepArm("relu, 500 wide", activation="relu", genuine=100, attacks=FEW, repeats=5, hidden=(500, 500)),
    DeepArm("tanh, 500 wide", genuine=100, attacks=FEW, repeats=5, hidden=(500, 500)),
    DeepArm("tanh, depth 3, together", genuine=80, attacks=(0, 40, 80, 120), repeats=8, recipe=TOGETHER),
    DeepArm("tanh, half flipped", genuine=100, attacks=(0, 100, 400), repeats=8, flipped=0.5),
    DeepArm(
        "relu, together, their labels",
        activation="relu",
        genuine=80,
        attacks=(0, 40, 80, 120),
        repeats=8,
        hidden=(100, 100),
        recipe=TOGETHER,
        wrong=False,
    ),
    DeepArm("tanh, gradient descent first", descent="gradient_descent", attacks=(0, 120), repeats=8),
    DeepArm("tanh, SGD first", descent="sgd", attacks=(0, 120), repeats=8),
    DeepArm("tanh, softmax", loss="softmax", target=1e-3, attacks=(0, 60, 240), repeats=10),
    DeepArm(
        "relu, softmax",
        activation="relu",
        loss="softmax",
        target=1e-3,
        attacks=(0, 60, 240),
        repeats=10,
        hidden=(64, 64),
    ),
    DeepArm(
        "tanh, small, volumes", hidden=(12, 12), genuine=20, attacks=(0, 20, 40), repeats=8, volumes=True
    ),
)


def fitted(arms: tuple[DeepArm, ...], samples: int, tests: int) -> tuple[DeepArm, ...]:
    """Return the `arms` with the sizes that a data set allows.

    At most a fifth of the samples are genuine, two fifths at least are left to test on unless the data
    set has `tests` samples of its own, and attack sets that do not fit are left out.

    Parameters
    ----------
    arms : tuple of DeepArm
    samples, tests : int
        Samples that may train, and samples of the data set's own test set.

    Raises
    ------
    ValueError
        If there are fewer than 100 samples.

    Examples
    --------
    >>> small = fitted((DeepArm("small"),), 150, 0)[0]
    >>> small.genuine, small.attacks
    (30, (0, 60))
    """
    if samples < 100:
        raise ValueError(f"the data must have at least 100 samples that may train; got {samples}")
    found = []
    for arm in arms:
        genuine = min(arm.genuine, samples // 5)
        attacks = tuple(k for k in arm.attacks if k <= reserve(samples, tests, genuine))
        found.append(replace(arm, genuine=genuine, attacks=attacks))
    return tuple(found)


def reserve(samples: int, tests: int, genuine: int) -> int:
    """How many samples may attack, of all `samples` that may train."""
    return min(800, samples - genuine - 1) if tests else reserve_size(samples, genuine)
