"""The local learning coefficient: the exponent with which the volume about a minimum shrinks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import Landscape, Points, checked_point
from numerics.statistics.weights import average
from numerics.volume.by_tempering import judge_run, population, require_run
from numerics.volume.estimate import DOUBTFUL, REFUSED, TRUSTED, VolumeEstimate, worse
from numerics.volume.images import images_left_out
from numerics.volume.ladder import Climbed, Ladder, climb, place_rungs
from numerics.volume.posterior import Posterior

CHECKED = 2000
"""Points of the localising Gaussian that are tested for mass that was missed."""

LOWER, BARRIER, NEGLIGIBLE = 1.0, 2.0, 10.0
"""Nats of log-density: how far below the minimum it may be seen; what separates wells; what is nothing."""

SENT, RUNGS, FEW = 400, 200, 50
"""Points sent from the localising Gaussian to the posterior, their most rungs, and the most dimensions."""

SIDES = 4000
"""Points that measure how much of the quadratic part's Gaussian lies on the centre's side of its images."""

INDEPENDENT, LARGER = 0.2, 1.5
"""Share of samples that are independent if walkers near the minimum suffice; errors of much the same size."""

FAR, MISSED, MIXED = 5.0, 0.01, 4
"""How far beyond the quadratic part's typical radius is far, and the share of points there that counts.

In up to MIXED dimensions walkers on the whole ladder were right about other parts about as often as stated,
in more they were not (the battery of benchmarks): there such a value is doubtful, and a share below MISSED is
in its error. A second well as narrow as the first is lost on the way in ten dimensions and more, whatever
mass it holds: such values are trusted, and wrong.
"""


SPREAD = 1.2
"""By how much errors of walkers on the whole ladder are widened: they change parts seldom.

