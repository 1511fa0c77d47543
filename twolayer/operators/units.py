"""Per hidden unit: diagonal blocks, their norms, and which units carry an eigenvector."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Array, real_array, require_representable
from ..curvature.dense import dense_error
from ..errors.measurement import Measurement, measured
from ..errors.rounding import SLACK, gamma, scaled_norm
from ..forward.scope import order, unit_columns
from ..spectrum.compressed import Matrix
from ..spectrum.extremes.watch import Progress, Watch
from ..spectrum.lapack import verified_eigenvalues
from ..spectrum.solving import by_columns
from ..spectrum.unit_blocks import Units
from .on_diagonal import OnDiagonal


class PerUnit(OnDiagonal):
    """A curvature operator that is asked about its hidden units one by one."""

    def unit_parameters(self) -> np.ndarray:
        """Positions of each unit's parameters among the included ones: a_1k .. a_qk, w_k, b_k; shape (m, p).

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0, 3.0], W=[[1.0], [4.0]])
        >>> Hessian(net, [[1.0]], [0.0]).unit_parameters()  # theta = (a_1, a_2, w_1, w_2)
        array([[0, 2],
               [1, 3]])
        """
        q, m = self.forward.net.A.shape
        outputs = np.arange(q * m).reshape(q, m).T if self.scope.has("a") else np.zeros((m, 0), dtype=int)
        return np.concatenate([outputs, unit_columns(self.forward, self.scope)], axis=1)

    def unit_block(self, unit: int) -> Array:
        """The diagonal block of one hidden unit, shape (p, p); O(n q p^2) time.

        Parameters
        ----------
        unit : int

        Raises
        ------
        ValueError
            If there is no such unit.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0, 3.0], W=[[1.0], [4.0]], activation="identity")
        >>> Hessian(net, [[1.0]], [14.0]).unit_block(0)  # J_1 = (w_1, a_1), no residual
        array([[1., 2.],
               [2., 4.]])
        """
        m = self.forward.S.shape[1]
        if isinstance(unit, bool) or not hasattr(unit, "__index__") or not 0 <= unit < m:
            raise ValueError(f"unit must be in 0..{m - 1}; got {unit!r}")
        block = self._block(Units(self._matrix), int(unit))
        return np.ldexp(block, self.scaled.exponent)

    def unit_norms(
        self,
        kind: str = "frobenius",
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """A norm of the diagonal block of every hidden unit, arrays of shape (m,); O(n m q p^2) time.

        Parameters
        ----------
        kind : {"frobenius", "spectral", "nuclear", "trace"}
            Trace is not a norm, but asked for as often.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If `kind` is unknown.
        TimeoutError
            If `max_seconds` are over.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0, 3.0], W=[[1.0], [4.0]], activation="identity")
        >>> Hessian(net, [[1.0]], [14.0]).unit_norms().value  # |(w_k, a_k)|^2
        array([ 5., 25.])
        """
        kinds = ("frobenius", "spectral", "nuclear", "trace")
        if kind not in kinds:
            raise ValueError(f"kind must be one of {', '.join(kinds)}; got {kind!r}")
        units, scaled = Units(self._matrix), self.scaled
        forming = dense_error(scaled.forward, scaled.bound)
        watch, m, found = Watch(progress, max_seconds), self.forward.S.shape[1], []
        for k in range(m):
            watch.stage(k / m, f"unit {k} of {m}")
            with np.errstate(over="ignore", invalid="ignore"):
                block = self._block(units, k)
            require_representable("entries of the Hessian", block)
            found.append(scaled.back(*_norm(block, kind, forming)))
        values, errors = (np.array(column) for column in zip(*found, strict=True))
        return measured(values, errors, "unit by unit", self.convention)

    def unit_shares(self, vectors: ArrayLike) -> Array:
        """How much of each vector's squared length lies on each hidden unit, shape (m, k).

        Parameters
        ----------
        vectors : array_like, shape (P, k) or (P,)
            Eigenvectors, for example ``H.eigenvalues(3, return_vectors=True).vectors``.

        Raises
        ------
        ValueError
            If the shape does not fit.

        Notes
        -----
        The rest to 1 lies on the output biases.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0, 3.0], W=[[1.0], [4.0]])
        >>> Hessian(net, [[1.0]], [0.0]).unit_shares([0.6, 0.0, 0.0, 0.8]).round(12)
        array([[0.36],
               [0.64]])
        """
        given = real_array("vectors", vectors)
        P = order(self.forward, self.scope)
        if given.ndim not in (1, 2) or given.shape[0] != P:
            raise ValueError(f"vectors must be ({P},) or ({P}, k); got {given.shape}")
        columns, _ = by_columns(given) if given.size else (given.reshape(P, -1), None)
        lengths = (columns**2).sum(axis=0)
        shares = (columns[self.unit_parameters()] ** 2).sum(axis=1)
        return np.asarray(shares / np.where(lengths > 0, lengths, 1.0))

    @property
    def _matrix(self) -> Matrix:
        return Matrix(self.scaled.forward, self.scope, self.scaled.bound)

    def _block(self, units: Units, k: int) -> Array:
        block = units.block(k)
        if self.scope.gauss_newton:
            features = units.features(k)
            block += features.T @ features
        return block


def _norm(block: Array, kind: str, forming: float) -> tuple[float, float]:
    """The norm of a block whose entries are off by `forming` in Frobenius norm, and its error."""
    p = len(block)
    if kind == "frobenius":
        value = scaled_norm(block)
        return value, SLACK * (forming + gamma(p * p + 4) * value)
    if kind == "trace":
        value = float(np.trace(block))
        return value, SLACK * (np.sqrt(p) * forming + gamma(p + 4) * float(np.abs(block.diagonal()).sum()))
    values, error = verified_eigenvalues(block)
    off = SLACK * (forming + error)
    if kind == "spectral":
        return float(np.abs(values).max(initial=0.0)), off
    value = float(np.abs(values).sum())
    return value, SLACK * np.sqrt(p) * off + gamma(p) * value
