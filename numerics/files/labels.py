"""Labels of any kind as the losses want them, with a sentence on what became what."""

from __future__ import annotations

import numpy as np

SHOWN = 12


def as_targets(y: np.ndarray, loss: str) -> tuple[np.ndarray, str]:
    """Return targets for a loss, (n,) or (n, q), and what was mapped to what ("" if nothing was).

    Parameters
    ----------
    y : ndarray, shape (n,) or (n, q)
        Text, booleans, -1 and +1, any two numbers ("logistic"), classes of any kind or one-hot rows
        ("softmax"); real numbers for other losses.
    loss : str

    Raises
    ------
    ValueError
        If the labels do not suit the loss.

    Examples
    --------
    >>> as_targets(np.array(["yes", "no", "yes"]), "logistic")
    (array([1., 0., 1.]), "labels: 'no' is 0, 'yes' is 1")
    >>> as_targets(np.array([[0, 1], [1, 0]]), "softmax")
    (array([1, 0]), 'labels: one-hot rows, the place of the 1 is the class')
    """
    if loss == "softmax":
        return _classes(y)
    if loss == "logistic" and y.ndim == 1:
        return _two(y)
    if y.dtype.kind == "U":
        raise ValueError(
            f"y must be numbers for the loss {loss!r}; got text such as {str(y.ravel()[0])[:40]!r}: choose "
            "--loss logistic (two classes) or softmax"
        )
    return y, ""


def _two(y: np.ndarray) -> tuple[np.ndarray, str]:
    values = np.unique(y)
    if set(values.tolist()) <= {0, 1} and y.dtype.kind != "b":
        return y, ""
    if len(values) != 2:
        raise ValueError(f"y must be labels 0 or 1, or two of any kind, for 'logistic'; got {len(values)}")
    return np.where(y == values[1], 1.0, 0.0), f"labels: {_listed(values)}"


def _classes(y: np.ndarray) -> tuple[np.ndarray, str]:
    if y.ndim == 2 and y.dtype.kind != "U":
        if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
            raise ValueError("y must be classes (n,), or one-hot rows (n, q), for the loss 'softmax'")
        return y.argmax(axis=1), "labels: one-hot rows, the place of the 1 is the class"
    values, places = np.unique(y, return_inverse=True)
    if y.dtype.kind in "iuf" and (values >= 0).all() and (values == np.round(values)).all():
        return y, ""  # they are places already, some of which may be without samples
    return places.reshape(y.shape), f"labels: {_listed(values)}"


def _listed(values: np.ndarray) -> str:
    shown = ", ".join(f"{value!r} is {place}" for place, value in enumerate(values.tolist()[:SHOWN]))
    return shown + (", ..." if len(values) > SHOWN else "")
