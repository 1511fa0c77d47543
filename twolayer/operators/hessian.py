"""The Hessian of the risk as a linear operator that knows its exact norms without being formed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array, Overflow, require_representable
from ..curvature.dense import dense, dense_error
from ..curvature.diagonal import diagonal, trace
from ..curvature.frobenius import METHODS, frobenius
from ..curvature.product import product
from ..errors.measurement import Measurement
from ..errors.rounding import SLACK, SUBNORMAL
from ..forward.errors import Forward, forward
from ..forward.scope import GROUPS, Scope
from ..forward.weights import weighted
from ..memory import available
from ..model.conversion import from_sklearn, sklearn_loss, sklearn_targets
from ..model.loss import Loss
from ..model.network import TwoLayer
from ..spectrum.extremes.watch import Progress, Watch
from ..spectrum.functions import weyl
from .block import Block
from .by_blocks import frobenius_by_blocks, trace_by_blocks
from .ridge import Regularised
from .units import PerUnit

Result = TypeVar("Result")


class Curvature(PerUnit):
    """The Hessian, one of its two parts, or a principal block of either. Made by :class:`Hessian`.

    A scipy LinearOperator of shape (P, P), P the number of parameters included. The forward pass is done
    once, when the Hessian is made, and bounds of its errors once, when a measurement is first asked for:
    ``@``, ``toarray`` and ``diagonal`` need none.

    Attributes
    ----------
    groups : tuple of str
        The parameter parts included, in the order of theta.
    convention : str
        Loss, factor, mean and parameter order of every number this object returns.
    n_kinks : int
        How many pre-activations sit exactly at a kink of the activation; there the limit from the left is
        used for its derivatives, and the Hessian is that of the smooth piece on that side.
    """

    @property
    def groups(self) -> tuple[str, ...]:
        """The parameter parts included, in the order of theta."""
        return self.scope.groups

    @property
    def n_kinks(self) -> int:
        """How many pre-activations sit exactly at a kink."""
        return self.forward.n_kinks

    @cached_property
    def gauss_newton(self) -> Curvature:
        """G = (1/n) sum_i J_i^T Lam_i J_i."""
        return Curvature(self.forward, self.scope.only(gauss_newton=True, residual=False))

    @cached_property
    def residual(self) -> Curvature:
        """R = H - G = (1/n) sum_i g_i d2f_i, block-diagonal over hidden units."""
        return Curvature(self.forward, self.scope.only(gauss_newton=False, residual=True))

    def block(
        self, rows: str | tuple[str, ...], columns: str | tuple[str, ...] | None = None
    ) -> Curvature | Block:
        """The block coupling two parameter parts, e.g. ``block("a", "W")``; one argument: a principal block.

        Raises
        ------
        ValueError
            If a part is not among this operator's.
        """
        row_groups = self._named("rows", rows)
        column_groups = row_groups if columns is None else self._named("columns", columns)
        if row_groups == column_groups:
            return Curvature(self.forward, self.scope.only(groups=row_groups))
        both = tuple(name for name in GROUPS if name in row_groups or name in column_groups)
        return Block(Curvature(self.forward, self.scope.only(groups=both)), row_groups, column_groups)

    def _named(self, what: str, names: str | tuple[str, ...]) -> tuple[str, ...]:
        chosen = arrays.names(names)
        if not chosen or not all(name in self.groups for name in chosen):
            said = ", ".join(map(str, chosen)) or "none"
            raise ValueError(f"{what} must be among the parts {', '.join(self.groups)}; got {said}")
        return tuple(name for name in GROUPS if name in chosen)

    def _matvec(self, vector: Any) -> Array:
        direction = arrays.real_array("vector", vector).ravel()
        return self._array(lambda passed: product(passed, self.scope, direction))

    def _adjoint(self) -> Curvature:
        return self

    _transpose = _adjoint

    def toarray(self) -> Array:
        """The (P, P) matrix. O(n q P^2) time.

        Raises
        ------
        MemoryError
            If the matrix would not fit into this machine's memory.
        """
        _require_memory(8 * self.shape[0] ** 2)
        return self._array(lambda passed: dense(passed, self.scope))

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix.

        Raises
        ------
        ValueError
            If it overflows.
        """
        scaled = self.scaled
        lost = self.shape[0] * SUBNORMAL if scaled.exponent < 0 else 0.0
        error = scaled.back(0.0, dense_error(scaled.forward, scaled.bound))[1] + lost
        require_representable("bounds of rounding errors", error)
        return error

    def diagonal(self) -> Array:
        """The diagonal, shape (P,). O(n m (q^2 + d)) time."""
        return self._array(lambda passed: diagonal(passed, self.scope))

    def frobenius_norm(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Frobenius norm, exact and without forming the matrix.

        Parameters
        ----------
        method : {None, "pairs", "dense"}
            "pairs": products over pairs of samples, O(n^2 (m q^2 + d)) time and O(n (m + d)) memory.
            "dense": forms the matrix, O(n q P^2). None: the cheaper by a flop model; if the pairs' terms
            cancel so far that their rounding bound is poor, the dense value when it is affordable.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If `method` is unknown.
        TimeoutError
            If `max_seconds` are over.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).frobenius_norm())  # [[1, 2], [2, 4]]
        5.0
        """
        try:
            return self._frobenius_norm(method, Watch(progress, max_seconds))
        except Overflow as refused:
            if 8 * self.shape[0] ** 2 > 0.8 * available():
                raise
            return frobenius_by_blocks(self, refused)

    def _frobenius_norm(self, method: str | None, watch: Watch) -> Measurement:
        passed, bound = self.scaled.forward, self.scaled.bound
        if self.scaled.vanishes and method in (None, *METHODS):
            return self._from_scaled(0.0, SLACK * bound.propagated, method or METHODS[0])
        value, error, used = _representable(lambda: frobenius(passed, self.scope, bound, method, watch.stage))
        return self._from_scaled(value, error, used)

    def stable_rank(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """``|H|_F^2 / |H|_2^2``, refused where H may be zero; else as :meth:`spectral_norm`.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> round(Hessian(net, [[1.0]], [0.0]).residual.stable_rank().value, 12)  # eigenvalues 2 and -2
        2.0
        """
        watch = Watch(progress, max_seconds)
        largest = self.spectral_norm(method, progress=progress, max_seconds=max_seconds)
        watch.require_time("a stable rank")
        self._not_zero(largest)
        return (self.frobenius_norm(progress=progress, max_seconds=watch.left()) / largest) ** 2

    def weyl_bounds(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Enclosures of all eigenvalues of H by those of G and the extreme ones of R, descending, (P,) each.

        The true eigenvalue of the same rank lies within ``value +- error``, which is half the spread of R and
        not a rounding error. Through the tangent kernel and unit by unit, O((n q)^3 + m p^3) time, where the
        spectrum of H itself would take O(P^3).

        Parameters
        ----------
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does for G and R.
        TimeoutError
            If `max_seconds` are over.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [0.0])  # G has 5 and 0, R has 2 and -2
        >>> found = H.weyl_bounds()
        >>> found.value.round(9), found.error.round(2)
        (array([5., 0.]), array([2., 2.]))
        """
        watch = Watch(progress, max_seconds)
        newton = self.gauss_newton.eigensystem.spectrum(watch=watch)
        rest = self.residual.eigensystem.spectrum(watch=Watch(progress, watch.left()))
        ends = [(float(rest.values[at]), float(rest.errors[at])) for at in (-1, 0)]
        return self._measured(
            *weyl(newton, ends[0], ends[1]), f"Weyl: G by {newton.method}, R by {rest.method}"
        )

    def trace(self) -> Measurement:
        """Trace, exact. O(n m (q^2 + d)) time.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).trace())
        5.0
        """
        try:
            return self._trace()
        except Overflow as refused:
            return trace_by_blocks(self, refused)

    def _trace(self) -> Measurement:
        passed, bound = self.scaled.forward, self.scaled.bound
        if self.scaled.vanishes:
            return self._from_scaled(0.0, SLACK * bound.trace_propagated, "closed form")
        value, error = _representable(lambda: trace(passed, self.scope, bound))
        return self._from_scaled(value, error, "closed form")

    def _array(self, evaluate: Callable[[Forward], Array]) -> Array:
        """What `evaluate` makes of the scaled factors, for this operator. Arrays of any shape."""
        passed, exponent = self.factors
        return _representable(lambda: np.ldexp(evaluate(passed), exponent) if exponent else evaluate(passed))


