"""The gradient flow of networks of piecewise linear units: smooth pieces, joined where kinks are met."""

from __future__ import annotations

import numpy as np

from numerics.descents.pattern import Mask, Pattern, Units
from numerics.descents.rosenbrock import Tangent
from numerics.descents.sliding import margin, turned
from numerics.landscape.landscape import NetworkLandscape
from twolayer.arrays import Array

ON = 1e-12
"""A pre-activation below this share of |x~_i| |w~_k| is on its kink."""

SEARCH = 60
"""Most steps tried to find where a kink is met."""

PILED = 200
"""Kinks met in a row without time going on, beyond which the flow is stuck."""

STOPPED, PILE = "the step became shorter than the spacing between numbers", "kinks pile up in no time"


class PiecewiseSteps:
    """The Rosenbrock method inside a pattern of activations, and the patterns one after the other.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`numerics.descents.pattern.has_kinks`.
    theta, horizon, rtol, atol
        As for :class:`numerics.descents.solvers.ScipySteps`, as are the attributes.
    reach : float
        The first step tried moves by so much.

    Attributes
    ----------
    local : Pattern
        The risk in the present pattern: smooth, and the landscape's own here.
    events : int
        Kinks crossed, joined or left.

    Notes
    -----
    A step that would take a pre-activation across its kink, or a slope that holds one beyond c- and c+, is
    shortened to end there, by a bracketing secant iteration on steps of the method itself. Two crossings of
    one
    kink within a step are not seen. After each step every unit is rescaled, which leaves the function as it
    is, so that |w_k|^2 + b_k^2 - |a_k|^2 is what it was at the start to rounding.
    """

    first_look = 20

    def __init__(
        self,
        landscape: NetworkLandscape,
        theta: Array,
        horizon: float,
        rtol: float,
        atol: float,
        reach: float,
    ) -> None:
        self.units, self.theta, self.time, self.ended = Units(landscape), theta.copy(), 0.0, False
        self.horizon, self.rtol, self.atol, self.events, self.piled = horizon, rtol, atol, 0, 0
        self.constants = landscape.conserved(theta)
        Z = self.units.preactivations(theta)
        on = self._on(theta, Z)
        self.local = Pattern(self.units, Z > 0, np.zeros(Z.shape, dtype=bool))
        if on.any():
            self._meet(on)
        self.gradient = self.local.gradient(self.theta)
        self.speed = float(np.linalg.norm(self.gradient))
        self.h = reach / self.speed if self.speed > 0 else 1.0

    def _on(self, theta: Array, Z: Array) -> Mask:
        small = np.abs(Z) <= ON * self.units.scales(theta)
        return np.asarray(small & (self.units.norms > 0)[:, None])

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take a step; return what failed, if anything, and where it led, shape (1, P).

        Whatever `goal` and `most` are: they are for solvers that take many.
        """
        nothing = np.empty((0, len(self.theta)))
        tangent = Tangent(
            self.theta,
            self.gradient,
            self.local.hessian(self.theta),
            self.local.gradient,
            self.rtol,
            self.atol,
        )
        h, end, following = tangent.accepted(self.h, self.time, self.horizon)
        if end is None:
            return STOPPED, nothing
        outside = self._signed(end) < -ON
        if outside.any():
            h, end = self._meeting(tangent, h, end, outside)
        self.piled = 0 if self.time + h > self.time * (1 + 1e-12) else self.piled + 1
        if self.piled > PILED:
            return PILE, nothing
        self.time, self.ended, self.h = self.time + h, self.time + h >= self.horizon, following
        self._arrive(end, outside)
        return None, self.theta[None]

    def _signed(self, theta: Array) -> Array:
        """How far inside the pattern `theta` (P,) is, as shares: every pre-activation, and last what is held.

        Shape (n m + 1,); negative outside, inf for what is held or has no inputs or weights.
        """
        Z, scales = self.units.preactivations(theta), self.units.scales(theta)
        with np.errstate(all="ignore"):
            shares = np.where(self.local.positive, Z, -Z) / scales
        shares[self.local.held | (scales <= 0)] = np.inf
        return np.append(shares, margin(self.local, theta))

    def _meeting(self, tangent: Tangent, h: float, end: Array, outside: Mask) -> tuple[float, Array]:
        """The shortest step, and its end, at which something is outside, but no further than rounding.

        `outside`, in which the longest step of length `h` ends outside, becomes those that this step meets.
        """
        begin = self._signed(self.theta) + ON
        for _ in range(len(outside)):
            if (begin[outside] <= 0).any():
                outside &= begin <= 0
                return 0.0, self.theta
            h, end = self._root(tangent, h, end, begin, outside)
            outside &= self._signed(end) < -ON
            earlier = (self._signed(end) < -2 * ON) & ~outside
            if not earlier.any():
                break
            outside[:] = earlier
        return h, end

    def _root(
        self, tangent: Tangent, h: float, end: Array, begin: Array, outside: Mask
    ) -> tuple[float, Array]:
        """Shorten a step of length `h` until the first of what is `outside` is there by rounding alone."""
        low, inside, side = 0.0, float(begin[outside].min()), 0
        beyond = float(self._signed(end)[outside].min()) + ON
        for tried in range(SEARCH):
            if beyond >= -ON or h - low <= 1e-14 * h:
                break
            share = inside / (inside - beyond) if inside < np.inf and tried % 3 < 2 else 0.5
            trial = low + min(max(share, 1e-6), 1 - 1e-6) * (h - low)
            found = tangent.step(trial)
            if found is None:
                break
            least = float(self._signed(found[0])[outside].min()) + ON
            if least < 0:
                h, end, beyond = trial, found[0], least
                inside, side = (inside / 2 if side < 0 else inside), -1
            else:
                low, inside = trial, least
                beyond, side = (beyond / 2 if side > 0 else beyond), 1
        return h, end

    def _arrive(self, end: Array, outside: Mask) -> None:
        """Go to `end` (P,), rescaled and on the kinks that are held; take another pattern if `outside`."""
        self.theta = kept(self.units, self.local.projected(end), self.constants)
        if outside.any():
            met = outside[:-1].reshape(self.local.held.shape)
            on = self._on(self.theta, self.units.preactivations(self.theta))
            self._meet((met | on) & ~self.local.held)
        self.gradient = self.local.gradient(self.theta)
        self.speed = float(np.linalg.norm(self.gradient))

    def _meet(self, touched: Mask) -> None:
        self.local, self.theta = turned(self.local, self.theta, touched)
        self.events += 1

    def stays(self, theta: Array) -> bool:
        """Whether `theta` (P,) lies in the present pattern, kinks that hold included."""
        return bool((self._signed(theta) >= -ON).all())


def kept(units: Units, theta: Array, constants: Array) -> Array:
    """`theta` (P,) with each unit rescaled so that |w~_k|^2 - |a_k|^2 is its constant.

    Parameters
    ----------
    units : Units
    theta : ndarray, shape (P,)
    constants : ndarray, shape (m,)

    Notes
    -----
    (a, w~) -> (a / t, t w~) leaves the function as it is; where w~ is zero, any factor of a does. A unit that
    no factor brings there is left alone.
    """
    net = units.landscape.net
    outer = np.arange(net.A.size).reshape(net.A.shape)
    size, other = (theta[units.places] ** 2).sum(axis=1), (theta[outer] ** 2).sum(axis=0)
    root = np.sqrt(constants**2 + 4 * size * other)
    with np.errstate(all="ignore"):
        # The root of size s - other / s = constant, by the form that does not cancel.
        s = np.where(constants >= 0, (constants + root) / (2 * size), 2 * other / (root - constants))
        t = np.sqrt(s)
        shrink = np.where(size > 0, 1 / t, np.sqrt(-constants / other))
    fine = np.isfinite(shrink) & (shrink > 0) & (other > 0)
    found = theta.copy()
    found[units.places] *= np.where(fine & (size > 0), t, 1.0)[:, None]
    found[outer] *= np.where(fine, shrink, 1.0)
    return found
