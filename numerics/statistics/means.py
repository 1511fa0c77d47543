"""Means with their intervals."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95


def student_factor(count: int) -> float:
    """Standard errors in the half-width of a 95 % interval of a mean of `count` independent numbers."""
    return float(stdtrit(count - 1, (1 + LEVEL) / 2))


def student(numbers: np.ndarray) -> list[float | None]:
    """Student's 95 % interval of a mean of `numbers`, (k,); two None for fewer than two of them.

    Examples
    --------
    >>> [round(end, 3) for end in student(np.array([1.0, 2.0, 3.0]))]  # 2 -+ 4.303 / sqrt(3)
    [-0.484, 4.484]
    """
    if len(numbers) < 2:
        return [None, None]
    half = student_factor(len(numbers)) * np.std(numbers, ddof=1) / len(numbers) ** 0.5
    return [float(np.mean(numbers) - half), float(np.mean(numbers) + half)]
