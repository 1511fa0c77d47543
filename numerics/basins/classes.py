"""Classes of minima, for shares of starts by class: good or bad, interpolating or not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.minima import Minimum, probe_set
from twolayer import arrays
from twolayer.arrays import Array

GOOD, BAD = "good", "bad"
INTERPOLATES, DOES_NOT = "interpolates", "does not interpolate"


def by_accuracy(
    landscape: NetworkLandscape, X: ArrayLike, y: ArrayLike, threshold: float
) -> Callable[[Minimum], str]:
    """Class minima as "good" or "bad" by their test accuracy.

    Parameters
    ----------
    landscape : NetworkLandscape
        Whose minima they are.
    X : array_like, shape (k, d)
        Test inputs.
    y : array_like, shape (k,)
        Test labels: -1 and +1, or 0 and 1, for one output, whose sign is the answer; classes 0 ... q - 1 for
        q outputs, of which the largest is the answer.
    threshold : float
        Minima of at least this accuracy are good.

    Returns
    -------
    callable
        For ``BasinSample.fractions(classify=...)``.

    Raises
    ------
    ValueError
        If the test data does not fit.

    Examples
    --------
    >>> import twolayer as tl
    >>> from numerics.landscape.minima import described
    >>> net = tl.TwoLayer([1.0], [[1.0]])
    >>> place = NetworkLandscape(net, [[1.0], [2.0]], net([[1.0], [2.0]]))
    >>> by_accuracy(place, [[3.0], [-3.0]], [1, 1], 0.75)(described(place, net.theta))
    'bad'
    """
    inputs = arrays.inputs(X, landscape.net.W.shape[1])
    labels = arrays.real_array("y", y)
    arrays.require_shape("y", labels, (len(inputs),), " to match X")
    wanted = labels > 0 if landscape.net.n_outputs == 1 else labels

    def classify(minimum: Minimum) -> str:
        right = answers(landscape.outputs(minimum.theta, inputs)) == wanted
        return GOOD if float(right.mean()) >= threshold else BAD

    return classify


def answers(outputs: Array) -> Array:
    """The class that `outputs` (k,) or (k, q) name: whether one output is positive, or which is the largest.

    Examples
    --------
    >>> answers(np.array([-1.0, 2.0])), answers(np.array([[0.0, 3.0, 1.0]]))
    (array([False,  True]), array([1]))
    """
    columns = outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs
    return np.asarray(columns > 0 if columns.ndim == 1 else columns.argmax(axis=1))


def by_interpolation(landscape: NetworkLandscape, tolerance: float = 1e-10) -> Callable[[Minimum], str]:
    """Class minima as "interpolates" or "does not interpolate".

    Parameters
    ----------
    landscape : NetworkLandscape
        Whose minima they are.
    tolerance : float
        A minimum interpolates if the loss's derivative is at most this at every sample, relative to 1 plus
        the largest output.

    Returns
    -------
    callable
        For ``BasinSample.fractions(classify=...)``.

    Examples
    --------
    >>> import twolayer as tl
    >>> from numerics.landscape.minima import described
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> place = NetworkLandscape(net, [[1.0], [1.0]], [1.0, 3.0])
    >>> by_interpolation(place)(described(place, net.replace([2.0, 1.0]).theta))
    'does not interpolate'
    """

    def classify(minimum: Minimum) -> str:
        run = landscape.risk.forward(minimum.theta)
        small = np.abs(run.G).max() <= tolerance * (1 + np.abs(run.F).max())
        return INTERPOLATES if small else DOES_NOT

    return classify


def by_outputs(
    landscape: NetworkLandscape, probe: ArrayLike | None = None, tolerance: float = 1e-2
) -> Callable[[Minimum], int]:
    """Class minima by the function they are: one class for all whose outputs agree on a probe set.

    Parameters
    ----------
    landscape : NetworkLandscape
        Whose minima they are.
    probe : array_like, shape (k, d), optional
        Inputs; by default the samples and 64 points about them, twice as wide.
    tolerance : float
        Outputs of one class differ by at most this from those of its first minimum, relative to the largest
        of both plus the size of the targets (1 for labels, and for targets of zeros).

    Returns
    -------
    callable
        For ``BasinSample.fractions(classify=...)``; classes are 0, 1, ... in the order of discovery. It
        remembers them, so that samples of one landscape have the same classes.

    Raises
    ------
    ValueError
        If inputs do not fit.

    Notes
    -----
    Where the minima that interpolate form manifolds, almost every start has a minimum of its own; the
    functions may still be few.

    Examples
    --------
    >>> import twolayer as tl
    >>> from numerics.landscape.minima import described
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> place = NetworkLandscape(net, [[1.0]], [2.0])
    >>> function = by_outputs(place)
    >>> [function(described(place, np.array(theta))) for theta in ([1.0, 2.0], [4.0, 0.5], [1.0, 3.0])]
    [0, 0, 1]
    """
    inputs = probe_set(landscape, probe)
    assert inputs is not None  # a network's landscape has a probe set
    unit = landscape.reach() or 1.0
    known: list[Array] = []

    def classify(minimum: Minimum) -> int:
        outputs = landscape.outputs(minimum.theta, inputs)
        for index, first in enumerate(known):
            size = unit + max(float(np.abs(first).max()), float(np.abs(outputs).max()))
            if np.abs(outputs - first).max() <= tolerance * size:
                return index
        known.append(outputs)
        return len(known) - 1

    return classify
