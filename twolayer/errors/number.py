"""What lets a measurement be used as the number, or the array of numbers, that it is."""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable, Iterator
from decimal import ROUND_UP, Decimal
from typing import Any

import numpy as np

from ..arrays import Array
from . import functions
from .rounding import SLACK, UNIT

WITH_ERROR = ("±", "+-")  # a format that ends so shows the error as well
SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}
UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.negative: operator.neg,
    np.absolute: operator.abs,
    np.square: lambda number: number**2,
    np.power: operator.pow,
    np.maximum: lambda one, other: _larger(one, other),
    np.minimum: lambda one, other: _smaller(one, other),
    np.isfinite: lambda number: np.isfinite(number.value),
    np.isnan: lambda number: np.isnan(number.value),
    np.sqrt: lambda number: number.sqrt(),
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
}
FUNCTIONS = {ufunc: ufunc.__name__ for ufunc in (np.exp, np.expm1, np.log, np.log2, np.log10, np.log1p)}


class Number:
    """Format, comparison, items and sum of what has a `value`, an `error`, `exact` and a `method`.

    Comparisons are those of the true numbers and are answered where the bounds decide them; where they do
    not, a ValueError says so, since either answer might mislead. Standard errors decide nothing.

    Examples
    --------
    >>> from twolayer import Measurement
    >>> two = Measurement(2.0, 0.25, True, "by hand")
    >>> f"{two:.2f}", f"{two:.2f±}", two > 1
    ('2.00', '2.00 ± 0.25', True)
    >>> two
    Measurement(2.0 ± 0.25, exact, 'by hand')
    """

    value: Any
    error: Any
    exact: bool
    method: str
    convention: str

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        for sign in WITH_ERROR:
            if spec.endswith(sign):
                return self._with_error(spec.removesuffix(sign).rstrip())
        if not spec:
            return str(self)
        if np.ndim(self.value):
            return np.array2string(np.asarray(self.value), formatter={"all": lambda x: format(x, spec)})
        return format(self.value, spec)

    def _with_error(self, spec: str) -> str:
        if np.ndim(self.value):
            return f"[{', '.join(each._with_error(spec) for each in self)}]"
        return f"{format(self.value, spec)} ± {_upward(float(self.error))}"

    def __str__(self) -> str:
        if np.ndim(self.value):
            listed = " ".join(np.array2string(np.asarray(self.value), threshold=8).split())
            return f"{listed} ± {_upward(float(np.max(self.error, initial=0.0)))}"
        return f"{self.value} ± {_upward(float(self.error))}"

    def __repr__(self) -> str:
        kind = "exact" if self.exact else "estimate with its standard error"
        return f"{type(self).__name__}({self}, {kind}, {self.method!r})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Hand numpy's functions to the arithmetic of measurements; numpy would lose the errors."""
        if method == "__call__" and ufunc in UFUNCS and not options:
            return UFUNCS[ufunc](*(_plain(each) for each in inputs))
        if method == "__call__" and ufunc in FUNCTIONS and not options:
            return _function(FUNCTIONS[ufunc], *inputs)
        raise TypeError(
            f"np.{ufunc.__name__} must have plain numbers; got a Measurement, whose error it would lose: "
            "pass its value, or its lower and upper ends"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value; () for one number."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes of the value; 0 for one number."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(np.size(self.value))

    def __round__(self, digits: int | None = None) -> Any:
        """The value alone, rounded for display."""
        return round(float(self.value), digits)

    def __int__(self) -> int:
        """The whole part, if the bounds leave no doubt about it."""
        low, high = int(np.floor(self.value - self.error)), int(np.ceil(self.value + self.error))
        if int(self.value - self.error) != int(self.value + self.error):
            raise ValueError(f"a whole part must be decided by the bounds; got {self}: {low} to {high}")
        return int(self.value)

    def __index__(self) -> int:
        """A count that is known, for ``range`` and slices."""
        if self.ndim or self.error != 0 or not isinstance(self.value, (int, np.integer)):
            raise TypeError(f"an index must be a whole number that is known; got {self}")
        return int(self.value)

    def item(self) -> Any:
        """The value as one number of Python.

        Raises
        ------
        ValueError
            If there are several.
        """
        return np.asarray(self.value).item()

    def tolist(self) -> Any:
        """The values, of any shape, as a number or lists of them."""
        return np.asarray(self.value).tolist()

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __len__(self) -> int:
        if not np.ndim(self.value):
            raise TypeError("len() must have an array; got a Measurement of one number")
        return len(self.value)

    def __getitem__(self, where: Any) -> Any:
        """A part of an array of measurements, as a Measurement."""
        if not np.ndim(self.value):
            raise TypeError("an index must go into an array; got a Measurement of one number")
        from .measurement import Measurement

        errors = np.broadcast_to(np.asarray(self.error), np.shape(self.value))
        value, error = self.value[where], errors[where]
        proved = getattr(self, "proved", None)
        exact = self.exact if proved is None else bool(np.all(np.asarray(proved)[where]))
        single = not np.ndim(value)
        return Measurement(
            value.item() if single else value,
            error.item() if single else error,
            exact,
            self.method,
            self.convention,
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def sum(self, axis: Any = None, dtype: None = None, out: None = None) -> Any:
        """The sum of all numbers of any shape, its error the sum of their errors and one rounding.

        `axis`, `dtype` and `out` are there because ``np.sum`` passes them; they must be None, or `axis` the
        only one there is.

        Raises
        ------
        TypeError
            If one of them is given.
        """
        _require_whole(self.ndim, axis, dtype, out)
        from .measurement import Measurement

        values = np.asarray(self.value)
        total = math.fsum(values.ravel().tolist())
        spread = math.fsum(np.broadcast_to(self.error, values.shape).ravel().tolist())
        error = SLACK * (spread + UNIT * abs(total))
        return Measurement(total, error, self.exact, self.method, self.convention)

    def prod(self, axis: Any = None, dtype: None = None, out: None = None) -> Any:
        """The product of all numbers of any shape; `axis`, `dtype` and `out` as in :meth:`sum`.

        Raises
        ------
        TypeError
            If one of these is given.
        """
        _require_whole(self.ndim, axis, dtype, out)
        if not self.ndim:
            return self
        return functools.reduce(operator.mul, (self[where] for where in np.ndindex(self.shape)))

    def mean(self, axis: Any = None, dtype: None = None, out: None = None) -> Any:
        """The mean of all numbers of any shape; `axis`, `dtype` and `out` as in :meth:`sum`.

        Raises
        ------
        TypeError
            If one of these is given.
        """
        return self.sum(axis, dtype, out) / self.size

    def max(self, axis: Any = None, out: None = None) -> Any:
        """The largest number of any shape, its error that of whichever may be the largest.

        `axis` and `out` are there because ``np.max`` passes them; they are as in :meth:`sum`.

        Raises
        ------
        TypeError
            If one of them is given, or there is no number.
        """
        return self._extreme(_larger, axis, out)

    def min(self, axis: Any = None, out: None = None) -> Any:
        """The smallest number of any shape; `axis`, `out` and errors as in :meth:`max`."""
        return self._extreme(_smaller, axis, out)

    def _extreme(self, better: Callable[[Any, Any], Any], axis: Any, out: None) -> Any:
        _require_whole(self.ndim, axis, out)
        return (
            functools.reduce(better, (self[where] for where in np.ndindex(self.shape))) if self.ndim else self
        )

    def __lt__(self, other: Any) -> Any:
        return _decided("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _decided("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _decided("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _decided("ge", self, other)

    def __eq__(self, other: Any) -> Any:
        if other is self:  # whatever the true numbers are, they equal themselves
            return np.ones(self.shape, dtype=bool) if self.ndim else True
        return _decided("eq", self, other)

    def __ne__(self, other: Any) -> Any:
        same = self == other
        return np.logical_not(same) if isinstance(same, np.ndarray) else not same


def _require_whole(axes: int, axis: Any, *others: Any) -> None:
    """Refuse what would reduce an array of `axes` axes to an array, or another kind of number."""
    if (axis is not None and not (axes == 1 and axis in (0, -1, (0,)))) or any(x is not None for x in others):
        raise TypeError("axis, dtype and out must be None for a Measurement; got another")


def _plain(side: Any) -> Any:
    """A number of numpy as Python's own, and an array as a Measurement without error: neither takes over."""
    if isinstance(side, np.generic):
        return side.item()
    if isinstance(side, np.ndarray) and side.ndim:
        from .measurement import Measurement

        return Measurement(side, np.zeros(side.shape), True, "given")
    return side.item() if isinstance(side, np.ndarray) else side


def _function(name: str, *numbers: Any) -> Any:
    """A function of :mod:`twolayer.errors.functions`, entry by entry."""
    from .measurement import combined

    return combined(getattr(functions, name), *numbers)


def _larger(one: Any, other: Any) -> Any:
    return _function("maximum", one, other)


def _smaller(one: Any, other: Any) -> Any:
    return _function("minimum", one, other)


def _upward(error: float) -> str:
    """An error in two digits, rounded up so that it still bounds."""
    if not math.isfinite(error) or error == 0:
        return f"{error:g}"
    exact = Decimal(error)
    return f"{exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_UP):.2g}"


def _ends(side: Any) -> tuple[Array, Array, bool]:
    """Where the true number lies, at the least and at the most, of any shape; whether that is proved.

    The ends are computed with an error, so they are taken one step outwards unless the number is known.
    """
    if not isinstance(side, Number):
        large = isinstance(side, int) and abs(side) > sys.float_info.max
        number = np.asarray(math.copysign(math.inf, side > 0 or -1) if large else side, dtype=float)
        return number, number, True
    value, error = np.asarray(side.value, dtype=float), np.asarray(side.error, dtype=float)
    low = np.where(error == 0, value, np.nextafter(value - error, -np.inf))
    high = np.where(error == 0, value, np.nextafter(value + error, np.inf))
    return low, high, side.exact


def _decided(name: str, one: Number, other: Any) -> Any:
    """The answer to a comparison; NotImplemented if the other side is no real number.

    Raises
    ------
    ValueError
        If the errors leave it open.
    """
    kinds = (Number, int, float, np.integer, np.floating, np.ndarray, list)
    if not isinstance(other, kinds):
        return NotImplemented
    (low, high, sure), (low2, high2, sure2) = _ends(one), _ends(other)
    if name == "eq":
        yes, no = (low == high) & (low2 == high2) & (low == low2), (high < low2) | (high2 < low)
    elif name in ("lt", "ge"):
        yes, no = high < low2, low >= high2
        yes, no = (yes, no) if name == "lt" else (no, yes)
    else:
        yes, no = low > high2, high <= low2
        yes, no = (yes, no) if name == "gt" else (no, yes)
    if not (sure and sure2) or not np.all(yes | no):
        unknown = np.isnan(low).any() or np.isnan(low2).any()
        overlap = "one is not a number" if unknown else "the errors overlap"
        why = overlap if sure and sure2 else "a standard error decides nothing"
        raise ValueError(
            f"a comparison must be decided by the bounds; got {one} {SIGNS[name]} {other}, undecided: {why}; "
            "compare the values, or the lower and upper ends"
        )
    return bool(yes) if not np.ndim(yes) else yes
