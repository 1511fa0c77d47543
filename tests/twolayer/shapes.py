"""Problems of every shape, and matrices as operators, for the tests of spectra."""

from __future__ import annotations

import numpy as np

from tests.oracle.strategies import random_problem
from twolayer.spectrum.compressed import Matrix


def matrix(operator):
    return Matrix(operator.forward, operator.scope, operator.bound)


def dense_copy(operator):
    """Eigenvalues of the array, descending: good to 1e-13 or so of the largest."""
    return np.linalg.eigvalsh(operator.toarray())[::-1]


WIDE = random_problem(3, n=6, d=20, m=8)

TALL = random_problem(4, n=70, d=3, m=5, q=2)

MIDDLE = random_problem(5, n=30, d=6, m=20)

SHAPES = {"wide": WIDE, "tall": TALL, "middle": MIDDLE}
