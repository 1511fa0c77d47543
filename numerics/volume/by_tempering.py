"""Volumes by tempering: from a Gaussian inside the region, through a ladder, to the whole region."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import Landscape, Points
from numerics.statistics.weights import Weights, average
from numerics.volume.estimate import (
    DOUBTFUL,
    ENOUGH,
    REFUSED,
    TOO_FEW,
    TRUSTED,
    Refusal,
    VolumeEstimate,
    judge,
    refused,
    worse,
)
from numerics.volume.frame import Frame, frame
from numerics.volume.ladder import Climbed, climb, place_rungs
from numerics.volume.priors import Prior
from numerics.volume.region import Membership, Region, region, require_count
from twolayer.arrays import Array

PILOT, LEAST_PILOT, PIECE = 400, 32, 1000
NEARLY_ALL = 0.8
APART, MOST_APART = 3.5, 5.0
"""Standard errors between parts of a run that make it doubtful, and refused."""

ENOUGH_EACH, FEW_EACH = 5.0, 2.0
"""Independent samples a walker below which a run is doubtful, and refused."""

LEAST_SWAPS = 0.05
MOST_RECORDED = 1e8
"""Most recorded moves of all walkers on a rung: 0.8 GB."""


def tempering(
    landscape: Landscape,
    minimum: ArrayLike,
    *,
    threshold: float | None = None,
    inside: Membership | None = None,
    steps: int = 1000,
    walkers: int = 32,
    preconditioner: str | Array | None = "hessian",
    prior: Prior | None = None,
    rng: np.random.Generator,
) -> VolumeEstimate:
    r"""Log-volume of any region about a minimum, by parallel tempering over its membership.

    In coordinates z, theta = minimum + A z, with r = ``|z|`` and the mean taken over the region with density
    proportional to exp(-k r^2 / 2),

    .. math:: \ln V = \ln|\det A| + \frac D2\ln\frac{2\pi}{k_0} + \ln p(k_0)
              + \frac12\int_0^{k_0} \langle r^2\rangle_k\,dk ,

    p the share of the Gaussian of precision k_0 that lies in the region. The integral is summed between
    rungs by Bennett's acceptance ratio, so that it has no discretisation error.

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
    threshold : float, optional
        T: the region is {V < V(minimum) + T}. Either this or `inside`.
    inside : callable, optional
        ``inside(points) -> (k,)`` of bool at points (k, D): membership, of a basin of attraction say.
    steps : int
        Recorded moves of every walker; half as many go before them.
    walkers : int
        Independent walkers on every rung; the error comes from their spread.
    preconditioner : "hessian", None or ndarray (D, D)
        A, as for :func:`numerics.volume.by_rays.radial`. Here it changes the cost, not the result.
    prior : Ball, Box or Gaussian, optional
        The result is then the logarithm of the prior's mass of the region.
    rng : numpy Generator

    Returns
    -------
    VolumeEstimate
        Refused where the region has no end, or walkers do not mix. Doubtful where they mix slowly, or
        reached points of the region that the segment to the minimum leaves: then the region is not
        star-shaped, perhaps not connected, and parts that walkers seldom reach may be missed.
        The images of a network's region under permutations and sign flips of units are not counted; `why`
        says how many there are.

    Raises
    ------
    ValueError
        If an argument is out of range, or the landscape is NaN somewhere.

    Notes
    -----
    About (rungs) x (walkers) x (1.5 steps) evaluations; some five rungs in 100 dimensions, six in 1,000.

    Examples
    --------
    >>> from numerics.landscape.potentials import CosineLattice
    >>> lattice = CosineLattice(2)  # the basin of the origin is the unit square
    >>> found = tempering(lattice, [0.0, 0.0], inside=lattice.in_basin, rng=np.random.default_rng(0))
    >>> abs(found.log_volume) < found.error < 0.1
    True
    """
    require_run(steps, walkers)
    where = region(landscape, minimum, threshold, inside, prior)
    try:
        return _estimate(where, frame(where, preconditioner), steps, walkers, rng)
    except Refusal as reason:
        return refused(str(reason), where.measure, where.evaluations)


def _estimate(
    where: Region, axes: Frame, steps: int, walkers: int, rng: np.random.Generator
) -> VolumeEstimate:
    def state(z: Points) -> tuple[Array, Array]:
        return _log_weight(where, axes, z), (z**2).sum(axis=1) / 2

    wanted = population(steps, walkers)
    top = _first_precision(where, axes, rng)
    share, start = _first_rung(where, axes, top, steps * walkers // 8, wanted, rng)
    ladder = place_rungs(state, True, top, 0.0, start, rng, keep=walkers)
    if ladder is None:
        raise Refusal("the region seems to have no end: give a prior (Ball, Box or Gaussian)")
    run = climb(state, ladder, steps=steps, burn_in=steps // 2, rng=rng)
    value = axes.log_det + where.dimension / 2 * math.log(2 * math.pi / top) + share.log_mean + run.log_ratio
    verdict, why = judge_run(run)
    first, said = judge(share)
    if first != TRUSTED:
        verdict, why = worse(verdict, first), f"{why}; on the first rung {said}"
    bent = _bent(where, axes, run.last, rng)
    if bent > 0:
        verdict = worse(verdict, DOUBTFUL)
        why += f"; segments from the minimum leave the region for {bent:.0%} of the walkers"
    error = math.inf if verdict == REFUSED else math.hypot(run.half_width, share.error)
    reserved, said = where.reservations(value, error, rng)
    verdict, why = worse(verdict, reserved), why + said
    return VolumeEstimate(value, error, run.effective, verdict, why, where.measure, where.evaluations)


def population(steps: int, walkers: int) -> int:
    """How many points place the rungs: few beside the `steps` of the `walkers`, and enough.

    Examples
    --------
    >>> population(1000, 32), population(100, 8), population(100, 80)
    (400, 32, 200)
    """
    return max(walkers, min(PILOT, max(LEAST_PILOT, steps * walkers // 40)))


def _first_rung(
    where: Region, axes: Frame, top: float, count: int, wanted: int, rng: np.random.Generator
) -> tuple[Weights, Points]:
    """The Gaussian's integral over the region, and `wanted` of its samples there; in pieces, for memory."""
    logs, held = [], np.empty((0, where.dimension))
    total = max(count, 4 * wanted)
    for done in range(0, total, PIECE):
        base = rng.normal(size=(min(PIECE, total - done), where.dimension)) / math.sqrt(top)
        logs.append(_log_weight(where, axes, base))
        if len(held) < wanted:
            held = np.concatenate([held, base[np.isfinite(logs[-1])]])
    return average(np.concatenate(logs)), held[rng.integers(len(held), size=wanted)]


