"""The text of an activation's generated module."""

import math

import sympy as sp

from theory.analysis.constants import Constants, constants
from theory.analysis.values import largest_value
from theory.analysis.vanishing import FADED, LATEST, vanishing_point, waning
from theory.emit.interval_source import third_lines
from theory.emit.module_text import assignment, indented, literal, module, named_lines, supremum_line
from theory.emit.skeletons import ACTIVATION, JETS, SINE_JETS, THIRD, THIRD_CONSTANT, THIRD_VANISHING
from theory.emit.source import block, cost
from theory.expressions.stable import derivatives


def activation_module(
    name: str,
    expression: sp.Expr,
    symbol: sp.Symbol,
    origin: str,
    package: str,
    patience: float = math.inf,
) -> str:
    """Source text of the module of one activation.

    Parameters
    ----------
    name : str
        What it is called.
    expression : sympy.Expr
        In `symbol`.
    symbol : sympy.Symbol
        ``theory.expressions.activations.z``.
    origin : str
        Where the expression stands, for the header.
    package : str
        How the module spells ``twolayer`` in its imports, such as ``...``.
    patience : float
        As for :func:`theory.analysis.constants.constants`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the expression holds a function that has no kernel, or is no activation (see
        :func:`theory.analysis.constants.constants`).
    """
    known = constants(expression, patience)
    body = _jets(known, symbol) + _third(known, symbol)
    assigned = _constants(name, expression, known)
    return module(f"{name}: s(z) = {expression}.", origin, package, assigned, body)


def _jets(known: Constants, symbol: sp.Symbol) -> str:
    lines = block(dict(zip(("s", "s1", "s2"), stable_forms(known, symbol, 2), strict=True)), symbol)
    body = ACTIVATION.format(cost=cost(lines), body=indented(lines))
    waves = [line for line in lines if "sin_cos(" in line]
    far = body.replace("sin_cos(", "sin_cos_far(")
    if not all("sin_cos(z)" in line for line in waves):
        return far + JETS
    if not waves:
        return body + JETS
    near = body.replace("def jet", "def near_jet").replace("at z.", "at z, |z| <= SIN_COS_BOUND.")
    return near + "\n" + far + SINE_JETS


def _third(known: Constants, symbol: sp.Symbol) -> str:
    if math.isfinite(known.sup3) and not _wanes(known):
        return THIRD_VANISHING if _vanishes(known) else THIRD_CONSTANT
    thirds = [(derivatives(part.expr, symbol, 3)[3], part.upper) for part in known.pieces]
    lines = third_lines(thirds, symbol)
    return THIRD.format(cost=cost(lines), body=indented(lines))


def _wanes(known: Constants) -> bool:
    """Whether s''' has a tail that is small beside its supremum, and is no tail of zeros to floats."""
    return known.sup3 > 0 and not _vanishes(known) and waning(known.pieces, known.sup3)


def _vanishes(known: Constants) -> bool:
    return known.sup3 > 0 and math.isfinite(vanishing_point(known.pieces))


def stable_forms(known: Constants, symbol: sp.Symbol, order: int) -> list[sp.Expr]:
    """Stable forms of an activation and its derivatives, the pieces joined; at a kink the left one.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> for form in stable_forms(constants(sp.Max(0, z) ** 2), z, 2):
    ...     print(form)
    Piecewise((0, z <= 0), (z**2, True))
    Piecewise((0, z <= 0), (2*z, True))
    Piecewise((0, z <= 0), (2, True))
    """
    parts = [derivatives(part.expr, symbol, order) for part in known.pieces]
    ends = [symbol <= part.upper for part in known.pieces[:-1]] + [True]
    return [sp.Piecewise(*zip(column, ends, strict=True)) for column in zip(*parts, strict=True)]


def _constants(name: str, expression: sp.Expr, known: Constants) -> str:
    rows = named_lines(name, expression)
    rows += assignment("SUP0", literal(largest_value(known.pieces)))
    for supremum in known.suprema:
        rows += supremum_line(f"SUP{supremum.order}", supremum)
    if _vanishes(known):
        rows += assignment("VANISHING", literal(vanishing_point(known.pieces)))
        rows += assignment("FADED", literal(vanishing_point(known.pieces, FADED, LATEST)))
    kinks = tuple((float(kink.location), float(kink.jump1), float(kink.jump2)) for kink in known.kinks)
    degree = known.homogeneity if known.homogeneity is None else float(known.homogeneity)
    degree = int(degree) if degree is not None and degree == int(degree) else degree
    rows += assignment("PARITY", literal(known.parity))
    rows += assignment("HOMOGENEITY", literal(degree))
    return rows + assignment("KINKS", literal(kinks))
