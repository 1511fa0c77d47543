"""The formulas of a derivation, without words."""

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.analysis.constants import Constants
from theory.derivation import pair_templates, unit_templates
from theory.derivation.letters import Letters, o, q, t
from theory.derivation.loss_derivatives import LossForms
from theory.derivation.unit_templates import Entry
from theory.expressions import losses


@dataclass(frozen=True)
class Forms:
    """Gradient, Hessian and norms of a two-layer network, as formulas to go on with.

    Parameters
    ----------
    name : str
        The activation as it was given.
    activation : Constants
        The activation's derivatives and constants.
    loss : LossForms
        The loss and its derivatives.
    outputs : int
        The number of outputs, q.
    hidden_bias, output_bias : bool
        Whether there are hidden biases b and output biases c.
    """

    name: str
    activation: Constants
    loss: LossForms
    outputs: int
    hidden_bias: bool
    output_bias: bool

    @cached_property
    def letters(self) -> Letters:
        """The symbols of the formulas below; with an output index if there are several outputs."""
        return Letters(several=self.outputs > 1)

    @cached_property
    def parameters(self) -> dict[str, sp.Expr]:
        """The kinds of weights, of a unit k and an output o."""
        return unit_templates.parameters(self.letters, self.hidden_bias, self.output_bias)

    @cached_property
    def jacobian(self) -> dict[str, sp.Expr]:
        """Derivatives of the output of one sample (output t, if several), by kind of weight."""
        return {
            name: unit_templates.jacobian(self.letters, weight, t) for name, weight in self.parameters.items()
        }

    @cached_property
    def gradient(self) -> dict[str, sp.Expr]:
        """Derivatives of the loss of one sample, by kind of weight."""
        return {
            name: unit_templates.gradient(self.letters, weight) for name, weight in self.parameters.items()
        }

    @cached_property
    def hessian(self) -> dict[tuple[str, str], Entry]:
        """Second derivatives of the loss of one sample, by the kinds of two weights; k and l differ."""
        return unit_templates.hessian(self.letters, self.hidden_bias, self.output_bias)

    @cached_property
    def tangent(self) -> sp.Expr:
        """What unit k adds to the derivative of the output along a direction of the weights."""
        return unit_templates.tangent(self.letters)

    @cached_property
    def cotangent(self) -> dict[str, sp.Expr]:
        """The Hessian-vector product of one sample and unit k."""
        return unit_templates.cotangent(self.letters)

    @cached_property
    def input_slope(self) -> sp.Expr:
        """What unit k adds to the derivative of the output by an input."""
        return unit_templates.input_slope(self.letters)

    @cached_property
    def pairs(self) -> dict[str, sp.Expr]:
        """What unit k adds to the inner products between two samples."""
        return {
            "jacobian_inner": pair_templates.jacobian_inner(self.letters),
            "mixed_inner": pair_templates.mixed_inner(self.letters),
            "residual_inner": pair_templates.residual_inner(self.letters),
            "gauss_newton_trace": pair_templates.gauss_newton_trace(self.letters),
            "residual_trace": pair_templates.residual_trace(self.letters),
        }

    @cached_property
    def loss_value(self) -> sp.Expr:
        """The loss of one sample; a separable loss is summed over outputs."""
        if not (self.letters.several and self.loss.separable):
            return self.loss.value
        at = {losses.f: self.letters.of("f", o), losses.y: self.letters.of("y", o)}
        return sp.Sum(self.loss.value.subs(at), (o, 1, q))
