"""The value of a quantity together with how far it may be from the truth."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import real_number, require_representable
from . import functions
from .number import Number
from .uncertain import Uncertain


@dataclass(frozen=True, eq=False, repr=False)
class Measurement(Number):
    """A number (or an array of numbers) that knows its error.

    Parameters
    ----------
    value : float or ndarray
        The computed value.
    error : float or ndarray
        When `exact`, a bound: the true value of the quantity, for the inputs taken as exact real
        numbers, lies within ``value +- error``. When not `exact`, one standard error.
    exact : bool
        Whether `error` bounds rounding alone (True) or estimates a statistical error (False).
    method : str
        How the value was computed.
    convention : str
        The loss, its factor and its mean, and what else a reader needs to reproduce the number.

    Raises
    ------
    TypeError
        By arithmetic with what is no number.

    Notes
    -----
    Measurements can be added, multiplied, divided, raised to real powers and have a ``sqrt()``, among
    themselves and with plain numbers and arrays, entry by entry. The error of the result is a bound of what
    the errors of the operands and the rounding of the operation can do; it is infinite where a divisor may
    be zero. Where an operand is an estimate so is the result, and standard errors add up as if they were
    fully correlated.

    A format such as ``f"{x:.3f}"`` shows the value and ``f"{x:.3f±}"`` the error as well. Comparisons are
    answered where the bounds decide them and raise a ValueError where they do not. ``np.sqrt``, ``np.log``,
    ``np.exp``, ``np.maximum`` and their like, ``sum``, ``np.sum``, ``np.mean``, ``np.max``, ``np.min`` and
    ``np.prod`` keep the error; an array of measurements has a shape, a length, items and an iterator.
    ``np.array`` and what is built on it take the values alone, and so does ``np.sum`` of a list of
    measurements, of which numpy makes an array first: ``sum`` keeps their errors.

    Examples
    --------
    >>> float(Measurement(2.0, 1e-15, True, "by hand"))
    2.0
    >>> half = Measurement(2.0, 0.25, True, "by hand") / 4
    >>> half.value, round(half.error, 3), half.method
    (0.5, 0.063, 'by hand')
    """

    value: Any
    error: Any
    exact: bool
    method: str
    convention: str = ""

    def __float__(self) -> float:
        return float(self.value)

    def __add__(self, other: Any) -> Measurement:
        return combined(operator.add, self, other)

    def __radd__(self, other: Any) -> Measurement:
        return combined(operator.add, other, self)

    def __sub__(self, other: Any) -> Measurement:
        return combined(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Measurement:
        return combined(operator.sub, other, self)

    def __mul__(self, other: Any) -> Measurement:
        return combined(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Measurement:
        return combined(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Measurement:
        return combined(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Measurement:
        return combined(operator.truediv, other, self)

    def __pow__(self, exponent: float) -> Measurement:
        if isinstance(exponent, (Number, np.ndarray)):
            raise TypeError(f"an exponent must be one plain number; got {type(exponent).__name__}")
        return combined(lambda base: functions.power(base, real_number("an exponent", exponent)), self)

    def __rpow__(self, base: float) -> Measurement:
        if isinstance(base, np.ndarray) or not base > 0:
            raise TypeError(f"the base of a measured power must be one positive number; got {base!r}")
        return combined(
            lambda exponent: functions.exp(
                functions.log(real_number("the base of a measured power", base)) * exponent
            ),
            self,
        )

    def __pos__(self) -> Measurement:
        return self

    def __neg__(self) -> Measurement:
        return combined(operator.neg, self)

    def __abs__(self) -> Measurement:
        return combined(operator.abs, self)

    def sqrt(self) -> Measurement:
        """The square root of what is not negative in ``value +- error``; infinite error if nothing is."""
        return combined(Uncertain.sqrt, self)

    @property
    def lower(self) -> Any:
        """The lower end of ``value +- error``."""
        return self.value - self.error

    @property
    def upper(self) -> Any:
        """The upper end of ``value +- error``."""
        return self.value + self.error

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: value, error, exact, method."""
        plain = {"value": self.value, "error": self.error, "exact": self.exact, "method": self.method}
        return {key: item.tolist() if isinstance(item, np.ndarray) else item for key, item in plain.items()}


def measured(value: Any, error: Any, method: str, convention: str) -> Measurement:
    """An exact measurement, of a number or of arrays of any shape.

    Raises
    ------
    ValueError
        If the value or its bound overflows: an infinite error is no answer.
    """
    require_representable("values", value)
    require_representable("bounds of rounding errors", error)
    return Measurement(value, error, True, method, convention)


def combined(operation: Callable[..., Uncertain], *sides: Any) -> Measurement:
    """The result of an operation on measurements and plain numbers, entry by entry where there are arrays."""
    measured = [side for side in sides if isinstance(side, Measurement)]
    methods, conventions = (
        "; ".join(dict.fromkeys(getattr(side, name) for side in measured))
        for name in ("method", "convention")
    )
    exact = all(side.exact for side in measured)
    if any(np.ndim(_plain_value(side)) for side in sides):
        value, error = _by_entries(operation, sides)
        return Measurement(value, error, exact, methods, conventions)
    result = operation(*map(_uncertain, sides))
    return Measurement(result.value, result.error, exact, methods, conventions)


def _by_entries(operation: Callable[..., Uncertain], sides: tuple[Any, ...]) -> tuple[Any, Any]:
    """Values and errors, of any one shape, of an operation on arrays that broadcast to it."""
    values = np.broadcast_arrays(*(np.asarray(_plain_value(side)) for side in sides))
    errors = [np.broadcast_to(getattr(side, "error", 0.0), values[0].shape) for side in sides]
    if any(array.dtype.kind not in "biuf" for array in values):
        raise TypeError(f"arithmetic must be between real numbers; got dtype {values[-1].dtype}")
    entries = zip(*(array.ravel().tolist() for array in (*values, *errors)), strict=True)
    n = len(values)
    found = [
        operation(*(_with_rounding(v, e) for v, e in zip(each[:n], each[n:], strict=True)))
        for each in entries
    ]
    shape = values[0].shape
    return (
        np.array([each.value for each in found]).reshape(shape),
        np.array([each.error for each in found]).reshape(shape),
    )


def _plain_value(side: Any) -> Any:
    return side.value if isinstance(side, Measurement) else side


def _uncertain(side: Any) -> Uncertain:
    number = _plain_value(side)
    if np.ndim(number) or not isinstance(number, (int, float, np.integer, np.floating)):
        raise TypeError(f"arithmetic must be between real numbers; got {number!r}")
    return _with_rounding(number, float(side.error) if isinstance(side, Measurement) else 0.0)


def _with_rounding(number: Any, error: float) -> Uncertain:
    """A number as a float, its error with the rounding of a large integer."""
    value = real_number("what is reckoned with", number)
    return Uncertain(value, error + float(abs(number - int(value)) if isinstance(number, int) else 0))
