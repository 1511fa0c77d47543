"""Templates of a pair of samples.

Written by theory.emit from theory.derivation.pair_templates; do not edit.
Rewrite: python -m theory.emit --update
"""

from ..jit import scalar_kernel


@scalar_kernel
def jacobian_inner(ss: float, dd: float, kk: float, cc: float) -> float:
    """Return cc + dd*kk + ss.

    Operations: 2 add, 1 mul.
    """
    return cc + ss + dd * kk


@scalar_kernel
def block_inner(p: float, q: float, kk: float) -> float:
    """Return kk**2*q + 2*kk*p.

    Operations: 1 add, 3 mul.
    """
    return kk * (2.0 * p + kk * q)
