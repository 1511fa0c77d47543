"""A search for the wells of a posterior: descents from where points of the localising Gaussian lie."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize

from numerics.landscape.landscape import Points
from numerics.volume.wells.posterior import Posterior, Well
from twolayer.arrays import Array
from twolayer.blas_threads import one_blas_thread

MOST_WELLS = 24
"""More are not counted one by one."""

BARRIER, LOWER = 2.0, 1.0
"""Nats of log-density that separate wells, and by which one may be lower than the minimum given."""

HIDDEN = 0.05
"""Share that unseen wells may hold: a smaller one is in the error, a larger one is doubtful."""

UNSETTLED, NOTHING = 0.5, 1e-3
"""Nats by which an end may lie above its quadratic part's minimum; a share of the mass that is nothing."""

SETTLED: dict[str, float] = {"maxiter": 60, "maxfun": 100, "ftol": 1e-3, "gtol": 0.1}
"""Of L-BFGS in a well's coordinates, where energies are in nats and widths are one."""

RARE = 3.0
"""Descents that may have been expected where none was: with a chance of 95 %, no more."""

HIGH = 1e300


class Search:
    """Descents that add wells to those that a posterior knows, and count how often each was met.

    A well is new if no straight way from it to one that is known stays below BARRIER, and its quadratic part
    holds more than NOTHING of the mass.

    Parameters
    ----------
    posterior : Posterior

    Attributes
    ----------
    met : list of int
        How many descents ended in each of the posterior's wells.
    complete : bool
        Whether no more wells than MOST_WELLS were found.
    lower : Well or None
        One where n beta V is lower than at the centre by more than LOWER.
    """

    def __init__(self, posterior: Posterior) -> None:
        self.posterior, self.met, self.complete = posterior, [0], True
        self.lower: Well | None = None

    @property
    def unseen(self) -> float:
        """What share of the mass of the wells that are known others, which no descent met, may hold.

        As many wells are unseen as Chao's (1984) estimate says, from those met once and twice, each with the
        mass of one that was met once; and where there are several, what RARE descents met at the least.
        0 after one well alone.
        """
        if len(self.met) == 1:
            return 0.0
        masses = np.array([self.posterior.log_mass(well) for well in self.posterior.wells])
        masses, met = np.exp(masses - np.logaddexp.reduce(masses)), np.array(self.met)
        once, twice = masses[met == 1], int((met == 2).sum())
        chao = float(once.sum()) * max(len(once) - 1, 0) / (2 * (twice + 1))
        return chao + float((masses * np.minimum(RARE / np.maximum(met, 1), 1)).min())

    @property
    def reservation(self) -> str:
        """Why what was found makes the sum over the wells doubtful; empty if it does not."""
        if self.lower is not None:
            depth = -float(self.posterior.energy(self.lower.at[None])[0])
            away = float(np.linalg.norm(self.lower.at))
            said = f"descents found a well at distance {away:.3g} where n beta V is lower by {depth:.2g}"
            return f"; {said}: the value is of the cell of the minimum given alone"
        if not self.complete:
            return f"; descents from the Gaussian found more than {MOST_WELLS} wells: only one is counted"
        return f"; wells that no descent met may hold {self.unseen:.0%}" if self.unseen > HIDDEN else ""

    def descend(self, starts: Points) -> None:
        """Descend from theta_0 + `starts` (k, D), until there are too many wells, or one is lower."""
        with one_blas_thread():
            for start in starts:
                if self.lower is not None or not self.complete:
                    return
                self._descend(start)

    def _descend(self, start: Array) -> None:
        """One descent, in the coordinates of the centre's well; where it does not settle, of its end's."""
        posterior, frame = self.posterior, self.posterior.wells[0]
        for _ in range(3):
            end = posterior.folded(_descended(posterior, start, frame)[None])[0]
            if not (np.isfinite(end).all() and np.isfinite(posterior.energy(end[None])[0])):
                return
            known = next((j for j, well in enumerate(posterior.wells) if joined(posterior, end, well)), None)
            if known is not None:
                self.met[known] += 1
                return
            try:
                frame = posterior.well(end)
            except ValueError:  # no Hessian there
                return
            if _decrement(posterior, frame) < UNSETTLED:
                self._add(frame)
                return
            start = end

    def _add(self, well: Well) -> None:
        masses = [self.posterior.log_mass(one) for one in self.posterior.wells]
        if self.posterior.log_mass(well) > np.logaddexp.reduce(masses) + math.log(NOTHING):
            self.posterior.wells.append(well)
            self.met.append(1)
            self.complete = len(self.met) <= MOST_WELLS
            if self.posterior.energy(well.at[None])[0] < -LOWER:
                self.lower = well


def _decrement(posterior: Posterior, well: Well) -> float:
    """By how much the energy at a `well` lies above its quadratic part's minimum: half Newton's decrement."""
    value, slope = posterior.slope(well.at)
    found = float(((slope @ well.axes * well.scales) ** 2).sum()) / 2
    return found if math.isfinite(value + found) else math.inf


def _descended(posterior: Posterior, start: Array, frame: Well) -> Array:
    """Where L-BFGS in the coordinates of a `frame` ends, from theta_0 + `start` (D,)."""

    def energy(z: Array) -> tuple[float, Array]:
        value, slope = posterior.slope(frame.steps(z[None])[0])
        if not math.isfinite(value) or not np.isfinite(slope).all():
            return HIGH, np.zeros_like(z)
        return value, np.asarray(slope @ frame.axes * frame.scales)

    first = frame.coordinates(start[None])[0]
    found = minimize(energy, first, jac=True, method="L-BFGS-B", options=SETTLED)
    return np.asarray(frame.steps(found.x[None])[0])


def joined(posterior: Posterior, end: Array, well: Well) -> bool:
    """Whether the energy rises by no more than BARRIER along the straight way from `end` (D,) to a `well`."""
    t = np.linspace(0, 1, 17)[:, None]
    way = well.at + t * (end - well.at)
    energy = posterior.energy(way) + posterior.gamma / 2 * (way**2).sum(axis=1)
    return bool(energy.max() <= max(energy[0], energy[-1]) + BARRIER)
