"""Exact zero modes of the Hessian: those that symmetry and the data predict, beside those computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.symmetry import ZERO, units
from twolayer.arrays import Array


@dataclass(frozen=True)
class ZeroModes:
    """Flat directions of the Hessian: those that symmetry and the data predict, and those computed.

    Parameters
    ----------
    predicted : ndarray, shape (P, k)
        Orthonormal directions along which the risk is constant, or the Hessian zero, by theory.
    reasons : dict of str to int
        How many directions each reason gives (before overlaps are removed).
    found : int
        Eigenvalues that are zero within rounding.
    residual : float
        |H V| for V = predicted, relative to |H|: zero at a stationary point, up to rounding.
    """

    predicted: Array
    reasons: dict[str, int]
    found: int
    residual: float

    @property
    def unexplained(self) -> int:
        """Computed zero modes beyond the predicted ones."""
        return self.found - int(self.predicted.shape[1])


def zero_modes(landscape: NetworkLandscape, theta: ArrayLike, *, tolerance: float = 1e-9) -> ZeroModes:
    """Compare predicted with computed flat directions at a stationary point.

    Parameters
    ----------
    landscape : NetworkLandscape
    theta : array_like, shape (P,)
        A stationary point; elsewhere the scaling directions are no null vectors of the Hessian.
    tolerance : float
        Eigenvalues below this share of the largest count as zero.

    Returns
    -------
    ZeroModes

    Notes
    -----
    Predicted: the scaling of each unit (homogeneous activations), mixing of units (the identity), weight
    shifted between equal units, units that no sample switches on, inputs that span no full space, and the
    common shift of all outputs (softmax).

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="relu")
    >>> modes = zero_modes(NetworkLandscape(net, [[1.0]], [1.0]), net.theta)
    >>> modes.predicted.shape[1], modes.found, modes.unexplained
    (1, 1, 0)
    """
    net = landscape.net.replace(theta)
    found = {
        "scaling": _scalings(net),
        "mixing": _mixings(net),
        "equal units": _exchanges(net),
        "silent units": _silent(net, landscape.X),
        "inputs without full rank": _unseen(net, landscape.X),
        "common shift of outputs": _shifts(net) if landscape.risk.loss.name == "softmax" else [],
    }
    directions = [direction for group in found.values() for direction in group]
    V = _orthonormal(np.array(directions).reshape(len(directions), net.n_parameters).T)
    H = landscape.hessian(net.theta)
    values = np.abs(np.linalg.eigvalsh(H))
    residual = float(np.linalg.norm(H @ V)) / max(float(np.linalg.norm(H)), 1e-300)
    zero = int((values <= tolerance * values.max()).sum())
    return ZeroModes(V, {name: len(group) for name, group in found.items() if group}, zero, residual)


def _orthonormal(directions: Array) -> Array:
    if directions.shape[1] == 0:
        return directions
    lengths = np.linalg.norm(directions, axis=0)
    U, sizes, _ = np.linalg.svd(directions[:, lengths > 0] / lengths[lengths > 0], full_matrices=False)
    return np.asarray(U[:, sizes > 1e-8])


def _direction(net: tl.TwoLayer, **changes: Array) -> Array:
    """The vector of parameters that is zero but for the parts given."""
    return np.concatenate(
        [changes.get(name, np.zeros(part.shape)).ravel() for name, part in net.parts.items()]
    )


def _unit_direction(net: tl.TwoLayer, k: int, a: ArrayLike, inner: ArrayLike) -> Array:
    """A direction that moves unit k alone: its output weights by `a` and (w_k, b_k) by `inner`."""
    rows = np.zeros_like(units(net))
    rows[k, : net.n_outputs] = a
    rows[k, net.n_outputs :] = inner
    return _of_rows(net, rows)


def _of_rows(net: tl.TwoLayer, rows: Array) -> Array:
    q, d = net.n_outputs, net.W.shape[1]
    changes = {"a": rows[:, :q].T, "W": rows[:, q : q + d]}
    if net.b is not None:
        changes["b"] = rows[:, -1]
    return _direction(net, **changes)


def _scalings(net: tl.TwoLayer) -> list[Array]:
    p, q = net.activation.homogeneity, net.n_outputs
    if not p:
        return []
    return [_unit_direction(net, k, -p * row[:q], row[q:]) for k, row in enumerate(units(net))]


def _mixings(net: tl.TwoLayer) -> list[Array]:
    """For the identity, f = A W x: (A, W) -> (A - e A M, W + e M W) for every m x m matrix M."""
    if net.activation.name != "identity":
        return []
    m, q = len(net.W), net.n_outputs
    made = []
    for j in range(m):
        for k in range(m):
            rows = np.zeros_like(units(net))
            rows[j, q:] = units(net)[k, q:]
            rows[k, :q] = -units(net)[j, :q]
            made.append(_of_rows(net, rows))
    return made


def _exchanges(net: tl.TwoLayer) -> list[Array]:
    """Output weight moved between units with the same (w, b), up to sign where that is a symmetry."""
    q, rows = net.n_outputs, units(net)
    parity = {"odd": -1.0, "even": 1.0}.get(net.activation.parity)
    made = []
    for j in range(len(rows)):
        for k in range(j):
            near = ZERO * (1 + np.abs(rows[:, q:]).max())
            back = 1.0 if np.abs(rows[j, q:] - rows[k, q:]).max() <= near else None
            if back is None and parity is not None and np.abs(rows[j, q:] + rows[k, q:]).max() <= near:
                back = parity
            if back is not None:
                zero = np.zeros(rows.shape[1] - q)
                made += [
                    _unit_direction(net, j, unit, zero) - back * _unit_direction(net, k, unit, zero)
                    for unit in np.eye(q)
                ]
    return made


def _silent(net: tl.TwoLayer, X: Array) -> list[Array]:
    """Every parameter of a unit whose activation vanishes, with its slope and curvature, on all samples."""
    S, S1, S2 = net.jets(X)
    dead = ~(S.any(axis=0) | S1.any(axis=0) | S2.any(axis=0))
    width, q = units(net).shape[1], net.n_outputs
    return [
        _unit_direction(net, int(k), unit[:q], unit[q:])
        for k in np.flatnonzero(dead)
        for unit in np.eye(width)
    ]


def _unseen(net: tl.TwoLayer, X: Array) -> list[Array]:
    """Changes of (w_k, b_k) that no sample sees."""
    inputs = X if net.b is None else np.concatenate([X, np.ones((len(X), 1))], axis=1)
    _, sizes, Vt = np.linalg.svd(inputs)
    rank = int((sizes > 1e-12 * sizes[0]).sum()) if sizes[0] > 0 else 0
    zero = np.zeros(net.n_outputs)
    return [_unit_direction(net, k, zero, v) for k in range(len(net.W)) for v in Vt[rank:]]


def _shifts(net: tl.TwoLayer) -> list[Array]:
    """One function added to all outputs at once."""
    ones, zero = np.ones(net.n_outputs), np.zeros(units(net).shape[1] - net.n_outputs)
    made = [_unit_direction(net, k, ones, zero) for k in range(len(net.W))]
    return made if net.c is None else [*made, _direction(net, c=ones)]
