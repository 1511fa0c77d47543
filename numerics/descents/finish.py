"""Newton's iteration to the stationary point near the end of a way down, and the least curvature there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np

from numerics.descents.output_space import Curvature, OutputSpace
from numerics.landscape.landscape import Landscape, NetworkLandscape, hessian_at
from numerics.landscape.pattern import Pattern
from twolayer.arrays import Array

NEWTON_STEPS = 30

FLAT = 1e-9
"""Curvature below this share of the largest counts as flat in the finish."""

FLATTER = 1e-13
"""The same where the gradient does not come to rest otherwise."""

NEGATIVE = 1e-9
"""Negative curvature below this share of the largest is rounding."""

REST = 1e-14
"""A gradient below this share of the largest curvature times the length is at rest."""

FINISH_REACH = 0.1
"""A finish may move by this share of the length."""

FEW = 0.5
"""A network with fewer outputs at its samples than this share of its parameters is finished by those."""

Way = Callable[[Array], tuple[Array, float]]
"""From a point (D,) to Newton's step there, (D,), and the largest curvature."""


def gradient_rounding(landscape: Landscape, theta: Array) -> float:
    """How large the rounding error of the gradient at `theta`, shape (D,), is: a landscape's own estimate.

    Without one, what moving theta by its spacing changes: the Hessian's norm times that.
    """
    own: Any = getattr(landscape, "gradient_rounding", None)
    if own is not None:
        return float(own(theta))
    return 2.0**-52 * float(np.linalg.norm(hessian_at(landscape, theta))) * float(np.linalg.norm(theta))


def few_outputs(landscape: Landscape) -> bool:
    """Whether a network, possibly inside a pattern, has far fewer outputs at its samples than parameters.

    `landscape` may be any.
    """
    whole = landscape.units.landscape if isinstance(landscape, Pattern) else landscape
    if not isinstance(whole, NetworkLandscape):
        return False
    return len(whole.X) * whole.net.n_outputs < FEW * whole.dimension


def by_outputs(landscape: Landscape, theta: Array) -> Curvature | None:
    """The Hessian at `theta` (D,) in the space of outputs, where `landscape` has few; else None."""
    if not few_outputs(landscape):
        return None
    if isinstance(landscape, Pattern):
        return OutputSpace(landscape.units.landscape).at(landscape.forward(theta), landscape.normals)
    assert isinstance(landscape, NetworkLandscape)  # no other has few outputs
    return OutputSpace(landscape).at(landscape.risk.forward(theta), {})


def newton_contracts(landscape: Landscape, theta: Array, size: float) -> bool:
    """Whether two Newton steps from `theta` contract by 20 each and the least eigenvalue changes by a third.

    `theta` has shape (D,); `size` is the length of the problem, of which the first step is a tenth at most.

    Then the flow cannot leave: where the steps lead, the `landscape` has positive, nearly constant curvature.
    """
    if few_outputs(landscape):  # only the residual part could curve most directions: the flow goes on
        return False
    lowest, previous = np.nan, FINISH_REACH * size / 0.05
    for _ in range(3):
        H = hessian_at(landscape, theta)
        try:
            np.linalg.cholesky(H)  # far cheaper than eigenvalues, and few places have a factor
        except np.linalg.LinAlgError:
            return False
        values, Q = np.linalg.eigh(H)
        if values[0] <= FLAT * values[-1] or (lowest == lowest and not 2 / 3 < values[0] / lowest < 3 / 2):
            return False
        step = Q @ ((Q.T @ landscape.gradient(theta)) / values)
        length = float(np.linalg.norm(step))
        if length > 0.05 * previous + 1e-12 * size:
            return False
        lowest, previous, theta = float(values[0]), length, theta - step
    return True


def lowest_curvature(landscape: Landscape, theta: Array) -> tuple[int, float]:
    """The sign, 0 within rounding, of the least Hessian eigenvalue at `theta` (D,), and the eigenvalue.

    With fewer outputs than parameters J^T Lam J / n is singular, and the least eigenvalue is no larger than
    the norm of the residual part: where that is rounding, no eigenvalues are needed.
    """
    small = by_outputs(landscape, theta)
    if small is not None:
        residual = small.residual_norm
        if residual <= NEGATIVE * (small.trace / len(small.flat) - residual):
            return 0, 0.0
    values = np.linalg.eigvalsh(hessian_at(landscape, theta))
    rounding = NEGATIVE * float(np.abs(values).max())
    return int(values[0] > rounding) - int(values[0] < -rounding), float(values[0])


