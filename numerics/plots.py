"""Figures of a network's curvature, each drawn into an axes of matplotlib that is given or made.

Every function takes ``ax`` and returns it, so that figures can be put side by side and changed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import twolayer as tl
from twolayer.arrays import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "cumulative",
    "per_unit",
    "slice_between",
    "spectrum",
    "unit_traces",
]

POINTS = 41


def spectrum(eigenvalues: tl.Measurement, ax: Axes | None = None, **style: Any) -> Axes:
    """Absolute eigenvalues by rank on a logarithmic axis, with their errors as bars.

    Parameters
    ----------
    eigenvalues : Measurement
        Of an array, as ``H.eigenvalues()`` gives.
    ax : matplotlib.axes.Axes, optional
        By default new.
    **style
        For ``Axes.errorbar``.

    Returns
    -------
    matplotlib.axes.Axes
        Negative eigenvalues are drawn hollow; those that may be zero are below the line of their error.
    """
    ax = _axes(ax)
    values, errors = _with_errors(eigenvalues)
    order = np.argsort(-np.abs(values), kind="stable")
    values, errors = values[order], errors[order]
    ranks = np.arange(1, len(values) + 1)
    for chosen, face, label in ((values > 0, None, "positive"), (values < 0, "none", "negative")):
        if chosen.any():
            height = np.abs(values[chosen])
            bars = np.stack([np.minimum(errors[chosen], height * (1 - 1e-9)), errors[chosen]])
            made = {"fmt": "o", "markersize": 3, "label": label, "markerfacecolor": face, **style}
            ax.errorbar(ranks[chosen], height, yerr=bars, **made)
    if errors.max(initial=0.0) > 0:
        ax.axhline(float(errors.max()), linestyle=":", color="0.5", label="largest error")
    ax.set(yscale="log", xlabel="rank by absolute value", ylabel="|eigenvalue|")
    ax.legend()
    return ax


def cumulative(eigenvalues: tl.Measurement, ax: Axes | None = None, **style: Any) -> Axes:
    """The spectral distribution function: the share of eigenvalues at most x, and its band of bounds.

    Parameters
    ----------
    eigenvalues : Measurement
        All of them, as ``H.eigenvalues()`` gives.
    ax : matplotlib.axes.Axes, optional
    **style
        For ``Axes.step``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = _axes(ax)
    values, errors = _with_errors(eigenvalues)
    share = np.arange(1, len(values) + 1) / len(values)
    ax.step(np.sort(values), share, where="post", **style)
    ax.fill_betweenx(
        share, np.sort(values - errors), np.sort(values + errors), step="pre", alpha=0.3, label="bounds"
    )
    ax.set(xlabel="x", ylabel="share of eigenvalues at most x")
    ax.set_xscale("symlog", linthresh=max(float(np.abs(values).max(initial=0.0)) * 1e-6, 1e-300))
    return ax


def slice_between(
    one: tl.TwoLayer,
    other: tl.TwoLayer,
    X: Any,
    y: Any,
    loss: str = "squared",
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """The risk on the straight line between the parameters of two networks, 0 the first and 1 the other.

    Parameters
    ----------
    one, other : TwoLayer
        Of equal shape and activation.
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, q)
    loss : str
    ax : matplotlib.axes.Axes, optional
    **style
        For ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes
        The line depends on how units are numbered: two equal functions may have a ridge between them.

    Raises
    ------
    ValueError
        If the networks differ in shape or activation.
    """
    if repr(one) != repr(other):
        raise ValueError(f"networks must be of one shape and activation; got {one} and {other}")
    ax = _axes(ax)
    places = np.linspace(-0.25, 1.25, POINTS)
    start, step = one.theta, other.theta - one.theta
    risks = [tl.risk(one.replace(start + t * step), X, y, loss).value for t in places]
    ax.plot(places, risks, **style)
    for place in (0.0, 1.0):
        ax.axvline(place, linestyle=":", color="0.5")
    ax.set(xlabel="place on the line between the networks", ylabel="risk")
    return ax


def per_unit(net: tl.TwoLayer, X: Any, y: Any, loss: str = "squared", ax: Axes | None = None) -> Axes:
    """The trace of the Hessian by hidden unit: what its input and its output weights contribute.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, q)
    loss : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = _axes(ax)
    inputs, outputs = unit_traces(net, X, y, loss)
    units = np.arange(len(inputs))
    ax.bar(units - 0.2, inputs, 0.4, label="input weights")
    ax.bar(units + 0.2, outputs, 0.4, label="output weights")
    ax.set(xlabel="hidden unit", ylabel="trace of its block of H")
    ax.legend()
    return ax


def unit_traces(net: tl.TwoLayer, X: Any, y: Any, loss: str = "squared") -> tuple[Array, Array]:
    """The traces (m,) of the blocks of the input weights and of the output weights of each unit.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> [float(each[0]) for each in unit_traces(net, [[1.0]], [2.0])]  # [[1, 2], [2, 4]]
    [4.0, 1.0]
    """
    diagonal, where = tl.Hessian(net, X, y, loss).diagonal(), net.layout
    m = net.W.shape[0]
    inputs = diagonal[where["W"]].reshape(m, -1).sum(axis=1)
    if "b" in where:
        inputs = inputs + diagonal[where["b"]]
    return inputs, diagonal[where["a"]].reshape(-1, m).sum(axis=0)


def _with_errors(eigenvalues: tl.Measurement) -> tuple[Array, Array]:
    """The eigenvalues and their errors, (k,) each."""
    if not isinstance(eigenvalues, tl.Measurement):
        kind = type(eigenvalues).__name__
        raise TypeError(f"eigenvalues must be a Measurement, as H.eigenvalues() returns it; got {kind}")
    values = np.atleast_1d(np.asarray(eigenvalues.value, dtype=float))
    return values, np.broadcast_to(np.asarray(eigenvalues.error, dtype=float), values.shape)


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots()[1]


def __dir__() -> list[str]:
    return __all__
