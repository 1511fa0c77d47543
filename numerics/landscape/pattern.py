"""Networks of piecewise linear units, each pre-activation kept on its side of the kink or held on it.

An activation that is homogeneous of degree one is s(z) = c+ z for z > 0 and c- z for z < 0: relu,
leaky_relu and whatever else of a user's. While no pre-activation changes its side the risk is that of
units sigma_ik z_ik with slopes sigma_ik = c+ or c-, a polynomial before the loss, and it goes on
smoothly beyond the kinks. Where the flow slides along kinks z_ik = 0, it is the gradient flow of that
risk in the subspace where those are zero: a slope between c- and c+ takes the velocity of z_ik away
(Filippov 1988), and nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from numerics.landscape.landscape import Landscape, NetworkLandscape
from numerics.landscape.rounding import gradient_rounding
from twolayer.arrays import Array
from twolayer.curvature.dense import dense
from twolayer.curvature.gradient import from_forward
from twolayer.forward.values import Values, loss_values

DEPENDENT = 1e-10
"""A direction with less than this share outside a span lies in it."""

Mask = NDArray[np.bool_]


def has_kinks(landscape: Landscape) -> bool:
    """Whether `landscape` is of a network of piecewise linear units, kinked at 0.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="leaky_relu")
    >>> has_kinks(NetworkLandscape(net, [[1.0]], [2.0]))
    True
    """
    if not isinstance(landscape, NetworkLandscape):
        return False
    activation = landscape.net.activation
    return activation.homogeneity == 1 and any(jump for _, jump, _ in activation.kinks)


class Units:
    """What stays the same about the units of a network with kinks: inputs, slopes, places in theta.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`has_kinks`.

    Attributes
    ----------
    X : ndarray, shape (n, d~)
        Inputs, with hidden biases a last column of ones.
    norms : ndarray, shape (n,)
        Their lengths.
    y : ndarray, shape (n q,)
        Targets.
    low, high : float
        The slopes c- and c+.
    places : ndarray, shape (m, d~)
        Where the inner weights stand in theta.
    one_output : bool
        Whether there is one, and its loss a function of it and one target.
    """

    def __init__(self, landscape: NetworkLandscape) -> None:
        self.landscape, net = landscape, landscape.net
        m, d = net.W.shape
        layout, X = net.layout, landscape.X
        self.places = layout["W"].start + np.arange(m * d).reshape(m, d)
        if net.b is not None:
            X = np.column_stack([X, np.ones(len(X))])
            self.places = np.column_stack([self.places, layout["b"].start + np.arange(m)])
        self.X, self.norms = np.ascontiguousarray(X), np.linalg.norm(X, axis=1)
        self.y = np.ascontiguousarray(landscape.risk.y, dtype=float).reshape(-1)
        self.low, self.high = (net.activation.jet(z)[1] for z in (-1.0, 1.0))
        self.one_output = net.n_outputs == 1 and landscape.risk.loss.separable

    def inner(self, theta: Array) -> Array:
        """The inner weights (m, d~) in `theta` (P,)."""
        return np.asarray(theta[self.places])

    def preactivations(self, theta: Array) -> Array:
        """Z (n, m) at `theta` (P,)."""
        return np.asarray(self.X @ theta[self.places].T)

    def scales(self, theta: Array) -> Array:
        """|x~_i| |w~_k|, shape (n, m), at `theta` (P,): what pre-activations are small against."""
        return np.asarray(np.multiply.outer(self.norms, np.linalg.norm(theta[self.places], axis=1)))


class Held:
    """The kinks that hold one unit: those of some samples.

    Parameters
    ----------
    X : ndarray, shape (n, d~)
    held : ndarray of bool, shape (n,)
        Which samples hold it.

    Attributes
    ----------
    here : ndarray of int, shape (h,)
        Their numbers.
    X : ndarray, shape (h, d~)
        Their inputs.
    normal : ndarray, shape (d~, r)
        An orthonormal basis of what these span.
    spread : ndarray, shape (h, d~), or None
        Of a vector in their span, the coefficients; None where they are not unique.
    """

    def __init__(self, X: Array, held: Mask) -> None:
        self.mask, self.here = held, np.flatnonzero(held)
        self.X = X[self.here]
        lengths = np.linalg.norm(self.X, axis=1)
        rows = self.X[lengths > 0] / lengths[lengths > 0, None]
        V, sizes, left = np.linalg.svd(rows.T, full_matrices=False)
        independent = sizes > DEPENDENT * sizes[:1].sum()
        self.normal, self.spread = V[:, independent], None
        if len(sizes) == len(self.here) == len(rows) and independent.all():
            self.spread = (left.T / sizes) @ V.T / lengths[:, None]


class Independent:
    """Units whose held inputs are independent: what :class:`Held` says of them, in arrays.

    Parameters
    ----------
    kinks : dict of Held

    Attributes
    ----------
    units, starts : ndarray of int, shape (r,)
        Their numbers, and where the samples of each begin.
    samples, owners : ndarray of int, shape (h,)
        The held samples of all of them, and whose each is.
    X, spread : ndarray, shape (h, d~)
    """

    def __init__(self, kinks: Mapping[int, Held]) -> None:
        known = [(k, kink, kink.spread) for k, kink in kinks.items() if kink.spread is not None]
        counts = np.array([len(kink.here) for _, kink, _ in known], dtype=np.int64)
        self.units = np.array([k for k, _, _ in known], dtype=np.int64)
        self.starts, self.owners = np.cumsum(counts) - counts, np.repeat(self.units, counts)
        if known:
            self.samples = np.concatenate([kink.here for _, kink, _ in known])
            self.X = np.concatenate([kink.X for _, kink, _ in known])
            self.spread = np.concatenate([spread for _, _, spread in known])


class Pattern:
    """The risk with every pre-activation on its side of the kink, or held on it. A landscape.

    Parameters
    ----------
    units : Units
    positive, held : ndarray of bool, shape (n, m)
        Which pre-activations count as positive, and which are kept at zero.
    before : Pattern, optional
        Another, whose kinks that hold units need not be looked at anew.

    Attributes
    ----------
    kinks : dict of Held
        For each unit that is held, by what.

    Notes
    -----
    Gradients and Hessians are those in the subspace where the held pre-activations are zero: projected on it.
    """

    exact_curvature = True

    def __init__(self, units: Units, positive: Mask, held: Mask, before: Pattern | None = None) -> None:
        self.units, self.positive, self.held = units, positive, held
        self.slopes = np.where(held, 0.0, np.where(positive, units.high, units.low))
        self.dimension = units.landscape.dimension
        self._last: tuple[bytes, Values] | None = None
        known = {} if before is None else before.kinks
        self.kinks: dict[int, Held] = {}
        for k in map(int, np.flatnonzero(held.any(axis=0))):
            same = k in known and bool((known[k].mask == held[:, k]).all())
            self.kinks[k] = known[k] if same else Held(units.X, held[:, k])

    @cached_property
    def normals(self) -> dict[int, Array]:
        """For each unit with held pre-activations, an orthonormal basis (d~, r) of their inputs."""
        return {k: kink.normal for k, kink in self.kinks.items()}

    @cached_property
    def independent(self) -> Independent:
        """The units whose held inputs are independent, all in one."""
        return Independent(self.kinks)

    @cached_property
    def _lines(self) -> tuple[Array, Array, list[tuple[Array, Array]]]:
        """Where units with one normal stand in theta, these normals (r, d~), and the others one by one."""
        places, one = self.units.places, [k for k, normal in self.normals.items() if normal.shape[1] == 1]
        rows = np.array([self.normals[k][:, 0] for k in one]).reshape(len(one), places.shape[1])
        others = [(places[k], normal) for k, normal in self.normals.items() if normal.shape[1] != 1]
        return places[one], rows, others

    def forward(self, theta: Array) -> Values:
        """The forward pass at `theta`. `theta` has shape (P,)."""
        key = theta.tobytes()
        if self._last is None or self._last[0] != key:
            with np.errstate(all="ignore"):
                self._last = key, self._pass(theta.copy())
        return self._last[1]

    def _pass(self, theta: Array) -> Values:
        risk = self.units.landscape.risk
        net = risk.network(theta)
        S = self.slopes * self.units.preactivations(theta)
        F = S @ net.A.T + (0.0 if net.c is None else net.c)
        L, G, Lam = loss_values(risk.loss, F, risk.y)
        return Values(net, risk.loss, risk.X, risk.y, S, self.slopes, np.zeros_like(S), F, L, G, Lam)

    def value(self, theta: Array) -> float:
        """The risk at `theta`. `theta` has shape (P,)."""
        found = float(self.forward(theta).L.mean())
        return np.inf if np.isnan(found) else found

    def _of_one_output(self, theta: Array) -> tuple[Array, Array]:
        """S, shape (n, m), and the derivatives of the risk by the outputs (n,): no more than these need."""
        units, risk = self.units, self.units.landscape.risk
        S = self.slopes * units.preactivations(theta)
        f = S @ theta[: S.shape[1]]
        if risk.net.c is not None:
            f += theta[-1]
        g = np.empty_like(f)
        risk.loss.losses(f, units.y, np.empty_like(f), g, np.empty_like(f))
        g /= len(f)
        return S, g

    def pulls(self, theta: Array) -> Array:
        """Derivatives of the risk by the units' values at `theta` (P,), shape (n, m)."""
        if self.units.one_output:
            return np.multiply.outer(self._of_one_output(theta)[1], theta[: len(self.units.places)])
        run = self.forward(theta)
        return np.asarray(run.GA / run.n)

    def slope(self, theta: Array) -> Array:
        """Its gradient in the subspace, shape (P,), for one output with no more than it needs."""
        units, risk, m = self.units, self.units.landscape.risk, self.slopes.shape[1]
        S, g = self._of_one_output(theta)
        found = np.empty_like(theta)
        found[:m] = g @ S
        found[units.places] = ((self.slopes * g[:, None]).T @ units.X) * theta[:m, None]
        if risk.net.c is not None:
            found[-1] = g.sum()
        return self.projected(found)

    def gradient(self, theta: Array) -> Array:
        """Its gradient in the subspace, shape (P,)."""
        return self.projected(self.free_gradient(theta))

    def free_gradient(self, theta: Array) -> Array:
        """Its gradient with slope zero where pre-activations are held, not projected, shape (P,)."""
        with np.errstate(all="ignore"):
            return np.asarray(from_forward(self.forward(theta)))

    def hessian(self, theta: Array) -> Array:
        """Its Hessian in the subspace, shape (P, P)."""
        return self._between(dense(self.forward(theta), self.units.landscape.risk.scope))

    def gauss_newton(self, theta: Array) -> Array:
        """The Gauss-Newton part of it, shape (P, P)."""
        scope = self.units.landscape.risk.scope.only(gauss_newton=True, residual=False)
        return self._between(dense(self.forward(theta), scope))

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """The Hessian at `theta` times `vector`, shape (P,)."""
        return np.asarray(self.hessian(theta) @ vector)

    def conserved(self, theta: Array) -> Array:
        """What the flow keeps for each unit, sliding or not, shape (m,); `theta` has shape (P,)."""
        return self.units.landscape.conserved(theta)

    def gradient_rounding(self, theta: Array) -> float:
        """How large the rounding error of the gradient at `theta` (P,) is."""
        return gradient_rounding(self.forward(theta))

    def symmetric_directions(self, theta: Array) -> Array:
        """Orthonormal directions (P, r) in which nothing changes at `theta` (P,), or the flow is held.

        Those of rescaling a unit, all those of a unit that is dead, and the normals of the held kinks.
        """
        units, rows = self.units, []
        outer = np.arange(units.landscape.net.A.size).reshape(units.landscape.net.A.shape)
        for k, place in enumerate(units.places):
            whole = np.concatenate([outer[:, k], place])
            directions = np.zeros((len(theta), len(whole) if not self.slopes[:, k].any() else 1))
            if directions.shape[1] > 1:
                directions[whole, np.arange(len(whole))] = 1.0
            else:
                directions[outer[:, k], 0], directions[place, 0] = -theta[outer[:, k]], theta[place]
            if k in self.normals and directions.shape[1] == 1:
                held = np.zeros((len(theta), self.normals[k].shape[1]))
                held[place] = self.normals[k]
                rows.append(held)
            length = np.linalg.norm(directions, axis=0)
            rows.append(directions[:, length > 0] / length[length > 0])
        return np.concatenate(rows, axis=1)

    def projected(self, vector: Array) -> Array:
        """The part of `vector` (P,) in the subspace; of theta, the point of it where held z are zero."""
        found = vector.copy()
        if not self.kinks:
            return found
        places, rows, others = self._lines
        weights = found[places]
        found[places] = weights - (weights * rows).sum(axis=1)[:, None] * rows
        for place, normal in others:
            found[place] -= normal @ (normal.T @ found[place])
        return found

    def _between(self, H: Array) -> Array:
        for k, normal in self.normals.items():
            place = self.units.places[k]
            H[place] -= normal @ (normal.T @ H[place])
            H[:, place] -= (H[:, place] @ normal) @ normal.T
        return H
