r"""One pass forward and one back through a network of any depth, with bounds of what rounding did to them.

Letters, for a sample and with h_0 = x:  z_l = W_l h_(l-1) + b_l,  h_l = s(z_l) for l < L,  f = z_L;
J_l = df/dz_l (q, m_l),  delta_l = d(g . f)/dz_l with g = dl/df held fixed,
v_l = s''(z_l) * W_(l+1)^T delta_(l+1). A layer has index l - 1 in every list here.

Errors are bounds of Euclidean (Frobenius) norms, one per sample, or the largest over units where that is
what a product with a diagonal matrix needs. A product with W_l multiplies an error by |W_l|_2 and adds
gamma |W_l|_F times the size of what it is applied to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.deep.network import Network, refuse_overflow
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.errors.rounding import JET_ERROR, SLACK, SUBNORMAL, UNIT, gamma, scaled_norms
from twolayer.forward.loss_errors import loss_errors
from twolayer.forward.values import loss_values
from twolayer.model.loss import Loss
from twolayer.model.loss import loss as find_loss
from twolayer.spectrum.extremes.watch import Watch

SQUARINGS = 5
"""Of W W^T, for the bound of |W|_2, which then exceeds it by a factor of at most rank^(1/128)."""


@dataclass(frozen=True)
class Sizes:
    """Upper bounds, per sample, of the true norms of what a layer has, and of the errors of the computed.

    Attributes
    ----------
    spectral, frobenius : float
        |W_l|_2 and |W_l|_F.
    h, dh : ndarray, shape (n,)
        |h^_(l-1)|, its 1 for a bias included, and the error of h_(l-1).
    s1, ds1, s2, ds2 : ndarray, shape (n,)
        Largest |s'(z_l)|, |s''(z_l)| over units and largest errors of both; 1, 0, 0, 0 for the last layer.
    J, dJ, delta, ddelta, v, dv : ndarray, shape (n,)
        Norms of J_l, delta_l, v_l and of their errors.
    """

    spectral: float
    frobenius: float
    h: Array
    dh: Array
    s1: Array
    ds1: Array
    s2: Array
    ds2: Array
    J: Array = field(default_factory=lambda: np.zeros(0))
    dJ: Array = field(default_factory=lambda: np.zeros(0))
    delta: Array = field(default_factory=lambda: np.zeros(0))
    ddelta: Array = field(default_factory=lambda: np.zeros(0))
    v: Array = field(default_factory=lambda: np.zeros(0))
    dv: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Forward:
    """What curvature is computed from, by layer.

    Attributes
    ----------
    h : list of ndarray, shape (n, m_(l-1))
        Inputs of every layer.
    S1, S2 : list of ndarray, shape (n, m_l)
        s'(z_l) and s''(z_l) of the hidden layers.
    F, L, G, Lam : ndarray, shapes (n, q), (n,), (n, q), (n, q, q)
        Outputs, losses, and their derivatives by the outputs.
    J : list of ndarray, shape (n, q, m_l)
    delta : list of ndarray, shape (n, m_l)
    v : list of ndarray, shape (n, m_l)
        Of the hidden layers.
    sizes : list of Sizes
    F_error, L_error, G_error, Lam_error : ndarray, shape (n,)
    n_kinks, undecided : int
        Pre-activations exactly at a kink (the limit from the left is used), and those whose side of a kink
        rounding leaves open: there the jump is part of the error.
    blocks : dict
        Sizes of the blocks of the residual part, once they have been asked for.
    watch : Watch
        Told what is being done with the pass, and asked whether there is time.
    """

    net: Network
    loss: Loss
    y: NDArray[Any]
    h: list[Array]
    S1: list[Array]
    S2: list[Array]
    F: Array
    L: Array
    G: Array
    Lam: Array
    J: list[Array]
    delta: list[Array]
    v: list[Array]
    sizes: list[Sizes]
    F_error: Array
    L_error: Array
    G_error: Array
    Lam_error: Array
    n_kinks: int
    undecided: int
    blocks: dict[tuple[int, int], tuple[Array, Array, Array]] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch, repr=False)

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.F.shape[0])

    @property
    def at_zero(self) -> bool:
        """Whether every derivative of the loss by outputs is zero within its rounding."""
        return bool((scaled_norms(self.G) <= self.G_error).all())

    @property
    def convention(self) -> str:
        """What a reader must know to reproduce a number."""
        return f"{self.loss.convention} (n = {self.n}); theta = ({', '.join(self.net.parts)})"

    def augmented(self, l: int) -> Array:
        """h^_(l-1) of the layer with index `l`: its inputs, and ones for a bias; shape (n, m_(l-1) + 1)."""
        return _augmented(self.h[l], self.net.layers[l][1] is not None)


def forward(net: Network, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Forward:
    """Validate the data and run the network and the loss on it. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an intermediate value overflows.
    """
    rule = find_loss(loss)
    inputs = arrays.inputs(X, net.sizes[0], "W1").copy()
    labels = targets(net, rule, y, len(inputs))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        h, S1, S2, sizes, F, F_error, counts = _activations(net, inputs)
        L, G, Lam = loss_values(rule, F, labels)
        for name, values in (("losses", L), ("loss derivatives", G)):
            refuse_overflow(name, values)
        L_error, G_error, Lam_error, gone = loss_errors(rule, F, labels, L, G, Lam, F_error)
        if gone:
            G_error, Lam_error = G_error + SUBNORMAL, Lam_error + SUBNORMAL
        J, delta, v, sizes = _backwards(net, S1, S2, G, G_error, sizes)
    return Forward(
        net, rule, labels, h, S1, S2, F, L, G, Lam, J, delta, v, sizes,
        F_error, L_error, G_error, Lam_error, *counts,
    )  # fmt: skip


def targets(net: Network, rule: Loss, y: ArrayLike, n: int) -> NDArray[Any]:
    """The targets of `n` samples that fit the loss `rule` and the network, (n, q), or (n,) of classes.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    if rule.labels == "classes" and net.n_outputs < 2:
        raise ValueError("the last layer must have q >= 2 outputs for softmax cross-entropy; got q = 1")
    return arrays.targets(y, rule.labels, n, net.n_outputs, net.scalar, f"W{net.depth}")