def finish(landscape: Landscape, theta: Array, size: float = 0.0) -> tuple[Array, bool]:
    """Newton's iteration along curved directions until the gradient stops falling.

    Parameters
    ----------
    landscape : Landscape
        Where Newton's iteration fails and the landscape has ``gauss_newton(theta)``, a positive
        semi-definite (D, D) part of its Hessian, that is used: at interpolation it is the whole.
    theta : ndarray, shape (D,)
    size : float
        The length of the problem, if it is larger than that of `theta`.

    Returns
    -------
    (ndarray, bool)
        The end, and whether its gradient is at rest: below its rounding error, or `REST` times the curvature
        and the length.
    """
    whole: Callable[[Array], Array] = partial(hessian_at, landscape)
    ways: list[Way] = [partial(_step, landscape, whole, FLAT)]
    if few_outputs(landscape):
        ways.insert(0, partial(_step_by_outputs, landscape))
    if hasattr(landscape, "gauss_newton"):
        ways.append(partial(_step, landscape, landscape.gauss_newton, FLAT))
    ways.append(partial(_step, landscape, whole, FLATTER))
    for way in ways:
        end, largest = _newton(landscape, way, theta)
        scale = largest * max(size, float(np.linalg.norm(theta)), float(np.linalg.norm(end)))
        left = float(np.linalg.norm(landscape.gradient(end)))
        if left <= REST * scale or left <= gradient_rounding(landscape, end):
            return end, True
    return theta, False


class Finished:
    """What :func:`finish` says of a place, and the curvature where it leads, which is asked once.

    Parameters
    ----------
    landscape : Landscape
    theta : ndarray, shape (D,)
    size : float
        As for :func:`finish`.

    Attributes
    ----------
    theta : ndarray, shape (D,)
        The end.
    settled : bool
        Whether its gradient is at rest.
    moved : float
        The distance between the two.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> end = Finished(ellipsoid([1.0, 2.0]), np.array([0.1, 0.1]))
    >>> end.settled, end.lowest
    (True, (1, 1.0))
    """

    def __init__(self, landscape: Landscape, theta: Array, size: float = 0.0) -> None:
        self.landscape = landscape
        self.theta, self.settled = finish(landscape, theta, size)
        self.moved = float(np.linalg.norm(self.theta - theta))

    @cached_property
    def lowest(self) -> tuple[int, float]:
        """The sign, 0 within rounding, of the least eigenvalue of the Hessian, and the eigenvalue."""
        return lowest_curvature(self.landscape, self.theta)


def _newton(landscape: Landscape, way: Way, theta: Array) -> tuple[Array, float]:
    """Iterate while each step is at most half the one before; rounding ends it. The end, and |curvature|."""
    previous = np.inf
    for _ in range(NEWTON_STEPS):
        step, largest = way(theta)
        length = float(np.linalg.norm(step))
        if not length <= 0.5 * previous or not np.isfinite(landscape.value(theta - step)):
            break
        theta, previous = theta - step, length
        if length == 0:
            break
    return theta, largest


def _step(
    landscape: Landscape, curvature: Callable[[Array], Array], flat: float, theta: Array
) -> tuple[Array, float]:
    """Newton's step by the eigenvalues of a `curvature`; what has none, as a dead unit, does not move."""
    H = curvature(theta)
    values, Q = np.linalg.eigh(H)
    largest = float(np.abs(values).max())
    curved = np.abs(values) > flat * largest
    step = Q[:, curved] @ ((Q.T @ landscape.gradient(theta))[curved] / values[curved])
    return np.where(H.any(axis=0), step, 0.0), largest


def _step_by_outputs(landscape: Landscape, theta: Array) -> tuple[Array, float]:
    """The step that :func:`_step` gives with the Gauss-Newton part, by its root with n q rows."""
    small = by_outputs(landscape, theta)
    if small is None:
        return np.full(len(theta), np.inf), np.inf
    rows = small.rows(len(theta))
    _, sizes, V = np.linalg.svd(rows, full_matrices=False)
    values = sizes**2
    curved = values > FLAT * values[0]
    step = (V @ landscape.gradient(theta))[curved] / values[curved] @ V[curved]
    return np.where(rows.any(axis=0), step, 0.0), float(values[0])
