"""A risk in which samples count differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, SUBNORMAL, UNIT
from .errors import Errors, Forward


def weighted(passed: Forward, weights: ArrayLike | None) -> Forward:
    r"""The forward pass of the risk :math:`\frac1n \sum_i w_i\, l(f(x_i), y_i)`.

    Loss, gradient and curvature by the outputs are multiplied by the weight of their sample, and so are the
    bounds of their errors, to which one rounding is added. Everything that follows is linear in them.

    Parameters
    ----------
    passed : Forward
        Of n samples.
    weights : array_like, shape (n,), optional
        Not negative, and not all zero; without them `passed` is returned.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, all are zero, or the shape does not fit.
    """
    if weights is None:
        return passed
    w = arrays.real_array("weights", weights)
    arrays.require_shape("weights", w, (passed.n,), " to match X")
    if (w < 0).any() or not w.any():
        raise ValueError(f"weights must be at least 0, and not all 0; got {w.min():g} to {w.max():g}")
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        L, G, Lam = w * passed.L, w[:, None] * passed.G, w[:, None, None] * passed.Lam
        for name, values in (("loss derivatives", G), ("loss curvatures", Lam)):
            require_representable(f"weighted {name}", values)
    loss = replace(passed.loss, convention=_said(passed.loss.convention, w))
    return replace(passed, loss=loss, L=L, G=G, Lam=Lam, known=Unweighted(passed, w))


@dataclass(frozen=True)
class Unweighted:
    """What the errors of a weighted pass are found from: the pass without the weights (n,)."""

    passed: Forward
    weights: Array

    @property
    def lengths(self) -> Array:
        """Bounds of the inputs' norms, (n,)."""
        return self.passed.lengths

    def errors(self, passed: Forward) -> Errors:
        """Those of the weighted pass."""
        known, w, q = self.passed.errors, self.weights, passed.net.n_outputs
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return replace(
                known,
                L_error=_error(w, known.L_error, passed.L, 1),
                G_error=_error(w, known.G_error, passed.G, q),
                Lam_error=_error(w, known.Lam_error, passed.Lam, q * q),
            )


def class_weights(y: ArrayLike, each: str | Mapping[Any, float] = "balanced") -> Array:
    """Weights of samples by their class, shape (n,).

    Parameters
    ----------
    y : array_like, shape (n,)
        Labels of any kind.
    each : "balanced" or dict
        The weight of every class, or n / (number of classes x samples of the class), as scikit-learn has it;
        these sum to n up to rounding.

    Raises
    ------
    ValueError
        If `y` is not (n,), a label is missing, masked or NaN, or a class has no weight.

    Examples
    --------
    >>> class_weights(["cat", "cat", "cat", "dog"]).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    >>> class_weights([0, 1, 1], {0: 5.0, 1: 1.0}).tolist()
    [5.0, 1.0, 1.0]
    """
    labels = arrays.labels("y", y)
    arrays.require_shape("y", labels, ("n",))
    try:
        classes, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    except TypeError:
        raise ValueError("y must be labels of one kind, that can be ordered; got several, or none") from None
    if isinstance(each, str):
        if each != "balanced":
            raise ValueError(f"each must be 'balanced' or a weight for every class; got {each!r}")
        return np.asarray((len(labels) / (len(classes) * counts))[places])
    missing = [name for name in classes.tolist() if name not in each]
    if missing:
        raise ValueError(f"each must have a weight for every class; got none for {missing[0]!r}")
    return np.asarray([arrays.real_number("a class's weight", each[name]) for name in classes.tolist()])[
        places
    ]


def _error(w: Array, error: Array, product: Array, entries: int) -> Array:
    """Bounds (n,) of the Euclidean norm of the error of a product with the weights."""
    size = np.abs(product).reshape(len(w), -1).sum(axis=1)
    lost = np.where(w > 0, entries * SUBNORMAL, 0.0)
    return np.asarray(SLACK * (w * error + UNIT * size) + lost)


def _said(convention: str, w: Array) -> str:
    total: Any = float(w.sum())
    return f"{convention}, times weights w_i in the mean, (1/n) sum_i w_i l_i, with sum_i w_i = {total:.6g}"
