"""What training returns: the network and how far it is from a minimum."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from numerics.landscape import rounding, rungs
from numerics.landscape.channels import channels_said
from numerics.landscape.clarke import ON, kinks_that_hold
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.separability import separable_features, separated
from twolayer.arrays import require_representable
from twolayer.curvature.gradient import from_forward
from twolayer.forward.errors import Forward, forward
from twolayer.many.plain_risk import PlainRisk

INTERPOLATES = "every residual is zero within rounding"
STATIONARY = "the gradient is zero within rounding"
HELD = "stationary in Clarke's sense, at {}: zero lies in the hull of the gradients of the pieces that meet"
REACHED = "the risk fell to the target"
STEPS = "the step limit was reached"
STUCK = "no step lowers the risk any more"
SEPARATED = "the classes are separated: the risk falls to 0 only at infinity"
SEPARABLE = "output weights that separate the classes lower the risk for ever: it has no minimum here"

CONTENT = (rungs.INTERPOLATES, rungs.MINIMUM, rungs.STATIONARY)

LARGEST_PROGRAMME = 200_000
"""Entries of linear programmes up to which ends that are not stationary are asked for separation."""

GROWN = 100.0
"""Where parameters are so many times their first length, what stopped may have no end."""

LARGEST_PROOF = 1000
"""Parameters up to which the eigenvalues of the Hessian are asked whether an end is a minimum."""


@dataclass(frozen=True)
class Trained:
    """A network after training, never silently unconverged.

    Parameters
    ----------
    net : TwoLayer
    risk : float
        Mean loss.
    gradient_norm, gradient_error : float
        Euclidean norm of the risk's gradient, and how large its rounding error is: an estimate near the
        truth (:func:`numerics.landscape.rounding.gradient_rounding`), no bound. On kinks the gradient is that
        of one of the pieces that meet.
    steps : int
        Accepted steps.
    converged : bool
        Whether `net` is a stationary point, or interpolates, within rounding; or reached the target
        risk that was asked for. Never where classes are separated, and the target was not reached.
    why : str
        Why training ended, in words.
    rung : {"interpolates", "minimum", "stationary", "no minimum", "stopped"}
        What is known of the end: every residual is zero within rounding; stationary and, by a Hessian that
        is positive beyond rounding, a minimum (looked at up to P = 1000); stationary alone, which on kinks
        is in Clarke's sense (:func:`numerics.landscape.clarke.kinks_that_hold`); no minimum,
        because output weights separate the classes; none of these.
    """

    net: tl.TwoLayer = field(repr=False)
    risk: float
    gradient_norm: float
    gradient_error: float
    steps: int
    converged: bool
    why: str
    rung: str = rungs.STOPPED


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
        """How large the rounding error of the gradient is: an estimate near the truth."""
        return rounding.gradient_rounding(self.run)

    @cached_property
    def risk_error(self) -> float:
        """How large the rounding error of the risk is: an estimate near the truth."""
        return rounding.risk_rounding(self.run)

    @property
    def interpolates(self) -> bool:
        """Whether the loss's derivative is zero within rounding at every sample; never for labels."""
        return rounding.interpolates(self.run)

    @property
    def separated(self) -> bool:
        """Whether every sample of a loss of labels has its label ahead: there is no minimum on this ray."""
        return separated(self.run)

    @property
    def stationary(self) -> bool:
        """Whether the gradient is zero within rounding, and the classes are not separated."""
        return not self.separated and self.gradient_norm <= self.gradient_error

    def moved(self, step: np.ndarray) -> Point | None:
        """The point at theta + step, or None where a value overflows. `step` has shape (P,)."""
        theta = self.net.theta + step
        if not np.isfinite(theta).all():
            return None
        try:
            return _point(forward(self.net.replace(theta), self.run.X, labels(self.run), self.run.loss))
        except ValueError:  # the trial step was so long that the network overflows
            return None

    def result(self, steps: int, why: str, begun: tl.TwoLayer | None = None) -> Trained:
        """End training here; `why` is replaced by what is known of the end, if that says more.

        Flat channels from where it has `begun` are said where it stopped.
        """
        rung, known = self._known()
        if begun is not None and rung in (rungs.STOPPED, rungs.STATIONARY):
            said = way_said(begun, self.net, self.run)
            why, known = why + said, known + said if known else ""
        if rung == rungs.STOPPED:
            why += kinks_said(self.run)
        good = rung in CONTENT or why == REACHED
        reason = why if why == REACHED and rung not in CONTENT else known or why
        return Trained(
            self.net, self.risk, self.gradient_norm, self.gradient_error, steps, good, reason, rung
        )

    @property
    def _programmes(self) -> int:
        """Entries of the linear programmes that ask whether features separate the classes."""
        (n, q), m = self.run.F.shape, len(self.net.W)
        return int(n * m * (q if self.run.loss.labels == "binary" else q**3))

    def _known(self) -> tuple[str, str]:
        """The rung of this point, and its reason in words."""
        if self.interpolates:
            return rungs.INTERPOLATES, INTERPOLATES
        if self.separated:
            return rungs.NO_MINIMUM, SEPARATED
        if (self.stationary or self._programmes <= LARGEST_PROGRAMME) and separable_features(self.run):
            return rungs.NO_MINIMUM, SEPARABLE
        place = NetworkLandscape(self.net, self.run.X, labels(self.run), self.run.loss)
        if not self.stationary:
            held = kinks_that_hold(place, self.net.theta)
            return (rungs.STATIONARY, HELD.format(_kinks(held))) if held else (rungs.STOPPED, "")
        small = self.net.n_parameters <= LARGEST_PROOF
        proved = small and rungs.proved_minimum(place, self.net.theta)
        return rungs.MINIMUM if proved else rungs.STATIONARY, STATIONARY


