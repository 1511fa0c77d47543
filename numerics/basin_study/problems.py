"""The problems whose basins are measured, a student, a spiral, digits, and what their units imply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import twolayer as tl
from numerics.files.datasets import centred, digits_task
from twolayer.arrays import Array
from twolayer.model.activation import activation as named

USUAL = "tanh"
"""The activation of results that name none."""

WAYS = {"flow": "flow", "gradient descent": "gradient_descent", "sgd": "sgd", "l-bfgs": "lbfgs"}
"""The ways down that are compared, each with its name among :data:`numerics.descents.methods.METHODS`."""

LABELS = {"flow": "gradient flow", "gradient descent": "gradient descent", "sgd": "SGD", "l-bfgs": "L-BFGS"}
"""How figures write the ways."""

KINKS = (
    "The units have kinks. Hessians are those of the piece that a minimum lies in: they prove nothing about "
    "what lies beyond the nearest kink, and the flow slides along kinks where both sides push there."
)

SCALINGS = (
    "Units can be rescaled without a change of the function, so that minima are families and not points: a "
    "Hessian has a flat direction for every unit, sums of logs of all its eigenvalues are no volumes, and "
    "the basin of one point has the mass zero, so that masses of true basins are not measured. A soft volume "
    "of a student is that about the balanced member of a family; those of classifiers are about the points "
    "reached, and depend on which these are."
)

CONVENTION = (
    "families of minima that rescaling of units makes one count as one; distances, soft volumes and "
    "eigenvalues of students are those at the balanced member, at which outer and inner weights of every "
    "unit are equally long (their squares in proportion to the degree)"
)


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
    activation : str
        Theirs, by a built-in name.
    """

    name: str
    genuine: tuple[Array, Array]
    reserve: tuple[Array, Array]
    test: tuple[Array, Array]
    units: int
    activation: str = "tanh"

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
    seed: int,
    *,
    samples: int = 100,
    inputs: int = 3,
    teachers: int = 8,
    students: int = 4,
    activation: str = "tanh",
) -> tuple[tl.TwoLayer, Array, Array]:
    """A student of units with biases, and what a teacher of the same activation says.

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
    activation : str
        Of teacher and student.

    Returns
    -------
    (TwoLayer, ndarray, ndarray)
        A network of the student's shape, X (samples, inputs) and y (samples,).
    """
    teacher, X = taught(seed, samples, inputs, teachers, activation=activation)
    a, W, b = np.ones(students), np.ones((students, inputs)), np.zeros(students)
    student = tl.TwoLayer(a, W, b, activation=activation)
    return student, X, teacher(X)


def taught(
    seed: int,
    samples: int = 100,
    inputs: int = 3,
    teachers: int = 8,
    *,
    unseen: int = 0,
    activation: str = "tanh",
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
    teacher = tl.TwoLayer(a, W, rng.normal(size=teachers), activation=activation)
    X = rng.normal(size=(samples, inputs))
    return teacher, rng.normal(size=(unseen, inputs)) if unseen else X


def scalable(activation: str) -> bool:
    """Whether units can be rescaled without a change of the function, so that no minimum is a point.

    Examples
    --------
    >>> scalable("relu"), scalable("tanh")
    (True, False)
    """
    return bool(named(activation).homogeneity)


def kinked(activation: str) -> bool:
    """Whether the activation has kinks, as relu has.

    Examples
    --------
    >>> kinked("leaky_relu"), kinked("gelu")
    (True, False)
    """
    return bool(named(activation).kinks)


def symmetries(activation: str) -> str:
    """What leaves the function of a network with these units as it is.

    Examples
    --------
    >>> [symmetries(name) for name in ("tanh", "relu", "gelu")]
    ['permutations and sign flips of units', 'permutations and scalings of units', 'permutations of units']
    """
    kinds = ["permutations"]
    if named(activation).parity in ("odd", "even"):
        kinds.append("sign flips")
    if scalable(activation):
        kinds.append("scalings")
    first = ", ".join(kinds[:-1])
    return f"{first}{' and ' if first else ''}{kinds[-1]} of units"


def limits(activation: str) -> tuple[str, ...]:
    """What a reader has to know of results with this activation, each a sentence or two.

    Examples
    --------
    >>> for sentence in limits("gelu"):
    ...     print(sentence)
    Minima of students are distinct after permutations of units.
    Every unit of students and classifiers is a gelu unit; nothing here is about other activations.
    """
    said = [
        f"Minima of students are distinct after {symmetries(activation)}.",
        f"Every unit of students and classifiers is a {activation} unit; nothing here is about other "
        "activations.",
    ]
    if kinked(activation):
        said.append(KINKS)
    if scalable(activation):
        said.append(SCALINGS)
    return tuple(said)


def further(activation: str) -> dict[str, str]:
    """The conventions that only some activations need.

    Examples
    --------
    >>> further("tanh"), list(further("relu"))
    ({}, ['scalings'])
    """
    return {"scalings": CONVENTION} if scalable(activation) else {}
