"""Activations typed as formulas, such as ``z*sigmoid(z)``."""

import sympy as sp

from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.parser import Function, Language, parse


def _built_in(name: str) -> Function:
    return Function(lambda argument: ACTIVATIONS[name].subs(z, argument))


FUNCTIONS: dict[str, Function] = {
    **{name: _built_in(name) for name in ACTIVATIONS},
    "erf": Function(sp.erf),
    "erfc": Function(sp.erfc),
    "exp": Function(sp.exp),
    "expm1": Function(lambda u: sp.exp(u) - 1),
    "log": Function(sp.log),
    "log1p": Function(lambda u: sp.log(1 + u)),
    "sqrt": Function(sp.sqrt),
    "cos": Function(sp.cos),
    "sinh": Function(sp.sinh),
    "cosh": Function(sp.cosh),
    "sech": Function(lambda u: 1 / sp.cosh(u)),
    "abs": Function(sp.Abs),
    "max": Function(sp.Max, 2, 4),
    "min": Function(sp.Min, 2, 4),
}

ACTIVATION = Language("activation", "a formula in z such as 'z*sigmoid(z)'", {"z": z, "pi": sp.pi}, FUNCTIONS)


def parse_activation(text: str) -> sp.Expr:
    """The expression that a formula in ``z`` stands for.

    Only the syntax is checked; :func:`theory.analysis.admission.activation_expression` checks that it is a
    continuous function of every real z as well.

    Parameters
    ----------
    text : str
        Numbers, ``z``, ``pi``, ``+ - * / **``, parentheses and the functions of ``FUNCTIONS``, which include
        the built-in activations. Exponents are multiples of 1/2.

    Returns
    -------
    sympy.Expr
        In ``theory.expressions.activations.z``.

    Raises
    ------
    ValueError
        If the text is anything else, or too large; the message gives the position and the nearest names.
    TypeError
        If it is not text.

    Examples
    --------
    >>> parse_activation("z*sigmoid(2*z)")
    z/(1 + exp(-2*z))
    >>> parse_activation("tahn(z)")
    Traceback (most recent call last):
    ...
    ValueError: activation must be a formula in z such as 'z*sigmoid(z)'; got 'tahn(z)': unknown 'tahn' \
(nearest: tanh) at position 1
    """
    return parse(text, ACTIVATION)
