"""Classes that a network separates: the risk then has no minimum at a finite distance."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from numerics.landscape.rounding import SAFETY, output_variances
from twolayer.arrays import Array
from twolayer.forward.values import Values

MARGIN = 1e-9


def margins(passed: Values) -> Array:
    """By how much each sample's label is ahead of every other, less rounding errors, shape (n,).

    `passed` is a forward pass under a loss of labels.
    """
    errors = SAFETY * np.sqrt(output_variances(passed)[2].max(axis=1))
    F, y = passed.F, np.asarray(passed.y)
    if passed.loss.labels == "binary":
        return np.asarray(((2 * y.reshape(F.shape) - 1) * F).min(axis=1) - errors)
    rows = np.arange(len(F))
    own = F[rows, y]
    others = F.copy()
    others[rows, y] = -np.inf
    return np.asarray(own - others.max(axis=1) - 2 * errors)


def separated(passed: Values) -> bool:
    """Whether every sample of a forward pass has its label ahead.

    Multiplying output weights and biases by t > 1 then lowers the risk, to 0 as t grows: there is no minimum
    on this ray, and the point is none. False for losses of real targets.
    """
    if passed.loss.labels == "real" or (passed.F.shape[1] == 1 and passed.loss.labels == "classes"):
        return False
    with np.errstate(all="ignore"):
        return bool((margins(passed) > 0).all())


def separates(landscape: object, theta: Array) -> bool:
    """Whether the network of a `landscape` separates its classes at `theta` (P,); False without classes."""
    risk = getattr(landscape, "risk", None)
    if risk is None or risk.loss.labels == "real":
        return False
    return separated(risk.forward(theta))


def separable_features(passed: Values) -> bool:
    """Whether some output weights separate the classes, or all but samples that stay where they are.

    Parameters
    ----------
    passed : Values
        A forward pass; hidden layer and labels are taken from it. Its own output weights do not matter.

    Notes
    -----
    A linear programme per output (one in all for classes). Where it is True the risk falls for ever along
    that direction of the output weights: no point above this hidden layer is a minimum.
    """
    if passed.loss.labels == "real" or (passed.F.shape[1] == 1 and passed.loss.labels == "classes"):
        return False
    S = passed.S if passed.net.c is None else np.column_stack([passed.S, np.ones(len(passed.S))])
    y = np.asarray(passed.y)
    if passed.loss.labels == "binary":
        return any(separating(S, column) is not None for column in y.reshape(passed.F.shape).T)
    rows, q = np.arange(len(S)), passed.F.shape[1]
    signed = []
    for k in range(q):
        block = np.zeros((len(S), q, S.shape[1]))
        block[rows, y], block[rows, k] = S, block[rows, k] - S
        block[y == k] = 0.0
        signed.append(block[y != k].reshape(-1, q * S.shape[1]))
    return _direction(np.concatenate(signed)) is not None


def separating(S: Array, y: Array) -> Array | None:
    """Output weights that put no sample on the wrong side and some on the right one, or None.

    Parameters
    ----------
    S : ndarray, shape (n, p)
        Features: what the hidden layer makes of the samples, and a column of ones for an output bias.
    y : ndarray, shape (n,)
        Labels 0 and 1.

    Returns
    -------
    ndarray, shape (p,), or None
        A direction v with (2 y_i - 1) S_i . v >= 0 for all samples, and > 0 for some; the logistic risk falls
        along it for ever, from anywhere. None where there is none: the risk of the output weights
        then has a minimum (Albert and Anderson 1984).

    Examples
    --------
    >>> separating(np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([0, 1])) is not None
    True
    >>> separating(np.array([[1.0], [1.0]]), np.array([0, 1])) is None
    True
    """
    return _direction((2 * np.asarray(y, dtype=float).ravel() - 1)[:, None] * S)


def _direction(signed: Array) -> Array | None:
    """A v with signed v >= 0 everywhere and > 0 somewhere, or None."""
    scale = np.abs(signed).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    signed = signed / scale
    solved = linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs"
    )
    if solved.x is None:
        return None
    v = np.asarray(solved.x)
    sides = signed @ v
    if sides.max() <= MARGIN or sides.min() < -MARGIN * sides.max():
        return None
    return np.asarray(v / scale)
