"""The local learning coefficient: the exponent with which the volume about a minimum shrinks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import Landscape, Points, checked_point
from numerics.volume.by_tempering import require_run
from numerics.volume.estimate import DOUBTFUL, REFUSED, TRUSTED, LearningCoefficient, worse
from numerics.volume.ladder import Ladder, climb, place_rungs
from numerics.volume.wells.cells import in_cells, judged, refused
from numerics.volume.wells.posterior import Posterior
from numerics.volume.wells.search import LOWER, Search

DESCENTS, ROUNDS, AGAIN = 64, 4, 16
"""Descents from points of the localising Gaussian, how often these are done while wells may be unseen, and
from points sent to the posterior that lie far."""

HOPELESS = 0.5
"""Share of the mass, in wells that no descent met, that more descents would not find."""

SENT, FEWER, RUNGS, FEW = 400, 200, 200, 50
"""Points sent from the localising Gaussian to the posterior, in few dimensions and in more than MIXED; their
most rungs, and the most dimensions in which they are sent."""

INDEPENDENT, LARGER = 0.2, 1.5
"""Share of samples that are independent if walkers near the wells suffice; errors of much the same size."""

FAR, MISSED, MIXED = 5.0, 0.01, 4
"""How far beyond a well's typical radius is far, and the share of points there that counts.

In up to MIXED dimensions walkers on the whole ladder were right about other parts about as often as stated,
in more they were not (the battery of benchmarks): there such a value is doubtful, and a share below MISSED is
in its error.
"""


SPREAD = 1.2
"""By how much errors of walkers on the whole ladder are widened: they change parts seldom.

In up to four dimensions, on the short battery and on the cross of a tanh unit (n_beta 1e3 to 1e7), 74 of 76
trusted values lay within errors that were not widened, and all within 1.2 times these.
"""


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
        minimum under permutations and sign flips of up to seven units are counted exactly, and other wells
        that descents from the Gaussian find, up to 24, by walkers in each. Doubtful where walkers mix slowly,
        where descents met wells of which others like them may be left, or points were seen far from all that
        is counted; and where a well is lower than the minimum given: then the value is of this minimum's cell
        alone, and `why` says where the other lies. A well that no descent meets stays unseen: one in whose
        funnel a twentieth of the Gaussian lies, with a chance of 4 %.

    Raises
    ------
    ValueError
        If an argument is out of range, or the landscape is NaN somewhere.

    Notes
    -----
    Exact for a quadratic: lambda is half the sum of n beta h / (n beta h + gamma) over the eigenvalues h,
    and ln Z minus half the sum of ln(1 + n beta h / gamma). The sampler's reference is the quadratic's
    own Gaussian, so that on a quadratic its samples are independent. From 64 points of the Gaussian of
    precision gamma, and more while they meet wells that are new, L-BFGS goes down to minima of
    n beta V + gamma / 2 ``|theta - theta_0|^2``; those that a barrier parts from what is known are wells.
    Each has a cell, where its quadratic part is the lowest, and the integral is summed cell by cell. Points
    sent from the Gaussian up a ladder of temperatures tell, in up to 50 dimensions, whether the posterior
    has parts that are no wells; then, or where walkers in the cells are not to be trusted, walkers on that
    whole ladder give the value.

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
        return refused("the point is no minimum, and gamma does not hold it", posterior)
    found = _searched(posterior, rng)
    posterior.wells = posterior.wells[: None if found.complete else 1]
    if found.lower or (found.reservation and len(posterior.centre) > MIXED):
        settled = _reserved(_near(posterior, found, steps, walkers, rng)[0], found.reservation)
    else:
        settled = _settled(posterior, found, steps, walkers, rng)
    low = f"; n beta V was seen {-posterior.lowest:.2g} below the minimum given"
    settled = _reserved(settled, low if posterior.lowest < -LOWER and not found.lower else "")
    return replace(settled, evaluations=posterior.evaluations)


def _searched(posterior: Posterior, rng: np.random.Generator) -> Search:
    """Descents from the localising Gaussian, more of them while they meet wells that no other met."""
    found = Search(posterior)
    for _ in range(ROUNDS):
        found.descend(posterior.wide_steps(posterior.draws(DESCENTS, rng)))
        if found.lower is not None or not found.complete or not MISSED < found.unseen < HOPELESS:
            break
    return found


def _near(
    posterior: Posterior, found: Search, steps: int, walkers: int, rng: np.random.Generator
) -> tuple[LearningCoefficient, Points | None, float]:
    """The sum over the cells of the wells that were `found`; of the centre's alone where another is lower."""
    alone = found.lower is not None
    near, last, independent = in_cells(posterior, 1 if alone else None, steps, walkers, rng)
    if not alone and len(posterior.wells) > 1:
        near = replace(near, error=near.error + found.unseen + MISSED)
    return near, last, independent


def _settled(
    posterior: Posterior, found: Search, steps: int, walkers: int, rng: np.random.Generator
) -> LearningCoefficient:
    """The estimate by walkers in the wells' cells, or on the whole ladder, whichever stands."""
    many, far = len(posterior.centre) > MIXED, 0.0
    sent = _sent(posterior, max(FEWER if many else SENT, walkers), rng)
    if sent is not None:
        arrived = posterior.wide_steps(sent.stood[-1])
        found.descend(arrived[posterior.far(arrived) > FAR][:AGAIN])
        posterior.wells = posterior.wells[: None if found.complete else 1]
        far = float((posterior.far(arrived) > FAR).mean())
    near, last, independent = _near(posterior, found, steps, walkers, rng)
    said = f"; of points sent from the Gaussian {far:.1%} end far from the minimum"
    why = found.reservation + (said if far > MISSED * many else "")
    near = _reserved(near, why)
    hopeless = found.lower is not None or (many and bool(why))  # no run of walkers would be trusted
    if sent is not None and not hopeless and not (near.verdict == TRUSTED and independent >= INDEPENDENT):
        near = _better(near, _wide(posterior, sent, last, steps, walkers, rng))
    if hopeless:
        return near
    return replace(near, error=near.error + 3 * far) if many and far > 0 else near


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
    found = judged(posterior, run, run.log_ratio, 0.0)
    return replace(
        found,
        error=SPREAD * found.error,
        coefficient_error=SPREAD * found.coefficient_error,
        why=found.why + "; from the whole Gaussian",
    )


def _reserved(found: LearningCoefficient, why: str) -> LearningCoefficient:
    """The same, doubtful for the reason `why` if there is one."""
    return found if not why else replace(found, verdict=worse(found.verdict, DOUBTFUL), why=found.why + why)
