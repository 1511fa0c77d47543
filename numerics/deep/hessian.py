"""The Hessian of a deep network's risk as an operator that knows its exact norms without being formed."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator

from numerics.deep import input_gradient, norms
from numerics.deep.block import Block
from numerics.deep.forward import Forward, forward
from numerics.deep.frobenius import frobenius
from numerics.deep.matrices import counter, dense, dense_error, widths
from numerics.deep.network import Network, refuse_overflow
from numerics.deep.norms import Bounds, Scope
from numerics.deep.product import product, product_error, surely_above
from numerics.deep.spectrum import (
    FORMED,
    WHOLE,
    DeepEigensystem,
    bounds_by_norms,
    dense_spectrum,
    kernel_spectrum,
    product_of_logs,
    with_residual,
)
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK
from twolayer.model.loss import Loss
from twolayer.operators.functions import SpectralFunctions
from twolayer.operators.spectral import require_not_zero
from twolayer.spectrum.enclosed import Spectrum
from twolayer.spectrum.extremes.records import Counter, Operator
from twolayer.spectrum.extremes.watch import Progress, Watch
from twolayer.spectrum.functions import weyl

Chosen = int | str | tuple[int | str, ...]
LARGEST = 20_000  # n q up to which the tangent kernel is formed without being asked for, or P if larger
NEGLIGIBLE = 1e-10  # share of |G|_F below which |R|_F counts as an error of the eigenvalues


class Curvature(SpectralFunctions):
    """The Hessian, one of its two parts, or its block over some parameters. Made by :class:`Hessian`.

    A scipy LinearOperator of shape (P, P), P the number of parameters included. What it says of eigenvalues
    is what ``twolayer.Hessian`` says, by the methods "dense", "kernel" (those of G through the n q x n q
    tangent kernel; for H itself ``|R|_F`` is added to the error) and "lanczos". Without a `method`:
    the kernel where there is no residual part or it is negligible, else the matrix up to P = 3000; for a few
    eigenvalues then Lanczos, and for all the matrix up to P = 6000, the kernel beyond.

    Attributes
    ----------
    layers : tuple of int
        The layers included, counted from 1.
    groups : tuple of str
        The parts included, such as "W1" and "b1".
    convention : str
        Loss, factor, mean and parameter order of every number this object returns.
    n_kinks, undecided_kinks : int
        Pre-activations exactly at a kink (the limit from the left is used there), and those whose side
        rounding leaves open, the jump being part of every error.
    """

    forward: Any
    scope: Any

    def __init__(self, run: Forward, scope: Scope) -> None:
        self.forward, self.scope = run, scope
        P = sum(widths(run, scope).values())
        LinearOperator.__init__(self, np.dtype(np.float64), (P, P))

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers included, counted from 1."""
        return tuple(l + 1 for l in self.scope.layers)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameter parts included."""
        return tuple(name for name in self.forward.net.parts if self._has(name))

    def _has(self, name: str) -> bool:
        return int(name[1:]) in self.layers and name not in self.scope.without

    @property
    def n_kinks(self) -> int:
        """How many pre-activations sit exactly at a kink."""
        return int(self.forward.n_kinks)

    @property
    def undecided_kinks(self) -> int:
        """How many pre-activations are so near a kink that rounding leaves their side open."""
        return int(self.forward.undecided)

    @cached_property
    def bound(self) -> Bounds:  # type: ignore[override]
        """Sizes that rounding errors are proportional to."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return norms.bounds(self.forward, self.scope)

    @cached_property
    def gauss_newton(self) -> Curvature:
        """G = (1/n) sum_i J_i^T Lam_i J_i."""
        return Curvature(self.forward, replace(self.scope, gauss_newton=True, residual=False))

    @cached_property
    def residual(self) -> Curvature:
        """R = H - G = (1/n) sum_i g_i d2f_i."""
        return Curvature(self.forward, replace(self.scope, gauss_newton=False, residual=True))

    def block(self, rows: Chosen, columns: Chosen | None = None) -> Curvature | Block:
        """A principal block, or that which couples two sets of parameters.

        Parameters
        ----------
        rows, columns : int, str, or a tuple of these
            Layers, counted from 1, or parts such as "W1" and "b2".

        Raises
        ------
        ValueError
            If one is not among this operator's, or rows and columns overlap without being equal.

        Examples
        --------
        >>> net = Network([[[1.0]], [2.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [0.0])  # [[4, 4], [4, 1]]
        >>> H.block(2).toarray(), H.block("W1", "W2").toarray()
        (array([[1.]]), array([[4.]]))
        """
        chosen = self._named("rows", rows)
        across = chosen if columns is None else self._named("columns", columns)
        if chosen == across:
            return self.principal(chosen)
        if set(chosen) & set(across):
            raise ValueError(f"columns must be the rows or other parts; got {', '.join(across)}")
        both = self.principal(tuple(name for name in self.groups if name in chosen + across))
        return Block(both, chosen, across)

    def principal(self, names: tuple[str, ...]) -> Curvature:
        """The principal block over parts of these names."""
        layers = tuple(sorted({int(name[1:]) - 1 for name in names}))
        without = frozenset(self.forward.net.parts) - set(names)
        kept = frozenset(name for name in without if int(name[1:]) - 1 in layers)
        return Curvature(self.forward, replace(self.scope, layers=layers, without=kept))

    def _named(self, what: str, chosen: Chosen) -> tuple[str, ...]:
        given = chosen.tolist() if isinstance(chosen, np.ndarray) else chosen
        listed = given if isinstance(given, tuple | list) else (given,)
        plain = all(
            isinstance(each, str | int | np.integer) and not isinstance(each, bool) for each in listed
        )
        listed = listed if plain else ()
        found = {name for each in listed for name in self.groups if each in (name, int(name[1:]))}
        known = all(any(each in (name, int(name[1:])) for name in self.groups) for each in listed)
        if not listed or not known:
            raise ValueError(
                f"{what} must be among the layers {', '.join(map(str, self.layers))} or the parts "
                f"{', '.join(self.groups)}; got {chosen!r}"
            )
        return tuple(name for name in self.groups if name in found)

    def _matvec(self, vector: Any) -> Array:
        direction = arrays.real_array("vector", vector).ravel()
        with np.errstate(over="ignore", invalid="ignore"):
            found = product(self.forward, self.scope, direction)
        refuse_overflow("entries of the product", found)
        return found

    def _adjoint(self) -> Curvature:
        return self

    _transpose = _adjoint

    def toarray(self) -> Array:
        """The (P, P) matrix. O(n q P^2) time, 8 P^2 bytes."""
        with np.errstate(over="ignore", invalid="ignore"):
            found = dense(self.forward, self.scope)
        refuse_overflow("entries of the Hessian", found)
        return found

    def rounding_error(self) -> float:
        """Bound of the Frobenius norm of ``toarray()`` minus the true matrix."""
        return dense_error(self.forward, self.bound)

    def diagonal(self) -> Array:
        """The diagonal, shape (P,)."""
        found = norms.diagonal(self.forward, self.scope, self.bound)
        refuse_overflow("entries of the Hessian", found)
        return found

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
        """Frobenius norm, exact and without forming the matrix; O(n^2 L^2 m^2 + n^2 q L m) time.

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
            return frobenius(self.forward, self.scope, self.bound)

    @cached_property
    def eigensystem(self) -> DeepEigensystem:  # type: ignore[override]
        """What answers the questions about eigenvalues."""
        options = {"dense": (lambda: dense_spectrum(self.forward, self.scope, self.bound), self.shape[0])}
        if self.scope.gauss_newton:
            options["kernel"] = self._by_kernel, self.forward.F.size
        nuclear = None if self.scope.residual else self.trace
        return DeepEigensystem(
            self.shape[0],
            self.convention,
            options,
            self._method,
            self._operator,
            nuclear,
            counting=self._counter,
            large=self._large,
        )

    def _by_kernel(self) -> Spectrum:
        newton = self.gauss_newton if self.scope.residual else self
        found = kernel_spectrum(self.forward, self.scope, newton.bound, self.shape[0])
        return with_residual(found, self._residual_size) if self.scope.residual else found

    def _method(self) -> str:
        """How eigenvalues are found where all are had in seconds, with errors of rounding; else ""."""
        if self.scope.gauss_newton and (not self.scope.residual or self._interpolates):
            return "kernel" if self.forward.F.size <= max(LARGEST, self.shape[0]) else ""
        return "dense" if self.shape[0] <= FORMED else ""

    def _large(self) -> str:
        """How all eigenvalues are found where that takes minutes, or costs |R|_F of error; else ""."""
        if self.shape[0] <= WHOLE:
            return "dense"
        return "kernel" if self.scope.gauss_newton and self.forward.F.size <= LARGEST else ""

    def _counter(self, which: str, watch: Watch) -> Counter | None:
        return counter(self.forward, self.scope, self.bound, which, watch)

    @cached_property
    def _interpolates(self) -> bool:
        most = NEGLIGIBLE * math.sqrt(self.forward.net.n_outputs) * self.gauss_newton.bound.size
        rest, P = self.residual.scope, self.shape[0]
        if not self.forward.at_zero and surely_above(most, self.forward, rest, self.bound, P):
            return False
        return bool(self._residual_size <= NEGLIGIBLE * self.gauss_newton.frobenius_norm().value)

    @cached_property
    def _residual_size(self) -> float:
        """An upper bound of |R|_F; where every residual may be zero, one that costs nothing."""
        if self.forward.at_zero:
            return norms.residual_ceiling(self.forward, self.scope.layers)
        return float(self.residual.frobenius_norm().upper)

    def _operator(self) -> Operator:
        apart = self.bound.propagated
        rounding = product_error(self.forward, self.scope, apart)
        return Operator(self.shape[0], self._matvec, rounding, self._norm_bound, matrix_error=apart)

    def _norm_bound(self) -> float:
        return SLACK * math.fsum(self._norm)

    def stable_rank(
        self,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """``|H|_F^2 / |H|_2^2``, refused where H may be zero; arguments as for :meth:`spectral_norm`."""
        watch = Watch(progress, max_seconds)
        norm = self.frobenius_norm()
        value, lower, upper, said = self.eigensystem.spectral_ends(method, watch)
        require_not_zero(value, value - lower)
        found = (norm.value / value) ** 2
        ends = (norm.lower / upper) ** 2, (norm.upper / lower) * (norm.upper / lower)
        return self._measured(found, SLACK * max(found - ends[0], ends[1] - found), f"{norm.method}; {said}")

    def weyl_bounds(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """Enclosures of all eigenvalues of H by those of G and the extreme ones of R, descending, (P,) each.

        The true eigenvalue of the same rank lies within ``value +- error``, which is the size of R and not a
        rounding error. `progress` and `max_seconds` are as for :meth:`eigenvalues`.
        """
        watch = Watch(progress, max_seconds)
        newton = self.gauss_newton.eigensystem.spectrum(watch=watch)
        largest = self.residual.spectral_norm(progress=progress, max_seconds=watch.left()).upper
        ends = (-largest, 0.0), (largest, 0.0)
        return self._measured(*weyl(newton, *ends), f"Weyl: G by {newton.method}")

    def log_product(self, k: int, method: str | None = None) -> Measurement:
        """Sum of the logarithms of the `k` largest eigenvalues.

        Raises
        ------
        ValueError
            If one of them is not certainly positive.
        """
        found = self.eigenvalues(k, method=method)
        return product_of_logs(found, k, self.convention)

    def eigenvalue_bounds(self) -> tuple[Measurement, Measurement]:
        """Bounds of the largest eigenvalue from trace and Frobenius norm alone (Wolkowicz and Styan 1980).

        ``mu + s / sqrt(P - 1) <= lmax <= mu + s sqrt(P - 1)``, mu = tr H / P, ``s^2 = |H|_F^2 / P - mu^2``.
        """
        return bounds_by_norms(self.trace(), self.frobenius_norm(), self.shape[0])

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        refuse_overflow("norms of the Hessian", value)
        refuse_overflow("bounds of rounding errors", error)
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
