"""Every quantity of :mod:`theory.quantities` in balls, by its name there."""

from __future__ import annotations

import re

from theory.certify.balls import Undecided, arb, ctx, precision
from theory.certify.heads import HEADS
from theory.certify.matrices import MATRICES
from theory.certify.place import Place
from theory.certify.scalars import NEEDS, NUMBERS
from theory.certify.subject import Subject
from theory.quantities import QUANTITIES

OF_MATRIX = re.compile(r"(\w+)\((.*)\)")
FIRST, LAST = 64, 2048  # bits


def quantity(name: str, at: Place) -> arb:
    """A ball around the quantity called `name`, from memory the second time.

    Raises
    ------
    ValueError
        If there is no such quantity, or it is not defined for such a network.
    Undecided
        If no finite ball could be found at this precision.
    """
    if name not in QUANTITIES:
        raise ValueError(f"name must be one of {', '.join(QUANTITIES)}; got {name!r}")
    ball: arb = at.once(f"quantity {name}", lambda here: _evaluated(name, here))
    if not ball.is_finite():
        raise Undecided(f"{name} has no finite ball")
    return ball


def _evaluated(name: str, at: Place) -> arb:
    lacking = NEEDS[name](at) if name in NEEDS else ""
    if lacking:
        raise ValueError(f"{name} needs {lacking}")
    if name in NUMBERS:
        return NUMBERS[name](at)
    parts = OF_MATRIX.fullmatch(name)
    if parts is None or parts[1] not in HEADS or parts[2] not in MATRICES:
        raise Undecided(f"{name} is not evaluated in balls")
    return HEADS[parts[1]](parts[2], at)


def enclosed(name: str, of: Subject, digits: int = 15) -> tuple[arb, int]:
    """A ball around a quantity, and the bits it took.

    Parameters
    ----------
    name : str
        Of :data:`theory.quantities.QUANTITIES`.
    of : Subject
    digits : int
        Correct decimal digits wanted; the precision is raised until they are there or `LAST` is reached.

    Raises
    ------
    ValueError
        If there is no such quantity, or it is not defined for such a network.
    Undecided
        If even at `LAST` bits there is no finite ball.
    """
    bits = max(FIRST, 2 * int(3.33 * digits))
    while True:
        with precision(bits):
            try:
                ball = quantity(name, Place(of))
                if ball.is_exact() or ball.rel_accuracy_bits() >= 3.33 * digits or 2 * bits > LAST:
                    return ball, ctx.prec
            except Undecided:
                if 2 * bits > LAST:
                    raise
        bits *= 2
