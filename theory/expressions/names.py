"""What an error says of a name that nobody knows: all that are known if they are few, else the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

FEW, NEAR, LONGEST = 12, 3, 80
"""Names that are all listed, most that are called near, and letters of an unknown one that are repeated."""


def require_known(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse the first of `given` that is not among the names `known`; `what` is how an error calls it.

    Raises
    ------
    ValueError
        If one is not.

    Examples
    --------
    >>> require_known("matrix", ["h"], ["G", "H"])
    Traceback (most recent call last):
    ...
    ValueError: matrix must be one of G, H; got 'h'
    >>> require_known("name", ["lmax(h)"], ["lmax(H)", *"abcdefghijkl"])
    Traceback (most recent call last):
    ...
    ValueError: name must be one of 13 that are known; got 'lmax(h)': the nearest are lmax(H)
    """
    names = list(known)
    for name in given:
        if name not in names:
            shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
            raise ValueError(f"{what} must be one of {_listed(names)}; got {shown!r}{_nearest(name, names)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= FEW else f"{len(names)} that are known"


def _nearest(name: str, names: Sequence[str]) -> str:
    """The names like one that is unknown, or some, where not all are listed."""
    if len(names) <= FEW:
        return ""
    folded = {known.casefold(): known for known in reversed(names)}
    near = get_close_matches(name[:LONGEST].casefold(), folded, NEAR, cutoff=0.5)
    if near:
        return f": the nearest are {', '.join(folded[each] for each in near)}"
    return f": such are {', '.join(names[:NEAR])}"
