"""What an operator is applied to: vectors and matrices as users bring them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from .. import arrays
from ..arrays import Array

MATCH = " to match the operator"


class RealOperator(LinearOperator):  # type: ignore[misc]
    """A real operator whose operands pass through the package's own validation, not scipy's alone.

    scipy takes what a mask hides for numbers, and says of other strange operands what numpy makes of them.
    """

    def __matmul__(self, x: Any) -> Any:
        _refuse_number(x, self.shape[1])
        return self.dot(x)

    def __rmatmul__(self, x: Any) -> Any:
        _refuse_number(x, self.shape[0])
        return self._rdot(x)

    def dot(self, x: Any) -> Any:
        """The operator times `x`, a vector (k,), a matrix (k, r), another operator or a number.

        Raises
        ------
        ValueError
            If `x` is an array of another shape, or has entries that are no finite real numbers.
        """
        if _is_number(x) or isinstance(x, LinearOperator):
            return super().dot(x)
        operand = self._operand(x, self.shape[1])
        return super().matvec(operand) if operand.ndim == 1 else super().dot(operand)

    def matvec(self, x: Any) -> Any:
        """The operator times a vector `x`, shape (k,) or (k, 1).

        Raises
        ------
        ValueError
            As for :meth:`dot`.
        """
        return super().matvec(self._column(x, self.shape[1]))

    def rmatvec(self, x: Any) -> Any:
        """The transposed operator times a vector `x`, shape (k,) or (k, 1); errors as for :meth:`dot`."""
        return super().rmatvec(self._column(x, self.shape[0]))

    def matmat(self, X: Any) -> Any:
        """The operator times a matrix `X`, shape (k, r); errors as for :meth:`dot`."""
        return super().matmat(self._columns_of(X, self.shape[1]))

    def rmatmat(self, X: Any) -> Any:
        """The transposed operator times a matrix `X`, shape (k, r); errors as for :meth:`dot`."""
        return super().rmatmat(self._columns_of(X, self.shape[0]))

    def _rdot(self, x: Any) -> Any:
        if _is_number(x) or isinstance(x, LinearOperator):
            return super()._rdot(x)
        return super()._rdot(self._operand(arrays.real_array("vector", x).T, self.shape[0]).T)

    def _operand(self, x: Any, size: int) -> Array:
        found = arrays.real_array("vector", x)
        wanted: tuple[int | str, ...] = (size,) if found.ndim < 2 else (size, "r")
        arrays.require_shape("vector", found, wanted, MATCH)
        return found

    def _column(self, x: Any, size: int) -> Any:
        """`x`, an array of shape (size,) or (size, 1): entries are looked at where they are multiplied."""
        if isinstance(x, np.ndarray) and x.shape in ((size,), (size, 1)):
            return x
        found = arrays.real_array("vector", x)
        if found.shape != (size, 1):
            arrays.require_shape("vector", found, (size,), MATCH)
        return found

    def _columns_of(self, X: Any, size: int) -> Any:
        """`X`, an array of shape (size, r)."""
        if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[0] == size and X.shape[1]:
            return X
        found = arrays.real_array("vectors", X)
        arrays.require_shape("vectors", found, (size, "r"), MATCH)
        return found


def _is_number(x: Any) -> bool:
    """Whether `x` is what scipy scales an operator by."""
    return not isinstance(x, (np.ndarray, str, bytes)) and bool(np.isscalar(x))


def _refuse_number(x: Any, size: int) -> None:
    """Refuse a number where a vector (size,) is wanted."""
    if _is_number(x):
        raise ValueError(
            f"vector must be ({size},) to match the operator; got the number {x!s:.40}: multiply by it with *"
        )
