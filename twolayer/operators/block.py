"""Off-diagonal blocks of curvature operators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, real_array, require_representable
from ..curvature.dense import dense, dense_error
from ..errors.measurement import Measurement, measured
from ..forward.bounds import block_bounds
from ..forward.scope import sizes
from ..spectrum.extremes.watch import Progress, Watch
from ..spectrum.lapack import rectangular_norm
from .operand import RealOperator
from .spectral import Spectral


class Block(RealOperator):
    """An off-diagonal block of a curvature operator, rows and columns being different parameter parts.

    Parameters
    ----------
    whole : Spectral
        The principal block over both.
    rows, columns : tuple of str
    """

    def __init__(self, whole: Spectral, rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
        self.whole, self._groups = whole, (rows, columns)
        lengths = sizes(whole.forward, whole.scope)
        self._rows, self._columns = _positions(lengths, rows), _positions(lengths, columns)
        super().__init__(np.dtype(np.float64), (len(self._rows), len(self._columns)))

    def _matvec(self, vector: Any) -> Array:
        return self._embedded(vector, self._columns)[self._rows]

    def _rmatvec(self, vector: Any) -> Array:
        return self._embedded(vector, self._rows)[self._columns]

    def _adjoint(self) -> Block:
        return Block(self.whole, *self._groups[::-1])

    _transpose = _adjoint

    def _embedded(self, vector: Any, where: NDArray[np.intp]) -> Array:
        whole = np.zeros(self.whole.shape[0])
        whole[where] = real_array("vector", vector).ravel()
        return np.asarray(self.whole @ whole)

    def toarray(self) -> Array:
        """The block as an array; the matrix over both parts is formed on the way.

        Shape (rows' parameters, columns' parameters).
        """
        return np.asarray(self.whole.toarray())[np.ix_(self._rows, self._columns)]

    def frobenius_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Frobenius norm with its rounding bound; the matrix over both parts is formed.

        `progress` and `max_seconds`, looked at between the steps, are as for ``Hessian.eigenvalues``.
        """
        return self._norm("fro", Watch(progress, max_seconds))

    def spectral_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Largest singular value with its rounding bound; the matrix over both parts is formed.

        `progress` and `max_seconds`, looked at between the steps, are as for ``Hessian.eigenvalues``.
        """
        return self._norm(2, Watch(progress, max_seconds))

    def nuclear_norm(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Sum of the singular values with its rounding bound; the matrix over both parts is formed.

        `progress` and `max_seconds`, looked at between the steps, are as for ``Hessian.eigenvalues``.
        """
        return self._norm("nuc", Watch(progress, max_seconds))

    def _norm(self, kind: Any, watch: Watch) -> Measurement:
        scaled = self.whole.scaled
        watch.stage(0.0, f"forming a matrix of order {self.whole.shape[0]}")
        forming = self._forming()
        with np.errstate(over="ignore", invalid="ignore"):
            block = dense(scaled.forward, self.whole.scope)[np.ix_(self._rows, self._columns)]
        require_representable("entries of the Hessian", block)
        watch.stage(0.5, f"the norm of a block {block.shape[0]} x {block.shape[1]}")
        value, error, method = rectangular_norm(block, kind, forming)
        return measured(*scaled.back(value, error), method, self.whole.convention)

    def _forming(self) -> float:
        """Bound of the Frobenius norm of the error of the block of the scaled matrix as it is formed."""
        scaled = self.whole.scaled
        size, propagated = block_bounds(scaled.forward, self.whole.scope, *self._groups)
        own = replace(
            scaled.bound, gauss_newton=size, residual=0.0, propagated=propagated + scaled.bound.underflow
        )
        return min(dense_error(scaled.forward, own), dense_error(scaled.forward, scaled.bound))


def _positions(lengths: dict[str, int], names: tuple[str, ...]) -> NDArray[np.intp]:
    starts = dict(zip(lengths, np.cumsum([0, *lengths.values()]), strict=False))
    return np.concatenate([starts[name] + np.arange(lengths[name]) for name in names])
