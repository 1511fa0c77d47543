"""The page of the docs that lists the activations, made from what is derived from their expressions."""

import sympy as sp

from theory.analysis.constants import Constants, Supremum, constants
from theory.expressions.activations import ACTIVATIONS

INTRODUCTION = r"""# Activations

Written by `python -m theory.emit --update` from the one expression of each activation; do not edit above the
last section. Suprema are over the reals, away from kinks; a decimal is rounded up. At a kink every value is
the limit from the left. A kink is listed as its place, the jump of $s'$ and the jump of $s''$.

| name | $s(z)$ | sup of $s'$ | sup of $s''$ | sup of $s'''$ | parity | degree | kinks |
|---|---|---|---|---|---|---|---|
"""

EXPLANATION = r"""
Suprema are those of absolute values. Any other expression becomes an activation by `theory.activation`: see
[your own activation](tutorials/activation.md).

## How they are evaluated

The expression is rewritten into functions that are closed under differentiation and keep their relative
accuracy (`theory.expressions.atoms`): $\operatorname{sech}^2 z$ rather than $1 - \tanh^2 z$,
$\sigma(z)\sigma(-z)$ rather than $\sigma - \sigma^2$, $\Phi(z)$ rather than
$(1 + \operatorname{erf})/2$. It is then differentiated there, and factors that fade exponentially are
multiplied with what grows before they are rounded to the range of a float. The modules under
`twolayer/generated/activations/` show the result and count its operations.

The rewriting knows identities, not analysis: a cancellation that is part of the function itself, such as
that of $z - \tanh z$ near 0, remains. `theory.activation` compares what it makes with 120 digits at some 800
points; the record's `floor` is the absolute error that it found beyond the accuracy below, one subnormal for
most, and every rounding bound takes it into account. Where half of the digits are lost, the expression is
refused.

"""

MEASURED = "## Measured accuracy\n"


def page(measured: str) -> str:
    """The page's text; `measured` is the section on accuracy, from its heading on."""
    rows = [_row(name, expression) for name, expression in ACTIVATIONS.items()]
    return INTRODUCTION + "\n".join(rows) + "\n" + EXPLANATION + measured


def measured_part(text: str) -> str:
    """The section on accuracy of a page as it stands, empty if it has none.

    Examples
    --------
    >>> measured_part("# Activations" + chr(10) + MEASURED + "0.1") == MEASURED + "0.1"
    True
    """
    _, found, rest = text.partition(MEASURED)
    return found + rest


def _row(name: str, expression: sp.Expr) -> str:
    known = constants(expression)
    suprema = [_supremum(found) for found in known.suprema]
    degree = "" if known.homogeneity is None else str(known.homogeneity)
    cells = [f"`{name}`", f"${sp.latex(expression)}$", *suprema, known.parity, degree, _kinks(known)]
    return f"| {' | '.join(cells)} |"


def _supremum(found: Supremum) -> str:
    if found.exact is not None and sp.count_ops(found.exact) <= 6:
        return f"${sp.latex(found.exact)}$"
    step = sp.Rational(1, 10**6)
    return str(float(sp.ceiling(sp.Rational(found.value) / step) * step))


def _kinks(known: Constants) -> str:
    listed = [f"({kink.location}, {kink.jump1}, {kink.jump2})" for kink in known.kinks]
    return ", ".join(listed)
