"""Arrays that carry their exact derivatives by many variables: forward mode over numpy.

A value of shape (...) has a slope of shape (t, ...), its derivative by each of t variables; a constant has
t = 1 and slope 0. Every rule is the derivative itself; nothing is a difference quotient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twolayer.arrays import Array


@dataclass(frozen=True, eq=False)
class Dual:
    """An array and its derivatives.

    Parameters
    ----------
    value : ndarray, shape (...)
    slope : ndarray, shape (t, ...)

    Examples
    --------
    >>> x = variables(np.array([3.0]))[0]
    >>> (x**2 + 1 / x).slope
    array([5.88888889])
    """

    value: Array
    slope: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.value.shape

    def __add__(self, other: Any) -> Dual:
        other = dual(other)
        value = self.value + other.value
        return Dual(value, _aligned(self, value) + _aligned(other, value))

    def __mul__(self, other: Any) -> Dual:
        other = dual(other)
        value = self.value * other.value
        return Dual(value, _aligned(self, value) * other.value + _aligned(other, value) * self.value)

    def __truediv__(self, other: Any) -> Dual:
        return self * dual(other) ** -1

    def __pow__(self, exponent: int) -> Dual:
        return self.through(self.value**exponent, exponent * self.value ** (exponent - 1))

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Dual:
        return self + -dual(other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: Any) -> Dual:
        return dual(other) / self

    def __rsub__(self, other: Any) -> Dual:
        return dual(other) - self

    def __abs__(self) -> Dual:
        return self.through(np.abs(self.value), np.sign(self.value))

    def __getitem__(self, index: Any) -> Dual:
        places = index if isinstance(index, tuple) else (index,)
        return Dual(self.value[index], self.slope[(slice(None), *places)])

    def sqrt(self) -> Dual:
        """Square root; its slope is 0 at 0, where the norm of a vector has 0 among its subgradients."""
        root = np.sqrt(self.value)
        return self.through(root, np.divide(0.5, root, out=np.zeros_like(root), where=root > 0))

    def log(self) -> Dual:
        """Natural logarithm."""
        return self.through(np.log(self.value), 1 / self.value)

    def through(self, value: Array, derivative: Array) -> Dual:
        """A function of every entry, given its `value` and its `derivative` there.

        Arrays of the shape of this one.
        """
        return Dual(np.asarray(value), derivative * self.slope)

    def sum(self, *axes: int) -> Dual:
        """Sum along `axes`, counted from 0, or of all entries."""
        chosen = axes or tuple(range(self.value.ndim))
        return Dual(self.value.sum(axis=chosen), self.slope.sum(axis=tuple(axis + 1 for axis in chosen)))

    def reshape(self, *shape: int) -> Dual:
        """The same entries in another `shape`."""
        value = self.value.reshape(shape)
        return Dual(value, self.slope.reshape(len(self.slope), *value.shape))

    def largest(self) -> Dual:
        """The largest entry of a vector."""
        return self[int(np.argmax(self.value))]


def variables(vector: Array) -> Dual:
    """A vector of independent variables: the derivative by itself is the identity.

    Shape (k,), derivative (k, k).
    """
    return Dual(vector, np.eye(len(vector)))


def constant(array: Any) -> Dual:
    """An array that does not depend on the variables.

    Examples
    --------
    >>> constant([1.0, 2.0]).slope.shape
    (1, 2)
    """
    value = np.asarray(array, dtype=float)
    return Dual(value, np.zeros((1, *value.shape)))


def dual(item: Any) -> Dual:
    """`item` itself if it is a Dual, else a constant."""
    return item if isinstance(item, Dual) else constant(item)


def contract(subscripts: str, left: Dual, right: Dual) -> Dual:
    """``numpy.einsum(subscripts, left, right)`` with its derivative by the product rule.

    Parameters
    ----------
    subscripts : str
        Such as ``"ij,jk->ik"``; it may not hold the letter t.
    left, right : Dual

    Examples
    --------
    >>> x = variables(np.array([1.0, 2.0]))
    >>> contract("i,i->", x, x).slope
    array([2., 4.])
    """
    operands, result = subscripts.split("->")
    one, other = operands.split(",")
    slope = np.einsum(f"t{one},{other}->t{result}", left.slope, right.value)
    return Dual(
        np.einsum(subscripts, left.value, right.value),
        slope + np.einsum(f"{one},t{other}->t{result}", left.value, right.slope),
    )


def joined(parts: list[Dual], axis: int) -> Dual:
    """The `parts` one after the other along an `axis`, counted from 0."""
    count = max(len(part.slope) for part in parts)
    slopes = [np.broadcast_to(part.slope, (count, *part.shape)) for part in parts]
    return Dual(
        np.concatenate([part.value for part in parts], axis=axis), np.concatenate(slopes, axis=axis + 1)
    )


def eigenvalues(matrix: Dual) -> Dual:
    """Ascending eigenvalues of a symmetric `matrix`; v^T dM v is the derivative of one with eigenvector v.

    Of equal eigenvalues these are the derivatives along the eigenvectors that happened to be computed.
    """
    values, V = np.linalg.eigh(matrix.value)
    return Dual(values, np.einsum("ji,tji->ti", V, matrix.slope @ V))


def _aligned(item: Dual, value: Array) -> Array:
    """The slope with new axes after the first, so that it broadcasts as the value does."""
    missing = value.ndim - item.value.ndim
    return item.slope.reshape(len(item.slope), *(1,) * missing, *item.shape) if missing else item.slope
