"""Activations typed as formulas, such as ``z*sigmoid(z)``."""

import sympy as sp

from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.parser import Function, Language, parse


def _built_in(name: str) -> Function:
    return Function(lambda argument: ACTIVATIONS[name].subs(z, argument))


ONE = sp.S.One
SELU_SCALE = sp.Rational("1.0507009873554804934193349852946")
SELU_ALPHA = sp.Rational("1.6732632423543772848170429916717")


def _clip(u: sp.Expr, least: sp.Expr, most: sp.Expr) -> sp.Expr:
    return sp.Max(least, sp.Min(most, u))


def _elu(u: sp.Expr, alpha: sp.Expr = ONE, width: sp.Expr = ONE) -> sp.Expr:
    return sp.Max(u, 0) + sp.Min(0, alpha * (sp.exp(u / width) - 1))


def _softplus(u: sp.Expr, beta: sp.Expr = ONE) -> sp.Expr:
    return sp.log(1 + sp.exp(beta * u)) / beta


# As torch defines them, with its parameters as further arguments.
NAMED: dict[str, Function] = {
    "celu": Function(lambda u, alpha=ONE: _elu(u, alpha, alpha), 1, 2),
    "elu": Function(_elu, 1, 2),
    "hardshrink": Function(lambda u, gap=ONE / 2: u * sp.Heaviside(sp.Abs(u) - gap, 0), 1, 2),
    "hardsigmoid": Function(lambda u: _clip(u / 6 + ONE / 2, sp.S.Zero, ONE)),
    "hardswish": Function(lambda u: u * _clip(u / 6 + ONE / 2, sp.S.Zero, ONE)),
    "hardtanh": Function(lambda u, least=-ONE, most=ONE: _clip(u, least, most), 1, 3),
    "leaky_relu": Function(lambda u, slope=ONE / 100: sp.Max(u, 0) + slope * sp.Min(u, 0), 1, 2),
    "logsigmoid": Function(lambda u: -sp.log(1 + sp.exp(-u))),
    "mish": Function(lambda u: u * sp.tanh(sp.log(1 + sp.exp(u)))),
    "relu6": Function(lambda u: _clip(u, sp.S.Zero, sp.Integer(6))),
    "selu": Function(lambda u: SELU_SCALE * _elu(u, SELU_ALPHA)),
    "softplus": Function(_softplus, 1, 2),
    "softshrink": Function(lambda u, gap=ONE / 2: sp.Max(u - gap, 0) + sp.Min(u + gap, 0), 1, 2),
    "softsign": Function(lambda u: u / (1 + sp.Abs(u))),
    "swish": Function(lambda u, beta=ONE: u / (1 + sp.exp(-beta * u)), 1, 2),
    "tanhshrink": Function(lambda u: u - sp.tanh(u)),
}

FUNCTIONS: dict[str, Function] = {
    **{name: _built_in(name) for name in ACTIVATIONS},
    **NAMED,
    "asinh": Function(sp.asinh),
    "atan": Function(sp.atan),
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
    "sign": Function(sp.sign),
    "step": Function(lambda u: sp.Heaviside(u, 0)),
    "max": Function(sp.Max, 2, 4),
    "min": Function(sp.Min, 2, 4),
    "where": Function(lambda holds, u, v: sp.Piecewise((u, holds), (v, True)), 3, 3, conditions=1),
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
        the built-in activations, those of torch, such as ``elu(z, 0.5)``, and cases, such as
        ``where(z < 0, exp(z) - 1, z)``. Exponents are multiples of 1/2.

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
(nearest: tanh, atan) at position 1
    """
    return parse(text, ACTIVATION)
