"""How far compiled values of an activation may be off, measured against 120 digits."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, factorial, inf, isfinite, isinf, log2

import sympy as sp
from mpmath import mp

from theory.analysis.functions import SYSTEMS
from theory.analysis.interval import HUGE, integer, interval
from theory.analysis.pieces import Piece
from theory.analysis.taylor import canonical, jet, value_at
from theory.expressions.activations import z

DIGITS = 120
SUBNORMAL = 2.0**-1074
UNSEEN = 1e-90
"""Errors that 120 digits cannot tell from those of the reference itself."""
LARGEST = 1e300
TOWERING = tuple(function for function in SYSTEMS if function not in (sp.log, sp.atan, sp.asinh))
"""Functions whose digits, at a huge argument, may need as much memory as the argument is large."""
Enclosed = tuple[mp.mpf, mp.mpf]
HOPELESS = 2.0**-26
"""An absolute error beyond which an expression is refused: half of the digits of a number near 1."""


def grid() -> list[float]:
    """Where values are compared: 2^-40 to 2^40 on both sides, three points an octave, and linearly to 30.

    Examples
    --------
    >>> len(grid()), min(grid(), key=abs), max(grid()) == 1.6 * 2.0**40
    (787, 0.0, True)
    """
    octaves = [2.0**k * factor for k in range(-40, 41) for factor in (1.0, 1.27, 1.6)]
    sides = [*octaves, *(0.201 * k for k in range(1, 151))]
    return sorted({0.0, *sides, *(-x for x in sides)})


def floor(
    parts: Sequence[Piece], points: Sequence[float], values: Sequence[Sequence[float]], error: float
) -> float:
    """An absolute error that, with the mixed error `error`, covers every deviation seen.

    Parameters
    ----------
    parts : sequence of Piece
        The activation.
    points : sequence of float
        Where it was evaluated.
    values : sequence of three sequences of float
        The computed s, s' and s'' there.
    error : float
        What is allowed relative to |s_j| + |z s_{j+1}|.

    Returns
    -------
    float
        One subnormal if nothing more is needed, else twice the largest excess, rounded up to a power of 2.

    Raises
    ------
    ValueError
        If an excess is above `HOPELESS`; the message says where.

    Examples
    --------
    >>> line = [Piece(z, -sp.oo, sp.oo)]
    >>> floor(line, [1.0], [[1.0], [1.0], [0.0]], 2.0**-49) == SUBNORMAL
    True
    >>> floor(line, [1.0], [[1.0], [1.0 + 2.0**-40], [0.0]], 2.0**-49) == 2.0**-39
    True
    """
    truth = [_reference(part) for part in parts]
    worst, place = 0.0, 0.0
    for point, *computed in zip(points, *values, strict=True):
        part = next(k for k, part in enumerate(parts) if part.upper >= point)
        excess = _excess(truth[part](point), point, computed, error)
        if excess > worst:
            worst, place = excess, point
    if isinf(worst):
        raise ValueError(
            f"expression must be computable in float64; got no finite value near z = {place:.3g}: write it "
            "so that no part of it overflows or oscillates beyond all digits there"
        )
    if worst > HOPELESS:
        raise ValueError(
            f"expression must be computable to 8 digits; got a cancellation near z = {place:.3g} that "
            f"leaves an error of {worst:.1e}: write it so that nearly equal numbers are not subtracted"
        )
    return SUBNORMAL if worst < UNSEEN else 2.0 ** ceil(log2(2 * worst))


def _reference(part: Piece) -> Callable[[float], list[Enclosed]]:
    """A piece and its first three derivatives at a point, each between two numbers."""
    forms = [part.expr]
    for _ in range(3):
        forms.append(sp.diff(forms[-1], z))
    function = sp.lambdify(z, forms, "mpmath", cse=True)
    inner = [node.args[0] for node in part.expr.atoms(*TOWERING) if node.args[0].has(*TOWERING)]

    def at(point: float) -> list[Enclosed]:
        if any(value_at(argument, sp.Rational(point)).size > HUGE.size for argument in inner):
            return _enclosed(part.expr, point)
        with mp.workdps(DIGITS):
            return [(mp.mpf(value),) * 2 for value in function(mp.mpf(point))]

    return at


def _enclosed(expression: sp.Expr, point: float) -> list[Enclosed]:
    """The same where digits of an exponential of an exponential would fill the memory."""
    coefficients = jet(canonical(expression), interval(point, point), 3)
    derivatives = [integer(factorial(k)) * coefficient for k, coefficient in enumerate(coefficients)]
    return [(derivative.lower, derivative.upper) for derivative in derivatives]


def _excess(truth: Sequence[Enclosed], point: float, computed: Sequence[float], error: float) -> float:
    worst = 0.0
    for value, (true, slope) in zip(computed, pairwise(truth), strict=True):
        with mp.workdps(DIGITS):
            if not isfinite(value):
                if _least(true) < LARGEST:
                    return inf
                continue
            off = max(abs(mp.mpf(value) - end) for end in true)
            worst = max(worst, float(off - error * (_least(true) + abs(point) * _least(slope))))
    return worst


def _least(true: Enclosed) -> mp.mpf:
    low, high = true
    return mp.mpf(0) if low * high < 0 else min(abs(low), abs(high))
