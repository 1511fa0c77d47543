"""Which way the flow goes from the meeting of kinks: across, or along (Filippov's convention)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from numerics.descents.pattern import DEPENDENT, Mask, Pattern, Units
from numerics.landscape.rounding import gradient_rounding
from twolayer.arrays import Array

INSIDE = 1e-9
"""A slope this near to c- or c+, relative to their difference, is at it."""


def velocity(pattern: Pattern, theta: Array, k: int) -> tuple[Array, Array]:
    """What moves unit `k` at `theta` (P,): v, shape (d~,), without the held samples, and p, shape (n,).

    With slopes sigma on the held samples H the unit's weights move by v - sum over H of p_i sigma_i x~_i.
    """
    v = -pattern.free_gradient(theta)[pattern.units.places[k]]
    run = pattern.forward(theta)
    return v, run.GA[:, k] / run.n


def decided(units: Units, v: Array, p: Array, here: NDArray[np.int64], before: Mask) -> tuple[Array, Mask]:
    """The slopes that the flow takes on samples whose pre-activation is zero, and which of them it holds.

    Parameters
    ----------
    units : Units
    v : ndarray, shape (d~,)
        The velocity of the unit's weights without these samples.
    p : ndarray, shape (h,)
        What slopes are multiplied by, one for each sample.
    here : ndarray of int, shape (h,)
        The samples.
    before : ndarray of bool, shape (h,)
        Whether the flow comes from their positive side.

    Returns
    -------
    (ndarray, ndarray of bool)
        Slopes (h,) between c- and c+, and whether each sample's pre-activation stays zero.

    Notes
    -----
    Where a slope counts against itself (p_i (c+ - c-) > 0) both sides push towards the kink or neither side
    holds it: such slopes minimise |v - sum p_i sigma_i x~_i|^2 over the box, whose conditions of Karush, Kuhn
    and Tucker are Filippov's. Where it does not, the flow crosses, and the slope is that of the side to
    which it leads; if both lead away, of the side from which it comes.
    """
    low, high = sorted((units.low, units.high))
    M = p * units.X[here].T
    firm = p * (units.high - units.low) > 0
    positive = before.copy()
    for _ in range(len(here) + 1):
        sigma = np.where(positive, units.high, units.low)
        moved = v - M[:, ~firm] @ sigma[~firm]
        if firm.any():
            sigma[firm] = _least(M[:, firm], moved, low, high)
            moved = moved - M[:, firm] @ sigma[firm]
        rate = units.X[here] @ moved
        wrong = ~firm & (np.where(positive, rate, -rate) < 0)
        if not wrong.any():
            break
        positive ^= wrong
    inside = firm & (np.minimum(sigma - low, high - sigma) > INSIDE * (high - low))
    return sigma, inside | _spanned(units.X[here], inside)


def _least(M: Array, v: Array, low: float, high: float) -> Array:
    """The sigma in the box that makes |v - M sigma| least."""
    if M.shape[1] == 1:
        size = float(M[:, 0] @ M[:, 0])
        return np.asarray(np.clip(M[:, :1].T @ v / size if size > 0 else np.array([high]), low, high))
    lengths = np.linalg.norm(M, axis=0)
    scale = max(float(lengths.max()), np.finfo(float).tiny)
    found = lsq_linear(M / scale, v / scale, (low, high), method="bvls", tol=1e-15)
    return np.asarray(found.x)


def _spanned(X: Array, inside: Mask) -> Mask:
    """Which rows of X lie in the span of the rows that are `inside`: they are held along with these."""
    if not inside.any():
        return np.zeros(len(X), dtype=bool)
    rows = X[inside] / np.linalg.norm(X[inside], axis=1)[:, None]
    V, sizes, _ = np.linalg.svd(rows.T, full_matrices=False)
    V = V[:, sizes > DEPENDENT * sizes[0]]
    left = np.linalg.norm(X - (X @ V) @ V.T, axis=1)
    return np.asarray(left <= DEPENDENT * np.linalg.norm(X, axis=1))


def margin(pattern: Pattern, theta: Array) -> float:
    """How far the slopes that hold pre-activations are from c- and c+, as shares; inf if none is held.

    Negative where no slopes between them hold all: the flow leaves a kink. `theta` has shape (P,).
    """
    units, least = pattern.units, np.inf
    low, high = sorted((units.low, units.high))
    for k in pattern.normals:
        here = np.flatnonzero(pattern.held[:, k])
        v, p = velocity(pattern, theta, k)
        M = p[here] * units.X[here].T
        sigma = np.linalg.lstsq(M, v, rcond=DEPENDENT)[0]
        normal = pattern.normals[k]
        missed = np.linalg.norm(normal.T @ (v - M @ sigma)) > INSIDE * np.linalg.norm(v)
        room = float(np.minimum(sigma - low, high - sigma).min()) / (high - low)
        firm = bool((p[here] * (units.high - units.low) > 0).all())
        excess = float(np.linalg.norm(M @ (sigma - np.clip(sigma, low, high))))
        if room < 0 and not missed and excess <= gradient_rounding(pattern.forward(theta)):
            room, firm = 1.0, True  # the sample's loss has no slope left, and its unit's neither
        if (room < 0 or missed or not firm) and normal.shape[1] < len(here):
            room = _apart(pattern, theta, k)
        elif missed or not firm:
            room = min(room, -1.0)
        least = min(least, room)
    return least


def _apart(pattern: Pattern, theta: Array, k: int) -> float:
    """Minus the rate at which held pre-activations would part by the best slopes; else positive."""
    units, here = pattern.units, np.flatnonzero(pattern.held[:, k])
    v, p = velocity(pattern, theta, k)
    sigma, _ = decided(units, v, p[here], here, pattern.positive[here, k])
    rates = pattern.normals[k].T @ (v - (p[here] * units.X[here].T) @ sigma)
    share = float(np.linalg.norm(rates)) / max(float(np.linalg.norm(v)), np.finfo(float).tiny)
    return 1.0 if share <= INSIDE else -share


def crossed(pattern: Pattern, theta: Array, touched: Mask) -> Pattern | None:
    """The pattern beyond the one kink at `theta` (P,) that is `touched` (n, m), if the flow crosses it.

    Parameters
    ----------
    pattern : Pattern
        One that holds nothing.
    theta : ndarray, shape (P,)
    touched : ndarray of bool, shape (n, m)

    Returns
    -------
    Pattern or None
        None where :func:`turned` has to ask: several kinks, or the sides do not agree which way it goes.
    """
    rows, columns = np.nonzero(touched)
    if len(rows) != 1:
        return None
    i, k, units = int(rows[0]), int(columns[0]), pattern.units
    x = units.X[i]
    jump = (units.low - units.high) if pattern.positive[i, k] else (units.high - units.low)
    p = pattern.forward(theta).GA[:, k] / len(units.X)
    before = -float((p * pattern.slopes[:, k]) @ (units.X @ x))
    after = before - jump * float(p[i]) * float(x @ x)
    outward = -1.0 if pattern.positive[i, k] else 1.0
    if not (outward * before > 0 and outward * after > INSIDE * abs(before)):
        return None
    positive = pattern.positive.copy()
    positive[i, k] ^= True
    return Pattern(units, positive, pattern.held)


def turned(pattern: Pattern, theta: Array, touched: Mask) -> tuple[Pattern, Array]:
    """The pattern after the kinks near `theta` (P,) that are `touched` (n, m), and theta on them.

    The held ones are met as well.
    """
    units = pattern.units
    positive, held = pattern.positive.copy(), pattern.held.copy()
    meeting = touched | pattern.held
    # Nothing of other units depends on what is decided for one: outputs are continuous across kinks.
    loose = Pattern(units, positive, meeting)
    theta = loose.projected(theta)
    for k in np.flatnonzero(meeting.any(axis=0)):
        here = np.flatnonzero(meeting[:, k])
        v, p = velocity(loose, theta, int(k))
        sigma, stays = decided(units, v, p[here], here, positive[here, k])
        held[here, k] = stays
        positive[here, k] = np.abs(sigma - units.high) < np.abs(sigma - units.low)
    return Pattern(units, positive, held), theta
