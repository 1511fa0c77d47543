"""The local learning coefficient: the exponent with which the volume about a minimum shrinks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from numerics.estimate import REFUSED, VolumeEstimate
from numerics.ladder import climb, place_rungs
from numerics.landscape import Array, Landscape, Points, checked_point, hessian_at, values_at
from numerics.tempering import PILOT, judge_run


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
        As for :class:`numerics.estimate.VolumeEstimate`.
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
        Recorded moves, and independent walkers, as for :func:`numerics.tempering.tempering`.
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
    >>> from numerics.potentials import ellipsoid
    >>> bowl = ellipsoid([1.0, 1.0])
    >>> found = learning_coefficient(bowl, [0.0, 0.0], n_beta=9.0, gamma=1.0, rng=np.random.default_rng(0))
    >>> abs(found.coefficient - 0.9) < 0.05, bool(np.isclose(found.log_volume, -np.log(10)))
    (True, True)
    """
    centre = checked_point(landscape, "minimum", minimum)
    for name, value in (("n_beta", n_beta), ("gamma", gamma)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive; got {value}")
    if steps < 10 or walkers < 4:
        raise ValueError(f"steps and walkers must be at least 10 and 4; got {steps} and {walkers}")
    posterior = Posterior(landscape, centre, n_beta, gamma)
    return _estimate(posterior, steps, walkers, rng)


class Posterior:
    """The localised posterior in coordinates in which its quadratic part is a standard Gaussian."""

    def __init__(self, landscape: Landscape, centre: Array, n_beta: float, gamma: float) -> None:
        self.landscape, self.centre, self.n_beta, self.gamma = landscape, centre, n_beta, gamma
        self.bottom, self.evaluations = landscape.value(centre), 0
        values, Q = np.linalg.eigh(hessian_at(landscape, centre))
        precision = n_beta * np.maximum(values, 0.0) + gamma
        self.map = Q / np.sqrt(precision)
        self.log_det = -float(np.log(precision).sum()) / 2

    def excess(self, z: Points) -> tuple[Array, Points]:
        """n beta (V - V_0) at the coordinates `z` (k, D), and theta - theta_0."""
        steps = z @ self.map.T
        self.evaluations += len(z)
        return self.n_beta * (values_at(self.landscape, self.centre + steps) - self.bottom), steps

    def state(self, z: Points) -> tuple[Array, Array]:
        """log w = 0 (-inf behind a wall) and h = the posterior's energy less that of the Gaussian, at `z`."""
        excess, steps = self.excess(z)
        h = excess + self.gamma / 2 * (steps**2).sum(axis=1) - (z**2).sum(axis=1) / 2
        wall = ~np.isfinite(h)
        return np.where(wall, -np.inf, 0.0), np.where(wall, 0.0, h)


def _estimate(
    posterior: Posterior, steps: int, walkers: int, rng: np.random.Generator
) -> LearningCoefficient:
    D = len(posterior.centre)
    measure = f"the Gaussian of precision {posterior.gamma:g} about the minimum"
    start = rng.normal(size=(max(PILOT, walkers), D))
    start = start[np.isfinite(posterior.state(start)[0])]
    if len(start) < max(PILOT // 2, walkers):
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
    if verdict == REFUSED:
        error = half = math.inf
    return LearningCoefficient(
        value, error, run.effective, verdict, why, measure, posterior.evaluations, coefficient, half
    )


def _refused(why: str, measure: str, posterior: Posterior) -> LearningCoefficient:
    return LearningCoefficient(math.nan, math.inf, 0.0, REFUSED, why, measure, posterior.evaluations)
