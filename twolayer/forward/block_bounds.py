"""Rounding bounds of one block of the curvature, by what that block is made of and by nothing else."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..errors.rounding import SLACK
from .errors import Forward
from .scope import Scope


@np.errstate(over="ignore", invalid="ignore")
def block_bounds(
    forward: Forward, scope: Scope, rows: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[float, float]:
    """What rounding errors of a block are proportional to, and the error that its factors propagate.

    Both bound Frobenius norms, of (1/n) sum |Lam_i| |J_i| |K_i| + |F_i| and of its change, J_i and K_i being
    the derivatives by the parts of the rows and of the columns. What underflows is not among them.
    """
    (J, dJ), (K, dK) = (_jacobian(forward, groups) for groups in (rows, columns))
    F, dF = _residual(forward, rows, columns)
    g, lam = forward.loss_norms
    size, moved = np.zeros(forward.n), np.zeros(forward.n)
    if scope.gauss_newton:
        size += lam * J * K
        moved += forward.Lam_error * (J + dJ) * (K + dK) + lam * (dJ * (K + dK) + J * dK)
    if scope.residual:
        size += g * F
        moved += forward.G_error * (F + dF) + g * dF
    return SLACK * float(size.mean()), SLACK * float(moved.mean())


def _jacobian(forward: Forward, groups: tuple[str, ...]) -> tuple[Array, Array]:
    """Bounds of the norms of J_i by the parameters of some parts, and of its errors, each (n,)."""
    norms, root = forward.norms, np.sqrt(forward.net.n_outputs)
    zeros, ones = np.zeros(forward.n), np.ones(forward.n)
    each = {
        "a": (root * norms.S, root * norms.dS),
        "W": (norms.X * norms.D, norms.X * norms.dD),
        "b": (norms.D, norms.dD),
        "c": (root * ones, zeros),
    }
    return sum((each[name][0] for name in groups), zeros), sum((each[name][1] for name in groups), zeros)


def _residual(forward: Forward, rows: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Array, Array]:
    """The same of F_i / |g_i|: S1 x between a and the hidden weights, E x x among these, else nothing."""
    norms = forward.norms
    x = {"W": norms.X, "b": np.ones(forward.n)}
    size, error = np.zeros(forward.n), np.zeros(forward.n)
    for one in rows:
        for other in columns:
            if one in x and other in x:
                size += norms.E * x[one] * x[other]
                error += norms.dE * x[one] * x[other]
            elif "a" in (one, other) and (one in x or other in x):
                inputs = x[one if one in x else other]
                size += norms.S1 * inputs
                error += norms.dS1 * inputs
    return size, error
