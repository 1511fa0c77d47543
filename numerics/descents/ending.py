"""Why the end of a gradient flow is one, and what it is.

After every step a flow is asked, in this order:

1. *No step is left.* The solver failed. Far out, or where the risk falls below all bounds, the path runs to
   infinity; elsewhere the end is undecided.
2. *The path runs to infinity.* It is `FAR` times as far away as the problem is large. Or the network
   separates the classes, which leaves the risk without a minimum, and the gradient has fallen to `FALLEN` of
   its largest.
3. *The flow has arrived.* The gradient has vanished, and Newton's iteration, the finish, comes to rest. It
   has vanished if it is zero within rounding; if it is below the tolerance, relative to the largest on the
   way, and falls faster than 1 / time; or, when time is up, if it is within `ALMOST` roundings of zero on a
   path that did not stray. Gradients are small beside a saddle as well, and the flow goes on from there. So
   unless the gradient is zero within rounding the finish must stay `NEAR`, on this side of all kinks, and
   end without negative curvature. Each time it does not, the tolerance becomes a tenth.
4. *The flow cannot leave.* Newton's iteration contracts in positive curvature that hardly changes.
5. *Time is up*, or so are the steps. A path that strayed and whose gradient falls only like 1 / time runs to
   infinity; all else is undecided.

A start whose gradient is zero within rounding has arrived without a step. Where a flow has arrived, the
curvature says what that is: negative beyond rounding, a saddle; else a minimum, where kinks may hold the
flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

import numpy as np

from numerics.descents.finish import FINISH_REACH, Finished, gradient_rounding, newton_contracts
from numerics.descents.landing import CONVERGED, DIVERGED, SADDLE, UNDECIDED, Landing
from numerics.landscape.channels import channels_said
from numerics.landscape.landscape import Landscape, NetworkLandscape
from numerics.landscape.pattern import Pattern
from numerics.landscape.rounding import interpolates
from numerics.landscape.rungs import INTERPOLATES, MINIMUM, NO_MINIMUM, STATIONARY, STOPPED, proved_minimum
from numerics.landscape.separability import separates
from numerics.training.own import Own
from twolayer.arrays import Array

FAR = 1e6
"""No minimum is looked for beyond so many times the problem's size: float64 leaves ten digits there."""

LOST = 1e-3
"""A solver that fails beyond this share of that distance failed because the path runs to infinity."""

FALLEN = 1e-3
"""A network may separate the classes early on: the way is followed until little is left of its slope."""

FAR_OFF = 100.0
"""While the gradient that the solver asked for last is so many times the goal no other is asked for. It may
be one inside the last step, where it is not as much larger."""

ROUNDED = 1e-6
"""A gradient that moves theta by more than this share of its length within the problem's own time is none
that rounding made, however large the estimate of its rounding error is."""

ALMOST = 1e4
"""When time is up, a gradient within so many times its rounding error may be zero: where steps are as long as
that, the flat directions of a singular Hessian turn roundings into so much."""

STRAY = 1.5
"""A path so many times the problem's size away when time is up has gone outwards, as those to infinity do:
they are tens of times it away by then."""

SLOW = 1e-3
"""Where the gradient falls like c / time, the path grows by c ln(time): c above this share of the length is a
drift. On the way to a minimum the gradient falls exponentially, and c with it."""

NEAR = 1e-3
"""A finish that moves by this share of the length errs by its square, which the flow's own error is above."""

