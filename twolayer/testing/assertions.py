"""Assertions that know the errors of what they compare: a claim fails only beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, currently_in_test_context

from ..arrays import Array
from ..errors.rounding import UNIT

SIGMAS = 5.0
SLACK = 1 + 8 * UNIT


def assert_at_most(left: Any, right: Any, *, sigmas: float = SIGMAS) -> None:
    """Fail unless `left` is at most `right`, within their errors.

    Parameters
    ----------
    left, right : Measurement, float or array
        Anything with a `value` and an `error` is taken to lie in value +- error; a plain number is exact.
        Arrays are compared entry by entry.
    sigmas : float
        How many standard errors are allowed to what is not `exact`. At 5, a true claim about a Gaussian
        estimate fails once in 3 million comparisons.

    Raises
    ------
    AssertionError
        If an entry of `left` exceeds that of `right` by more than the sum of their errors, or if a value is
        not finite or an error is not: such a comparison would say nothing.

    Examples
    --------
    >>> from twolayer import Measurement
    >>> assert_at_most(Measurement(1.0 + 1e-15, 1e-14, True, "by hand"), 1.0)
    >>> assert_at_most(2.0, Measurement(1.5, 0.25, True, "by hand"))
    Traceback (most recent call last):
    ...
    AssertionError: left must be at most right; got 2.0 > 1.5 by 0.5, of which errors explain at most 0.25
    """
    _compare(left, right, sigmas, "at most", ">", lambda gap: gap)


def assert_equal(left: Any, right: Any, *, sigmas: float = SIGMAS) -> None:
    """Fail unless `left` equals `right`, within their errors.

    Parameters
    ----------
    left, right : Measurement, float or array
    sigmas : float
        As for :func:`assert_at_most`.

    Raises
    ------
    AssertionError
        If two entries differ by more than the sum of their errors, or if a value or an error is not finite.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> H = tl.Hessian(net, [[1.0]], [2.0])
    >>> assert_equal(H.frobenius_norm(), 5.0)
    """
    _compare(left, right, sigmas, "equal to", "!=", np.abs)


def assert_holds(check: Any) -> None:
    """Fail unless a theorem holds at a network, as its record's `check` found.

    Inside a Hypothesis test an example at which a hypothesis of the theorem fails is rejected, as
    ``hypothesis.assume`` does; elsewhere it is a failure. It is never a pass.

    Parameters
    ----------
    check : theory.quantities.check.Check
        What ``theory.theorems[id].check(net, X, y)`` returned.

    Raises
    ------
    AssertionError
        If the theorem is violated beyond rounding, or does not apply.

    Examples
    --------
    >>> from theory import theorems
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([2.0], [[1.0]], b=[0.5])
    >>> assert_holds(theorems["input-gradient"].check(net, [[1.0]], [0.0]))
    >>> assert_holds(theorems["interpolation"].check(net, [[1.0]], [0.0]))
    Traceback (most recent call last):
    ...
    AssertionError: the theorem must apply; it needs every residual to be zero ...
    """
    if not check.applicable:
        if currently_in_test_context():
            assume(False)
        raise AssertionError(f"the theorem must apply; it {check.why}")
    assert check.holds, f"the theorem must hold; got {check.why}"


def _compare(left: Any, right: Any, sigmas: float, wanted: str, sign: str, excess: Any) -> None:
    (x, dx), (y, dy) = _bounds("left", left, sigmas), _bounds("right", right, sigmas)
    try:
        x, dx, y, dy = np.broadcast_arrays(x, dx, y, dy)
    except ValueError:
        raise AssertionError(
            f"left and right must have one shape; got {np.shape(x)} and {np.shape(y)}"
        ) from None
    gap, allowed = np.atleast_1d(excess(x - y)), np.atleast_1d(dx + dy)
    wrong = gap > allowed * SLACK  # the difference and the sum are themselves rounded
    if wrong.any():
        at = tuple(int(index) for index in np.argwhere(wrong)[0])
        place = f" at index {list(at)}" if np.ndim(x) else ""
        values = f"{float(np.atleast_1d(x)[at])!r} {sign} {float(np.atleast_1d(y)[at])!r}"
        raise AssertionError(
            f"left must be {wanted} right; got {values}{place} by {gap[at]:.3g}, of which errors explain "
            f"at most {allowed[at]:.3g}"
        )


def _bounds(name: str, side: Any, sigmas: float) -> tuple[Array, Array]:
    """Values and how far each may be off."""
    value = np.asarray(getattr(side, "value", side), dtype=float)
    error = np.asarray(getattr(side, "error", 0.0), dtype=float)
    if not (np.isfinite(value).all() and np.isfinite(error).all() and (error >= 0).all()):
        raise AssertionError(f"{name} must be finite, and its error too; got {value} +- {error}")
    return value, error * (1.0 if getattr(side, "exact", True) else sigmas)
