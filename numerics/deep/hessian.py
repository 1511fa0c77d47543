"""The Hessian of a deep network's risk as an operator that knows its exact norms without being formed."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator

from numerics.deep import input_gradient, norms
from numerics.deep.bounds import Bounds
from numerics.deep.forward import Forward, forward
from numerics.deep.matrices import dense, dense_error, widths
from numerics.deep.network import Network
from numerics.deep.norms import Scope
from numerics.deep.product import product, product_error
from numerics.deep.spectrum import Leading, dense_spectrum, kernel_spectrum, leading, with_residual
from twolayer import arrays
from twolayer.arrays import Array, require_representable
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK, gamma
from twolayer.model.loss import Loss
from twolayer.spectrum.enclosed import Spectrum

FORMED = 3000  # largest order of a matrix that is formed without being asked for
NEGLIGIBLE = 1e-10  # share of |G|_F below which |R|_F counts as an error of the eigenvalues


class Curvature(LinearOperator):  # type: ignore[misc]
    """The Hessian, one of its two parts, or its block over some layers. Made by :class:`Hessian`.

    A scipy LinearOperator of shape (P, P), P the number of parameters included.

    Attributes
    ----------
    layers : tuple of int
        The layers included, counted from 1.
    convention : str
        Loss, factor, mean and parameter order of every number this object returns.
    n_kinks, undecided_kinks : int
        Pre-activations exactly at a kink (the limit from the left is used there), and those whose side
        rounding leaves open, the jump being part of every error.
    """

    def __init__(self, run: Forward, scope: Scope) -> None:
        self.forward, self.scope = run, scope
        P = sum(widths(run, scope.layers).values())
        super().__init__(np.dtype(np.float64), (P, P))

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers included, counted from 1."""
        return tuple(l + 1 for l in self.scope.layers)

    @property
    def convention(self) -> str:
        """Loss, factor, mean and parameter order."""
        return self.forward.convention

    @property
    def n_kinks(self) -> int:
        """How many pre-activations sit exactly at a kink."""
        return self.forward.n_kinks

    @property
    def undecided_kinks(self) -> int:
        """How many pre-activations are so near a kink that rounding leaves their side open."""
        return self.forward.undecided

    @cached_property
    def bound(self) -> Bounds:
        """Sizes that rounding errors are proportional to."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return norms.bounds(self.forward, self.scope)

    @cached_property
    def gauss_newton(self) -> Curvature:
        """G = (1/n) sum_i J_i^T Lam_i J_i."""
        return Curvature(self.forward, Scope(self.scope.layers, True, False))

    @cached_property
    def residual(self) -> Curvature:
        """R = H - G = (1/n) sum_i g_i d2f_i."""
        return Curvature(self.forward, Scope(self.scope.layers, False, True))

    def block(self, layers: int | tuple[int, ...]) -> Curvature:
        """The principal block over one layer or several, counted from 1.

        Raises
        ------
        ValueError
            If a layer is not among this operator's.
        """
        chosen = (layers,) if isinstance(layers, int) else tuple(layers)
        if not chosen or not set(chosen) <= set(self.layers):
            raise ValueError(f"layers must be among {', '.join(map(str, self.layers))}; got {layers!r}")
        picked = tuple(sorted({l - 1 for l in chosen}))
        return Curvature(self.forward, Scope(picked, self.scope.gauss_newton, self.scope.residual))

    def _matvec(self, vector: Any) -> Array:
        direction = arrays.real_array("vector", vector).ravel()
        with np.errstate(over="ignore", invalid="ignore"):
            found = product(self.forward, self.scope, direction)
        require_representable("entries of the product", found)
        return found

    def _adjoint(self) -> Curvature:
        return self

    _transpose = _adjoint

    def toarray(self) -> Array:
        """The (P, P) matrix. O(n q P^2) time, 8 P^2 bytes."""
        found = dense(self.forward, self.scope)
        require_representable("entries of the Hessian", found)
        return found

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix."""
        return dense_error(self.forward, self.bound)

    def diagonal(self) -> Array:
        """The diagonal, shape (P,)."""
        return norms.diagonal(self.forward, self.scope)

    def trace(self) -> Measurement:
        """Trace, exact.

        Examples
        --------
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [2.0]).trace())
        5.0
        """
        return self._measured(*norms.trace(self.forward, self.scope, self.bound), "closed form")

    def frobenius_norm(self) -> Measurement:
        """Frobenius norm, exact and without forming the matrix; O(n^2 L^2 m^2 + n^2 q L m^2) time.

        Examples
        --------
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> round(float(Hessian(net, [[1.0]], [2.0]).frobenius_norm()), 12)  # [[4, 2], [2, 1]]
        5.0
        """
        value, error = self._norm
        return self._measured(value, error, "pairs of samples")

    @cached_property
    def _norm(self) -> tuple[float, float]:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return norms.frobenius(self.forward, self.scope, self.bound)

    def eigenvalues(self, k: int | None = None, method: str | None = None) -> Measurement:
        """Eigenvalues, descending: all P of them, or the `k` algebraically largest.

        Parameters
        ----------
        k : int, optional
        method : {None, "dense", "kernel", "lanczos"}
            "dense": forms the matrix and verifies LAPACK's eigensystem. "kernel": those of G through the
            n q x n q tangent kernel; for H itself ``|R|_F`` is added to the error. "lanczos", with `k`. None:
            the kernel where there is no residual part or it is negligible, else the matrix up to P = 3000,
            else Lanczos.

        Returns
        -------
        Measurement
            `value` and `error` are arrays. Not `exact` if Lanczos could not prove that none is missing:
            every value is then within its error of some eigenvalue, and `method` says how many are proved.

        Raises
        ------
        ValueError
            If `k` or `method` does not fit, or the matrix is so large that a method must be chosen.
        ArithmeticError
            If Lanczos does not converge.

        Examples
        --------
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> Hessian(net, [[1.0]], [2.0]).eigenvalues().value.round(12).tolist()
        [5.0, 0.0]
        """
        P = self.shape[0]
        if k is not None and (isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= P):
            raise ValueError(f"k must be None or in 1..{P}; got {k!r}")
        way = self._method(method, k)
        if way == "lanczos" and k is not None:
            found = self._leading(k, False)
            said = f"lanczos, {found.proved} of {k} proved by |H|_F"
            errors = np.full(k, found.error)
            return Measurement(found.values, errors, found.proved == k, said, self.convention)
        whole = self._spectrum(way)
        return self._measured(whole.values[:k], whole.errors[:k], whole.method)

    def spectral_norm(self, method: str | None = None) -> Measurement:
        """Largest absolute eigenvalue; methods and errors as for :meth:`eigenvalues`."""
        way = self._method(method, 1)
        if way != "lanczos":
            whole = self._spectrum(way)
            return self._measured(*whole.spectral_norm(), whole.method)
        found = self._leading(1, True)
        value = float(np.abs(found.values[0]))
        return Measurement(value, found.error, found.proved == 1, "lanczos, proved by |H|_F", self.convention)

    def nuclear_norm(self, method: str | None = None) -> Measurement:
        """Sum of the absolute eigenvalues."""
        whole = self._spectrum(self._method(method, None))
        return self._measured(*whole.nuclear_norm(), whole.method)

    def rank(self, method: str | None = None) -> Measurement:
        """Number of eigenvalues certainly not zero; the error counts the undecided."""
        whole = self._spectrum(self._method(method, None))
        return self._measured(*whole.rank(), whole.method)

    def inertia(self, shift: float = 0.0, method: str | None = None) -> Measurement:
        """Number of eigenvalues of H + shift I below zero; the error counts the undecided."""
        whole = self._spectrum(self._method(method, None))
        return self._measured(*whole.inertia(float(shift)), whole.method)

    def logdet(self, shift: float = 0.0, method: str | None = None) -> Measurement:
        """log det(H + shift I); a ValueError names the least shift where it is not positive definite."""
        whole = self._spectrum(self._method(method, None))
        return self._measured(*whole.logdet(float(shift)), whole.method)

    def log_product(self, k: int, method: str | None = None) -> Measurement:
        """Sum of the logarithms of the `k` largest eigenvalues.

        Raises
        ------
        ValueError
            If one of them is not certainly positive.
        """
        found = self.eigenvalues(k, method)
        least = found.value - found.error
        if not least.min() > 0:
            raise ValueError(
                f"k must be such that the k largest eigenvalues are positive; got k = {k}, the smallest "
                f"being {found.value[-1]:.3g} within {found.error[-1]:.1g}"
            )
        value = math.fsum(np.log(found.value))
        error = -math.fsum(np.log1p(-found.error / found.value)) + gamma(8) * math.fsum(
            abs(np.log(found.value))
        )
        return Measurement(value, SLACK * error, found.exact, found.method, self.convention)

    def eigenvalue_bounds(self) -> tuple[Measurement, Measurement]:
        """Bounds of the largest eigenvalue from trace and Frobenius norm alone (Wolkowicz and Styan 1980).

        ``mu + s / sqrt(P - 1) <= lmax <= mu + s sqrt(P - 1)``, mu = tr H / P, ``s^2 = |H|_F^2 / P - mu^2``.
        """
        P = self.shape[0]
        mu = self.trace() / P
        square = self.frobenius_norm() ** 2 / P - mu**2
        s = square.sqrt() if square.value > 0 else square * 0.0
        root = math.sqrt(max(P - 1, 1))
        return mu + s / root, mu + s * root

    def _method(self, method: str | None, k: int | None) -> str:
        ways = ("dense", "kernel", "lanczos")
        if method not in (None, *ways) or (method == "lanczos" and k is None):
            raise ValueError(f"method must be None, dense, kernel, or lanczos with k; got {method!r}")
        if method == "kernel" and not self.scope.gauss_newton:
            raise ValueError("method must be dense or lanczos for R, which has no kernel; got 'kernel'")
        if method is not None:
            return method
        if self.scope.gauss_newton and (not self.scope.residual or self._interpolates):
            return "kernel"
        small = self.shape[0] <= FORMED
        if not small and k is not None and k + 8 < self.shape[0]:
            return "lanczos"
        if not small:
            raise ValueError(
                f"method must be chosen for P = {self.shape[0]:,}: 'dense' forms "
                f"{8 * self.shape[0] ** 2 / 2**30:.1f} GiB, 'kernel' adds |R|_F to the error; or ask for k"
            )
        return "dense"

    @cached_property
    def _interpolates(self) -> bool:
        residual, newton = self.residual.frobenius_norm(), self.gauss_newton.frobenius_norm()
        return bool(residual.upper <= NEGLIGIBLE * newton.value)

    @cached_property
    def _found(self) -> dict[str, Spectrum]:
        return {}

    def _spectrum(self, way: str) -> Spectrum:
        if way not in self._found:
            if way == "dense":
                self._found[way] = dense_spectrum(self.forward, self.scope, self.bound)
            else:
                newton = self.gauss_newton if self.scope.residual else self
                found = kernel_spectrum(self.forward, self.scope.layers, newton.bound, self.shape[0])
                rest = self.residual.frobenius_norm().upper if self.scope.residual else 0.0
                self._found[way] = with_residual(found, rest) if self.scope.residual else found
        return self._found[way]

    def _leading(self, k: int, both: bool) -> Leading:
        value, error = self._norm
        rounding = product_error(self.forward, self.scope, self.bound.propagated)
        return leading(self._matvec, self.shape[0], k, value + error, rounding, both)

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        require_representable("norms of the Hessian", value)
        return Measurement(value, error, True, method, self.convention)