def product_error(size: Sizes, inner: int, x: Array) -> Array:
    """What rounding adds to a product of W_l, or its transpose, with vectors of norms `x`, shape (n,)."""
    return np.asarray(gamma(inner + 3) * size.frobenius * x + (inner + 3) * inner * SUBNORMAL)


def _augmented(h: Array, biased: bool) -> Array:
    return np.concatenate([h, np.ones((len(h), 1))], axis=1) if biased else h


def _spectral_norm(W: Array, frobenius: float) -> float:
    """An upper bound of |W|_2, from the Frobenius norm of a power of W W^T; the rounding is included."""
    if not frobenius:
        return 0.0
    A = W / float(np.max(np.abs(W)))
    M = A @ A.T if len(W) <= W.shape[1] else A.T @ A
    lost = gamma(max(W.shape) + 2) * float((A**2).sum())
    return min(SLACK * float(np.max(np.abs(W))) * math.sqrt(_root(M, lost, SQUARINGS)), frobenius)


def _root(M: Array, lost: float, squarings: int) -> float:
    """An upper bound of |M + E|_2, M and E symmetric up to rounding and |E|_F <= `lost`."""
    M = 0.5 * (M + M.T)
    size = float(np.linalg.norm(M)) * SLACK
    if not squarings or not size:
        return size + lost
    M = M / size
    return size * math.sqrt(_root(M @ M.T, gamma(len(M) + 4), squarings - 1)) + lost


