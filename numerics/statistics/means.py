"""Means with their intervals."""

from __future__ import annotations

import numpy as np
from scipy import stats

LEVEL = 0.95


def student(numbers: np.ndarray) -> list[float | None]:
    """Student's 95 % interval of a mean of `numbers`, (k,); two None for fewer than two of them.

    Examples
    --------
    >>> [round(end, 3) for end in student(np.array([1.0, 2.0, 3.0]))]  # 2 -+ 4.303 / sqrt(3)
    [-0.484, 4.484]
    """
    if len(numbers) < 2:
        return [None, None]
    half = stats.t.ppf((1 + LEVEL) / 2, len(numbers) - 1) * np.std(numbers, ddof=1) / len(numbers) ** 0.5
    return [float(np.mean(numbers) - half), float(np.mean(numbers) + half)]
