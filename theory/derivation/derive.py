"""The derivation of everything the package computes, from one activation and one loss."""

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.analysis.admission import activation_expression
from theory.analysis.constants import Constants, constants
from theory.derivation import pair_templates, rendering, unit_templates
from theory.derivation.letters import Letters, o, q, t
from theory.derivation.loss_derivatives import LossForms, loss_forms
from theory.derivation.sections import Section, sections
from theory.derivation.tiny_network import Expanded, expanded
from theory.derivation.unit_templates import Entry
from theory.expressions import losses
from theory.expressions.activations import ACTIVATIONS
from theory.expressions.losses import LOSSES


@dataclass(frozen=True)
class Derivation:
    """Gradient, Hessian and norms of a two-layer network, as formulas; made by :func:`derive`.

    ``str()`` and ``latex()`` show all of it; the parts are expressions to go on with.

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

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All equations, by section."""
        return sections(self)

    @property
    def convention(self) -> str:
        """The loss, the mean, and the layout of the parameters, in words."""
        return rendering.convention(self)[0]

    def expanded(self, n: int, d: int, m: int) -> Expanded:
        """The risk of a tiny network written out, with its Hessian assembled from the templates.

        Parameters
        ----------
        n, d, m : int
            Samples, inputs and hidden units.

        Returns
        -------
        Expanded

        Raises
        ------
        ValueError
            If the network is not tiny.

        Examples
        --------
        >>> tiny = derive("square", hidden_bias=False, output_bias=False).expanded(1, 1, 1)
        >>> tiny.risk, tiny.hessian[0, 0]
        ((a_1*w_11**2*x_11**2 - y_1)**2/2, w_11**4*x_11**4)
        """
        return expanded(self, n, d, m)

    def __str__(self) -> str:
        return rendering.as_text(self)

    def latex(self) -> str:
        """All of it as LaTeX: headings and ``align*`` environments (amsmath), ready for ``\\\\input``."""
        return rendering.as_latex(self)

    def _repr_latex_(self) -> str:
        return rendering.as_display(self)


def derive(
    activation: str | sp.Expr = "tanh",
    loss: str = "squared",
    outputs: int | None = None,
    hidden_bias: bool = True,
    output_bias: bool = True,
) -> Derivation:
    """Derive gradient, Hessian, products and norms of a two-layer network.

    Parameters
    ----------
    activation : str or sympy.Expr
        A built-in name, a formula in ``z``, or a sympy expression in one symbol.
    loss : str
        "squared", "logistic", "pseudo_huber" or "softmax".
    outputs : int, optional
        The number of outputs, q; by default 1, and 2 for softmax. From 2 on the formulas are those of any q.
    hidden_bias, output_bias : bool
        Whether the hidden units and the outputs have biases.

    Returns
    -------
    Derivation

    Raises
    ------
    ValueError
        If an argument is not one of these; softmax needs at least two outputs.
    TypeError
        If the activation is neither text nor an expression.

    Notes
    -----
    Everything is for one sample and one unit, or a pair of either: the cost does not grow with the network.

    Examples
    --------
    >>> derived = derive("tanh", "squared")
    >>> derived.gradient["w_kj"]
    a_k*g*x_j*Act(1, z_k)
    >>> derived.hessian["w_kj", "w_kp"].gauss_newton
    Lam*a_k**2*x_j*x_p*Act(1, z_k)**2
    """
    known = [*LOSSES, "softmax"]
    if loss not in known:
        raise ValueError(f"loss must be one of {', '.join(known)}; got {loss!r}")
    least = 2 if loss == "softmax" else 1
    outputs = least if outputs is None else outputs
    if isinstance(outputs, bool) or not isinstance(outputs, int) or outputs < least:
        raise ValueError(f"outputs must be an integer of at least {least} for {loss}; got {outputs!r}")
    found = constants(activation_expression(activation))
    name = activation if isinstance(activation, str) and activation in ACTIVATIONS else str(found.expr)
    return Derivation(name, found, loss_forms(loss), outputs, hidden_bias, output_bias)
