"""What hypotheses say about the networks in which identities are verified: of any size, and small ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import sympy as sp

from theory.proofs.any_size.network import AnySize
from theory.proofs.small.network import SmallNetwork
from theory.quantities import hypotheses as needs

DEGREE = sp.Symbol("p", positive=True)
MODELS = (
    SmallNetwork(2, 2, 2, offset=True),
    SmallNetwork(2, 1, 2, biased=False),
    SmallNetwork(1, 2, 2, q=2),
)
"""The small networks of identity steps: two of everything that is summed over."""


@dataclass(frozen=True)
class Assumption:
    """What a hypothesis says about the networks in which identities are verified.

    Attributes
    ----------
    any_size, small : dict of str to object
        Options of `AnySize` and of `SmallNetwork`.
    """

    any_size: dict[str, Any] = field(default_factory=dict)
    small: dict[str, Any] = field(default_factory=dict)


RECTIFIED = {"linear": True, "degree": sp.S.One}
ASSUMPTIONS: dict[Any, Assumption] = {
    needs.SQUARED_LOSS: Assumption(any_size={"squared": True}),
    needs.INTERPOLATION: Assumption({"fitted": True}, {"fitted": True}),
    needs.ONE_OUTPUT: Assumption({"alone": True}, {"q": 1}),
    needs.ONE_INPUT: Assumption(small={"d": 1}),
    needs.HIDDEN_BIASES: Assumption(small={"biased": True}),
    needs.NO_HIDDEN_BIASES: Assumption(small={"biased": False}),
    needs.OUTPUT_BIAS: Assumption(small={"offset": True}),
    needs.NO_OUTPUT_BIAS: Assumption(small={"offset": False}),
    needs.HOMOGENEOUS: Assumption({"degree": DEGREE}, {"degree": DEGREE}),
    needs.FIRST_DEGREE: Assumption(RECTIFIED, RECTIFIED),
    needs.RELU: Assumption(RECTIFIED, RECTIFIED),
    needs.QUADRATIC: Assumption({"quadratic": True}, {"activation": lambda z: z**2}),
    needs.TWINS: Assumption(any_size={"twins": True}),
    needs.DEAD_UNIT: Assumption(any_size={"dead": True}),
    needs.SILENT_INPUT: Assumption(any_size={"silent": True}),
    needs.BALANCEABLE: Assumption(any_size={"balanced": True}),
}
"""Every hypothesis that changes the networks."""


def settings(hypotheses: tuple[Any, ...]) -> Iterator[AnySize]:
    """The kinds of networks, each of any size, of which the hypotheses hold.

    Where no hypothesis says which biases are there, both cases are verified.

    Examples
    --------
    >>> [at.biased for at in settings((needs.OUTPUT_BIAS,))]
    [True, False]
    """
    said: dict[str, Any] = {"squared": False}
    for each in hypotheses:
        said |= ASSUMPTIONS.get(each, Assumption()).any_size
    stated = [ASSUMPTIONS.get(each, Assumption()).small for each in hypotheses]
    cases = {
        name: [small[name] for small in stated if name in small] or [True, False]
        for name in ("biased", "offset")
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
    for each, assumption in ASSUMPTIONS.items():
        model = replace(model, **assumption.small) if each in hypotheses else model
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
