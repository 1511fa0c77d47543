"""Templates of one unit.

Written by theory.emit from theory.derivation; do not edit. Rewrite: python -m theory.emit --update
"""

from ..jit import kernel


@kernel
def jacobian(a: float, s: float, s1: float) -> tuple[float, float]:
    """Return s, a*s1.

    Operations: 1 mul.
    """
    return s, a * s1


@kernel
def second(a: float, s1: float, s2: float) -> tuple[float, float]:
    """Return s1, a*s2.

    Operations: 1 mul.
    """
    return s1, a * s2


@kernel
def tangent(a: float, s: float, s1: float, va: float, vz: float) -> float:
    """Return a*s1*vz + s*va.

    Operations: 1 add, 3 mul.
    """
    return s * va + a * s1 * vz


@kernel
def cotangent(
    a: float, s: float, s1: float, s2: float, g: float, t: float, va: float, vz: float
) -> tuple[float, float]:
    """Return g*s1*vz + s*t, a*s1*t + g*(a*s2*vz + s1*va).

    Operations: 3 add, 9 mul.
    """
    return s * t + g * s1 * vz, g * (s1 * va + a * s2 * vz) + a * s1 * t
