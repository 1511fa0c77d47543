"""The gradient flow of networks of piecewise linear units: smooth pieces, joined where kinks are met."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from numerics.descents.compiled import LARGEST, Clock
from numerics.descents.rosenbrock import Derivatives, Tangent
from numerics.descents.segment import Segment, first_below
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.pattern import Mask, Pattern, Units
from numerics.landscape.sliding import crossed, margin, turned
from twolayer.arrays import Array
from twolayer.many.rodas import AGAIN, NEAR, ON, SHORT, SHORTEST_SHARE

LATE = 1e-9
"""A kink lets go later than its slope is beyond c- or c+ by at most this: of the step, or as a share."""

PILED = 200
"""Kinks met in a row without time going on, beyond which the flow is stuck."""

STOPPED, PILE = "the step became shorter than the spacing between numbers", "kinks pile up in no time"


class PiecewiseSteps:
    """The Rosenbrock method inside a pattern of activations, and the patterns one after the other.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`numerics.landscape.pattern.has_kinks`.
    theta, horizon, rtol, atol
        As for :class:`numerics.descents.solvers.ScipySteps`, as are the attributes.
    reach : float
        The first step tried moves by so much.
    far : float
        The distance from the origin at which to look up.

    Attributes
    ----------
    local : Pattern
        The risk in the present pattern: smooth, and the landscape's own here.
    events : int
        Kinks crossed, joined or left.

    Notes
    -----
    A step that would take a pre-activation across its kink, or a slope that holds one beyond c- and c+, is
    shortened to end there, on the path inside it; where that is early, a short step is taken instead. Two
    crossings of one kink within a step are not seen. After each step every unit is rescaled, which leaves the
    function as it is, so that
    |w_k|^2 + b_k^2 - |a_k|^2 is what it was at the start to rounding.
    """

    first_look = 20

    def __init__(
        self,
        landscape: NetworkLandscape,
        theta: Array,
        horizon: float,
        rtol: float,
        atol: float | Array,
        reach: float,
        far: float = np.inf,
    ) -> None:
        self.units, self.theta, self.time, self.ended = Units(landscape), theta.copy(), 0.0, False
        self.horizon, self.rtol, self.atol, self.events, self.piled = horizon, rtol, atol, 0, 0
        self.constants = landscape.conserved(theta)
        self.derivatives = Derivatives(landscape)
        Z = self.units.preactivations(theta)
        on = self._on(theta, Z)
        self._enter(Pattern(self.units, Z > 0, np.zeros(Z.shape, dtype=bool)))
        if on.any():
            local, self.theta = turned(self.local, self.theta, on)
            self._enter(local)
            self.events += 1
        self.gradient = self.derivatives.gradient(self.theta)
        self.speed = float(np.linalg.norm(self.gradient))
        self.h = reach / self.speed if self.speed > 0 else 1.0
        self.clock: Clock | None = None
        self.tangent: Tangent | None = None
        if self.derivatives.kernels is not None and len(theta) <= LARGEST:
            self.clock = Clock(
                self.derivatives.kernels,
                theta,
                self.speed,
                horizon,
                rtol,
                atol,
                far,
                reach,
                (self.units.low, self.units.high),
            )

    def _enter(self, pattern: Pattern) -> None:
        """Take another pattern, and what the kernels are told of it."""
        self.local, held = pattern, pattern.held.T
        self.derivatives.enter(pattern)
        sides = np.where(held, 0.0, np.where(pattern.positive.T, 1.0, -1.0))
        self.sides = np.ascontiguousarray(np.concatenate([sides, self.units.norms[None]]))
        with np.errstate(all="ignore"):
            self.signs = np.where(pattern.positive, 1.0, -1.0) / self.units.norms[:, None]
        self.nowhere = np.flatnonzero(pattern.held | (self.units.norms == 0)[:, None])
        self.rounded: tuple[Array, float] | None = None

    def _on(self, theta: Array, Z: Array) -> Mask:
        small = np.abs(Z) <= ON * self.units.scales(theta)
        return np.asarray(small & (self.units.norms > 0)[:, None])

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take a step, and more inside a pattern until the gradient's norm is `goal`, at most `most`.

        Returns what failed, and points (k, P), as that of :class:`numerics.descents.solvers.ScipySteps`.
        """
        steps = self._by_lapack if self.clock is None else partial(self._by_kernels, self.clock, goal)
        failure, points, segment = steps(most)
        tries = AGAIN
        while True:
            if segment is None:
                return failure, points
            outside = self._signed(segment.end) < -ON
            share = self._early(segment) if tries > 0 and outside.any() else 1.0
            if share == 1:
                break
            tries -= 1
            self._shorten(max(share * segment.h, SHORTEST_SHARE * self.time))
            failure, more, segment = steps(1)
            points = np.concatenate([points, more])
        share, outside = self._meeting(segment, outside) if outside.any() else (1.0, outside)
        end, h = segment(share), share * segment.h
        self.piled = 0 if self.time + h > self.time * (1 + SHORT) else self.piled + 1
        if self.piled > PILED:
            return PILE, points
        self.time, self.ended = self.time + h, self.time + h >= self.horizon
        self._arrive(end, outside)
        return None, np.concatenate([points, self.theta[None]])

    def _early(self, segment: Segment) -> float:
        """A share of a step, at most NEAR, within whose later half it leaves the pattern; 1 if there is none.

        What the step begins outside of is not asked, nor anything of a step that may not be shorter: the path
        inside a long step says little of where a short one leads.
        """
        begun = self._signed(segment.begin) > -ON

        def leaves(share: float) -> bool:
            return bool((begun & (self._signed(segment(share)) < -ON)).any())

        if segment.h <= SHORTEST_SHARE * self.time or not leaves(NEAR):
            return 1.0
        share = NEAR
        while share > np.finfo(float).eps and leaves(share / 2):
            share /= 2
        return share

    def _shorten(self, h: float) -> None:
        """Let the next step be of length `h`."""
        self.h = h
        if self.clock is not None:
            self.clock.state[self.clock.kernels.method.STEP] = h

    def _by_lapack(self, _: int) -> tuple[str | None, Array, Segment | None]:
        """One step."""
        nothing = np.empty((0, len(self.theta)))
        if self.tangent is None or self.tangent.theta is not self.theta:
            self.tangent = Tangent(self.theta, self.gradient, self.derivatives, self.rtol, self.atol)
        h, end, self.h = self.tangent.accepted(self.h, self.time, self.horizon)
        if end is None:
            return STOPPED, nothing, None
        return None, nothing, Segment(self.theta, end, self.tangent.inside, h)

    def _by_kernels(self, clock: Clock, goal: float, most: int) -> tuple[str | None, Array, Segment | None]:
        """Steps inside the pattern, and the one that may leave it."""
        method, theta, state = clock.kernels.method, self.theta.copy(), clock.state
        state[method.TIME] = self.time
        why, path = clock.go(theta, goal, most, (*self.derivatives.given, self.sides, self.constants))
        self.theta, self.time, self.speed = theta, float(state[method.TIME]), float(state[method.SPEED])
        self.ended = why == method.ENDED
        if len(path) > (why == method.KINK):
            self.piled = 0
        if state[method.CROSSED] > 0:
            self.events += int(state[method.CROSSED])
            state[method.CROSSED] = 0.0
            self._enter(Pattern(self.units, np.array(self.sides[:-1].T > 0), self.local.held, self.local))
        if why != method.KINK:
            return (STOPPED if why == method.STOPPED else None), path, None
        return None, path[:-1], Segment(theta, path[-1], clock.inside.copy(), float(state[method.LENGTH]))

    def _signed(self, theta: Array) -> Array:
        """How far inside the pattern `theta` (P,) is, as shares: every pre-activation, and last what is held.

        Shape (n m + 1,); negative outside, inf for what is held or has no inputs or weights.
        """
        W = theta[self.units.places]
        lengths = np.sqrt(np.einsum("kj,kj->k", W, W))
        found = np.empty(self.local.held.size + 1)
        with np.errstate(all="ignore"):
            found[:-1] = (self.signs * (self.units.X @ W.T) / lengths).ravel()
        found[self.nowhere] = np.inf
        if not lengths.all():
            found[:-1].reshape(self.signs.shape)[:, lengths == 0] = np.inf
        found[-1] = margin(self.local, theta, self._rounding)
        return found

    def _rounding(self) -> float:
        """How large the rounding error of the gradient is where the flow is; asked for once there."""
        if self.rounded is None or self.rounded[0] is not self.theta:
            self.rounded = self.theta, self.local.gradient_rounding(self.theta)
        return self.rounded[1]

    def _meeting(self, segment: Segment, outside: Mask) -> tuple[float, Mask]:
        """The shortest share of a step at which something is outside by rounding, and what is.

        `outside` is what the whole step takes outside.
        """
        begin = self._signed(segment.begin) + ON
        if (begin[outside] <= 0).any():
            return 0.0, outside & (begin <= 0)
        share = 1.0
        while True:
            if outside[:-1].any():
                outside[-1] = False  # what lets go comes first only if it is outside where these are met
            value, near = self._least(segment, outside), (LATE,) * 2 if outside[-1] else (ON,)
            share = share * first_below(
                lambda s, share=share, value=value: value(s * share),  # type: ignore[misc]
                float(begin[outside].min()),
                value(share),
                *near,
            )
            signed = self._signed(segment(share))
            earlier = (signed < -2.5 * ON) & ~outside & (begin > 0)
            if not earlier.any():
                return share, outside & (signed < -ON)
            outside = earlier

    def _least(self, segment: Segment, outside: Mask) -> Callable[[float], float]:
        """How far the least of what is `outside` at its end is inside after a share of the step, plus ON."""
        if outside[-1]:
            return lambda share: margin(self.local, segment(share), self._rounding) + ON
        rows, units = np.nonzero(outside[:-1].reshape(self.local.held.shape))
        places = self.units.places[units]
        signs = np.where(self.local.positive[rows, units], 1.0, -1.0)
        X = signs[:, None] * self.units.X[rows] / self.units.norms[rows, None]
        begin, end, inside = segment.begin[places], segment.end[places], segment.inside[:, places]

        def value(share: float) -> float:
            W = Segment.between(begin, end, inside, share)
            shares = np.einsum("rj,rj->r", X, W) / np.sqrt(np.einsum("rj,rj->r", W, W))
            return float(shares.min()) + ON

        return value

    def _arrive(self, end: Array, outside: Mask) -> None:
        """Go to `end` (P,), rescaled and on the kinks that are held; take another pattern if `outside`."""
        self.theta = kept(self.units, self.local.projected(end), self.constants)
        if outside.any():
            met = outside[:-1].reshape(self.local.held.shape)
            on = self._on(self.theta, self.units.preactivations(self.theta))
            self._meet((met | on) & ~self.local.held)
        if self.clock is None:
            self.gradient = self.derivatives.gradient(self.theta)
            self.speed = float(np.linalg.norm(self.gradient))

    def _meet(self, touched: Mask) -> None:
        local = None if self.local.held.any() else crossed(self.local, self.theta, touched)
        if local is None:
            local, self.theta = turned(self.local, self.theta, touched)
        self._enter(local)
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
