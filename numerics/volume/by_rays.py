"""The radial estimate of a volume: rays from the minimum, through the axes of the exact Hessian."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from numerics.landscape.landscape import Landscape, Points
from numerics.statistics.weights import average
from numerics.volume.estimate import DOUBTFUL, Refusal, VolumeEstimate, judge, refused, worse
from numerics.volume.frame import Frame, frame
from numerics.volume.priors import Gaussian, Prior
from numerics.volume.region import RELATIVE, Membership, Region, region, require_count
from twolayer.arrays import Array

NODES, WEIGHTS = np.polynomial.legendre.leggauss(96)
PEAK_WIDTHS = 12.0
MOST = 1e9
"""Most coordinates of all rays together: 8 GB."""


def radial(
    landscape: Landscape,
    minimum: ArrayLike,
    *,
    threshold: float | None = None,
    inside: Membership | None = None,
    directions: int = 1000,
    preconditioner: str | Array | None = "hessian",
    prior: Prior | None = None,
    resolution: float = RELATIVE,
    rng: np.random.Generator,
) -> VolumeEstimate:
    r"""Log-volume of the star-shaped region about a minimum, from distances along random rays.

    In coordinates z, theta = minimum + A z, with r(u) the distance to the region's end along a uniform
    unit vector u, the volume is :math:`|\det A|\,\omega_D\,E[r(u)^D]`, :math:`\omega_D` that of the unit
    ball; for any invertible A.

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
    threshold : float, optional
        T: the region is {V < V(minimum) + T}. Either this or `inside`.
    inside : callable, optional
        ``inside(points) -> (k,)`` of bool at points (k, D): membership, of a basin of attraction say.
    directions : int
        Number of rays.
    preconditioner : "hessian", None or ndarray (D, D)
        A. "hessian": the axes of the quadratic part's ellipsoid; exact for quadratics. None: isotropic,
        which loses up to (D/2) ln(AM/GM of the eigenvalues) (theorem T12), and says so.
    prior : Ball, Box or Gaussian, optional
        The result is then the logarithm of the prior's mass of the region.
    resolution : float
        How finely the ends of rays are located, relative to their distance; D times this is in the error.
        Coarser where a membership is dear.
    rng : numpy Generator

    Returns
    -------
    VolumeEstimate
        Refused where few rays carry the average, or a ray has no end. Doubtful where rays were seen to
        come back into the region: what lies beyond their first end is not counted.
        The images of a network's region under permutations and sign flips of units are not counted; `why`
        says how many there are.

    Raises
    ------
    ValueError
        If an argument is out of range, or the landscape is NaN somewhere.

    Notes
    -----
    About 45 evaluations a ray, 3 fewer for every ten times coarser a resolution. The error covers the
    spread of the rays and the location of their ends.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> bowl = ellipsoid([1.0, 4.0])
    >>> found = radial(bowl, [0.0, 0.0], threshold=0.5, rng=np.random.default_rng(0))
    >>> bool(np.isclose(found.log_volume, np.log(np.pi / 2))), found.verdict
    (True, 'trusted')
    """
    if not RELATIVE <= resolution < 1:
        raise ValueError(f"resolution must lie between {RELATIVE:g} and 1; got {resolution}")
    where = region(landscape, minimum, threshold, inside, prior)
    require_count("directions", directions, 2, MOST / where.dimension)
    try:
        axes = frame(where, preconditioner)
    except Refusal as reason:
        return refused(str(reason), where.measure, where.evaluations)
    U = rng.normal(size=(directions, where.dimension))
    U /= np.linalg.norm(U, axis=1)[:, None]
    rays = U @ axes.map.T
    r = where.crossings(rays, resolution)
    if not np.isfinite(r).all():
        share = 1 - np.isfinite(r).mean()
        return refused(f"{share:.0%} of the rays have no end: give a prior", where.measure, where.evaluations)
    return _estimate(where, axes, rays, r, resolution, rng)


def _estimate(
    where: Region, axes: Frame, rays: Points, r: Array, resolution: float, rng: np.random.Generator
) -> VolumeEstimate:
    D = where.dimension
    summary = average(_log_integrals(where, rays, r))
    constant = axes.log_det + math.log(D) + D / 2 * math.log(math.pi) - float(gammaln(D / 2 + 1))
    verdict, why = judge(summary)
    again = where.not_star_shaped(rays, r, rng, resolution)
    if again > 0:
        verdict = worse(verdict, DOUBTFUL)
        why += f"; the region is not star-shaped: {again:.1%} of the rays come back into it"
    if not getattr(where.landscape, "exact_curvature", True):
        why += "; axes from differences of the gradient"
    noise = 2.0**-50 * (1 + abs(where.bottom) / (where.threshold or 1 + abs(where.bottom)))
    error = summary.error + D * (resolution + noise) if verdict != "refused" else math.inf
    value = constant + summary.log_mean
    reserved, said = where.reservations(value, error, rng)
    verdict, why = worse(verdict, reserved), why + said
    return VolumeEstimate(value, error, summary.effective, verdict, why, where.measure, where.evaluations)


def _log_integrals(where: Region, rays: Points, r: Array) -> Array:
    """Logarithm of the integral of t^(D-1) times the prior's density along each ray up to r."""
    D = where.dimension
    with np.errstate(divide="ignore"):
        uniform = D * np.log(r) - math.log(D)
    if not isinstance(where.prior, Gaussian):
        return np.asarray(uniform + where.log_density(where.centre[None])[0])
    return np.array(
        [_gaussian_integral(where, where.prior, ray, end) for ray, end in zip(rays, r, strict=True)]
    )


def _gaussian_integral(where: Region, prior: Gaussian, ray: Array, end: float) -> float:
    """The same with a Gaussian density: Gauss-Legendre where the log-concave integrand lives.

    Its logarithm (D-1) ln t - q t^2 / 2 - p t is largest at the positive root of
    q t^2 + p t = D - 1.
    """
    D, scale = where.dimension, prior.scale
    q = float(ray @ ray) / scale**2
    p = float(ray @ (where.centre - prior.centre)) / scale**2
    peak = (-p + math.sqrt(p * p + 4 * q * (D - 1))) / (2 * q)
    top = min(peak, end)
    slope = (D - 1) / top - q * top - p if top > 0 else 0.0
    width = min(
        1 / math.sqrt((D - 1) / top**2 + q) if top > 0 else 1 / math.sqrt(q),
        1 / slope if slope > 0 else math.inf,
    )
    low, high = max(0.0, top - PEAK_WIDTHS * 3 * width), min(end, top + PEAK_WIDTHS * width)
    t = low + (high - low) * (NODES + 1) / 2
    logs = (D - 1) * np.log(t) + where.log_density(where.centre + t[:, None] * ray)
    most = logs.max()
    return float(most + math.log(WEIGHTS @ np.exp(logs - most) * (high - low) / 2))