LATER = 1.3
"""Newton's iteration is tried again after so many times the steps: as often as their logarithm says."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a flow is, and what its way was like.

    Parameters
    ----------
    landscape, local : Landscape
        That which is followed, and its smooth piece here.
    own : Own
        The landscape in its own units, in which lengths and gradients are measured.
    begin, theta : ndarray, shape (D,)
        The start, and where the flow is, in the user's units.
    size, unit, far : float
        The length and the time that paths are measured by, and the distance that is called infinity.
    time, speed, peak : float
        The flow's time, the norm of the gradient that was asked for last, and of the largest on the way.
    steps : int
    time_up : bool
    stays : callable
        Whether another point lies in the same piece.
    """

    landscape: Landscape
    local: Landscape
    own: Own
    begin: Array = field(repr=False)
    theta: Array = field(repr=False)
    size: float
    unit: float
    far: float
    time: float
    speed: float
    peak: float
    steps: int
    time_up: bool
    stays: Callable[[Array], bool] = field(repr=False)

    @cached_property
    def distance(self) -> float:
        """From the origin."""
        return float(np.linalg.norm(self.there))

    @cached_property
    def there(self) -> Array:
        """Where the flow is in the landscape's own units, shape (D,)."""
        return self.own.inner(self.theta)

    @cached_property
    def piece(self) -> Landscape:
        """The smooth piece here in the landscape's own units."""
        return self.own.piece(self.local)

    @property
    def length(self) -> float:
        """The problem's, or that of theta where it is longer."""
        return max(self.size, self.distance)

    @cached_property
    def slope(self) -> float:
        """The gradient's norm here."""
        return float(np.linalg.norm(self.piece.gradient(self.there)))

    @cached_property
    def _rounding(self) -> float:
        return gradient_rounding(self.piece, self.there)

    def zero_within(self, roundings: float) -> bool:
        """Whether the gradient is zero within so many times its rounding error."""
        if self.slope == 0:
            return True
        return self.slope < ROUNDED * self.size / self.unit and self.slope <= roundings * self._rounding

    @property
    def strayed(self) -> bool:
        """Whether the path has left the neighbourhood of its start outwards."""
        return self.distance > STRAY * self.size

    @property
    def drifts(self) -> bool:
        """Whether the gradient falls only like 1 / time."""
        slope = self.slope
        if not self.own.plain:  # parameters of large units move by as much less of them
            slope = float(np.linalg.norm(self.own.inner(self.local.gradient(self.theta))))
        return slope * self.time > SLOW * self.length

    def said(self) -> str:
        """What is said of flat channels on the way."""
        return channels_said(self.landscape, self.begin, self.theta)


class Judge:
    """Says of one flow, step after step, whether it has ended and why: the rule is the module's.

    Parameters
    ----------
    tolerance : float
        How small a gradient must be, relative to the largest on the way.
    first_look : int
        The steps after which Newton's iteration is first tried.

    Attributes
    ----------
    next_look : int
        The steps after which it is tried next.
    finished : Finished or None
        Of the last place whose gradient had vanished.
    """

    def __init__(self, tolerance: float, first_look: int = 0) -> None:
        self.tolerance, self.strict, self.next_look = tolerance, tolerance, first_look
        self.finished: Finished | None = None

    def goal(self, peak: float) -> float:
        """How small the gradient must be where the largest on the way was `peak`."""
        return max(self.strict * peak, np.finfo(float).tiny)

    def forget(self) -> None:
        """Take the tolerance for what it was."""
        self.strict = self.tolerance

    def ended(self, place: Place) -> tuple[str, str] | None:
        """Rules 2 to 4 of a flow at a `place`: a status and why, or None where it goes on."""
        self.finished = None
        if place.distance > place.far:
            return DIVERGED, f"the flow went beyond {FAR:g} times the problem's size" + place.said()
        if separates(place.landscape, place.theta) and place.speed < FALLEN * place.peak:
            return DIVERGED, "the network separates the classes: the risk falls to 0 only at infinity"
        if self._arrived(place) or self._caught(place):
            return CONVERGED, "the gradient vanished"
        return None

    def _arrived(self, place: Place) -> bool:
        goal = self.goal(place.peak)
        if place.speed > FAR_OFF * goal and not place.time_up:
            return False
        zero = place.zero_within(1.0)
        zeroish = zero or (place.time_up and not place.strayed and place.zero_within(ALMOST))
        if place.slope > goal and not zeroish:
            return False
        self.strict /= 10
        if place.drifts and not zeroish:
            return False
        self.finished = end = Finished(place.piece, place.there, place.size)
        if not end.settled or zero:
            return end.settled
        return (
            end.moved <= NEAR * place.length
            and end.lowest[0] >= 0
            and place.stays(place.own.outer(end.theta))
        )

    def _caught(self, place: Place) -> bool:
        if place.steps < self.next_look:
            return False
        self.next_look = int(LATER * place.steps) + 1
        return place.local is place.landscape and newton_contracts(place.piece, place.there, place.length)


