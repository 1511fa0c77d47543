"""What an operator is applied to: vectors and matrices as users bring them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from .. import arrays
from ..arrays import Array


class RealOperator(LinearOperator):  # type: ignore[misc]
    """A real operator whose operands pass through the package's own validation, not scipy's alone.

    scipy takes what a mask hides for numbers, and says of other strange operands what numpy makes of them.
    """

    def dot(self, x: Any) -> Any:
        """The operator times `x`, a vector (k,), a matrix (k, r), another operator or a number.

        Raises
        ------
        ValueError
            If `x` is an array of another shape, or has entries that are no finite real numbers.
        """
        scaled = np.isscalar(x) and not isinstance(x, (str, bytes))
        if scaled or isinstance(x, LinearOperator):
            return super().dot(x)
        operand = self._operand(x, self.shape[1])
        return super().dot(operand)

    def _rdot(self, x: Any) -> Any:
        scaled = np.isscalar(x) and not isinstance(x, (str, bytes))
        if scaled or isinstance(x, LinearOperator):
            return super()._rdot(x)
        return super()._rdot(self._operand(arrays.real_array("vector", x).T, self.shape[0]).T)

    def _operand(self, x: Any, size: int) -> Array:
        found = arrays.real_array("vector", x)
        wanted: tuple[int | str, ...] = (size,) if found.ndim < 2 else (size, "r")
        arrays.require_shape("vector", found, wanted, " to match the operator")
        return found
