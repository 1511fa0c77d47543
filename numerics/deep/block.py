"""Off-diagonal blocks of the curvature of deep networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numerics.deep.spectrum import FORMED
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement, measured
from twolayer.operators.operand import RealOperator
from twolayer.spectrum.lapack import rectangular_norm

Chosen = int | str | tuple[int | str, ...]
"""Layers, counted from 1, or parts such as "W1" and "b2"."""

RESOLVED = 1e-9  # relative error with which the norm is taken from a difference


class Block(RealOperator):
    """The block of a symmetric operator that couples some parameters, the rows, with others, the columns.

    Parameters
    ----------
    whole : Curvature
        The principal block over both.
    rows, columns : tuple of str
        Names of parts, none in both.
    """

    def __init__(self, whole: Any, rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
        self.whole, self.names = whole, (rows, columns)
        sizes = {name: whole.forward.net.parts[name].size for name in whole.groups}
        starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
        self._places = [
            np.concatenate([starts[name] + np.arange(sizes[name]) for name in names]) for names in self.names
        ]
        shape = tuple(len(places) for places in self._places)
        super().__init__(np.dtype(np.float64), shape)

    def _matvec(self, vector: Any) -> Array:
        return self._through(vector, *self._places[::-1])

    def _rmatvec(self, vector: Any) -> Array:
        return self._through(vector, *self._places)

    def _adjoint(self) -> Block:
        return Block(self.whole, *self.names[::-1])

    _transpose = _adjoint

    def _through(self, vector: Any, given: Any, taken: Any) -> Array:
        whole = np.zeros(self.whole.shape[0])
        whole[given] = arrays.real_array("vector", vector).ravel()
        return np.asarray((self.whole @ whole)[taken])

    def toarray(self) -> Array:
        """The block, shape (rows, columns); the matrix over both is formed on the way."""
        return np.asarray(self.whole.toarray()[np.ix_(*self._places)])

    def frobenius_norm(self) -> Measurement:
        """Frobenius norm: half of what the whole has beyond its two principal blocks; nothing is formed.

        A block that is small beside these is lost in that difference: where P allows, it is formed.
        """
        whole, *parts = (
            curvature.frobenius_norm()
            for curvature in (self.whole, *(self.whole.principal(names) for names in self.names))
        )
        size = math.ldexp(0.5, math.frexp(whole.upper)[1])  # whose square may overflow
        square = ((whole / size) ** 2 - (parts[0] / size) ** 2 - (parts[1] / size) ** 2) / 2
        found: Measurement = square.sqrt() * size
        if found.error <= RESOLVED * found.value or self.whole.shape[0] > FORMED:
            return found
        formed = self._norm("fro")
        return formed if formed.error < found.error else found

    def spectral_norm(self) -> Measurement:
        """Largest singular value, of the matrix formed."""
        return self._norm(2)

    def nuclear_norm(self) -> Measurement:
        """Sum of the singular values, of the matrix formed."""
        return self._norm("nuc")

    def _norm(self, kind: Any) -> Measurement:
        value, error, method = rectangular_norm(self.toarray(), kind, self.whole.rounding_error())
        return measured(value, error, method, self.whole.convention)


def named(what: str, chosen: Chosen, groups: tuple[str, ...]) -> tuple[str, ...]:
    """The parts among `groups` that are `chosen` by layer or by name, in their order.

    Raises
    ------
    ValueError
        If nothing is chosen, or something that is not among them; it says so of `what`.

    Examples
    --------
    >>> named("rows", (2, "b1"), ("W1", "b1", "W2"))
    ('b1', 'W2')
    """
    layers = {name: int(name[1:]) for name in groups}
    given = chosen.tolist() if isinstance(chosen, np.ndarray) else chosen
    listed = given if isinstance(given, (tuple, list)) else (given,)
    found: set[str] = set()
    for each in listed or [None]:
        plain = isinstance(each, (str, int, np.integer)) and not isinstance(each, bool)
        meant = {name for name in groups if plain and each in (name, layers[name])}
        if not meant:
            numbers = ", ".join(str(l) for l in sorted(set(layers.values())))
            raise ValueError(
                f"{what} must be among the layers {numbers} or the parts {', '.join(groups)}; got {chosen!r}"
            )
        found |= meant
    return tuple(name for name in groups if name in found)
