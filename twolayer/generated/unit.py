"""Templates of one unit.

Written by theory.emit from theory.derivation.unit_templates; do not edit.
Rewrite: python -m theory.emit --update
"""

from ..jit import scalar_kernel


@scalar_kernel
def jacobian(a: float, s: float, s1: float) -> tuple[float, float]:
    """Return s, a*s1.

    Operations: 1 mul.
    """
    return s, a * s1


@scalar_kernel
def second(a: float, s1: float, s2: float) -> tuple[float, float]:
    """Return s1, a*s2.

    Operations: 1 mul.
    """
    return s1, a * s2


@scalar_kernel
def tangent(a: float, s: float, s1: float, va: float, vz: float) -> float:
    """Return a*s1*vz + s*va.

    Operations: 1 add, 3 mul.
    """
    return s * va + a * s1 * vz


@scalar_kernel
def cotangent(
    a: float, s: float, s1: float, s2: float, g: float, t: float, va: float, vz: float
) -> tuple[float, float]:
    """Return g*s1*vz + s*t, a*g*s2*vz + a*s1*t + g*s1*va.

    Operations: 3 add, 10 mul.
    """
    return s * t + g * s1 * vz, a * s1 * t + g * s1 * va + a * g * s2 * vz
