"""Where an activation is a straight line as far as floats can tell: s'' and s''' vanish from a point on."""

from itertools import pairwise
from math import inf

from mpmath import mp

from theory.analysis.pieces import Piece
from theory.analysis.suprema import Box
from theory.analysis.taylor import canonical

POINTS = [mp.mpf(n) for n in (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)]
BEYOND = [mp.ldexp(mp.mpf(1), exponent) for exponent in (12, 13, 14, 16, 64, 256, 512, 1026)]
NOTHING = mp.ldexp(mp.mpf(1), -1080)
FADED = mp.ldexp(mp.mpf(1), -9000)
"""What no product of eight floats takes to where it can be seen."""
LATEST = 2.0**14


def vanishing_point(
    parts: tuple[Piece, ...], nothing: mp.mpf = NOTHING, latest: float = float(POINTS[-1])
) -> float:
    """A point beyond which z^2 |s''| and z^2 |s'''| are below `nothing`, on both sides; inf if there is none.

    On any interval beyond it, up to |z| = 2^1026, s'' and s''' are smaller than the smallest float, and s'
    varies by less than that: the integral of |s''| is at most `nothing`, by default 2^-1080, over the point.

    Parameters
    ----------
    parts : tuple of Piece
        From :func:`theory.analysis.pieces.pieces`.
    nothing : mpf
        Such as 2^-9000, below which no product with seven floats is seen either.
    latest : float
        The last point that is tried.

    Examples
    --------
    >>> import sympy as sp
    >>> from theory.expressions.activations import z
    >>> [vanishing_point((Piece(s, -sp.oo, sp.oo),)) for s in (sp.tanh(z), sp.exp(-z**2), sp.sin(z))]
    [384.0, 32.0, inf]
    """
    found = inf
    for low, high in reversed(list(pairwise([*POINTS, *BEYOND]))):
        if not all(_nothing(parts, *box, nothing) for box in ((low, high), (-high, -low))):
            break
        found = float(low)
    return found if found <= latest else inf


def _nothing(parts: tuple[Piece, ...], lower: mp.mpf, upper: mp.mpf, nothing: mp.mpf) -> bool:
    """Whether one smooth piece covers the interval, and nothing is left of its curvature there."""
    covering = [part for part in parts if part.lower <= lower and upper <= part.upper]
    if not covering:
        return False
    _, _, second, third = Box(canonical(covering[0].expr), lower, upper).derivatives()
    most = max(abs(lower), abs(upper)) ** 2 * max(second.size, third.size)
    return bool(most < nothing)  # false for what is not a number
