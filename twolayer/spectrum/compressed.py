"""A curvature matrix without the rows and columns that are known to be zero.

Only the inputs' inner products enter the spectrum. An input that is zero in every sample has zero rows and
columns; and with fewer samples than inputs the inputs lie in a subspace: rotated into it, each unit keeps n
of its d~ weights and the others have no curvature. (A rotation of the input weights of every unit is an
orthogonal similarity of the Hessian, because s, s' and s'' do not change under it.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twolayer.forward.bounds import Bounds, bounds
from twolayer.forward.scope import Scope, sizes, unit_columns, unit_inputs

from ..arrays import Array, require_representable
from ..curvature.dense import dense
from ..errors.rounding import SLACK, SUBNORMAL, gamma, scaled_norms
from ..forward.errors import Forward
from ..model.network import TwoLayer
from .lapack import skewness

KEPT = 2000  # order up to which a matrix that was formed is kept: 32 MB
WORTHWHILE = 0.8  # share of the inputs that a rotation may keep at most


@dataclass(frozen=True)
class Lift:
    """Where the vectors of a compressed matrix stand among all parameters.

    Attributes
    ----------
    columns : ndarray, shape (m, d~)
        Positions of the input weights of each unit.
    others : ndarray
        Positions of all other parameters, in order.
    split : int
        How many of the others come before the input weights in the compressed order.
    kept : ndarray
        The inputs that are not zero in every sample.
    basis : ndarray, shape (len(kept), r), optional
        Orthonormal: coordinates of the span of the inputs.
    skew : float
        How far the basis is from orthonormal.
    """

    columns: NDArray[np.intp]
    others: NDArray[np.intp]
    split: int
    kept: NDArray[np.intp]
    basis: Array | None
    skew: float

    @property
    def rank(self) -> int:
        """Coordinates of the inputs that are kept."""
        return len(self.kept) if self.basis is None else self.basis.shape[1]

    def __call__(self, vectors: Array) -> Array:
        """Vectors (order, k) of the compressed matrix as vectors (P, k) of the whole one."""
        m, k = len(self.columns), vectors.shape[1]
        made = np.zeros((self.columns.size + len(self.others), k))
        middle = len(vectors) - len(self.others)
        others = np.delete(vectors, slice(self.split, self.split + middle), axis=0)
        made[self.others] = others
        weights = vectors[self.split : self.split + middle].reshape(m, -1, k)
        if self.basis is not None:
            weights = np.matmul(self.basis, weights)
        made[self.columns[:, self.kept[: weights.shape[1]]]] = weights
        return made

    def adjoint(self, vector: Array) -> Array:
        """The transpose of the same: coordinates (order,) of a vector (P,)."""
        weights = vector[self.columns[:, self.kept]]
        if self.basis is not None:
            weights = weights @ self.basis
        others = vector[self.others]
        return np.concatenate([others[: self.split], weights.ravel(), others[self.split :]])


@dataclass(frozen=True)
class Matrix:
    """A symmetric matrix of order `order` whose spectrum, with `zeros` zeros, is the one asked for.

    Attributes
    ----------
    forward, scope, bound
        What makes the matrix, as everywhere.
    zeros : int
        Eigenvalues that are zero exactly and not in this matrix.
    error : float
        Bound of the Frobenius norm of the change made by leaving them out.
    lift : Lift, optional
        From vectors of this matrix to those of the one it was compressed from, if it was.
    """

    forward: Forward
    scope: Scope
    bound: Bounds
    zeros: int = 0
    error: float = 0.0
    lift: Lift | None = None

    @property
    def order(self) -> int:
        """Number of rows."""
        return sum(sizes(self.forward, self.scope).values())

    def checked(self, entries: Array) -> Array:
        """`entries`, refused if they or a bound overflow. Arrays of any shape."""
        require_representable("entries of the Hessian", [self.bound.total, self.bound.propagated])
        require_representable("entries of the Hessian", entries)
        return entries

    def entries(self) -> Array:
        """The matrix itself, (order, order); kept for the next factorization where it is small."""
        return self._kept if self.order <= KEPT else dense(self.forward, self.scope)

    @cached_property
    def _kept(self) -> Array:
        return dense(self.forward, self.scope)

    @property
    def factors_error(self) -> float:
        """Bound of the Frobenius norm of (matrix of the computed factors) - (matrix asked for)."""
        return self.bound.propagated + self.error


@np.errstate(over="ignore", invalid="ignore")
def compress(whole: Matrix) -> Matrix:
    """Leave out inputs that are zero in every sample and directions orthogonal to all samples.

    O(n^2 d) time, if there are fewer samples than inputs.
    """
    forward, scope = whole.forward, whole.scope
    inputs = unit_inputs(forward, scope)
    n, d = inputs.shape
    where = np.flatnonzero(inputs.any(axis=0))
    kept, gaps, basis = inputs[:, where], np.zeros(n), None
    if n <= WORTHWHILE * kept.shape[1]:
        kept, gaps, basis = onto_span(kept)
    elif kept.shape[1] == d or d == 0:
        return whole
    if kept.shape[1] == 0:
        kept, where = inputs[:, :1], np.zeros(1, dtype=np.intp)
    lengths = scaled_norms(kept)
    norms = replace(forward.norms, X=lengths)
    net = _network(forward.net, kept.shape[1])
    made = replace(forward, X=np.ascontiguousarray(kept), net=net, norms=norms)
    groups = tuple(name for name in ("a", "W", "c") if name == "W" or name in scope.groups)
    small = scope.only(groups=groups)
    result = Matrix(made, small, bounds(made, small))
    lost = _error_of_moved_inputs(forward, scope, lengths, gaps)
    lift = _lift(whole, where, basis)
    zeros = whole.zeros + whole.order - result.order
    return replace(result, zeros=zeros, error=whole.error + lost, lift=lift)


def _lift(whole: Matrix, kept: NDArray[np.intp], basis: Array | None) -> Lift:
    columns = unit_columns(whole.forward, whole.scope)
    others = np.setdiff1d(np.arange(whole.order), columns, assume_unique=True)
    split = whole.forward.net.A.size if whole.scope.has("a") else 0
    return Lift(columns, others, split, kept, basis, 0.0 if basis is None else skewness(basis))


def _network(net: TwoLayer, d: int) -> TwoLayer:
    """The shapes of the compressed parameters; after the forward pass the weights are not used."""
    return TwoLayer(net.a, np.zeros((net.W.shape[0], d)), None, net.c, net.activation)


def onto_span(inputs: Array) -> tuple[Array, Array, Array]:
    """Coordinates (n, n) of n points in a basis of their span, their distances from it, and the basis."""
    basis = np.linalg.qr(inputs.T)[0]
    made = inputs @ basis
    lengths = scaled_norms(made)
    gaps = scaled_norms(inputs - made @ basis.T)
    rounding = gamma(len(inputs) + 4) * np.linalg.norm(basis) + skewness(basis)
    return made, SLACK * (gaps + rounding * lengths) + inputs.size * SUBNORMAL, basis


def _error_of_moved_inputs(forward: Forward, scope: Scope, x: Array, gaps: Array) -> float:
    """Bound of the Frobenius norm of the change of the matrix when each x~_i moves by at most `gaps`."""
    norms, a = forward.norms, scope.has("a")
    D, E, S1 = norms.D + norms.dD, norms.E + norms.dE, norms.S1 + norms.dS1
    x = SLACK * (x + gaps)
    root = np.sqrt(forward.net.n_outputs)
    J = np.hypot(root * np.hypot(a * (norms.S + norms.dS), scope.has("c")), x * D)
    g, lam = forward.loss_norms
    newton = (lam + forward.Lam_error) * D * gaps * (2 * J + D * gaps)
    residual = (g + forward.G_error) * gaps * (np.sqrt(2.0) * a * S1 + E * (2 * x + gaps))
    return float(SLACK * (scope.gauss_newton * newton + scope.residual * residual).mean())
