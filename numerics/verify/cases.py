"""Random and adversarial networks on which theorems are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import twolayer as tl
from theory.quantities import hypotheses as needs
from theory.quantities.example import Example
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.network import Situation
from twolayer.model import degeneracies
from twolayer.model.activation import available
from twolayer.model.degeneracies import Parts, Twist

DECADES = 4  # scales of weights, inputs and targets run from 10^-DECADES to 10^DECADES
FIRST_DEGREE = ("relu", "leaky_relu", "identity")
HOMOGENEOUS = (*FIRST_DEGREE, "relu_squared", "square", "cube")
SMOOTH_AT_ZERO = ("tanh", "erf", "sin", "identity", "square", "cube", "silu", "gelu")


def case(
    rng: np.random.Generator,
    wanted: tuple[Hypothesis, ...] = (),
    shapes: Sequence[Twist] = (),
    finishes: Sequence[Twist] = (),
    wild: bool = True,
) -> Situation:
    """A network with data, at which the conditions in `wanted` mostly hold.

    One in two `wild` ones has extreme scales, and most have one or two of the degeneracies in TWISTS.

    Parameters
    ----------
    rng : numpy.random.Generator
        Determines the case.
    wanted : tuple of Hypothesis
        What to aim at; the case may still miss it.
    shapes, finishes : sequence of twists
        Further changes, before the numbers are drawn and after; what is wanted comes last.
    wild : bool
        Whether to look for extremes.

    Examples
    --------
    >>> case(np.random.default_rng(0), (needs.ONE_INPUT,)).net.W.shape[1]
    1
    """
    parts = _ordinary(rng)
    for twist in (*shapes, *(SHAPING[each] for each in wanted if each in SHAPING)):
        twist(parts, rng)
    _fill(parts, rng)
    if wild:
        _make_wild(parts, rng)
    for twist in (*finishes, *(FINISHING[each] for each in wanted if each in FINISHING)):
        twist(parts, rng)
    return _situation(parts)


def jittered(example: Example, rng: np.random.Generator, smallest: int = -17, largest: int = -1) -> Situation:
    """An equality case or counter-example, moved by a relative 10^smallest to 10^largest."""
    at, size = example.situation(), 10.0 ** rng.uniform(smallest, largest)
    return moved(at, rng, size, fit=example.y is None)


def moved(at: Situation, rng: np.random.Generator, size: float, fit: bool) -> Situation:
    """Every weight and input of a situation moved by a relative `size`; the targets are kept, or refitted."""

    def near(part: Any) -> Any:
        return part * (1 + size * rng.standard_normal(np.shape(part)))

    parts = {name: near(part) for name, part in at.net.parts.items()}
    net, X = tl.TwoLayer(**parts, activation=at.net.activation), near(np.asarray(at.X))
    return Situation(net, X, net(X) if fit else at.y, at.loss)


def arrays(at: Situation) -> dict[str, Any]:
    """The network and its data as named arrays, as ``numpy.savez`` and ``twolayer norms`` take them."""
    named: dict[str, Any] = {name: np.asarray(part) for name, part in at.net.parts.items()}
    return {**named, "activation": at.net.activation.name, "X": np.asarray(at.X), "y": np.asarray(at.y)}


def _ordinary(rng: np.random.Generator) -> Parts:
    """Sizes, activation and loss; no numbers yet."""
    return {
        "n": int(rng.integers(1, 9)),
        "d": int(rng.integers(1, 5)),
        "m": int(rng.integers(1, 6)),
        "q": None if rng.random() < 0.8 else int(rng.integers(1, 4)),
        "biased": bool(rng.random() < 0.7),
        "offset": bool(rng.random() < 0.4),
        "activation": str(rng.choice(available())),
        "loss": "squared",
        "fit": bool(rng.random() < 0.15),
    }


def _fill(p: Parts, rng: np.random.Generator) -> None:
    """Draw every array, now and then of small multiples of 1/2, which coincide often."""
    coarse = rng.random() < 0.2

    def numbers(*shape: int) -> Any:
        return rng.integers(-3, 4, shape) / 2 if coarse else rng.standard_normal(shape)

    n, d, m, q = p["n"], p["d"], p["m"], p["q"]
    outputs = () if q is None else (q,)
    p["a"], p["W"], p["X"] = numbers(*outputs, m), numbers(m, d), numbers(n, d)
    p["b"] = numbers(m) if p["biased"] else None
    p["c"] = numbers(*outputs) if p["offset"] else None
    draws: dict[str, Callable[[], Any]] = {
        "softmax": lambda: rng.integers(0, max(q or 1, 1), n),
        "logistic": lambda: rng.integers(0, 2, (n, *outputs)),
    }
    p["y"] = draws.get(p["loss"], lambda: numbers(n, *outputs))()


def _make_wild(p: Parts, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        _rescale(p, rng)
    for index in rng.choice(len(TWISTS), size=rng.integers(0, 3), replace=False):
        TWISTS[index](p, rng)


def _rescale(p: Parts, rng: np.random.Generator) -> None:
    labels = p["loss"] in ("logistic", "softmax")
    for name in ("a", "W", "b", "c", "X") if labels else ("a", "W", "b", "c", "X", "y"):
        if p[name] is not None:
            p[name] = p[name] * 10.0 ** rng.uniform(-DECADES, DECADES)


def _situation(p: Parts) -> Situation:
    net = tl.TwoLayer(p["a"], p["W"], p["b"], p["c"], activation=p["activation"])
    fit = p["fit"] and p["loss"] in ("squared", "pseudo_huber")
    return Situation(net, p["X"], net(p["X"]) if fit else p["y"], p["loss"])


TWISTS: tuple[Twist, ...] = tuple(degeneracies.TWISTS.values())


def setting(**values: Any) -> Twist:
    """The twist that sets sizes or kinds; of a tuple it draws one.

    Examples
    --------
    >>> parts = {"d": 3}
    >>> setting(d=1)(parts, np.random.default_rng(0))
    >>> parts
    {'d': 1}
    """

    def twist(p: Parts, rng: np.random.Generator) -> None:
        for name, value in values.items():
            p[name] = value[rng.integers(len(value))] if isinstance(value, tuple) else value

    return twist


def _few_units(p: Parts, rng: np.random.Generator) -> None:
    p["m"] = int(rng.integers(1, p["d"] + 1))


def _more_samples(p: Parts, rng: np.random.Generator) -> None:
    """Few parameters and as many samples, without symmetries that make H singular."""
    p |= {
        "n": 9,
        "d": 1,
        "m": 1,
        "fit": True,
        "activation": str(rng.choice(["tanh", "erf", "sigmoid", "gelu"])),
    }


SHAPING: dict[Hypothesis, Twist] = {
    needs.ONE_OUTPUT: setting(q=(None, 1)),
    needs.NO_HIDDEN_BIASES: setting(biased=False),
    needs.HIDDEN_BIASES: setting(biased=True),
    needs.NO_OUTPUT_BIAS: setting(offset=False),
    needs.OUTPUT_BIAS: setting(offset=True),
    needs.ONE_INPUT: setting(d=1),
    needs.RELU: setting(activation="relu"),
    needs.QUADRATIC: setting(activation="square"),
    needs.FIRST_DEGREE: setting(activation=FIRST_DEGREE),
    needs.HOMOGENEOUS: setting(activation=HOMOGENEOUS),
    needs.ZERO_AT_ZERO: setting(activation=SMOOTH_AT_ZERO),
    needs.FEW_UNITS: _few_units,
    needs.POSITIVE_DEFINITE: _more_samples,
    needs.LOGISTIC_LOSS: setting(loss="logistic", q=None),
    needs.SOFTMAX_LOSS: setting(loss="softmax", q=(2, 3)),
    needs.PSEUDO_HUBER_LOSS: setting(loss="pseudo_huber"),
    needs.TWINS: lambda p, rng: p.update(m=max(2, p["m"])),
}
"""How to make a hypothesis likely before the numbers are drawn."""

FINISHING: dict[Hypothesis, Twist] = {
    needs.INTERPOLATION: degeneracies.interpolating,
    needs.TWINS: degeneracies.duplicated,
    needs.DEAD_UNIT: degeneracies.dead,
    needs.SILENT_INPUT: degeneracies.without_inputs,
}
"""How to make a hypothesis true once they are."""