def failed(place: Place, why: str) -> tuple[str, str]:
    """Rule 1: the status of a flow whose solver failed at a `place`, `why` as it says."""
    if place.local.value(place.theta) < -1e300 or place.distance > LOST * place.far:
        return DIVERGED, f"the solver stopped far out: {why}"
    return UNDECIDED, f"the solver stopped: {why}"


def out_of_time(place: Place) -> tuple[str, str]:
    """Rule 5: the status of a flow at a `place` when time or steps are up, and why."""
    if place.time_up and place.drifts and place.strayed:
        why = f"still drifting at time {place.time:.3g}: there is no minimum at a finite distance"
        return DIVERGED, why + place.said()
    return UNDECIDED, f"no end within time {place.time:.3g} and {place.steps} steps" + place.said()


def land(
    landscape: Landscape,
    theta: Array,
    status: str,
    why: str,
    time: float = nan,
    steps: float = 0,
    drift: float = nan,
    finished: Finished | None = None,
    size: float = 0.0,
    own: Own | None = None,
) -> Landing:
    """Finish at the stationary point next to `theta`, if `status` is "converged", and say what it is.

    Parameters
    ----------
    landscape : Landscape
        At a kink, the :class:`~numerics.landscape.pattern.Pattern` there.
    theta : ndarray, shape (D,)
    status, why : str
    time, steps, drift
        Passed on.
    finished : Finished, optional
        The finish of `theta`, if it was asked for before.
    size : float
        The length of the problem, such as that of the start, if it is larger than that of `theta`.
    own : Own, optional
        The landscape in its own units, in which `finished` and `size` are. Without one, `size` is in the
        user's, and left out where these are unlike.

    Returns
    -------
    Landing
        A "converged" end with negative curvature beyond rounding becomes "saddle"; one that the finish
        cannot bring to rest, or only far away, becomes "undecided".
    """
    end, moved = theta, 0.0
    if own is None:
        own = Own(landscape, theta)
        size = size if own.plain else 0.0
    piece, there = own.piece(landscape), own.inner(theta)
    if status == CONVERGED:
        finished = finished or Finished(piece, there, size)
        end, moved = own.outer(finished.theta), finished.moved
        status, why = _kind(piece, finished, why)
        if finished.settled and moved > FINISH_REACH * max(size, *map(_length, (there, finished.theta))):
            status, why = UNDECIDED, f"the finish moved by {moved:.2g}: the end was not near"
    return Landing(
        theta=end,
        status=status,
        why=why,
        rung=_rung(piece, own.inner(end), status),
        value=float(landscape.value(end)),
        gradient_norm=float(np.linalg.norm(landscape.gradient(end))),
        time=time,
        steps=steps,
        finish=moved,
        drift=drift,
    )


def _length(theta: Array) -> float:
    return float(np.linalg.norm(theta))


def _kind(landscape: Landscape, end: Finished, why: str) -> tuple[str, str]:
    """Saddle or minimum: the status of a place whose gradient vanished, by its curvature, and why."""
    if not end.settled:
        return UNDECIDED, "the gradient is small but Newton's iteration does not bring it to rest"
    sign, lowest = end.lowest
    if sign < 0:
        return SADDLE, f"a stationary point with curvature {lowest:.2g}"
    if isinstance(landscape, Pattern) and landscape.held.any():
        return CONVERGED, f"{why}, at {int(landscape.held.sum())} kinks that hold the flow"
    return CONVERGED, why


def _rung(landscape: Landscape, end: Array, status: str) -> str:
    """What is known of an end with this `status`."""
    if status == DIVERGED:
        return NO_MINIMUM
    if status == SADDLE:
        return STATIONARY
    if status != CONVERGED:
        return STOPPED
    if isinstance(landscape, NetworkLandscape) and interpolates(landscape.risk.forward(end)):
        return INTERPOLATES
    if isinstance(landscape, Pattern) and interpolates(landscape.forward(end)):
        return INTERPOLATES
    return MINIMUM if proved_minimum(landscape, end) else STATIONARY
