"""What a curvature operator says of its eigenvalues."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from twolayer.forward.bounds import Bounds, bounds
from twolayer.forward.scaling import Scaled, needs_no_scaling, scaled_curvature
from twolayer.forward.scope import Scope, order

from ..arrays import real_array
from ..errors.measurement import Measurement, measured
from ..forward.errors import Forward
from ..spectrum.compressed import Matrix
from ..spectrum.eigensystem import Asked, Eigensystem
from ..spectrum.extremes.watch import Progress, Watch
from .operand import RealOperator


class Spectral(RealOperator):
    """A symmetric operator made of a forward pass and a scope, and the methods that ask for its spectrum.

    Parameters
    ----------
    passed : Forward
    scope : Scope
    """

    def __init__(self, passed: Forward, scope: Scope) -> None:
        self.forward, self.scope = passed, scope
        P = order(passed, scope)
        super().__init__(np.dtype(np.float64), (P, P))

    @property
    def convention(self) -> str:
        """Loss, factor, mean and parameter order."""
        return self.forward.convention

    @cached_property
    def bound(self) -> Bounds:
        """Sizes that rounding errors are proportional to."""
        return bounds(self.forward, self.scope)

    @cached_property
    def scaled(self) -> Scaled:
        """Factors whose products stay within the floats, and their bounds."""
        return scaled_curvature(self.forward, self.scope, self.bound)

    @cached_property
    def factors(self) -> tuple[Forward, int]:
        """The same factors without their bounds, and the power of two that they are scaled by."""
        if needs_no_scaling(self.forward, self.scope):
            return self.forward, 0
        return self.scaled.forward, self.scaled.exponent

    @cached_property
    def eigensystem(self) -> Eigensystem:
        """What answers the questions about eigenvalues."""
        scaled = self.scaled
        whole = Matrix(scaled.forward, self.scope, scaled.bound)
        return Eigensystem(whole, self.convention, self._newton_eigensystem, scaled.exponent)

    def _newton_eigensystem(self) -> Eigensystem:
        """That of the Gauss-Newton part, scaled as this operator is."""
        if self.scaled.forward is self.gauss_newton.scaled.forward:
            shared: Eigensystem = self.gauss_newton.eigensystem
            return shared
        scope, passed = self.gauss_newton.scope, self.scaled.forward
        return Eigensystem(Matrix(passed, scope, bounds(passed, scope)), self.convention)

    def _from_scaled(self, value: float, error: float, method: str) -> Measurement:
        """What was found of the scaled matrix, as a measurement of this one."""
        return measured(*self.scaled.back(value, error), method, self.convention)

    def eigenvalues(
        self,
        k: int | None = None,
        which: str = "largest",
        return_vectors: bool = False,
        *,
        method: str | None = None,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Eigenvalues: all P of them, descending, or the `k` extreme ones, the most extreme first.

        Parameters
        ----------
        k : int, optional
        which : {"largest", "smallest", "magnitude"}
            Algebraically largest, smallest, or largest by absolute value.
        return_vectors : bool
            Whether ``vectors`` (P, k) of the result are wanted.
        method : {None, "dense", "kernel", "structured", "lanczos"}
            "dense": forms the matrix and verifies LAPACK's eigensystem; O(P^3), P counting neither unused
            inputs nor, if there are fewer samples than inputs, directions that no sample sees. "kernel":
            those of G through the n q x n q tangent kernel, O((n q)^3); for H itself, ``|R|`` is added to the
            error. "structured": those of R, unit by unit. "lanczos", with `k`: extreme pairs from products
            with H, in the memory of some 3 k + 32 vectors, and as much proof that none is missing as can be
            had. None: the cheapest by a model of time, and all eigenvalues where "lanczos" is that and proves
            too little; "kernel" only if there is no residual part or it is no larger than rounding errors.
        progress : callable, optional
            Called with the share done, 0 to 1, and what is being done.
        max_seconds : float, optional
            When "lanczos" breaks off and returns what it has found, as it does when interrupted. The others
            look at the clock between their steps.

        Returns
        -------
        Eigenvalues
            A :class:`Measurement` whose `value` and `error` are arrays. Where its `proved` is True, the true
            eigenvalue of the same rank lies within; `exact` says whether all are. Pairs beyond the proved
            prefix come with ``residual``, a bound of ``|H v - value v|``, and `missing` says what would prove
            them. Where the last belongs to a cluster of equal values other than zero, the whole of it is
            returned, up to 32 more, as `method` says. All P eigenvalues are always proved, and a plain
            :class:`Measurement`.

        Raises
        ------
        ValueError
            If `k`, `which` or `method` does not fit, or the matrix is so large that a method must be chosen.
        MemoryError
            If the method chosen does not fit into memory.
        TimeoutError
            If `max_seconds` are over and nothing was found.

        Notes
        -----
        The method depends on the matrix and the question alone, so that no value depends on what was asked
        before; all eigenvalues, once found, are kept for it. Source: page "spectrum"; theorem T10.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # [[1, 2], [2, 4]], H = G
        >>> H.gauss_newton.eigenvalues().value
        array([5., 0.])
        >>> H.gauss_newton.eigenvalues(1, "smallest").value
        array([0.])
        """
        watch = Watch(progress, max_seconds)
        return self.eigensystem.eigenvalues(Asked(k, which, method, return_vectors, watch))

    def spectral_norm(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Largest absolute eigenvalue.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured", "lanczos"}
            As for :meth:`eigenvalues`. Where "lanczos" cannot prove that it has found the largest, the error
            reaches up to what the Frobenius norm leaves possible.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # [[0, 2], [2, 0]]
        >>> round(R.spectral_norm().value, 12)
        2.0
        """
        return self.eigensystem.spectral_norm(method, Watch(progress, max_seconds))

    def nuclear_norm(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Sum of the absolute eigenvalues.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured", "trace"}
            "trace": that of G, O(n m (q^2 + d)) time, with a bound of the nuclear norm of R in the error.
            The others as for :meth:`eigenvalues`.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError, MemoryError, TimeoutError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(R.nuclear_norm().value, 12)
        4.0
        """
        return self.eigensystem.nuclear_norm(method, Watch(progress, max_seconds))

    def rank(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Number of eigenvalues that are certainly not zero; the error counts the undecided ones.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured"}
            As for :meth:`inertia`.
        progress, max_seconds
            As for :meth:`eigenvalues`; a count is of no use unfinished, so that time that is out is an error.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.
        TimeoutError
            If `max_seconds` are over.

        Notes
        -----
        The rank lies in ``value ... value + error``. No computation in floating point can tell an eigenvalue
        below its rounding error from zero, so most of P eigenvalues are undecided at an interpolating
        minimum, where H is G up to rounding. The rank of G itself is at most n q, and its other eigenvalues
        are zero for certain: ``gauss_newton.rank()`` leaves at most n q undecided.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # [[1, 2], [2, 4]], H = G
        >>> H.gauss_newton.rank().value, H.gauss_newton.rank().error
        (1, 0)
        """
        return self.eigensystem.rank(method, Watch(progress, max_seconds))

    def inertia(
        self,
        shift: float = 0.0,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Number of eigenvalues of H + shift I below zero; the error counts the undecided ones.

        Parameters
        ----------
        shift : float
        method : {None, "dense", "kernel", "structured"}
            "dense": from all eigenvalues, or verified factorizations where these are cheaper, O(P^3).
            "kernel": from those of G. "structured": through blocks over hidden units and an n q x n q matrix
            (page "spectrum"), O(m (p^3 + p (n q)^2) + (n q)^3), p = q + d + 1.
            None: what the norms of G and R tell at once; or the cheapest; and all eigenvalues where that
            leaves a sign undecided and they cost no more than to look at it again.
        progress, max_seconds
            As for :meth:`eigenvalues`; a count is of no use unfinished, so that time that is out is an error.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.
        TimeoutError
            If `max_seconds` are over.

        Notes
        -----
        The true number lies in ``value ... value + error``. As a function of the shift this is the spectral
        distribution function, exact and without smoothing: ``inertia(-x)`` counts eigenvalues below x.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> [int(R.inertia(shift).value) for shift in (-3.0, 0.0, 3.0)]
        [2, 1, 0]
        """
        return self.eigensystem.inertia(shift, method, Watch(progress, max_seconds))

    def logdet(
        self,
        shift: float = 0.0,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Logarithm of det(H + shift I), which must be positive definite.

        Parameters
        ----------
        shift : float
        method : {None, "dense", "kernel", "structured"}
            As for :meth:`inertia`; of more than 48 parameters "dense" is from a factorization.
        progress, max_seconds
            As for :meth:`eigenvalues`; a count is of no use unfinished, so that time that is out is an error.

        Raises
        ------
        ValueError
            If H + shift I is not certainly positive definite (the message names a shift that works), or as
            :meth:`eigenvalues` does.
        MemoryError
            If the method chosen does not fit into memory.
        TimeoutError
            If `max_seconds` are over.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(float(np.exp(R.logdet(3.0).value)), 12)  # (3 + 2) (3 - 2)
        5.0
        """
        return self.eigensystem.logdet(shift, method, Watch(progress, max_seconds))

    def solve(
        self,
        rhs: ArrayLike,
        shift: float = 0.0,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """The solution x of (H + shift I) x = rhs, at any size.

        Parameters
        ----------
        rhs : array_like, shape (P,) or (P, k)
        shift : float
        method : {None, "dense", "structured"}
            As for :meth:`inertia`: the matrix factored whole, or blocks over hidden units and a matrix of
            order n q (Woodbury).
        progress, max_seconds
            As for :meth:`eigenvalues`; half a solution is of no use, so that time that is out is an error.

        Returns
        -------
        Measurement
            `value` as `rhs`; `error`, of the same shape, bounds the Euclidean norm of each column's error.

        Raises
        ------
        ValueError
            If `rhs` does not fit, or an eigenvalue may be -shift.
        MemoryError
            If the method chosen does not fit into memory.
        TimeoutError
            If `max_seconds` are over.

        Notes
        -----
        The error is the residual over a lower bound of the least absolute eigenvalue of H + shift I, which
        two counts prove.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]
        >>> H.solve([5.0, 8.0]).value.round(12)
        array([1., 1.])
        """
        right = real_array("rhs", rhs)
        if right.ndim not in (1, 2) or right.shape[0] != self.shape[0] or not right.size:
            raise ValueError(f"rhs must be ({self.shape[0]},) or ({self.shape[0]}, k); got {right.shape}")
        return self.eigensystem.solve(right, shift, method, Watch(progress, max_seconds))

    def _not_zero(self, norm: Measurement) -> Measurement:
        """The spectral `norm`, of a matrix that is certainly not zero."""
        require_not_zero(float(norm), float(norm.error))
        return norm


def require_not_zero(norm: float, error: float) -> None:
    """Refuse a matrix whose spectral norm, known up to `error`, may be zero."""
    if not norm > error:
        raise ValueError(
            f"the matrix must certainly not be zero; got a norm of {norm:.3g} within {error:.3g}"
        )
