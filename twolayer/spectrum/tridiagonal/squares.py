"""Sums of squares, added in any order, that show how far a basis is from one that turns A into T."""

import numpy as np

from ...jit import reduction_kernel


@reduction_kernel
def residual_square(QA, Qt, diagonal, beside):  # type: ignore[no-untyped-def]
    """|Q^T A - T Q^T|_F^2 from the product QA (P, P), Qt (P, P), diagonal (P,) and beside (P - 1,) of T."""
    total, P = 0.0, len(Qt)
    for j in range(P):
        before, after = max(j - 1, 0), min(j + 1, P - 1)
        left, right = beside[before] if j else 0.0, beside[j] if j < P - 1 else 0.0
        for i in range(P):
            rest = QA[j, i] - diagonal[j] * Qt[j, i] - right * Qt[after, i] - left * Qt[before, i]
            total += rest * rest
    return total


@reduction_kernel
def gram_square(gram):  # type: ignore[no-untyped-def]
    """|N - I|_F^2 for a symmetric N (P, P) whose lower triangle is given, in double precision."""
    total, P = 0.0, len(gram)
    for i in range(P):
        row = 0.0
        for j in range(i):
            row += np.float64(gram[i, j]) * np.float64(gram[i, j])
        total += 2 * row + (np.float64(gram[i, i]) - 1.0) ** 2
    return total


@reduction_kernel
def norm_square(entries):  # type: ignore[no-untyped-def]
    """The sum of the squares of all entries, of moderate size; an array of any shape."""
    total = 0.0
    for entry in entries.ravel():
        total += entry * entry
    return total
