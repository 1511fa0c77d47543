"""Walks along the manifold of zero loss, down or up a measure of curvature; residuals stay zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

import twolayer as tl
from numerics.manifold.gradients import newton_norm_gradient, trace_gradient
from twolayer.arrays import Array
from twolayer.blas_threads import scipy_on_one_thread
from twolayer.curvature.jacobian import jacobian
from twolayer.forward.errors import forward
from twolayer.forward.scope import Scope
from twolayer.spectrum.extremes.watch import Watch

OBJECTIVES: dict[str, Callable[..., tuple[float, Array]]] = {
    "trace": trace_gradient,
    "newton norm": newton_norm_gradient,
}
CORRECTIONS = 20  # Newton steps back to the manifold
HALVINGS = 30  # of a step that leaves the manifold or goes the wrong way
GROWTH = 1.5  # of the step, when one was accepted
ROUNDING = 2.0**-46  # residuals up to this share of the targets and outputs are zero


@dataclass(frozen=True)
class Walk:
    """A path on the manifold of zero loss.

    Attributes
    ----------
    net : TwoLayer
        Where it ends.
    values : ndarray, shape (steps + 1,)
        The objective on the way, from the start.
    residuals : ndarray, shape (steps + 1,)
        Largest absolute residual on the way.
    path : ndarray, shape (steps + 1, P)
        theta on the way.
    length : float
        Sum of the Euclidean lengths of the steps.
    slope : float
        Length of the gradient along the manifold at the end, over that of the whole gradient: 0 at a point
        that is flattest, or sharpest, among its neighbours.
    stopped : str
        What broke the walk off: "interrupted", or that `max_seconds` were over; empty if nothing did.
    """

    net: tl.TwoLayer
    values: Array
    residuals: Array
    path: Array
    length: float
    slope: float
    stopped: str = ""


def walk(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    objective: str = "trace",
    *,
    uphill: bool = False,
    steps: int = 200,
    longest: float = np.inf,
    tolerance: float = 1e-6,
    progress: Callable[[float, str], None] | None = None,
    max_seconds: float | None = None,
) -> Walk:
    """Move along the solutions of f(x_i) = y_i so that tr H, or |G|_F^2, falls; or rises if `uphill`.

    Parameters
    ----------
    net : TwoLayer
        With small residuals: it is first brought onto the manifold.
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, q)
    objective : {"trace", "newton norm"}
        tr H or |G|_F^2.
    uphill : bool
    steps : int
        At most.
    longest : float
        The walk ends when it is this long. Uphill there is often no end.
    tolerance : float
        Of ``Walk.slope``.
    progress : callable, optional
        Called with the share of the steps done, and the objective in words.
    max_seconds : float, optional
        When the walk ends where it is, as it does when interrupted once it has begun.

    Returns
    -------
    Walk

    Raises
    ------
    ValueError
        If `objective` is unknown, or there is no solution near the start.

    Notes
    -----
    The gradient is projected on the kernel of the Jacobian J (n q, P); after each step Gauss-Newton, by the
    least change J^T (J J^T)^(-1) r, returns to the manifold. The squared loss is meant: there H = G.
    O((n q)^2 P) time a step.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[4.0], W=[[0.5]], activation="identity")
    >>> end = walk(net, [[1.0]], [2.0])  # a w = 2, and a^2 + w^2 is least at a = w
    >>> round(float(end.values[-1]), 6), round(float(end.net.a[0] - end.net.W[0, 0]), 4) + 0.0
    (4.0, 0.0)
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}; got {objective!r}")
    watch = Watch(progress, max_seconds)
    path = _Path(net, X, y, OBJECTIVES[objective], -1.0 if uphill else 1.0)
    try:
        for done in range(steps):
            arrived = path.slope <= tolerance or path.length >= longest or watch.over()
            if arrived or not path.step(longest - path.length):
                break
            watch.tell((done + 1) / steps, f"{objective} {path.points[-1][0]:.4g}")
    except KeyboardInterrupt:
        watch.stopped = "interrupted"
    values, residuals, thetas = (np.array(each) for each in zip(*path.points, strict=True))
    end = path.net.replace(thetas[-1])
    return Walk(end, values, residuals, thetas, path.length, path.slope, watch.stopped)


class _Path:
    """Where the walk is, and what it has seen."""

    def __init__(
        self,
        net: tl.TwoLayer,
        X: ArrayLike,
        y: ArrayLike,
        objective: Callable[..., tuple[float, Array]],
        sign: float,
    ) -> None:
        self.X, self.y, self.objective, self.sign = X, y, objective, sign
        self.length, self.size = 0.0, 0.0
        self.points: list[tuple[float, float, Array]] = []  # one entry a step, so that none is half there
        landed = self._landed(net)
        if landed is None:
            raise ValueError("net must be near a solution of zero loss; got one from which none was reached")
        self._arrive(*landed)
        self.size = 0.01 * float(np.linalg.norm(self.net.theta))

    def _arrive(self, net: tl.TwoLayer, J: Array, worst: float) -> None:
        value, gradient = self.objective(net, self.X, self.y)
        along = gradient - J.T @ _least_squares(J, J @ gradient)
        along -= J.T @ _least_squares(J, J @ along)
        whole = float(np.linalg.norm(gradient))
        slope = float(np.linalg.norm(along)) / whole if whole > 0 else 0.0
        self.net, self.gradient, self.slope = net, along, slope
        self.points.append((value, worst, net.theta))

    def step(self, room: float) -> bool:
        """Take a step that improves the objective and ends on the manifold; whether there was one."""
        direction = -self.sign * self.gradient / float(np.linalg.norm(self.gradient))
        size = min(self.size, room)
        for _ in range(HALVINGS):
            landed = self._landed(self.net.replace(self.net.theta + size * direction))
            if landed is not None:
                gained = self.sign * (self.points[-1][0] - self.objective(landed[0], self.X, self.y)[0])
                if gained > 0.1 * size * float(np.linalg.norm(self.gradient)):
                    moved = float(np.linalg.norm(landed[0].theta - self.net.theta))
                    self._arrive(*landed)
                    self.length += moved
                    self.size = GROWTH * size
                    return True
            size /= 2
        return False

    def _landed(self, net: tl.TwoLayer) -> tuple[tl.TwoLayer, Array, float] | None:
        """The solution next to a network, the Jacobian (n q, P) there and the largest residual, or None."""
        best = np.inf
        for _ in range(CORRECTIONS):
            run = forward(net, self.X, self.y)
            everything, r = slice(0, run.n), run.G.ravel()
            J = jacobian(run, Scope(tuple(net.parts)), everything, np.ones(run.G.shape))
            worst = float(np.abs(r).max())
            if worst <= ROUNDING * float(np.abs(run.y).max() + np.abs(run.F).max()):
                return net, J, worst
            if not worst < 2 * best:
                return None
            best = min(best, worst)
            net = net.replace(net.theta - J.T @ _least_squares(J, r))
        return None


def _least_squares(J: Array, right: Array) -> Array:
    """(J J^T)^(-1) times the right side (n q,)."""
    K = J @ J.T
    try:
        with scipy_on_one_thread(len(K)):
            factor = linalg.cho_factor(K, check_finite=False)
            return np.asarray(linalg.cho_solve(factor, right, check_finite=False))
    except linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(K, right)[0])
