"""Activations whose derivatives fall as powers of z: bounds far out are of the size of what is there."""

from collections.abc import Callable

import numpy as np
import pytest
from mpmath import mp, mpf

import twolayer as tl
from numerics import deep
from twolayer.model.activation import activation

FORMULAS: dict[str, Callable[[mpf], mpf]] = {
    "z/(1+z**2)": lambda z: z / (1 + z**2),
    "atan(z)": mp.atan,
    "z/sqrt(1+z**2)": lambda z: z / mp.sqrt(1 + z**2),
    "z/(1+abs(z))": lambda z: z / (1 + abs(z)),
    "where(z < 0, exp(z) - 1, log(1 + z))": lambda z: mp.log(1 + z),
}
SCALES = [1.0, 1e3, 1e5, 1e9]


def truth(s: Callable[[mpf], mpf], w: float, x: float, a: float, y: float) -> tuple[mpf, mpf]:
    """Trace and Frobenius norm of R in (a, w) for (a s(w x) - y)^2/2, from differences of s."""
    with mp.workdps(120):
        z = mpf(w) * mpf(x)
        value, slope, bend = (mp.diff(s, z, order, h=z * mpf(10) ** -30) for order in range(3))
        residual = a * value - y
        across, along = residual * slope * x, residual * a * bend * mpf(x) ** 2
        return along, mp.sqrt(along**2 + 2 * across**2)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_residual_part_is_known_to_its_own_size(formula: str, scale: float) -> None:
    w, x, a, y = 1.25 * scale, 1.5, 2.0, -1.0
    trace, norm = truth(FORMULAS[formula], w, x, a, y)
    two = tl.Hessian(tl.TwoLayer([a], [[w]], activation=formula), [[x]], [y]).residual
    net = deep.Network([[[w]], [[a]]], None, activation=formula)
    layers = deep.Hessian(net, [[x]], [[y]]).residual
    for R, close in ((two, 1e-13), (layers, 1e-13 * scale)):
        for found, expected in ((R.trace(), trace), (R.frobenius_norm(), norm)):
            assert abs(mpf(float(found.value)) - expected) <= mpf(float(found.error))
            assert found.error <= close * abs(expected)


@pytest.mark.parametrize("formula", FORMULAS)
def test_third_derivatives_are_bounded_where_they_are(formula: str) -> None:
    z = np.array([0.7, 40.0, 2e5, 3e12, 1e40, 1e300])
    bounds = np.empty_like(z)
    activation(formula).third(z, 1e-3 * z, bounds)
    for at, bound in zip(z, bounds, strict=True):
        with mp.workdps(400):
            for place in np.linspace(0.999, 1.001, 5):
                middle = mpf(float(at)) * mpf(float(place))
                third = abs(mp.diff(FORMULAS[formula], middle, 3, h=middle * mpf(10) ** -60))
                assert third <= bound
            assert bound <= 100 * third + mpf(10) ** -300 or at < 1.0