def require_run(steps: int, walkers: int) -> None:
    """Refuse numbers of recorded moves and walkers that are too few, or absurd.

    Raises
    ------
    ValueError
        Unless `steps` is at least 10, `walkers` at least 4, and their product at most 1e8.
    """
    require_count("steps", steps, 10, MOST_RECORDED / 4)
    require_count("walkers", walkers, 4, MOST_RECORDED / steps)


def _log_weight(where: Region, axes: Frame, z: Points) -> Array:
    points = axes.points(z)
    log_w = where.log_density(points)
    possible = np.isfinite(log_w)
    log_w[possible] = np.where(where.contains(points[possible]), log_w[possible], -np.inf)
    return log_w


def _first_precision(where: Region, axes: Frame, rng: np.random.Generator) -> float:
    """A precision at which nearly all of the Gaussian lies in the region, where the prior is near even."""
    k, noise = float(where.dimension), rng.normal(size=(100, where.dimension))
    for _ in range(100):
        log_w = _log_weight(where, axes, noise / math.sqrt(k))
        if np.isfinite(log_w).any() and average(log_w).effective >= NEARLY_ALL * len(noise):
            return k
        k *= 1.5
    raise Refusal("no ball about the minimum lies in the region: the minimum is on its edge")


def judge_run(run: Climbed) -> tuple[str, str]:
    """Verdict on a `run` of the ladder, and why.

    Half as many moves as were recorded went before them: they are many autocorrelation times if each walker
    is worth several independent samples.
    """
    each, apart = run.effective / run.walkers, max(run.drift, run.memory)
    why = (
        f"effective sample size {run.effective:.3g}, {each:.2g} a walker, swaps at least {run.swaps:.0%}, "
        f"halves differ by {run.drift:.1f} and walkers from different beginnings by {run.memory:.1f} "
        "standard errors"
    )
    if run.effective < TOO_FEW or each < FEW_EACH or apart > MOST_APART or run.swaps == 0:
        return REFUSED, "the walkers do not mix: " + why
    if run.effective < ENOUGH or each < ENOUGH_EACH or apart > APART or run.swaps < LEAST_SWAPS:
        return DOUBTFUL, "the walkers mix slowly: " + why
    return TRUSTED, why


def _bent(where: Region, axes: Frame, z: Points, rng: np.random.Generator) -> float:
    """Share of points whose segment to the minimum leaves the region."""
    along = rng.uniform(0, 1, size=(8, len(z), 1))
    kept = where.contains(axes.points((along * z).reshape(-1, z.shape[1]))).reshape(8, -1)
    return float((~kept).any(axis=0).mean())
