"""Volumes read off the eigenvalues of the Hessian: the ellipsoid's and the paper's product."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from numerics.landscape.landscape import Landscape, checked_point, hessian_at, values_at
from numerics.volume.estimate import DOUBTFUL, LEBESGUE, TRUSTED, VolumeEstimate, refused
from twolayer.arrays import Array

ANHARMONIC = 0.1
"""Largest relative departure from the quadratic at the ellipsoid's tips for which it is trusted."""


def log_product(
    landscape: Landscape, minimum: ArrayLike, *, k: int | None = None, rng: np.random.Generator | None = None
) -> VolumeEstimate:
    """Minus the sum of logarithms of the k largest Hessian eigenvalues: the proxy of Wu, Zhu and E.

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
    k : int, optional
        How many eigenvalues; all D by default.
    rng : numpy Generator, optional
        Not used: nothing is sampled. Taken so that every estimator is called alike.

    Returns
    -------
    VolumeEstimate
        Never better than doubtful: the number depends on k and on the scale of theta, carries no height
        and no units of volume, and its factor in the paper is unknown (1 here; the ellipsoid has 1/2).
        Refused if one of the k eigenvalues is not positive beyond rounding.

    Raises
    ------
    ValueError
        If `k` is out of range or the Hessian is not finite.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> log_product(ellipsoid([1.0, np.e, np.e]), np.zeros(3), k=2).log_volume
    -2.0
    """
    theta = checked_point(landscape, "minimum", minimum)
    D = len(theta)
    kept = D if k is None else k
    if not 1 <= kept <= D:
        raise ValueError(f"k must be None or in 1..{D}; got {k}")
    values, rounding = _spectrum(landscape, theta)
    if values[-kept] <= rounding:
        return refused(f"eigenvalue {kept} of {D} is not positive beyond rounding: {values[-kept]:.3g}")
    logs = np.log(values[-kept:])
    error = float((rounding / (values[-kept:] - rounding)).sum()) + 2.0**-50 * float(abs(logs).sum() + kept)
    why = f"a proxy: it depends on k = {kept} of {D} and on the scale of theta, and is no volume"
    return VolumeEstimate(
        -math.fsum(logs), error, math.inf, DOUBTFUL, why, f"the product of {kept} eigenvalues"
    )


def ellipsoid(
    landscape: Landscape,
    minimum: ArrayLike,
    *,
    threshold: float,
    radius: float | None = None,
    rng: np.random.Generator | None = None,
) -> VolumeEstimate:
    r"""Log-volume of the quadratic part's sublevel set {quadratic < T}, in closed form.

    :math:`\ln V = \frac D2 \ln 2\pi T - \frac12\sum_i \ln\lambda_i - \ln\Gamma(D/2 + 1)`.

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
    threshold : float
        T, a height above the minimum.
    radius : float, optional
        rho: the region is ``{quadratic / T + |theta - minimum|^2 / rho^2 < 1}``, which is bounded along flat
        directions too; each eigenvalue grows by 2 T / rho^2.
    rng : numpy Generator, optional
        Not used: nothing is sampled. Taken so that every estimator is called alike.

    Returns
    -------
    VolumeEstimate
        Refused where an eigenvalue is not positive beyond rounding. Doubtful where the landscape at the
        tips of the ellipsoid differs from the quadratic by more than a tenth of T: the error bounds the
        rounding of the quadratic's volume, not what is not quadratic.

    Raises
    ------
    ValueError
        If `threshold` or `radius` is not positive, or the Hessian is not finite.

    Examples
    --------
    >>> from numerics import potentials
    >>> found = ellipsoid(potentials.ellipsoid([1.0, 4.0]), np.zeros(2), threshold=0.5)
    >>> bool(np.isclose(found.log_volume, np.log(np.pi / 2))), found.verdict
    (True, 'trusted')
    """
    theta = checked_point(landscape, "minimum", minimum)
    for name, number in (("threshold", threshold), ("radius", radius)):
        if number is not None and not 0 < number < np.inf:
            raise ValueError(f"{name} must be positive; got {number}")
    ridge = 0.0 if radius is None else 2 * threshold / radius**2
    values, Q, rounding = _eigenpairs(landscape, theta)
    raised = values + ridge
    if raised[0] <= rounding:
        return refused(
            f"{int((raised <= rounding).sum())} of {len(theta)} eigenvalues are not positive "
            "beyond rounding: give a radius, or use radial with a prior"
        )
    D, logs = len(theta), np.log(raised)
    value = D / 2 * math.log(2 * math.pi * threshold) - math.fsum(logs) / 2 - float(gammaln(D / 2 + 1))
    error = float((rounding / (raised - rounding)).sum()) / 2 + 2.0**-48 * (
        D + abs(value) + float(abs(logs).sum())
    )
    measure = LEBESGUE if radius is None else f"{LEBESGUE}, softly cut at distance {radius:g}"
    verdict, why = _tips(landscape, theta, Q * np.sqrt(2 * threshold / raised), threshold, values)
    return VolumeEstimate(value, error, math.inf, verdict, why, measure, 2 * D)


def _tips(
    landscape: Landscape, theta: Array, axes: Array, threshold: float, values: Array
) -> tuple[str, str]:
    """Compare the landscape with its quadratic part at both ends of every axis."""
    ends = np.concatenate([theta + axes.T, theta - axes.T])
    quadratic = np.tile(values * (axes**2).sum(axis=0) / 2, 2)
    excess = values_at(landscape, ends) - landscape.value(theta)
    departure = float(np.abs(excess - quadratic).max()) / threshold
    said = f"at the tips the landscape departs from its quadratic part by up to {departure:.2g} T"
    return (TRUSTED if departure <= ANHARMONIC else DOUBTFUL), said


def _spectrum(landscape: Landscape, theta: Array) -> tuple[Array, float]:
    values, _, rounding = _eigenpairs(landscape, theta)
    return values, rounding


def _eigenpairs(landscape: Landscape, theta: Array) -> tuple[Array, Array, float]:
    """Ascending eigenvalues, their vectors, and a bound of LAPACK's backward error."""
    H = hessian_at(landscape, theta)
    values, Q = np.linalg.eigh(H)
    relative = 2.0**-50 * len(H) if getattr(landscape, "exact_curvature", True) else 1e-8
    diagonal = not np.any(H - np.diag(H.diagonal()))
    return values, Q, 0.0 if diagonal else relative * float(np.abs(values).max())
