"""The proof of all eigenvalues of a small matrix in one kernel, its work being less than numpy's calls."""

from __future__ import annotations

import math

import numpy as np

from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT
from ...jit import kernel, reduction_kernel
from .squares import gram_square, norm_square, residual_square
from .sturm import count_errors

CHUNK = 8  # terms of an inner product that are added to each other before they are added to the others


@kernel
def proved_error(A, diagonal, beside, Qt, values):  # type: ignore[no-untyped-def]
    """A bound of the Euclidean norm of all errors of `values`; infinite if Q may be singular or one is off.

    The theorem is that of :mod:`.similarity`. A is symmetric (P, P), its entries of moderate size; the
    diagonal of T is (P,), what is beside it (P - 1,), Q transposed (P, P); the values (P,) ascend.
    """
    P = len(A)
    size, lengths, made = math.sqrt(norm_square(A)), norm_square(Qt), np.zeros((P, P))
    fill_gram(Qt, made)
    stretch = SLACK * (math.sqrt(gram_square(made)) + (P + 2) * UNIT * lengths)
    apart = np.empty(P)
    if not stretch < 1.0 or not count_errors(diagonal, beside, values, apart):
        return math.inf
    fill_product(Qt, A, made)
    within = (CHUNK + 1) * math.sqrt(lengths) + 2 * (P // CHUNK + 1)
    parts = size + math.sqrt(norm_square(diagonal)) + 2 * math.sqrt(norm_square(beside))
    rounding = UNIT * (within * size + 8 * parts) + P * P * UNDERFLOW_NORM
    residual = SLACK * (math.sqrt(residual_square(made, Qt, diagonal, beside)) + rounding)
    found = SLACK * (SLACK * math.sqrt(2 / (1 - stretch)) * residual + math.sqrt(norm_square(apart)))
    return found if found < math.inf else math.inf


@reduction_kernel
def fill_gram(Qt, gram):  # type: ignore[no-untyped-def]
    """Fill the lower triangle of gram (P, P) with Q^T Q; Qt (P, P)."""
    for i in range(len(Qt)):
        for j in range(i + 1):
            total = 0.0
            for k in range(len(Qt)):
                total += Qt[i, k] * Qt[j, k]
            gram[i, j] = total


@kernel
def fill_product(Qt, A, made):  # type: ignore[no-untyped-def]
    """Fill made (P, P) with Q^T A, its sums those of chunks of terms; Qt and A (P, P).

    With columns of Q of length up to sqrt(2), a sum of chunks is within sqrt(2) |A|_F in the Frobenius norm.
    """
    P = len(A)
    part = np.empty(P)
    for i in range(P):
        made[i] = 0.0
        for first in range(0, P, CHUNK):
            part[:] = 0.0
            for k in range(first, min(first + CHUNK, P)):
                for j in range(P):
                    part[j] += Qt[i, k] * A[k, j]
            for j in range(P):
                made[i, j] += part[j]
