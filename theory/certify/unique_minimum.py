"""Proof that near a network there is exactly one zero of the gradient, and that it is a strict minimum.

Existence is Krawczyk's test (1969) in a small box about theta: with Y nearly the inverse of H(theta),
theta - Y grad R(theta) + (I - Y H(box)) (box - theta) inside the box means that it holds a zero.
Uniqueness and minimality come from a larger box: where H is positive definite at every point of it, R is
strictly convex on it, so a zero of the gradient is the only one and the least value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theory.certify.balls.balls import Rows, Undecided, arb, arb_mat, precision, total
from theory.certify.balls.eigenvalues import eigenvalues
from theory.certify.quantities.exact_network import Subject, subject
from theory.certify.quantities.matrices import gradient, named
from theory.certify.quantities.network import BallNetwork

BITS = 128
FARTHEST = 60  # the largest radius tried is about 2 to this
SMALLEST = 2.0**-60  # of a box about a theta at which the gradient is exactly zero


@dataclass(frozen=True)
class Minimum:
    """What was proved about the zeros of the gradient near a network.

    Parameters
    ----------
    proved : bool
        Whether exactly one zero of the gradient has ``|theta_p - its p-th entry|`` <= `radius` for every p,
        which is a strict local minimum; the same then holds with the Euclidean distance.
    radius : float
    within : float
        No entry of that zero is further than this from theta's.
    least_eigenvalue : float
        No eigenvalue of H is smaller anywhere in the box.
    bits : int
        The precision used.
    why : str
        What was proved, or what could not be, in words.
    subject : Subject
    """

    proved: bool
    radius: float
    within: float
    least_eigenvalue: float
    bits: int
    why: str
    subject: Subject


def unique_minimum(
    net: Any, X: Any, y: Any, radius: float | None = None, loss: Any = "squared", bits: int = BITS
) -> Minimum:
    """Prove that exactly one zero of the gradient lies near a network, and that it is a strict minimum.

    Parameters
    ----------
    net, X, y, loss
        As for ``twolayer.Hessian``; `y` None means the network's own outputs.
    radius : float, optional
        Of the box about theta, in each parameter. By default the largest for which the proof succeeds, among
        the powers of two.
    bits : int
        Precision of the balls.

    Returns
    -------
    Minimum
        With `proved` False, and the reason, where the proof does not succeed: that says nothing about the
        network, which may have a minimum nearby all the same.

    Raises
    ------
    ValueError
        If the data does not fit, or the radius is not positive and finite.

    Notes
    -----
    A trained network must be stationary to about the square of the Hessian's least eigenvalue, and its
    Hessian positive definite: with fewer samples than parameters, with a ReLU that can be rescaled, or with
    units that agree, no minimum is isolated. O(n P^2) for each of some ten boxes.

    Examples
    --------
    >>> import twolayer as tl
    >>> found = unique_minimum(tl.TwoLayer([1.0], [[1.0]], activation="square"), [[1.0], [2.0]], None)
    >>> found.proved, found.why[:46]
    (False, 'H is not certainly positive definite at theta:')
    """
    if radius is not None and not 0 < radius < math.inf:
        raise ValueError(f"radius must be positive and finite; got {radius}")
    return minimum_of(subject(net, X, y, loss), radius, bits)


def minimum_of(of: Subject, radius: float | None = None, bits: int = BITS) -> Minimum:
    """As :func:`unique_minimum`, of the exact numbers `of`."""
    with precision(bits):
        try:
            within = _existence(of)
        except Undecided as reason:
            return Minimum(False, radius or 0.0, math.inf, -math.inf, bits, str(reason), of)
        needed = rounded_up(arb(within) * arb(of.n_parameters).sqrt())
        if radius is None:
            radius = _largest(lambda r: _convexity(of, r) is not None, needed)
        least = _convexity(of, radius)
    if least is None:
        why = f"H is not certainly positive definite within {radius:.3g} of theta"
        return Minimum(False, radius, within, -math.inf, bits, why, of)
    if radius < needed:
        why = f"the minimum is only known to lie within {needed:.3g} of theta, which is more than the radius"
        return Minimum(False, radius, within, least, bits, why, of)
    why = (
        f"one zero of the gradient within {radius:.3g} of theta, a strict minimum, {within:.3g} away at most"
    )
    return Minimum(True, radius, within, least, bits, why, of)


def _existence(of: Subject) -> float:
    """How far from theta, in any entry, a zero of the gradient is certain to be found.

    Raises
    ------
    Undecided
        If the test fails, with the reason.
    """
    at = BallNetwork(of)
    H, g = named("H", at), arb_mat([[number] for number in gradient(at)])
    least = eigenvalues(H)[0]
    if not least > 0:
        raise Undecided(
            f"H is not certainly positive definite at theta: its least eigenvalue is {least.str(5)}"
        )
    try:
        Y = H.mid().inv().mid()
    except ZeroDivisionError:
        raise Undecided("H is too nearly singular at theta to be inverted at this precision") from None
    step = [abs(number) for number in (Y * g).entries()]
    box = max(2 * rounded_up(max(number.abs_upper() for number in step)), SMALLEST * _scale(of))
    N = _identity(H.nrows()) - Y * named("H", BallNetwork(of, box))
    reach = [s + box * total(map(abs, row)) for s, row in zip(step, N.tolist(), strict=True)]
    if not all(each < box for each in reach):
        raise Undecided(
            f"Krawczyk's test fails in the box of radius {box:.3g}: theta may not be near enough a zero"
        )
    return rounded_up(max(each.abs_upper() for each in reach))


def _scale(of: Subject) -> float:
    """The largest parameter, or 1."""
    return max(float(abs(part).max()) for part in of.parts.values()) or 1.0


def _convexity(of: Subject, radius: float) -> float | None:
    """A positive lower bound of the eigenvalues of H over the box of this radius, or None."""
    try:
        rows = named("H", BallNetwork(of, radius)).tolist()
        middle, radii = (_mirrored(rows, part) for part in (arb.mid, arb.rad))
        # |E| <= radii entry by entry makes |E|_2 at most the largest eigenvalue of the radii
        least = eigenvalues(middle)[0] - eigenvalues(radii)[-1]
    except Undecided:
        return None
    return rounded_down(least) if least > 0 else None


def _mirrored(rows: Rows, part: Callable[[arb], arb]) -> arb_mat:
    """The exact symmetric matrix whose entries on and above the diagonal are `part` of those of `rows`."""
    size = range(len(rows))
    return arb_mat([[part(rows[min(i, j)][max(i, j)]) for j in size] for i in size])


def _largest(succeeds: Callable[[float], bool], least: float) -> float:
    """The largest power of two, from `least` up, at which the proof succeeds, if it does at smaller ones."""
    good = math.ceil(math.log2(least))
    bad = good + 1
    while succeeds(2.0**bad) and bad < FARTHEST:
        good, bad = bad, bad + 2 * (bad - good)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if succeeds(2.0**middle) else (good, middle)
    return float(2.0**good)


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def rounded_up(ball: arb) -> float:
    """A float no smaller than any number in a ball.

    Examples
    --------
    >>> rounded_up(arb(1) / 3) >= 1 / 3
    True
    """
    if not ball.is_finite():
        return math.inf
    near = float(ball.upper())
    while not arb(near) >= ball:
        near = math.nextafter(near, math.inf)
    return near


def rounded_down(ball: arb) -> float:
    """A float no larger than any number in a ball, `ball`."""
    return -rounded_up(-ball)
