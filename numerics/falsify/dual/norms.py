"""What is taken of matrices, in arrays with derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numerics.falsify.dual.arrays import Dual
from numerics.falsify.dual.matrices import matrix, spectrum
from numerics.falsify.dual.network import DualNetwork


def norm(array: Dual) -> Dual:
    """Root of the sum of squares."""
    return (array * array).sum().sqrt()


def diagonal(matrix: Dual) -> Dual:
    """The diagonal of a square `matrix`."""
    return Dual(np.diagonal(matrix.value).copy(), np.diagonal(matrix.slope, axis1=1, axis2=2).copy())


NORMS: dict[str, Callable[[DualNetwork, str], Dual]] = {
    "trace": lambda at, name: diagonal(matrix(name, at)).sum(),
    "frobenius": lambda at, name: norm(matrix(name, at)),
    "lmax": lambda at, name: spectrum(name, at)[-1],
    "least": lambda at, name: spectrum(name, at)[0],
    "spectral": lambda at, name: abs(spectrum(name, at)).largest(),
    "nuclear": lambda at, name: abs(spectrum(name, at)).sum(),
    "logdet": lambda at, name: spectrum(name, at).log().sum(),
    "diagonal_logs": lambda at, name: diagonal(matrix(name, at)).log().sum(),
    "mean_log": lambda at, name: (
        len(matrix(name, at).value) * (diagonal(matrix(name, at)).sum() / len(matrix(name, at).value)).log()
    ),
}
"""What is taken of a matrix."""
