"""The derivation of everything the package computes, from one activation and one loss."""

from functools import cached_property

import sympy as sp

from theory.analysis.admission import activation_expression
from theory.analysis.constants import constants
from theory.derivation import rendering
from theory.derivation.forms import Forms
from theory.derivation.loss_derivatives import loss_forms
from theory.derivation.sections import Section, sections
from theory.derivation.tiny_network import Expanded, expanded
from theory.expressions.activations import ACTIVATIONS
from theory.expressions.losses import LOSSES


class Derivation(Forms):
    """Gradient, Hessian and norms of a two-layer network, as formulas; made by :func:`derive`.

    ``str()`` and ``latex()`` show all of it; the parts, and their names, are those of :class:`.forms.Forms`.
    """

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
        return rendering.as_text(self, self.sections)

    def latex(self) -> str:
        """All of it as LaTeX: headings and ``align*`` environments (amsmath), ready for ``\\\\input``."""
        return rendering.as_latex(self, self.sections)

    def as_dict(self) -> dict[str, object]:
        """All of it as plain data for JSON: every equation as text and as LaTeX, by section.

        Examples
        --------
        >>> derive("square").as_dict()["sections"][0]["equations"][0]["text"]
        'z_k = b_k + sum_j w_kj*x_j'
        """
        return rendering.as_data(self, self.sections)

    def _repr_latex_(self) -> str:
        return rendering.as_display(self.sections)


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