class Hessian(Curvature):
    r"""Hessian of the risk, :math:`H = \nabla^2_\theta \frac1n \sum_i l(f(x_i), y_i)`.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like
        Targets (n,) or (n, q); labels 0 or 1 for "logistic"; integers 0..q-1, shape (n,), for "softmax".
    loss : str or Loss
        "squared" (with its factor 1/2), "logistic", "pseudo_huber" or "softmax".
    weights : array_like, shape (n,), optional
        Weights of the samples, at least 0; the risk is then (1/n) sum_i w_i l_i, divided by n whatever the
        weights sum to. Class weights are ``tl.class_weights(y, ...)``.

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or a value overflows; where a bound of its error
        does, the measurement that needs it is refused.

    Notes
    -----
    Every norm is a :class:`Measurement` whose error bounds rounding, the inputs taken as exact. Integer and
    float32 input is converted to float64. Source: page "theory", section 2.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # f = a w x = 2, r = 2
    >>> H.toarray()
    array([[1., 4.],
           [4., 4.]])
    >>> H.residual.toarray()
    array([[0., 2.],
           [2., 0.]])
    """

    def __init__(
        self,
        net: TwoLayer,
        X: ArrayLike,
        y: ArrayLike,
        loss: str | Loss = "squared",
        *,
        weights: ArrayLike | None = None,
    ) -> None:
        super().__init__(weighted(forward(net, X, y, loss), weights), Scope(tuple(net.part_sizes)))

    @classmethod
    def from_sklearn(
        cls, estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Regularised:
        """The Hessian of what a fitted MLPRegressor or MLPClassifier minimises, weight decay included.

        Parameters
        ----------
        estimator : MLPRegressor or MLPClassifier
            With one hidden layer.
        X : array_like, shape (n, d)
        y : array_like, shape (n,) or (n, q)
            As it was fitted: labels of any kind for a classifier.
        sample_weight : array_like, shape (n,), optional
            As it was fitted with; their sum takes the place of n, by which they are scaled in float64.

        Returns
        -------
        Regularised
            At the estimator's parameters, laid out as ``TwoLayer.from_sklearn(estimator).theta``; its
            `curvature` is the Hessian without weight decay.

        Raises
        ------
        ValueError, TypeError
            If the estimator has no twin here, with the reason, or the data does not fit.

        Notes
        -----
        scikit-learn descends the gradient of (1/n) sum_i l_i + alpha / (2 n) ``(|a|^2 + |W|^2)``, l_i our
        "squared", "logistic" or "softmax". What it reports as ``loss_`` of several outputs under squared
        error is the mean over them, which its gradient is not that of.
        """
        net, name = from_sklearn(estimator), sklearn_loss(estimator)
        targets = sklearn_targets(estimator, y)
        if sample_weight is None:
            H = cls(net, X, targets, name)
            return H.with_ridge(float(estimator.alpha) / H.forward.n, ("a", "W"))
        weights = arrays.real_array("sample_weight", sample_weight)
        total = float(weights.sum())
        if weights.ndim != 1 or not total > 0:
            raise ValueError(f"sample_weight must be (n,), with a sum above 0; got {weights.shape}, {total}")
        H = cls(net, X, targets, name, weights=weights * (len(weights) / total))
        return H.with_ridge(float(estimator.alpha) / total, ("a", "W"))

    def __repr__(self) -> str:
        return f"Hessian(P = {self.shape[0]}; {self.convention})"


def _representable(evaluate: Callable[[], Result]) -> Result:
    """What `evaluate` returns, an array or a tuple led by a number, unless it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = evaluate()
    require_representable("entries of the Hessian", result[0] if isinstance(result, tuple) else result)
    return result


def _require_memory(needed: int) -> None:
    there = available()
    if needed > 0.8 * there:
        raise MemoryError(
            f"the matrix must fit into memory ({there / 2**30:.0f} GiB); "
            f"got {needed / 2**30:.0f} GiB: use frobenius_norm, trace, diagonal, block or H @ v"
        )
