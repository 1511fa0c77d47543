"""Where a search for a counter-example begins: small and structured networks, wild ones between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import twolayer as tl
from numerics.files.networks import activation_of
from numerics.verify.cases import case, jittered, setting
from theory import theorems
from theory.claims import Claim
from theory.quantities import hypotheses as needs
from theory.quantities.example import Example
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.network import Situation
from twolayer.model.activation import available
from twolayer.model.degeneracies import Parts, Twist, interpolating

SIZES = ((1, 1, 1), (1, 1, 2), (2, 1, 1), (1, 2, 1), (2, 1, 2), (2, 2, 2), (3, 1, 2), (3, 2, 3), (5, 3, 3))
"""n, d, m of the structured starts, from small to large."""

LABELLED = ("logistic", "softmax")
LOSSES = ("squared", "pseudo_huber", *LABELLED)
OF_ACTIVATIONS = (
    *(needs.BOUNDED_SECOND_DERIVATIVE, needs.BOUNDED_SLOPE, needs.HOMOGENEOUS, needs.FIRST_DEGREE),
    *(needs.RELU, needs.QUADRATIC, needs.ZERO_AT_ZERO),
)
"""Hypotheses that only the activation decides."""


@dataclass(frozen=True)
class Family:
    """The networks among which a counter-example is sought.

    Parameters
    ----------
    activation : str, optional
        A built-in name or an expression in z; any built-in without.
    interpolating : bool
        Whether every residual is zero, by y = net(X).
    outputs : int, optional
        The number q of outputs; without, one, or what the claim needs.
    hidden_bias, output_bias : bool, optional
        Whether there are biases; either without.
    loss : str, optional
        One of LOSSES; without, the squared one, or what the claim needs.

    Raises
    ------
    ValueError
        If the loss is unknown or does not go with the rest.
    """

    activation: str | None = None
    interpolating: bool = False
    outputs: int | None = None
    hidden_bias: bool | None = None
    output_bias: bool | None = None
    loss: str | None = None

    def __post_init__(self) -> None:
        if self.loss not in (None, *LOSSES):
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {self.loss!r}")
        least = 2 if self.loss == "softmax" else 1
        if self.outputs is not None and not self.outputs >= least:
            what = "for the softmax loss" if least == 2 else ""
            raise ValueError(
                f"outputs must be at least {least} {what}; got {self.outputs}".replace(" ;", ";")
            )
        if self.interpolating and self.loss in LABELLED:
            raise ValueError(
                f"interpolating must be False for the {self.loss} loss, whose targets are labels"
            )

    def shape(self, claim: Claim) -> Twist:
        """The twist that makes a case one of the family's.

        Raises
        ------
        ValueError
            If no activation has what the `claim` needs.
        """
        values: dict[str, Any] = {
            "activation": activations(claim, self.activation),
            "q": (None if self.outputs in (None, 1) else self.outputs,),
        }
        if self.loss == "softmax" and self.outputs is None:
            values["q"] = (2, 3)
        wishes = {"biased": self.hidden_bias, "offset": self.output_bias, "loss": self.loss}
        return setting(**values, **{name: given for name, given in wishes.items() if given is not None})

    def holds(self, at: Situation) -> bool:
        """Whether the network of `at` has the outputs, biases and loss of the family."""
        net = at.net
        facts = (net.b is not None, net.c is not None, net.n_outputs, at.loss)
        wishes = (self.hidden_bias, self.output_bias, self.outputs, self.loss)
        return all(wish in (None, fact) for wish, fact in zip(wishes, facts, strict=True))


def activations(claim: Claim, wanted: str | None) -> tuple[Any, ...]:
    """The activations at which a claim may hold or fail: the one that is `wanted`, or the built-in ones.

    Raises
    ------
    ValueError
        If none has what the `claim` needs.

    Examples
    --------
    >>> from theory import claim
    >>> len(activations(claim("risk <= 1"), None)), len(activations(claim("C2 <= 1"), None))
    (14, 13)
    """
    candidates = [activation_of(wanted)] if wanted else [activation_of(name) for name in available()]
    decisive = [each for each in claim.hypotheses if each in OF_ACTIVATIONS]
    failures = {each.name: _failure(each, decisive) for each in candidates}
    found = tuple(each for each in candidates if not failures[each.name])
    if not found:
        raise ValueError(f"activation must suit the claim, which {next(iter(failures.values()))}")
    return found


def _failure(activation: tl.Activation, hypotheses: Sequence[Hypothesis]) -> str:
    at = Situation(tl.TwoLayer([1.0], [[1.0]], activation=activation), [[1.0]], [0.0])
    found = ((each.statement, each.failure(at)) for each in hypotheses)
    return next((f"needs {what}; got {instead}" for what, instead in found if instead), "")


def starts(claim: Claim, family: Family, seed: int) -> Iterator[Situation | None]:
    """Networks with data, without end; the one at a place depends on the seed and the place alone.

    Parameters
    ----------
    claim : Claim
        Whose hypotheses most of them meet.
    family : Family
    seed : int

    Yields
    ------
    Situation or None
        None where the numbers drawn leave the floating-point range.

    Raises
    ------
    ValueError
        If no activation has what the `claim` needs.
    """
    shape, examples = family.shape(claim), _equality_cases(claim, family)
    place = 0
    while True:
        rng = np.random.default_rng([seed, place])
        kind, size = place % (len(KINDS) + 2), SIZES[place // (len(KINDS) + 2) % len(SIZES)]
        place += 1
        try:
            if kind < len(KINDS):
                sizes = dict(zip(("n", "d", "m"), size, strict=True))
                yield case(rng, claim.hypotheses, (shape, setting(**sizes)), KINDS[kind], wild=False)
            elif kind == len(KINDS) or not examples:
                yield case(rng, claim.hypotheses, (shape,))
            else:
                yield jittered(examples[rng.integers(len(examples))], rng)
        except ValueError:
            yield None


def _equality_cases(claim: Claim, family: Family) -> list[Example]:
    """The equality cases of the theorems that are proved: where a relation is tight another may break."""
    found = [example for theorem in theorems.values() for example in theorem.equalities]
    names = {each.name for each in activations(claim, family.activation)}
    return [each for each in found if each.activation in names and family.holds(each.situation())]


def cancelling_pair(p: Parts, rng: np.random.Generator) -> None:
    """The last unit of the parts `p` a copy of the first with the opposite output weight."""
    p["W"][-1], p["a"][..., -1] = p["W"][0], -p["a"][..., 0]
    if p["b"] is not None:
        p["b"][-1] = p["b"][0]


def cancelling_residuals(p: Parts, rng: np.random.Generator) -> None:
    """Targets for which the diagonal of H_bb vanishes, or nearly: E[(A^T r)_k s''] = -|a_k|^2 E[s'^2]."""
    if p["loss"] != "squared" or p["fit"]:
        return
    net = tl.TwoLayer(p["a"], p["W"], p["b"], p["c"], activation=p["activation"])
    _, S1, S2 = net.jets(p["X"])
    wanted = -(net.A**2).sum(axis=0) * (S1**2).sum(axis=0)
    weights = np.einsum("ok,ik->kio", net.A, S2).reshape(len(net.W), -1)
    r = np.linalg.lstsq(weights, wanted, rcond=1e-9)[0]
    p["y"] = net(p["X"]) - r.reshape(p["y"].shape)


def saturated(p: Parts, rng: np.random.Generator) -> None:
    """The pre-activations of the parts `p` far from zero."""
    p["W"] *= rng.choice([10.0, 100.0])


def heavy_outputs(p: Parts, rng: np.random.Generator) -> None:
    """Output weights far above 1, and residuals that cancel curvature."""
    p["a"] *= 10.0 ** rng.uniform(0, 2)
    cancelling_residuals(p, rng)


KINDS: tuple[tuple[Twist, ...], ...] = (
    (),
    (cancelling_pair,),
    (cancelling_residuals,),
    (heavy_outputs,),
    (interpolating,),
    (saturated,),
)
"""The structured starts."""
