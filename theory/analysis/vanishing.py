"""Where s'' and s''' vanish: to nothing that floats can tell, from a point on, or as powers of z do."""

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
FAR = mp.ldexp(mp.mpf(1), 20), mp.ldexp(mp.mpf(1), 24)
LITTLE = 2.0**-10


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


def waning(parts: tuple[Piece, ...], supremum: float) -> bool:
    """Whether |s'''| is little beside its `supremum` far out: at 2^20 to 2^24, on one side at least.

    Parameters
    ----------
    parts : tuple of Piece
        From :func:`theory.analysis.pieces.pieces`.
    supremum : float

    Examples
    --------
    >>> import sympy as sp
    >>> from theory.expressions.activations import z
    >>> [waning((Piece(s, -sp.oo, sp.oo),), 6.0) for s in (z / (1 + z**2), sp.atan(z), sp.sin(z), z**3)]
    [True, True, False, False]
    """
    low, high = FAR
    sides = (_bends(parts, low, high), _bends(parts, -high, -low))
    return any(bends is not None and bends[1] < LITTLE * supremum for bends in sides)


def _nothing(parts: tuple[Piece, ...], lower: mp.mpf, upper: mp.mpf, nothing: mp.mpf) -> bool:
    """Whether one smooth piece covers the interval, and nothing is left of its curvature there."""
    bends = _bends(parts, lower, upper)
    if bends is None:
        return False
    most = max(abs(lower), abs(upper)) ** 2 * max(bends)
    return bool(most < nothing)  # false for what is not a number


def _bends(parts: tuple[Piece, ...], lower: mp.mpf, upper: mp.mpf) -> tuple[mp.mpf, mp.mpf] | None:
    """Bounds of |s''| and |s'''| on an interval that one smooth piece covers; None if none does."""
    covering = [part for part in parts if part.lower <= lower and upper <= part.upper]
    if not covering:
        return None
    _, _, second, third = Box(canonical(covering[0].expr), lower, upper).derivatives()
    return second.size, third.size
