"""What is taken of matrices, in arrays with derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numerics.falsify.dual.arrays import Dual
from numerics.falsify.dual.network import DualNetwork


def norm(array: Dual) -> Dual:
    """Root of the sum of squares."""
    return (array * array).sum().sqrt()


def diagonal(matrix: Dual) -> Dual:
    """The diagonal of a square `matrix`."""
    return Dual(np.diagonal(matrix.value).copy(), np.diagonal(matrix.slope, axis1=1, axis2=2).copy())


NORMS: dict[str, Callable[[DualNetwork, str], Dual]] = {
    "trace": lambda at, name: diagonal(at.matrix(name)).sum(),
    "frobenius": lambda at, name: norm(at.matrix(name)),
    "lmax": lambda at, name: at.spectrum(name)[-1],
    "least": lambda at, name: at.spectrum(name)[0],
    "spectral": lambda at, name: abs(at.spectrum(name)).largest(),
    "nuclear": lambda at, name: abs(at.spectrum(name)).sum(),
    "logdet": lambda at, name: at.spectrum(name).log().sum(),
    "diagonal_logs": lambda at, name: diagonal(at.matrix(name)).log().sum(),
    "mean_log": lambda at, name: (
        len(at.matrix(name).value) * (diagonal(at.matrix(name)).sum() / len(at.matrix(name).value)).log()
    ),
}
"""What is taken of a matrix."""
