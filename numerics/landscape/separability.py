"""Classes that a network separates: the risk then has no minimum at a finite distance."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from numerics.landscape.rounding import SAFETY, output_errors
from twolayer.arrays import Array
from twolayer.forward.values import Values

MARGIN = 1e-9


def margins(passed: Values) -> Array:
    """By how much each sample's label is ahead of every other, less rounding errors, shape (n,).

    `passed` is a forward pass under a loss of labels.
    """
    errors = SAFETY * output_errors(passed)[2].max(axis=1)
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
    scale = np.abs(S).max(axis=0)
    signed = (2 * np.asarray(y, dtype=float).ravel() - 1)[:, None] * S / np.where(scale > 0, scale, 1.0)
    solved = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(S)), bounds=(-1, 1), method="highs")
    if solved.x is None:
        return None
    v = np.asarray(solved.x)
    sides = signed @ v
    if sides.max() <= MARGIN or sides.min() < -MARGIN * sides.max():
        return None
    return np.asarray(v / np.where(scale > 0, scale, 1.0))
