"""The Hessian of the risk as a linear operator that knows its exact norms without being formed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from . import spectrum, validate
from .bounds import GROUPS, Bounds, Scope, bounds
from .compression import Matrix
from .dense import dense, dense_error, sizes
from .forward import Forward, forward, require_representable
from .frobenius import frobenius
from .losses import Loss
from .measurement import Measurement
from .network import TwoLayer
from .product import product
from .spectra import Spectrum
from .trace import diagonal, trace
from .validate import Array

Result = TypeVar("Result")


class Curvature(LinearOperator):  # type: ignore[misc]
    """The Hessian, one of its two parts, or a principal block of either. Made by :class:`Hessian`.

    A scipy LinearOperator of shape (P, P), P the number of parameters included. The forward pass is done
    once, when the Hessian is made.

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

    def __init__(self, passed: Forward, scope: Scope) -> None:
        self.forward, self.scope = passed, scope
        self.spectra: dict[str, Spectrum] = {}  # all eigenvalues, by the road that found them
        self.compressed: Matrix | None = None
        P = sum(sizes(passed, scope).values())
        super().__init__(np.dtype(np.float64), (P, P))

    @property
    def groups(self) -> tuple[str, ...]:
        """The parameter parts included, in the order of theta."""
        return self.scope.groups

    @property
    def convention(self) -> str:
        """Loss, factor, mean and parameter order."""
        return self.forward.convention

    @property
    def n_kinks(self) -> int:
        """How many pre-activations sit exactly at a kink."""
        return self.forward.n_kinks

    @cached_property
    def bound(self) -> Bounds:
        """Sizes that rounding errors are proportional to."""
        return bounds(self.forward, self.scope)

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
        return Block(self, row_groups, column_groups)

    def _named(self, what: str, names: str | tuple[str, ...]) -> tuple[str, ...]:
        chosen = (names,) if isinstance(names, str) else tuple(names)
        if not chosen or not set(chosen) <= set(self.groups):
            raise ValueError(
                f"{what} must be among the parts {', '.join(self.groups)}; got {', '.join(map(str, chosen))}"
            )
        return tuple(name for name in GROUPS if name in chosen)

    def _matvec(self, vector: Any) -> Array:
        direction = validate.real_array("vector", vector).ravel()
        return _representable(lambda: product(self.forward, self.scope, direction))

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
        return _representable(lambda: dense(self.forward, self.scope))

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix."""
        return dense_error(self.forward, self.bound)

    def diagonal(self) -> Array:
        """The diagonal, shape (P,). O(n m (q^2 + d)) time."""
        return _representable(lambda: diagonal(self.forward, self.scope))

    def frobenius_norm(self, method: str | None = None) -> Measurement:
        """Frobenius norm, exact and without forming the matrix.

        Parameters
        ----------
        method : {None, "pairs", "dense"}
            "pairs": products over pairs of samples, O(n^2 (m q^2 + d)) time and O(n (m + d)) memory.
            "dense": forms the matrix, O(n q P^2). None: the cheaper by a flop model; if the pairs' terms
            cancel so far that their rounding bound is poor, the dense value when it is affordable.

        Raises
        ------
        ValueError
            If `method` is unknown.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).frobenius_norm())  # [[1, 2], [2, 4]]
        5.0
        """
        value, error, used = _representable(lambda: frobenius(self.forward, self.scope, self.bound, method))
        return self._measured(value, error, used)

    def trace(self) -> Measurement:
        """Trace, exact. O(n m (q^2 + d)) time.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).trace())
        5.0
        """
        value, error = _representable(lambda: trace(self.forward, self.scope, self.bound))
        return self._measured(value, error, "closed form")

    def eigenvalues(self, k: int | None = None, method: str | None = None) -> Measurement:
        """Eigenvalues, descending: all P of them, or the `k` algebraically largest.

        Parameters
        ----------
        k : int, optional
        method : {None, "dense", "kernel", "structured", "lanczos"}
            "dense": forms the matrix and verifies LAPACK's eigensystem; O(P^3), P counting neither unused
            inputs nor, if there are fewer samples than inputs, directions that no sample sees. "kernel":
            those of G through the n q x n q tangent kernel, O((n q)^3); for H itself, |R| is added to the
            error. "structured": those of R, unit by unit. "lanczos", with `k`: extreme pairs, and a proof
            that none is missing. None: the cheapest by a model of time; "kernel" only if there is no
            residual part or it is no larger than rounding errors.

        Returns
        -------
        Measurement
            `value` and `error` are arrays: the true eigenvalue of the same rank lies within.

        Raises
        ------
        ValueError
            If `k` or `method` does not fit, or the matrix is so large that a method must be chosen.
        ArithmeticError
            If "lanczos" cannot prove that none is missing.
        MemoryError
            If the method chosen does not fit into memory.

        Notes
        -----
        What was found is kept, and used by later calls without a `method`. Theorem T10.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # [[1, 2], [2, 4]], H = G
        >>> H.gauss_newton.eigenvalues().value
        array([5., 0.])
        """
        return spectrum.eigenvalues(self, k, method)

    def spectral_norm(self, method: str | None = None) -> Measurement:
        """Largest absolute eigenvalue.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured", "lanczos"}
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError, ArithmeticError, MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # [[0, 2], [2, 0]]
        >>> round(R.spectral_norm().value, 12)
        2.0
        """
        return spectrum.spectral_norm(self, method)

    def nuclear_norm(self, method: str | None = None) -> Measurement:
        """Sum of the absolute eigenvalues.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured", "trace"}
            "trace": that of G, O(n m (q^2 + d)) time, with a bound of the nuclear norm of R in the error.
            The others as for :meth:`eigenvalues`.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(R.nuclear_norm().value, 12)
        4.0
        """
        return spectrum.nuclear_norm(self, method)

    def rank(self, method: str | None = None) -> Measurement:
        """Number of eigenvalues that are certainly not zero; the error counts the undecided ones.

        Parameters
        ----------
        method : {None, "dense", "kernel", "structured"}
            As for :meth:`inertia`.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.

        Notes
        -----
        The rank lies in ``value ... value + error``. No computation in floating point can tell an eigenvalue
        below its rounding error from zero, so most of P eigenvalues are undecided at an interpolating
        minimum, where H is G up to rounding. The rank of G itself is at most n q, and its other eigenvalues
        are zero for certain: ``gauss_newton.rank()`` leaves at most n q undecided.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # [[1, 2], [2, 4]], H = G
        >>> H.gauss_newton.rank().value, H.gauss_newton.rank().error
        (1, 0)
        """
        return spectrum.rank(self, method)

    def inertia(self, shift: float = 0.0, method: str | None = None) -> Measurement:
        """Number of eigenvalues of H + shift I below zero; the error counts the undecided ones.

        Parameters
        ----------
        shift : float
        method : {None, "dense", "kernel", "structured"}
            "dense": from all eigenvalues, or for more than a thousand parameters from a verified
            factorization, O(P^3). "kernel": from those of G. "structured": through blocks over hidden units
            and an n q x n q matrix (theory, section 4), O(m (p^3 + p (n q)^2) + (n q)^3), p = q + d + 1.
            None: the cheapest.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.

        Notes
        -----
        The true number lies in ``value ... value + error``. As a function of the shift this is the spectral
        distribution function, exact and without smoothing: ``inertia(-x)`` counts eigenvalues below x.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> [int(R.inertia(shift).value) for shift in (-3.0, 0.0, 3.0)]
        [2, 1, 0]
        """
        return spectrum.inertia(self, shift, method)

    def logdet(self, shift: float = 0.0, method: str | None = None) -> Measurement:
        """Logarithm of det(H + shift I), which must be positive definite.

        Parameters
        ----------
        shift : float
        method : {None, "dense", "kernel", "structured"}
            As for :meth:`inertia`.

        Raises
        ------
        ValueError
            If H + shift I is not certainly positive definite (the message names a shift that works), or as
            :meth:`eigenvalues` does.
        MemoryError
            If the method chosen does not fit into memory.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(float(np.exp(R.logdet(3.0).value)), 12)  # (3 + 2) (3 - 2)
        5.0
        """
        return spectrum.logdet(self, shift, method)

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        return Measurement(value, error, True, method, self.convention)


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

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or a value overflows.

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

    def __init__(self, net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> None:
        super().__init__(forward(net, X, y, loss), Scope(tuple(net.parts)))

    def __repr__(self) -> str:
        return f"Hessian(P = {self.shape[0]}; {self.convention})"


class Block(LinearOperator):  # type: ignore[misc]
    """An off-diagonal block of a curvature operator, rows and columns being different parameter parts."""

    def __init__(self, whole: Curvature, rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
        union = tuple(name for name in GROUPS if name in rows or name in columns)
        self.whole = Curvature(whole.forward, whole.scope.only(groups=union))
        lengths = sizes(whole.forward, self.whole.scope)
        self._rows, self._columns = _positions(lengths, rows), _positions(lengths, columns)
        super().__init__(np.dtype(np.float64), (len(self._rows), len(self._columns)))

    def _matvec(self, vector: Any) -> Array:
        return self._embedded(vector, self._columns)[self._rows]

    def _rmatvec(self, vector: Any) -> Array:
        return self._embedded(vector, self._rows)[self._columns]

    def _embedded(self, vector: Any, where: NDArray[np.intp]) -> Array:
        whole = np.zeros(self.whole.shape[0])
        whole[where] = np.asarray(vector, dtype=np.float64).ravel()
        return np.asarray(self.whole @ whole)

    def toarray(self) -> Array:
        """The block as an array; the matrix over both parts is formed on the way."""
        return self.whole.toarray()[np.ix_(self._rows, self._columns)]

    def frobenius_norm(self) -> Measurement:
        """Frobenius norm with its rounding bound."""
        return self._norm("fro")

    def spectral_norm(self) -> Measurement:
        """Largest singular value with its rounding bound."""
        return self._norm(2)

    def nuclear_norm(self) -> Measurement:
        """Sum of the singular values with its rounding bound."""
        return self._norm("nuc")

    def _norm(self, kind: Any) -> Measurement:
        return spectrum.rectangular_norm(self.toarray(), kind, self.whole)


def _positions(lengths: dict[str, int], names: tuple[str, ...]) -> NDArray[np.intp]:
    starts = dict(zip(lengths, np.cumsum([0, *lengths.values()]), strict=False))
    return np.concatenate([starts[name] + np.arange(lengths[name]) for name in names])


def _representable(evaluate: Callable[[], Result]) -> Result:
    """What `evaluate` returns, an array or a tuple led by a number, unless it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = evaluate()
    require_representable("entries of the Hessian", result[0] if isinstance(result, tuple) else result)
    return result


def _require_memory(needed: int) -> None:
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > 0.8 * available:
        raise MemoryError(
            f"the matrix must fit into memory ({available / 2**30:.0f} GiB); "
            f"got {needed / 2**30:.0f} GiB: use frobenius_norm, trace, diagonal, block or H @ v"
        )
