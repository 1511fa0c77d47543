"""The local learning coefficient: the exponent with which the volume about a minimum shrinks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import Landscape, Points, checked_point, hessian_at, values_at
from numerics.statistics.weights import average
from numerics.volume.by_tempering import judge_run, population, require_run
from numerics.volume.estimate import DOUBTFUL, REFUSED, TRUSTED, VolumeEstimate, worse
from numerics.volume.ladder import climb, place_rungs
from twolayer.arrays import Array

CHECKED = 2000
"""Points of the localising Gaussian that are tested for mass that was missed."""

LOWER, BARRIER, NEGLIGIBLE = 1.0, 2.0, 10.0
"""Nats of log-density: how far below the minimum it may be seen; what separates wells; what is nothing."""

SENT, RUNGS, FEW = 400, 40, 4
"""Points sent from the localising Gaussian to the posterior, their most rungs, and the most dimensions."""

FAR, MISSED = 5.0, 0.01
"""How far beyond the quadratic part's typical radius is far, and the share of points there that counts."""


@dataclass(frozen=True)
class LearningCoefficient(VolumeEstimate):
    """The coefficient, and the log-volume it is the slope of.

    Parameters
    ----------
    coefficient : float
        n beta (E[V] - V(minimum)) under the localised posterior.
    coefficient_error : float
        Half-width of its 95 % interval; inf if refused.
    log_volume, error, effective_samples, verdict, why, relative_to, evaluations
        As for :class:`numerics.volume.estimate.VolumeEstimate`.
    """

    coefficient: float = math.nan
    coefficient_error: float = math.inf


