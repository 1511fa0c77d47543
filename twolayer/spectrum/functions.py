"""Functions of all eigenvalues, enclosed: each is monotone in every eigenvalue or in its absolute value."""

from __future__ import annotations

import math
import sys

import numpy as np

from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, SUBNORMAL, gamma
from .enclosed import Spectrum, refuse_shift, rounded_up


@np.errstate(over="ignore", invalid="ignore")
def schatten_norm(spectrum: Spectrum, p: float) -> tuple[float, float]:
    """(sum |lambda|^p)^(1/p), and its error; the largest absolute eigenvalue for p = inf.

    Examples
    --------
    >>> two = Spectrum(np.array([4.0, -3.0]), np.zeros(2), 0.0, "by hand")
    >>> round(schatten_norm(two, 2)[0], 12), schatten_norm(two, math.inf)[0]
    (5.0, 4.0)
    """
    if p == math.inf:
        return spectrum.spectral_norm()
    sizes = np.abs(spectrum.values)
    ends = [np.maximum(sizes - spectrum.errors, 0.0), sizes, sizes + spectrum.errors]
    require_representable("eigenvalues", ends[-1])
    low, value, high = (_power_sum(end, p) for end in ends)
    require_representable("norms of the matrix", high)
    rounding = gamma(len(sizes) + 16) * high + _vanished(ends[-1])
    return value, SLACK * (max(high - value, value - low) + rounding)


def _power_sum(sizes: Array, p: float) -> float:
    top = float(sizes.max(initial=0.0))
    return top * math.fsum((sizes / top) ** p) ** (1.0 / p) if top > 0 else 0.0


@np.errstate(over="ignore", invalid="ignore")
def condition_number(spectrum: Spectrum, shift: float) -> tuple[float, float]:
    """max |lambda + shift| / min |lambda + shift|, and its error: infinite if an eigenvalue may be -shift.

    Examples
    --------
    >>> condition_number(Spectrum(np.array([4.0, 2.0]), np.zeros(2), 0.0, "by hand"), 0.0)[0]
    2.0
    """
    moved = np.abs(spectrum.values + shift)
    errors = spectrum.errors + gamma(2) * moved
    require_representable("eigenvalues of H + shift I", moved + errors)
    lower, upper = moved - errors, moved + errors
    known = _quotient(float(lower.max()), float(upper.min()))
    if not float(lower.min()) > 0:  # from below, and as much as a float can say
        return max(1.0, min(known * (1 - gamma(4)), sys.float_info.max)), math.inf
    value = _quotient(float(moved.max()), float(moved.min()))
    require_representable("condition numbers", value)
    above = _quotient(float(upper.max()), float(lower.min()))
    return value, SLACK * max(above - value, value - known) + gamma(4) * value


def _quotient(top: float, least: float) -> float:
    """top / least, infinite where it is no float; `least` is not negative."""
    return float(np.divide(top, max(least, SUBNORMAL)))


@np.errstate(over="ignore", invalid="ignore")
def effective_dimension(spectrum: Spectrum, ridge: float) -> tuple[float, float]:
    """Sum of lambda / (lambda + ridge), and its error; every eigenvalue must be above -ridge.

    Examples
    --------
    >>> effective_dimension(Spectrum(np.array([3.0, 1.0]), np.zeros(2), 0.0, "by hand"), 1.0)[0]
    1.25
    """
    values, errors = spectrum.values, spectrum.errors + gamma(2) * np.abs(spectrum.values)
    require_representable("eigenvalues", values + errors)
    if not float((values - errors).min()) + ridge > 0:
        refuse_shift(ridge, float((errors - values).max()))
    require_representable("eigenvalues above the ridge", values + errors + ridge)
    low, value, high = (
        math.fsum(ends / (ends + ridge)) for ends in (values - errors, values, values + errors)
    )
    rounding = gamma(len(values) + 8) * math.fsum(np.abs(values) / (values - errors + ridge))
    return value, SLACK * (max(high - value, value - low) + rounding) + _vanished(values + errors)


def _vanished(sizes: Array) -> float:
    """What underflow may have taken from one operation with each of the sizes that is not zero."""
    return 2 * SUBNORMAL * np.count_nonzero(sizes)


def pseudo_logdet(spectrum: Spectrum, threshold: float) -> tuple[float, float, int]:
    """Sum of log |lambda| over the eigenvalues with |lambda| > threshold, its error, and how many there are.

    Raises
    ------
    ValueError
        If rounding hides on which side of the threshold an eigenvalue is.

    Examples
    --------
    >>> three = Spectrum(np.array([2.0, 0.0, -3.0]), np.zeros(3), 0.0, "by hand")
    >>> value, error, rank = pseudo_logdet(three, 0.0)
    >>> round(math.exp(value), 12), rank
    (6.0, 2)
    """
    sizes, errors = np.abs(spectrum.values), spectrum.errors
    hidden = (np.abs(sizes - threshold) <= errors) & (errors > 0)
    if hidden.any():
        enough = rounded_up(float((sizes + errors)[hidden].max()))
        said = f": at least {enough:.3g}" if math.isfinite(enough) else ", which no number is"
        raise ValueError(
            f"threshold must be above the {hidden.sum()} eigenvalues that rounding hides{said}; "
            f"got {threshold!r}"
        )
    chosen = sizes > threshold
    kept, off = sizes[chosen], errors[chosen]
    value = math.fsum(np.log(kept))
    error = -math.fsum(np.log1p(-off / kept)) + gamma(8) * math.fsum(np.abs(np.log(kept)))
    return value, SLACK * error, int(chosen.sum())


@np.errstate(over="ignore", invalid="ignore")
def weyl(spectrum: Spectrum, least: tuple[float, float], largest: tuple[float, float]) -> tuple[Array, Array]:
    """Middle and half width, (P,) each, of lambda_i(G) + [lmin(R), lmax(R)], which holds lambda_i(H).

    Examples
    --------
    >>> G = Spectrum(np.array([4.0, 2.0]), np.zeros(2), 0.0, "by hand")
    >>> weyl(G, (-1.0, 0.0), (3.0, 0.0))[0]
    array([5., 3.])
    """
    low, high = 0.5 * (least[0] - least[1]), 0.5 * (largest[0] + largest[1])
    middle, half = spectrum.values + (low + high), (high - low) + spectrum.errors
    require_representable("enclosures of eigenvalues", (middle, half))
    rounding = gamma(4) * (np.abs(spectrum.values) + abs(low) + abs(high)) + 2 * SUBNORMAL * (half > 0)
    return middle, np.asarray(SLACK * (half + rounding))
