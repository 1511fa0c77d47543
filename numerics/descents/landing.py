"""Where a start came to rest."""

from __future__ import annotations

from dataclasses import dataclass, field

from twolayer.arrays import Array

CONVERGED, SADDLE, DIVERGED, UNDECIDED = "converged", "saddle", "diverged", "undecided"


@dataclass(frozen=True)
class Landing:
    """Where a start came to rest.

    Parameters
    ----------
    theta : ndarray, shape (D,)
        The end point, after the finish.
    status : {"converged", "saddle", "diverged", "undecided"}
        A minimum (no negative curvature beyond rounding), a stationary point with negative curvature, no
        end at a finite distance, or none of these within the limits.
    why : str
        The status explained.
    value, gradient_norm : float
        At `theta`.
    time : float
        Flow time when the solver handed over to the finish; nan for methods that are no flow.
    steps : int
        Steps of the solver or optimiser.
    finish : float
        Distance that the finish moved.
    drift : float
        Largest change of a conserved quantity on the way, relative to |theta|^2; nan where none is known.
    """

    theta: Array = field(repr=False)
    status: str
    why: str
    value: float
    gradient_norm: float
    time: float
    steps: int
    finish: float
    drift: float


STATUSES = (CONVERGED, SADDLE, DIVERGED, UNDECIDED)