In up to four dimensions, on the short battery and on the cross of a tanh unit (n_beta 1e3 to 1e7), 74 of 76
trusted values lay within errors that were not widened, and all within 1.2 times these.
"""


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
        `log_volume` is ln Z, relative to the Gaussian of precision gamma, over all theta: images of the
        minimum under permutations and sign flips of up to seven units are counted exactly, whatever walkers
        reach. Doubtful where walkers mix slowly, or parts were seen that they did not reach. In ten
        dimensions and more a second well may stay unseen, and the value, without it, is trusted.

    Raises
    ------
    ValueError
        If an argument is out of range, or the landscape is NaN somewhere.

    Notes
    -----
    Exact for a quadratic: lambda is half the sum of n beta h / (n beta h + gamma) over the eigenvalues h,
    and ln Z minus half the sum of ln(1 + n beta h / gamma). The sampler's reference is the quadratic's
    own Gaussian, so that on a quadratic its samples are independent. Points sent from the Gaussian of
    precision gamma up a ladder of temperatures tell, in up to 50 dimensions, whether the posterior has other
    parts; then, or where walkers about the minimum are not to be trusted, walkers on that whole ladder give
    the value.

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


def _estimate(
    posterior: Posterior, steps: int, walkers: int, rng: np.random.Generator
) -> LearningCoefficient:
    if posterior.bent >= 1:
        return _refused("the point is no minimum, and gamma does not hold it", posterior)
    near, last = _near(posterior, steps, walkers, rng)
    many = len(posterior.centre) > MIXED
    sent = _sent(posterior, max(SENT, walkers), rng)
    far = 0.0 if sent is None else float((posterior.far(sent.stood[-1]) > FAR).mean())
    least = MISSED if many else 0.0
    why = f"; of points sent from the Gaussian {far:.1%} end far from the minimum" if far > least else ""
    near = _reserved(near, why)
    nearly_independent = near.effective_samples >= INDEPENDENT * steps * walkers
    hopeless = many and bool(why)  # no run of walkers would be trusted
    if sent is not None and not hopeless and not (near.verdict == TRUSTED and nearly_independent):
        near = _better(near, _wide(posterior, sent, last, steps, walkers, rng))
    low = f"; n beta V was seen {-posterior.lowest:.2g} below the minimum given"
    found = _reserved(near, low if posterior.lowest < -LOWER else "")
    if many and far > 0:
        found = _reserved(found, "; walkers change wells too seldom in so many dimensions" if why else "")
        found = found if why else replace(found, error=found.error + 3 * far)
    return replace(found, evaluations=posterior.evaluations)


def _better(near: LearningCoefficient, wide: LearningCoefficient) -> LearningCoefficient:
    """Which of two estimates stands: that of the better verdict; doubtful if both are trusted and differ."""
    if TRUSTED == near.verdict == wide.verdict:
        narrow = wide.error / SPREAD
        chosen = wide if narrow < LARGER * near.error else near
        apart = abs(wide.log_volume - near.log_volume)
        said = f"; walkers about the minimum and from the Gaussian differ by {apart:.2g}"
        return _reserved(chosen, said if apart > LARGER * math.hypot(narrow, near.error) else "")
    if near.verdict == REFUSED or worse(wide.verdict, near.verdict) != wide.verdict:
        return wide
    return near


def _near(
    posterior: Posterior, steps: int, walkers: int, rng: np.random.Generator
) -> tuple[LearningCoefficient, Points | None]:
    """The estimate by walkers about the minimum, from the quadratic part on; and where they ended."""
    D, wanted = len(posterior.centre), population(steps, walkers)
    start = rng.normal(size=(max(wanted, SIDES if posterior.images else 0), D))
    free = np.isfinite(posterior.near(start)[0])
    if free.sum() < max(len(start) // 2, walkers):
        return _refused("the landscape has walls where its quadratic part is low", posterior), None
    ladder = place_rungs(posterior.near, False, 0.0, 1.0, start[free][:wanted], rng, keep=walkers)
    if ladder is None:
        return _refused("the quadratic part is too far from the landscape: raise gamma", posterior), None
    burn_in, observe = steps // 2, posterior.near_energy
    run = climb(posterior.near, ladder, steps=steps, burn_in=burn_in, observe=observe, rng=rng)
    share = free.mean()
    value = posterior.log_det + D / 2 * math.log(posterior.gamma) + run.log_ratio + math.log(share)
    found = _judged(posterior, run, value, 1.96 * math.sqrt((1 - share) / (share * len(free))))
    verdict, why = reservations(posterior, found.log_volume, found.error, rng)
    reserved = replace(found, verdict=worse(found.verdict, verdict), why=found.why + why)
    return reserved, posterior.near_steps(run.last) @ posterior.axes / posterior.reach


def _sent(posterior: Posterior, count: int, rng: np.random.Generator) -> Ladder | None:
    """Points sent from the localising Gaussian to the posterior; None where they do not arrive."""
    if len(posterior.centre) > FEW:
        return None
    start = posterior.draws(count, rng)
    start = start[np.isfinite(posterior.wide(start)[0])]
    if len(start) < count // 2:
        return None
    return place_rungs(
        posterior.wide,
        False,
        0.0,
        1.0,
        start,
        rng,
        keep=len(start),
        most=RUNGS,
        curvature=posterior.curvature,
        directions=posterior.directions,
    )


def _wide(
    posterior: Posterior,
    sent: Ladder,
    last: Points | None,
    steps: int,
    walkers: int,
    rng: np.random.Generator,
) -> LearningCoefficient:
    """The estimate by walkers on the ladder of the points `sent`; half begin where walkers ended `last`.

    Both agree if what is about the minimum and what the Gaussian's points reach is one for the walkers.
    """
    ladder = replace(sent, stood=sent.stood[:, :walkers])
    begun = None
    if last is not None:
        begun = np.broadcast_to(last, (len(sent.stood), *last.shape))[:, ::2].copy()
        begun[0] = sent.stood[0, :walkers:2]
    run = climb(
        posterior.wide,
        ladder,
        steps=steps,
        burn_in=steps // 2,
        observe=posterior.wide_energy,
        begun=begun,
        rng=rng,
    )
    found = _judged(posterior, run, run.log_ratio, 0.0)
    return replace(
        found,
        error=SPREAD * found.error,
        coefficient_error=SPREAD * found.coefficient_error,
        why=found.why + "; from the whole Gaussian",
    )


def _judged(posterior: Posterior, run: Climbed, value: float, beside: float) -> LearningCoefficient:
    """What a `run` found, with its verdict and an error `beside` its own."""
    coefficient, half = run.mean
    verdict, why = judge_run(run)
    error = math.hypot(run.half_width, beside) + 2.0**-46 * (len(posterior.centre) + abs(value))
    found = LearningCoefficient(
        value, error, run.effective, verdict, why, _measure(posterior), 0, coefficient, half
    )
    return found if verdict != REFUSED else replace(found, error=math.inf, coefficient_error=math.inf)


def _reserved(found: LearningCoefficient, why: str) -> LearningCoefficient:
    """The same, doubtful for the reason `why` if there is one."""
    return found if not why else replace(found, verdict=worse(found.verdict, DOUBTFUL), why=found.why + why)


def reservations(
    posterior: Posterior, value: float, error: float, rng: np.random.Generator
) -> tuple[str, str]:
    """A verdict, and why, on what walkers in one well cannot see.

    Other wells show along the Hessian's axes, and where points of the localising Gaussian hold more mass than
    `value` and its `error` allow.
    """
    verdict, why = TRUSTED, ""
    noise = posterior.reach * rng.normal(size=(CHECKED, len(posterior.centre)))
    seen = average(-posterior.energy(noise))
    if seen.error < 1 and seen.log_mean - 2 * seen.error > value + error:
        verdict, why = DOUBTFUL, "; the Gaussian holds more mass than the walkers found"
    if _other_wells(posterior):
        verdict = DOUBTFUL
        why += "; along an axis of the Hessian there is another well within the Gaussian"
    if images_left_out(posterior.landscape, posterior.centre, posterior.gamma) > MISSED:
        verdict = DOUBTFUL
        why += "; images of the minimum, too many to be summed, lie within the Gaussian"
    return verdict, why


def _other_wells(posterior: Posterior) -> bool:
    """Whether the log-density, along an axis, falls and then rises by BARRIER to a height that matters.

    Beyond the middle between theta_0 and an image, a well is the image's and was counted.
    """
    t = np.linspace(0, 3 * posterior.reach, 16)
    for axis in posterior.axes.T:
        for way in (axis, -axis):
            logs = -posterior.energy(t[:, None] * way) - posterior.pull(t[:, None] * way)
            logs = logs[np.isfinite(logs)]
            rise = logs - np.minimum.accumulate(logs)
            if ((rise > BARRIER) & (logs > -NEGLIGIBLE)).any():
                return True
    return False


def _measure(posterior: Posterior) -> str:
    return f"the Gaussian of precision {posterior.gamma:g} about the minimum"


def _refused(why: str, posterior: Posterior) -> LearningCoefficient:
    return LearningCoefficient(math.nan, math.inf, 0.0, REFUSED, why, _measure(posterior))
