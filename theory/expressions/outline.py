"""The outline of a typed relation, looked at before anything is loaded that could say what its names mean."""

from __future__ import annotations

import re

MOST = 400
"""The longest text, in characters."""

IDENTIFIER = re.compile(r"\s*[\w.-]+(/[\w.-]+)?\s*", re.ASCII)
ORDER = re.compile(r"<=|>=|==|<|>")
DANGLING = re.compile(r"[-+*/(,]\s*(?=$|[)<>=])|^\s*[*/)<>=]|[<>=]+\s*(?=$|[)*/])")


def check_outline(text: str, what: str, wanted: str) -> None:
    """Refuse a relation with an unbalanced parenthesis, a sign that lacks an operand, or no order sign.

    Parameters
    ----------
    text : str
        What was typed: a relation, or the id of a theorem, of which nothing is asked.
    what, wanted : str
        What it is called and must be, for the error.

    Raises
    ------
    ValueError
        If it is surely no relation. What passes may still be none.

    Notes
    -----
    One pass, without any package: a slip of the hand is told at once, where loading what knows the names of
    quantities takes seconds the first time.

    Examples
    --------
    >>> check_outline("2*(risk <= 1", "INEQUALITY", "a relation")
    Traceback (most recent call last):
    ...
    ValueError: INEQUALITY must be a relation; got '2*(risk <= 1': a ( that is never closed at position 3
    """
    found = _problem(text)
    if found:
        problem, at = found
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"{what} must be {wanted}; got {shown!r}: {problem} at position {at}")


def _problem(text: str) -> tuple[str, int] | None:
    if len(text) > MOST:
        return f"{len(text)} characters, more than {MOST},", 1
    if IDENTIFIER.fullmatch(text):
        return None
    opened: list[int] = []
    for position, sign in enumerate(text, 1):
        if sign == "(":
            opened.append(position)
        elif sign == ")" and not opened:
            return "a ) that was never opened", position
        elif sign == ")":
            opened.pop()
    if opened:
        return "a ( that is never closed", opened[-1]
    if not ORDER.search(text):
        return "no <=, <, >=, > or ==", len(text.rstrip()) + 1
    dangling = DANGLING.search(text)
    return ("expected a number, a name or (", dangling.end() + 1) if dangling else None
