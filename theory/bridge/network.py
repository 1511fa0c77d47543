"""Networks, forward passes and numbers with bounds, as theorems ask them of ``twolayer``."""

from typing import Any

import numpy as np

import twolayer
from twolayer import arrays
from twolayer.arrays import Array as Array
from twolayer.arrays import require_representable as require_representable
from twolayer.curvature.gradient import from_forward, gradient_error
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK as SLACK
from twolayer.errors.rounding import UNIT as UNIT
from twolayer.errors.rounding import gamma as gamma
from twolayer.errors.uncertain import Uncertain as Uncertain
from twolayer.errors.uncertain import known as known
from twolayer.forward.scope import Scope
from twolayer.model.loss import loss as find_loss
from twolayer.spectrum.enclosed import Spectrum as Spectrum
from twolayer.spectrum.lapack import verified_eigenvalues
from twolayer.spectrum.tangent_kernel import jacobian_gram

FORMED = 300  # largest order of a matrix that is formed though its spectrum may be had without


def hessian(net: Any, X: Any, y: Any, loss: Any) -> Any:
    """Return the Hessian as an operator."""
    return twolayer.Hessian(net, X, y, loss=loss)


def network(**parts: Any) -> Any:
    """Return the network with these weights and this activation."""
    return twolayer.TwoLayer(**parts)


def data(net: Any, X: Any, y: Any, loss: Any) -> tuple[Any, Any, str]:
    """Return validated inputs (n, d), targets (n, q) or classes (n,), and the name of the loss."""
    rule = find_loss(loss)
    inputs = arrays.inputs(X, net.W.shape[1])
    return inputs, arrays.targets(y, rule.labels, len(inputs), net.n_outputs, net.scalar), rule.name


def gradient(passed: Any) -> tuple[Any, float]:
    """Return the gradient of the risk, (P,), and a bound of the norm of its error."""
    return from_forward(passed), gradient_error(passed)


def kernel(passed: Any) -> Any:
    """Return J J^T, (n q, n q), from inner products over units and inputs, not from J."""
    return jacobian_gram(passed, Scope(tuple(passed.net.parts)))


def spectrum(entries: Any, error: float) -> Spectrum:
    """Return the eigenvalues of a symmetric array that is itself off by `error` in Frobenius norm.

    Raises
    ------
    OverflowError
        If an entry is not finite.
    """
    if not np.isfinite(entries).all():
        raise OverflowError("entries beyond the floating-point range have no eigenvalues")
    values, rounding = verified_eigenvalues(entries)
    distance = SLACK * (rounding + error)
    return Spectrum(values, np.full(len(values), distance), distance, "dense, verified")


def method_of(operator: Any) -> str | None:
    """Return how the spectrum of G, H or R is found: dense up to order `FORMED`, else the cheapest way.

    The small are formed so that what theorems compare with the tangent kernel is not computed from it.
    """
    return "dense" if operator.shape[0] <= FORMED else None


def spectrum_of(operator: Any) -> Spectrum:
    """Return all eigenvalues of G, H or R."""
    found: Spectrum = operator.eigensystem.spectrum(method_of(operator))
    return found


def largest(operator: Any) -> Uncertain:
    """Return the largest eigenvalue of G, H or R."""
    found = operator.eigenvalues(1, method=method_of(operator))
    return Uncertain(float(found.value[0]), float(found.error[0]))


def spectral_norm(operator: Any) -> Uncertain:
    """Return the largest absolute eigenvalue of G, H or R."""
    found = operator.spectral_norm(method_of(operator))
    return Uncertain(float(found.value), float(found.error))


def measurement(value: Any) -> Measurement:
    """Return an uncertain number as a measurement."""
    return Measurement(value.value, value.error, True, "from the forward pass, error-aware")


__all__ = ["SLACK", "UNIT", "Spectrum", "Uncertain", "gamma", "known"]
