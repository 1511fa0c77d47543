"""How large the values of an activation are, where they are bounded."""

from math import inf

from mpmath import mp

from theory.analysis.constants import rounded_up
from theory.analysis.pieces import Piece
from theory.analysis.suprema import Box, boxes

LARGEST = mp.ldexp(mp.mpf(1), 64)
HALVINGS = 3


def largest_value(parts: tuple[Piece, ...]) -> float:
    """An upper bound of |s| at all floats; inf where it grows beyond 2^64 or is not known to be defined.

    The bound is that of intervals, no search: it may be several times the supremum.

    Parameters
    ----------
    parts : tuple of Piece
        From :func:`theory.analysis.pieces.pieces`.

    Examples
    --------
    >>> import sympy as sp
    >>> from theory.expressions.activations import z
    >>> [largest_value((Piece(s, -sp.oo, sp.oo),)) for s in (sp.tanh(z), sp.sin(z), z)]
    [1.0, 1.0, inf]
    """
    found = mp.mpf(0)
    for box in (box for part in parts for box in boxes(part) if box.bounded):
        size = _size(box, HALVINGS)
        if not size <= LARGEST:
            return inf
        found = max(found, size)
    return rounded_up(found)


def _size(box: Box, halvings: int) -> mp.mpf:
    if not halvings:
        return box.derivatives(1)[0].size
    return max(_size(half, halvings - 1) for half in box.halves())