def _activations(net: Network, X: Array) -> Any:
    h, sizes = [X], []
    S1: list[Array] = []
    S2: list[Array] = []
    error, length, counts = np.zeros_like(X), np.zeros(len(X)), np.zeros(2, dtype=int)
    for l, (W, b) in enumerate(net.layers):
        frobenius = float(scaled_norms(W.reshape(1, -1))[0])
        spectral = _spectral_norm(W, frobenius)
        Z = np.ascontiguousarray(h[l] @ W.T + (0.0 if b is None else b))
        refuse_overflow(f"pre-activations of layer {l + 1}" if l < net.depth - 1 else "outputs", Z)
        radius, moved = _radius(h[l], error, length, W, b, spectral)
        size = scaled_norms(_augmented(h[l], b is not None)) + length
        known = (spectral, frobenius, SLACK * size, length)
        if l == net.depth - 1:
            one, none = np.ones(len(X)), np.zeros(len(X))
            sizes.append(Sizes(*known, one, none, none, none))
            return h, S1, S2, sizes, Z, moved, tuple(counts.tolist())
        values, errors, kinks = _activation(net, Z, radius, f"layer {l + 1}")
        counts += kinks
        ends = [
            part
            for value, off in zip(values[1:], errors[1:], strict=True)
            for part in ((np.abs(value) + off).max(axis=1), off.max(axis=1))
        ]
        sizes.append(Sizes(*known, *(SLACK * end for end in ends)))
        h.append(values[0])
        S1.append(values[1])
        S2.append(values[2])
        error = errors[0]
        length = np.minimum(scaled_norms(error), _length(net, values, errors, Z, moved))
    raise AssertionError("a network has a last layer")


def _radius(
    h: Array, error: Array, length: Array, W: Array, b: Array | None, spectral: float
) -> tuple[Array, Array]:
    """Bounds of the errors of z, entry by entry and of their norms; none without terms.

    Those of h are at most `error`, (n, m), of norms at most `length`, (n,).
    """
    terms = np.abs(h) @ np.abs(W.T) + (0.0 if b is None else np.abs(b))
    inner = W.shape[1] + 3
    moved = np.minimum(error @ np.abs(W.T), length[:, None] * scaled_norms(W))
    rounding = SLACK * gamma(inner) * terms
    found = SLACK * moved + rounding
    found = np.where((found > 0) | _has_terms(terms, h, error, W), found + inner * SUBNORMAL, 0.0)
    whole = SLACK * (spectral * length + scaled_norms(rounding) + inner * len(W) * SUBNORMAL)
    return found, np.minimum(scaled_norms(found), whole)


def _has_terms(terms: Array, h: Array, error: Array, W: Array) -> NDArray[np.bool_]:
    """Where one of the `terms` of z, (n, m), is not nothing, though all of them may have underflowed."""
    found = terms > 0
    if found.all():
        return found
    present = ((h != 0.0) | (error > 0.0)).astype(float) @ (W.T != 0.0).astype(float)
    return np.asarray(found | (present > 0.0))


def _length(net: Network, values: list[Array], errors: list[Array], Z: Array, moved: Array) -> Array:
    """Bounds of the norms of the errors of s(z), (n,): those of z, at most `moved`, through slopes."""
    slopes = (np.abs(values[1]) + errors[1]).max(axis=1)
    rounding = JET_ERROR * (slopes[:, None] * np.abs(Z) + np.abs(values[0])) + net.activation.floor
    return np.asarray(SLACK * (slopes * moved + scaled_norms(rounding)))


