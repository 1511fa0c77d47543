"""Which way the flow goes from the meeting of kinks: across, or along (Filippov's convention)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from numerics.landscape.pattern import DEPENDENT, Held, Mask, Pattern, Units
from numerics.landscape.rounding import gradient_rounding
from twolayer.arrays import Array
from twolayer.many.rodas import INSIDE

SURE = 0.5
"""The share of its rounding up to which a gradient is nothing where kinks are decided anew.

Where they are asked whether they hold it is all of it: what does not hold there does not hold here either.
"""


def velocities(pattern: Pattern, theta: Array) -> tuple[Array, Array]:
    """What moves the units at `theta` (P,): v, shape (m, d~), without the held samples, and p, shape (n, m).

    With slopes sigma on the held samples H unit k's weights move by v_k - sum over H of p_ik sigma_ik x~_i.
    """
    with np.errstate(all="ignore"):
        p = pattern.pulls(theta)
        return -(p * pattern.slopes).T @ pattern.units.X, p


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


def margin(pattern: Pattern, theta: Array, rounding: Callable[[], float] | None = None) -> float:
    """How far the slopes that hold pre-activations are from c- and c+, as shares; inf if none is held.

    Negative where no slopes between them hold all: the flow leaves a kink. `theta` has shape (P,); `rounding`
    gives the gradient's, by default that at theta. It is asked for where a slope is beyond.
    """
    return min(rooms(pattern, theta, rounding).values(), default=np.inf)


def rooms(pattern: Pattern, theta: Array, rounding: Callable[[], float] | None = None) -> dict[int, float]:
    """The margin of each unit that is held; `theta` (P,) and `rounding` as for :func:`margin`."""
    if not pattern.kinks:
        return {}
    V, p = velocities(pattern, theta)
    allowed = rounding or (lambda: gradient_rounding(pattern.forward(theta)))
    known = _independent_rooms(pattern, V, p, allowed)
    return {
        k: known[k] if k in known else _dependent_room(pattern, k, kink, V[k], p[kink.here, k], allowed)
        for k, kink in pattern.kinks.items()
    }


def _independent_rooms(
    pattern: Pattern, V: Array, p: Array, rounding: Callable[[], float]
) -> dict[int, float]:
    """The margins of units whose held inputs are independent, all at once."""
    held, units = pattern.independent, pattern.units
    if not len(held.units):
        return {}
    low, high = sorted((float(units.low), float(units.high)))
    weights, pushes = p[held.samples, held.owners], (held.spread * V[held.owners]).sum(axis=1)
    with np.errstate(all="ignore"):
        sigma = np.where(pushes == 0, 0.0, pushes / weights)  # infinite where nothing is there to push with
    room = np.minimum.reduceat(np.minimum(sigma - low, high - sigma), held.starts) / (high - low)
    firm = np.logical_and.reduceat(weights * (units.high - units.low) > 0, held.starts)
    found = np.where(firm, room, np.minimum(room, -1.0))
    if (room < 0).any():
        short = (pushes - weights * np.clip(sigma, low, high))[:, None] * held.X
        excess = np.linalg.norm(np.add.reduceat(short, held.starts), axis=1)
        # Within rounding the sample's loss has no slope left, and its unit's neither.
        found[(room < 0) & (excess <= rounding())] = 0.0
    return dict(zip(held.units.tolist(), found.tolist(), strict=True))


def _dependent_room(
    pattern: Pattern, k: int, kink: Held, v: Array, p: Array, rounding: Callable[[], float]
) -> float:
    """The margin of unit `k`, held by a `kink` of dependent inputs, by what :func:`velocities` gives."""
    units = pattern.units
    low, high = sorted((float(units.low), float(units.high)))
    M = p * kink.X.T
    pushes = p * np.linalg.lstsq(M, v, rcond=DEPENDENT)[0]
    missed = np.linalg.norm(kink.normal.T @ (v - pushes @ kink.X)) > INSIDE * np.linalg.norm(v)
    with np.errstate(all="ignore"):
        sigma = np.where(pushes == 0, 0.0, pushes / p)
    room = float(np.minimum(sigma - low, high - sigma).min()) / (high - low)
    if room >= 0 and (p * (units.high - units.low) > 0).all() and not missed:
        return room
    excess = float(np.linalg.norm((pushes - p * np.clip(sigma, low, high)) @ kink.X))
    if room < 0 and not missed and excess <= rounding():
        return 0.0
    return _apart(pattern, k, kink, v, p)


def _apart(pattern: Pattern, k: int, kink: Held, v: Array, p: Array) -> float:
    """Minus the rate at which held pre-activations would part by the best slopes; else positive."""
    sigma, _ = decided(pattern.units, v, p, kink.here, pattern.positive[kink.here, k])
    rates = kink.normal.T @ (v - (p * kink.X.T) @ sigma)
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
    return Pattern(units, positive, pattern.held, pattern)


def turned(pattern: Pattern, theta: Array, touched: Mask) -> tuple[Pattern, Array]:
    """The pattern after the kinks near `theta` (P,) that are `touched` (n, m), and theta on them.

    The held ones are met as well, but those of units that are held by slopes between c- and c+ still.
    """
    units = pattern.units
    positive, held = pattern.positive.copy(), pattern.held.copy()
    meeting = touched | pattern.held
    # Nothing of other units depends on what is decided for one: outputs are continuous across kinks.
    loose = Pattern(units, positive, meeting, pattern)
    theta = loose.projected(theta)
    V, p = velocities(loose, theta)
    rounding = SURE * gradient_rounding(loose.forward(theta))
    found = rooms(loose, theta, lambda: rounding).items()
    stay = [k for k, room in found if room >= 0 and not touched[:, k].any()]
    for k in map(int, np.setdiff1d(np.flatnonzero(meeting.any(axis=0)), stay)):
        here = np.flatnonzero(meeting[:, k])
        sigma, stays = decided(units, V[k], p[here, k], here, positive[here, k])
        held[here, k] = stays
        positive[here, k] = np.abs(sigma - units.high) < np.abs(sigma - units.low)
    return Pattern(units, positive, held, loose), theta