def learning_coefficient(
    landscape: Landscape,
    minimum: ArrayLike,
    *,
    n_beta: float,
    gamma: float,
    steps: int = 1000,
    walkers: int = 32,
    rng: np.random.Generator,
) -> LearningCoefficient:
    r"""Local learning coefficient, and the soft volume of which it is the slope.

    With the mean over the density proportional to
    :math:`\exp(-n\beta\,(V - V_0) - \tfrac\gamma2|\theta - \theta_0|^2)`,

    .. math:: \hat\lambda = n\beta\,E[V - V_0] , \qquad
              \ln Z = \ln\int e^{-n\beta(V - V_0)}\,N(\theta; \theta_0, 1/\gamma)\,d\theta , \qquad
              \hat\lambda = -\frac{d\ln Z}{d\ln n\beta} .

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
        theta_0.
    n_beta : float
        n times the inverse temperature; Watanabe's choice is n / ln n.
    gamma : float
        Precision of the Gaussian that localises; it must be positive, or flat directions have no end.
    steps, walkers : int
        Recorded moves, and independent walkers, as for :func:`numerics.volume.by_tempering.tempering`.
    rng : numpy Generator

    Returns
    -------
    LearningCoefficient
        `log_volume` is ln Z, relative to the Gaussian of precision gamma.

    Raises
    ------
    ValueError
        If an argument is out of range, or the landscape is NaN somewhere.

    Notes
    -----
    Exact for a quadratic: lambda is half the sum of n beta h / (n beta h + gamma) over the eigenvalues h,
    and ln Z minus half the sum of ln(1 + n beta h / gamma). The sampler's reference is the quadratic's
    own Gaussian, so that on a quadratic its samples are independent.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> bowl = ellipsoid([1.0, 1.0])
    >>> found = learning_coefficient(bowl, [0.0, 0.0], n_beta=9.0, gamma=1.0, rng=np.random.default_rng(0))
    >>> abs(found.coefficient - 0.9) < 0.05, bool(np.isclose(found.log_volume, -np.log(10)))
    (True, True)
    """
    centre = checked_point(landscape, "minimum", minimum)
    for name, value in (("n_beta", n_beta), ("gamma", gamma)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive; got {value}")
    require_run(steps, walkers)
    posterior = Posterior(landscape, centre, n_beta, gamma)
    return _estimate(posterior, steps, walkers, rng)


class Posterior:
    """The localised posterior in coordinates in which its quadratic part is a standard Gaussian."""

    def __init__(self, landscape: Landscape, centre: Array, n_beta: float, gamma: float) -> None:
        self.landscape, self.centre, self.n_beta, self.gamma = landscape, centre, n_beta, gamma
        self.bottom, self.evaluations, self.lowest = landscape.value(centre), 0, 0.0
        values, Q = np.linalg.eigh(hessian_at(landscape, centre))
        self.bent = -n_beta * float(values[0]) / gamma
        self.axes = Q
        precision = n_beta * np.maximum(values, 0.0) + gamma
        self.map = Q / np.sqrt(precision)
        self.log_det = -float(np.log(precision).sum()) / 2

    def excess(self, z: Points) -> tuple[Array, Points]:
        """n beta (V - V_0) at the coordinates `z` (k, D), and theta - theta_0."""
        steps = z @ self.map.T
        return self.energy(steps), steps

    def energy(self, steps: Points) -> Array:
        """n beta (V - V_0) at theta_0 + `steps` (k, D)."""
        self.evaluations += len(steps)
        found = self.n_beta * (values_at(self.landscape, self.centre + steps) - self.bottom)
        self.lowest = min(self.lowest, float(found.min(initial=0.0)))
        return np.asarray(found)

    def state(self, z: Points) -> tuple[Array, Array]:
        """log w = 0 (-inf behind a wall) and h = the posterior's energy less that of the Gaussian, at `z`.

        Points have shape (k, D), both results (k,).
        """
        excess, steps = self.excess(z)
        h = excess + self.gamma / 2 * (steps**2).sum(axis=1) - (z**2).sum(axis=1) / 2
        wall = ~np.isfinite(h)
        return np.where(wall, -np.inf, 0.0), np.where(wall, 0.0, h)


def _estimate(
    posterior: Posterior, steps: int, walkers: int, rng: np.random.Generator
) -> LearningCoefficient:
    D = len(posterior.centre)
    measure = f"the Gaussian of precision {posterior.gamma:g} about the minimum"
    if posterior.bent >= 1:
        return _refused("the point is no minimum, and gamma does not hold it", measure, posterior)
    wanted = population(steps, walkers)
    start = rng.normal(size=(wanted, D))
    start = start[np.isfinite(posterior.state(start)[0])]
    if len(start) < max(wanted // 2, walkers):
        return _refused("the landscape has walls where its quadratic part is low", measure, posterior)
    ladder = place_rungs(posterior.state, False, 0.0, 1.0, start, rng, keep=walkers)
    if ladder is None:
        return _refused("the quadratic part is too far from the landscape: raise gamma", measure, posterior)
    run = climb(
        posterior.state,
        ladder,
        steps=steps,
        burn_in=steps // 2,
        observe=lambda z: posterior.excess(z)[0],
        rng=rng,
    )
    coefficient, half = run.mean
    verdict, why = judge_run(run)
    value = posterior.log_det + D / 2 * math.log(posterior.gamma) + run.log_ratio
    error = run.half_width + 2.0**-46 * (D + abs(value))
    reserved, said = reservations(posterior, value, error, rng)
    verdict, why = worse(verdict, reserved), why + said
    if verdict == REFUSED:
        error = half = math.inf
    return LearningCoefficient(
        value, error, run.effective, verdict, why, measure, posterior.evaluations, coefficient, half
    )


def reservations(
    posterior: Posterior, value: float, error: float, rng: np.random.Generator
) -> tuple[str, str]:
    """A verdict, and why, on what walkers in one well cannot see: other wells, and lower ground.

    Other wells show along the Hessian's axes, and where points of the localising Gaussian hold more mass than
    `value` and its `error` allow.
    """
    D, reach = len(posterior.centre), 1 / math.sqrt(posterior.gamma)
    noise = reach * rng.normal(size=(CHECKED, D))
    seen = average(-posterior.energy(noise))
    verdict, why = TRUSTED, ""
    if seen.error < 1 and seen.log_mean - 2 * seen.error > value + error:
        verdict, why = DOUBTFUL, "; the Gaussian holds more mass than the walkers found"
    if _other_wells(posterior, reach):
        verdict = DOUBTFUL
        why += "; along an axis of the Hessian there is another well within the Gaussian"
    far = _far(posterior, rng)
    if far > MISSED:
        verdict = DOUBTFUL
        why += f"; of points sent from the Gaussian {far:.0%} end far from the minimum"
    if posterior.lowest < -LOWER:
        verdict = DOUBTFUL
        why += f"; n beta V was seen {-posterior.lowest:.2g} below the minimum given"
    return verdict, why


def _other_wells(posterior: Posterior, reach: float) -> bool:
    """Whether the log-density, along an axis, falls and then rises by BARRIER to a height that matters."""
    t = np.linspace(0, 3 * reach, 16)
    for axis in posterior.axes.T:
        for way in (axis, -axis):
            logs = -posterior.energy(t[:, None] * way) - posterior.gamma * t**2 / 2
            rise = logs - np.minimum.accumulate(logs)
            if ((rise > BARRIER) & (logs > -NEGLIGIBLE)).any():
                return True
    return False


def _far(posterior: Posterior, rng: np.random.Generator) -> float:
    """Share of the posterior far from its quadratic part, by points annealed from the localising Gaussian.

    0 where they do not arrive, and in more than FEW dimensions, where they would settle too slowly to tell.
    """
    if len(posterior.centre) > FEW:
        return 0.0
    reach = 1 / math.sqrt(posterior.gamma)

    def state(z: Points) -> tuple[Array, Array]:
        h = posterior.energy(reach * z)
        return np.where(np.isfinite(h), 0.0, -np.inf), np.where(np.isfinite(h), h, 0.0)

    start = rng.normal(size=(SENT, len(posterior.centre)))
    start = start[np.isfinite(state(start)[0])]
    if len(start) < SENT // 2:
        return 0.0
    ladder = place_rungs(state, False, 0.0, 1.0, start, rng, keep=len(start), most=RUNGS)
    if ladder is None:
        return 0.0
    z = np.linalg.solve(posterior.map, reach * ladder.stood[-1].T).T
    return float((np.linalg.norm(z, axis=1) > math.sqrt(z.shape[1]) + FAR).mean())


def _refused(why: str, measure: str, posterior: Posterior) -> LearningCoefficient:
    return LearningCoefficient(math.nan, math.inf, 0.0, REFUSED, why, measure, posterior.evaluations)
