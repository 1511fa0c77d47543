"""What training returns: the network and how far it is from a minimum."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from twolayer.curvature.gradient import from_forward
from twolayer.forward.bounds import bounds
from twolayer.forward.errors import Forward, forward
from twolayer.forward.scope import Scope

INTERPOLATES = "every residual is zero within rounding"
STATIONARY = "the gradient is zero within rounding"
REACHED = "the risk fell to the target"
STEPS = "the step limit was reached"
STUCK = "no step lowers the risk any more"


@dataclass(frozen=True)
class Trained:
    """A network after training, never silently unconverged.

    Parameters
    ----------
    net : TwoLayer
    risk : float
        Mean loss.
    gradient_norm, gradient_error : float
        Euclidean norm of the risk's gradient, and the bound of its rounding error.
    steps : int
        Accepted steps.
    converged : bool
        Whether `net` is a stationary point, or interpolates, within rounding; or reached the target
        risk that was asked for.
    why : str
        Why training ended, in words.
    """

    net: tl.TwoLayer = field(repr=False)
    risk: float
    gradient_norm: float
    gradient_error: float
    steps: int
    converged: bool
    why: str


@dataclass(frozen=True)
class Point:
    """A network with its forward pass, risk and gradient."""

    run: Forward = field(repr=False)
    risk: float
    gradient: np.ndarray = field(repr=False)

    @property
    def net(self) -> tl.TwoLayer:
        """The network."""
        return self.run.net

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient."""
        return float(np.linalg.norm(self.gradient))

    @property
    def gradient_error(self) -> float:
        """Bound of the rounding error of the gradient's norm."""
        everything = Scope(tuple(self.net.parts))
        return bounds(self.run, everything).gradient_propagated + 2.0**-50 * self.gradient_norm

    @property
    def interpolates(self) -> bool:
        """Whether the loss's derivative is zero within rounding at every sample."""
        return bool(np.all(np.sqrt((self.run.G**2).sum(axis=1)) <= self.run.G_error))

    @property
    def stationary(self) -> bool:
        """Whether the gradient is zero within rounding."""
        return self.gradient_norm <= self.gradient_error

    def moved(self, step: np.ndarray) -> Point | None:
        """The point at theta + step, or None where a value overflows. `step` has shape (P,)."""
        theta = self.net.theta + step
        if not np.isfinite(theta).all():
            return None
        try:
            return _point(forward(self.net.replace(theta), self.run.X, labels(self.run), self.run.loss))
        except ValueError:  # the trial step was so long that the network overflows
            return None

    def result(self, steps: int, why: str) -> Trained:
        """End training here; `why` is replaced by the reason to be content, if there is one."""
        content = INTERPOLATES if self.interpolates else STATIONARY if self.stationary else ""
        reason, good = content or why, bool(content) or why == REACHED
        return Trained(self.net, self.risk, self.gradient_norm, self.gradient_error, steps, good, reason)


def start(net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss) -> Point:
    """Return the point that training starts from. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.
    """
    return _point(forward(net, X, y, loss))


def labels(run: Forward) -> np.ndarray:
    """Return the targets in the shape in which a user gives them."""
    return run.y[:, 0] if run.net.scalar and run.y.ndim == 2 else run.y


def _point(run: Forward) -> Point:
    return Point(run, float(run.L.mean()), from_forward(run))