def start(net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss) -> Point:
    """Return the point that training starts from. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.
    """
    return _point(forward(net, X, y, loss))


def way_said(begun: tl.TwoLayer, end: tl.TwoLayer, run: Forward) -> str:
    """What is said of the way from a network to the `end` of training on the data of `run`; "" if nothing.

    Flat channels, or else parameters that have grown a hundredfold.
    """
    place = NetworkLandscape(end, run.X, labels(run), run.loss)
    said = channels_said(place, begun.theta, end.theta)
    grown = float(np.linalg.norm(end.theta)) / (float(np.linalg.norm(begun.theta)) or np.inf)
    if said or grown < GROWN:
        return said
    return f"; |theta| is {grown:.2g} times its first: there may be no minimum at a finite distance"


def kinks_said(run: Forward) -> str:
    """What is said of a forward pass whose pre-activations are on kinks; "" if none is.

    Steps by a Hessian end there, whether at a minimum or not: the flow slides along kinks.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0, -1.0]], activation="relu")
    >>> kinks_said(forward(net, [[1.0, 1.0]], [0.0], "squared"))
    '; at 1 kink, along which the gradient flow may go on'
    """
    net, X = run.net, run.X
    Z, squares, lengths = X @ net.W.T, (net.W**2).sum(axis=1), (X**2).sum(axis=1)
    if net.b is not None:
        Z, squares, lengths = Z + net.b, squares + net.b**2, lengths + 1.0
    on = 0
    for place, jump, _ in net.activation.kinks:
        scales = np.sqrt(np.multiply.outer(lengths, squares)) + abs(place)
        on += int(((np.abs(Z - place) <= ON * scales) & (scales > 0)).sum()) if jump else 0
    return f"; at {_kinks(on)}, along which the gradient flow may go on" if on else ""


def _kinks(count: int) -> str:
    return f"{count} kink{'s' if count > 1 else ''}"


def labels(run: Forward | PlainRisk) -> np.ndarray:
    """Return the targets in the shape in which a user gives them."""
    return run.y[:, 0] if run.net.scalar and run.y.ndim == 2 else run.y


def _point(run: Forward) -> Point:
    require_representable("losses", run.L)
    return Point(run, float(run.L.mean()), from_forward(run))
