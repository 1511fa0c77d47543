"""The value of a quantity together with how far it may be from the truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Measurement:
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

    Examples
    --------
    >>> float(Measurement(2.0, 1e-15, True, "by hand"))
    2.0
    """

    value: Any
    error: Any
    exact: bool
    method: str
    convention: str = ""

    def __float__(self) -> float:
        return float(self.value)

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