def _activation(net: Network, Z: Array, radius: Array, where: str) -> tuple[list[Array], list[Array], Array]:
    """s, s', s'' at Z, bounds of their errors, and how many kinks are hit and how many are open."""
    rule = net.activation
    values = [np.empty_like(Z) for _ in range(3)]
    rule.jets(Z.ravel(), *(value.ravel() for value in values))
    refuse_overflow(f"activation values of {where}", np.stack([abs(value).max() for value in values]))
    r = radius + JET_ERROR * np.abs(Z)
    third = np.empty_like(Z)
    rule.third(Z.ravel(), np.ascontiguousarray(r).ravel(), third.ravel())
    s, s1, s2 = (np.abs(value) for value in values)
    bent = np.where(third < 0, 0.0, r)  # where s is a line to floats, s' is constant
    e2 = bent * third + JET_ERROR * s2 + rule.floor
    hit = left_open = 0
    jumps = [np.zeros_like(Z), np.zeros_like(Z)]
    for at, jump1, jump2 in rule.kinks:
        near = np.abs(Z - at) <= radius
        hit += int((near & (radius == 0)).sum())
        left_open += int((near & (radius > 0)).sum())
        for jump, height in zip(jumps, (jump1, jump2), strict=True):
            jump[near & (radius > 0)] += abs(height)
    e2 = np.minimum(e2 + jumps[1], s2 + rule.sup2)
    e1 = np.minimum(bent * (s2 + e2) + jumps[0] + JET_ERROR * s1 + rule.floor, s1 + rule.sup1)
    e0 = r * np.minimum(s1 + e1, rule.sup1) + JET_ERROR * s + rule.floor
    e0 = np.minimum(e0, s + rule.sup0)
    return values, [SLACK * e for e in (e0, e1, e2)], np.array([hit, left_open])


def _backwards(
    net: Network, S1: list[Array], S2: list[Array], G: Array, G_error: Array, sizes: list[Sizes]
) -> Any:
    n, q = G.shape
    g = scaled_norms(G)
    J, delta = [np.broadcast_to(np.eye(q), (n, q, q))], [G]
    v: list[Array] = []
    made = [Sizes(**vars(sizes[-1]) | {"J": np.full(n, q**0.5), "dJ": np.zeros(n), "delta": g + G_error})]
    made[0] = Sizes(**vars(made[0]) | {"ddelta": G_error, "v": np.zeros(n), "dv": np.zeros(n)})
    for l in range(net.depth - 2, -1, -1):
        W, above, here = net.layers[l + 1][0], made[0], sizes[l]
        inner = len(W)
        back = delta[0] @ W
        v.insert(0, S2[l] * back)
        delta.insert(0, back * S1[l])
        slope = J[0].reshape(n * q, -1) @ W if len(J) > 1 else np.broadcast_to(W, (n, q, W.shape[1]))
        J.insert(0, slope.reshape(n, q, -1) * S1[l][:, None, :])
        pulled = _pulled(above, inner, above.delta, above.ddelta)
        slopes = _pulled(above, inner, above.J, above.dJ)
        made.insert(
            0,
            Sizes(
                **vars(here)
                | _through("J", J[0].reshape(n, -1), here.s1, here.ds1, *slopes)
                | _through("delta", delta[0], here.s1, here.ds1, *pulled)
                | _through("v", v[0], here.s2, here.ds2, *pulled)
            ),
        )
        for name, values in (("derivatives", J[0]), ("second derivatives", v[0])):
            refuse_overflow(f"{name} of the outputs by layer {l + 1}", values)
    return J, delta, v, made


def _pulled(above: Sizes, inner: int, x: Array, dx: Array) -> tuple[Array, Array]:
    """Sizes and errors after a product with W_(l+1)."""
    return above.spectral * x, above.spectral * dx + product_error(above, inner, x)


def _through(name: str, computed: Array, s: Array, ds: Array, x: Array, dx: Array) -> dict[str, Array]:
    """Sizes and errors after a product with a diagonal matrix, under the `name` and d + name."""
    error = SLACK * (s * dx + ds * x + UNIT * s * x) + computed.shape[1] * SUBNORMAL
    return {name: scaled_norms(computed) + error, f"d{name}": error}
