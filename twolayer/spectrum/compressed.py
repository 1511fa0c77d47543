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
from twolayer.forward.scope import Scope, order, sizes, unit_inputs

from ..arrays import Array, require_representable
from ..curvature.dense import dense
from ..curvature.frobenius import flops
from ..curvature.frobenius_by_pairs import Told, untold
from ..errors.rounding import SLACK, SUBNORMAL, gamma, scaled_norms
from ..forward.errors import Forward
from ..model.network import TwoLayer
from .lapack import skewness

KEPT = 2000  # order up to which a matrix that was formed is kept: 32 MB


@dataclass(frozen=True)
class Lift:
    """Where the vectors of a compressed matrix stand among all parameters.

    Attributes
    ----------
    forward, scope
        Of the matrix that was compressed.
    kept : ndarray
        The inputs that are not zero in every sample, that of the hidden biases being the last.
    basis : ndarray, shape (len(kept), r), optional
        Orthonormal: coordinates of the span of the inputs.
    skew : float
        How far the basis is from orthonormal.
    """

    forward: Forward
    scope: Scope
    kept: NDArray[np.intp]
    basis: Array | None
    skew: float

    @property
    def rank(self) -> int:
        """Coordinates of the inputs that are kept."""
        return len(self.kept) if self.basis is None else self.basis.shape[1]

    def __call__(self, vectors: Array) -> Array:
        """Vectors (order, k) of the compressed matrix as vectors (P, k) of the whole one."""
        (q, m), k = self.forward.net.A.shape, vectors.shape[1]
        first, last = q * m * self.scope.has("a"), q * self.scope.has("c")
        weights = vectors[first : len(vectors) - last].reshape(m, -1, k)
        if self.basis is not None:
            weights = np.matmul(self.basis, weights)
        parts = {"a": vectors[:first], "c": vectors[len(vectors) - last :]}
        parts |= self._inputs(weights)
        return np.concatenate([parts[name].reshape(-1, k) for name in sizes(self.forward, self.scope)])

    def _inputs(self, weights: Array) -> dict[str, Array]:
        """Weights (m, len(kept), k) of the inputs that are kept as those of all, by their part."""
        m, d = self.forward.net.W.shape
        among = np.searchsorted(self.kept, d)
        made = weights[:, :among]
        if among < d:
            made = np.zeros((m, d, weights.shape[2]))
            made[:, self.kept[:among]] = weights[:, :among]
        return {"W": made, "b": weights[:, among:]}

    def adjoint(self, vector: Array) -> Array:
        """The transpose of the same: coordinates (order,) of a vector (P,)."""
        counts = sizes(self.forward, self.scope)
        ends = np.cumsum(list(counts.values()))
        parts = dict(zip(counts, np.split(vector, ends[:-1]), strict=True))
        m = len(self.forward.net.W)
        inputs = np.concatenate([parts[name].reshape(m, -1) for name in "Wb" if name in parts], axis=1)
        weights = inputs[:, self.kept]
        if self.basis is not None:
            weights = weights @ self.basis
        found = [parts.get("a", vector[:0]), weights.ravel(), parts.get("c", vector[:0])]
        return np.concatenate(found)


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

    @cached_property
    def order(self) -> int:
        """Number of rows."""
        return order(self.forward, self.scope)

    @cached_property
    def costs(self) -> dict[str, float]:
        """Operations of each method to the Frobenius norm; "dense" forms the matrix."""
        return flops(self.forward, self.scope)

    def checked(self, entries: Array) -> Array:
        """`entries`, refused if they or a bound overflow. Arrays of any shape."""
        require_representable("entries of the Hessian", [self.bound.total, self.bound.propagated])
        require_representable("entries of the Hessian", entries)
        return entries

    def entries(self, told: Told = untold) -> Array:
        """The matrix itself, (order, order); kept for the next factorization where it is small."""
        return self._kept if self.order <= KEPT else dense(self.forward, self.scope, told=told)

    @cached_property
    def _kept(self) -> Array:
        return dense(self.forward, self.scope)

    @property
    def enclosure(self) -> tuple[float, float]:
        """What all eigenvalues are between, at no cost: G has none below zero, R none beyond its norm.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> H = Hessian(TwoLayer(a=[2.0], W=[[1.0]], activation="identity"), [[1.0]], [0.0])
        >>> low, high = Matrix(H.forward, H.scope, H.bound).enclosure  # they are -1.77 and 6.77
        >>> round(low, 2), round(high, 2)
        (-2.84, 7.86)
        """
        residual = self.bound.residual * self.scope.residual
        return -SLACK * (residual + self.factors_error), SLACK * (self.bound.total + self.factors_error)

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
    kept = inputs if len(where) == d else inputs[:, where]
    gaps, basis, skew = np.zeros(n), None, 0.0
    if n < len(where):
        kept, gaps, basis, skew = onto_span(kept)
    elif len(where) == d or d == 0:
        return whole
    if kept.shape[1] == 0:
        kept, where = inputs[:, :1], np.zeros(1, dtype=np.intp)
    lengths = scaled_norms(kept)
    norms = replace(forward.norms, X=lengths)
    net = _network(forward.net, kept.shape[1])
    made = forward.changed(X=np.ascontiguousarray(kept), net=net, norms=norms)
    groups = tuple(name for name in ("a", "W", "c") if name == "W" or name in scope.groups)
    small = scope.only(groups=groups)
    result = Matrix(made, small, bounds(made, small))
    lost = _error_of_moved_inputs(forward, scope, lengths, gaps)
    zeros = whole.zeros + whole.order - result.order
    lift = Lift(forward, scope, where, basis, skew)
    return replace(result, zeros=zeros, error=whole.error + lost, lift=lift)


def _network(net: TwoLayer, d: int) -> TwoLayer:
    """The shapes of the compressed parameters; after the forward pass the weights are not used."""
    return TwoLayer(net.a, np.zeros((net.W.shape[0], d)), None, net.c, net.activation)


def onto_span(inputs: Array) -> tuple[Array, Array, Array, float]:
    """Coordinates (n, n) of n points in a basis of their span, their gaps to it, the basis, and its skew."""
    basis = np.linalg.qr(inputs.T)[0]
    made, skew = inputs @ basis, skewness(basis)
    lengths = scaled_norms(made)
    gaps = scaled_norms(inputs - made @ basis.T)
    rounding = gamma(len(inputs) + 4) * np.linalg.norm(basis) + skew
    return made, SLACK * (gaps + rounding * lengths) + inputs.size * SUBNORMAL, basis, skew


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
