"""What hypotheses say about the networks in which identities are verified: of any size, and small ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import sympy as sp

from theory.proofs.any_size.network import AnySize
from theory.proofs.small.network import SmallNetwork
from theory.records import hypotheses as needs

DEGREE = sp.Symbol("p", positive=True)
MODELS = (
    SmallNetwork(2, 2, 2, offset=True),
    SmallNetwork(2, 1, 2, biased=False),
    SmallNetwork(1, 2, 2, q=2),
)
"""The small networks of identity steps: two of everything that is summed over."""

SAID: dict[Any, dict[str, Any]] = {
    needs.SQUARED_LOSS: {"squared": True},
    needs.INTERPOLATION: {"fitted": True},
    needs.ONE_OUTPUT: {"alone": True},
    needs.HOMOGENEOUS: {"degree": DEGREE},
    needs.FIRST_DEGREE: {"linear": True, "degree": sp.S.One},
    needs.RELU: {"linear": True, "degree": sp.S.One},
    needs.QUADRATIC: {"quadratic": True},
    needs.TWINS: {"twins": True},
    needs.DEAD_UNIT: {"dead": True},
    needs.SILENT_INPUT: {"silent": True},
    needs.BALANCEABLE: {"balanced": True},
}
"""What a hypothesis says about a network of any size."""

PRESENT = {
    "biased": {needs.HIDDEN_BIASES: True, needs.NO_HIDDEN_BIASES: False},
    "offset": {needs.OUTPUT_BIAS: True, needs.NO_OUTPUT_BIAS: False},
}
"""Which biases are there; where no hypothesis says so, both cases are verified."""

CHANGES: dict[Any, dict[str, Any]] = {
    needs.INTERPOLATION: {"fitted": True},
    needs.ONE_OUTPUT: {"q": 1},
    needs.ONE_INPUT: {"d": 1},
    needs.OUTPUT_BIAS: {"offset": True},
    needs.NO_OUTPUT_BIAS: {"offset": False},
    needs.HIDDEN_BIASES: {"biased": True},
    needs.NO_HIDDEN_BIASES: {"biased": False},
    needs.HOMOGENEOUS: {"degree": DEGREE},
    needs.FIRST_DEGREE: {"linear": True, "degree": sp.S.One},
    needs.RELU: {"linear": True, "degree": sp.S.One},
    needs.QUADRATIC: {"activation": lambda z: z**2},
}
"""What a hypothesis says about the small networks."""


def settings(hypotheses: tuple[Any, ...]) -> Iterator[AnySize]:
    """The kinds of networks, each of any size, of which the hypotheses hold.

    Examples
    --------
    >>> [at.biased for at in settings((needs.OUTPUT_BIAS,))]
    [True, False]
    """
    said: dict[str, Any] = {"squared": False}
    for each in hypotheses:
        said |= SAID.get(each, {})
    cases = {
        name: [case for each, case in options.items() if each in hypotheses] or [True, False]
        for name, options in PRESENT.items()
    }
    for biased, offset in product(*cases.values()):
        yield AnySize(biased=biased, offset=offset, **said)


def fitting(model: SmallNetwork, hypotheses: tuple[Any, ...]) -> SmallNetwork:
    """The model changed so that the hypotheses hold of it.

    Examples
    --------
    >>> fitting(SmallNetwork(2, 1, 2), (needs.OUTPUT_BIAS,)).offset
    True
    """
    model = replace(model, squared=needs.SQUARED_LOSS in hypotheses)
    for each, change in CHANGES.items():
        model = replace(model, **change) if each in hypotheses else model
    return model


def verified_for(hypotheses: tuple[Any, ...]) -> str:
    """In which networks the identities of a proof are verified, in words.

    Examples
    --------
    >>> verified_for((needs.SQUARED_LOSS, needs.ONE_OUTPUT))[:57]
    'for any n, d, m and one output and the squared loss, with'
    """
    at = tuple(settings(hypotheses))
    outputs = "n, d, m and one output" if at[0].alone else "n, d, m and q"
    loss = "the squared loss" if at[0].squared else "any loss"
    hidden, output = ({getattr(each, name) for each in at} for name in ("biased", "offset"))
    biases = f"{_there(hidden)} hidden biases, {_there(output)} output bias"
    sizes = dict.fromkeys(fitting(model, hypotheses) for model in MODELS)
    small = ", ".join(f"({each.n}, {each.d}, {each.m}, {each.q})" for each in sizes)
    return f"for any {outputs} and {loss}, {biases}; written out at (n, d, m, q) = {small}"


def _there(cases: set[bool]) -> str:
    return " and ".join(["with"] * (True in cases) + ["without"] * (False in cases))