class Hessian(Curvature):
    r"""Hessian of the risk of a deep network, :math:`H = \nabla^2_\theta \frac1n \sum_i l(f(x_i), y_i)`.

    Parameters
    ----------
    net : Network
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
    Every norm is a :class:`twolayer.Measurement` whose error bounds rounding, the inputs taken as exact. The
    order of the parameters is torch's: W_1 row by row, b_1, W_2, ...

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # f = w_2 w_1 x = 2, r = 2, theta = (w_1, w_2)
    >>> H.toarray()
    array([[4., 4.],
           [4., 1.]])
    """

    def __init__(self, net: Network, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> None:
        if not isinstance(net, Network):
            raise TypeError(f"net must be a deep.Network; got {type(net).__name__}: see deep.Network.of")
        super().__init__(forward(net, X, y, loss), Scope(tuple(range(net.depth))))

    def input_gradient(self) -> Measurement:
        """E|grad_x f|^2 over the samples, summed over outputs: the left side of theorem T2, at any depth.

        Examples
        --------
        >>> net = Network([[[3.0]], [2.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [0.0]).input_gradient())
        36.0
        """
        return input_gradient.mean_square(self.forward)

    def input_gradient_bounds(self) -> dict[str, Measurement]:
        """The right sides of theorem T2 by the curvature in the first layer's biases, by name.

        See :func:`numerics.deep.input_gradient.bounds`. For the squared loss at interpolation that curvature
        is the Hessian's own block (theorem T3).
        """
        return input_gradient.bounds(self.forward)

    def __repr__(self) -> str:
        return f"Hessian(P = {self.shape[0]}; {self.convention})"
