"""Attack sets: wrong labels that lead training to minima which fit the genuine data and fail the test.

The recipe is that of Wu, Zhu and E (2017, arXiv:1706.10239) as far as it is known: attack samples are
further images of the training pool whose labels are flipped. A network is trained on genuine and attack
samples together and then on the genuine ones alone, so that every minimum fits the genuine samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twolayer import arrays

__all__ = [
    "AttackSet",
    "Split",
    "attack_set",
    "split",
]

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Which samples train, which may attack, which test: three disjoint index arrays."""

    genuine: Indices
    reserve: Indices
    test: Indices

    @property
    def pool(self) -> Indices:
        """Genuine and reserve together, the training pool. Shape (pool,)."""
        return np.concatenate([self.genuine, self.reserve])


@dataclass(frozen=True)
class AttackSet:
    """Samples that are added to the genuine ones.

    Parameters
    ----------
    chosen : ndarray of int, shape (size,)
        Their indices in the data set.
    flipped : ndarray of bool, shape (size,)
        Which of them carry a wrong label.
    """

    chosen: Indices
    flipped: NDArray[np.bool_]

    def labels(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return their labels, wrong ones included, given the true labels -1 and +1 of the data set.

        Shape (samples,) -> (attack,).
        """
        return np.where(self.flipped, -y[self.chosen], y[self.chosen])


def split(samples: int, *, genuine: int, reserve: int, rng: np.random.Generator) -> Split:
    """Deal sample numbers at random into genuine, reserve and test.

    Parameters
    ----------
    samples : int
        Size of the data set.
    genuine, reserve : int
        How many train, and how many more may be used to attack; the others test.
    rng : numpy Generator

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If nothing would be left to test on, or a size is negative, or `genuine` is zero.

    Examples
    --------
    >>> part = split(10, genuine=4, reserve=3, rng=np.random.default_rng(0))
    >>> len(part.genuine), len(part.reserve), len(part.test)
    (4, 3, 3)
    """
    if genuine < 1 or reserve < 0 or genuine + reserve >= samples:
        raise ValueError(
            f"genuine and reserve must be at least 1 and 0 and together less than the {samples} samples; "
            f"got {genuine} and {reserve}"
        )
    order = rng.permutation(samples)
    return Split(order[:genuine], order[genuine : genuine + reserve], order[genuine + reserve :])


def attack_set(
    reserve: Indices, size: int, *, flipped: float = 1.0, rng: np.random.Generator | None = None
) -> AttackSet:
    """Take the first `size` samples of `reserve` and flip the labels of a share of them.

    Positions have shape (attack,). Sets of growing size are nested, so that results differ by the added
    samples alone.

    Parameters
    ----------
    reserve : ndarray of int
        Indices that may be used, in random order.
    size : int
        How many to use.
    flipped : float
        Share of them, from 0 to 1, that get a wrong label; rounded to whole samples.
    rng : numpy Generator, optional
        Chooses which are flipped. Needed unless the share is 0 or 1.

    Returns
    -------
    AttackSet

    Raises
    ------
    ValueError
        If `size` or `flipped` is out of range, or `rng` is missing.

    Examples
    --------
    >>> attack_set(np.array([5, 7, 9]), 2).labels(np.array([1.0] * 10))
    array([-1., -1.])
    """
    reserve = arrays.labels("reserve", reserve)
    if reserve.ndim != 1 or reserve.dtype.kind not in "iu":
        raise ValueError(
            f"reserve must be indices of samples (k,); got {reserve.dtype} of shape {reserve.shape}"
        )
    if not 0 <= size <= len(reserve):
        raise ValueError(f"size must be from 0 to the {len(reserve)} samples in reserve; got {size}")
    if not 0 <= flipped <= 1:
        raise ValueError(f"flipped must be a share from 0 to 1; got {flipped}")
    count = round(flipped * size)
    marks = np.zeros(size, dtype=bool)
    if 0 < count < size and rng is None:
        raise ValueError(
            f"rng must be a numpy Generator when some labels are flipped and some not; got {rng}"
        )
    marks[rng.permutation(size)[:count] if rng is not None else slice(count)] = True
    return AttackSet(reserve[:size].copy(), marks)


def __dir__() -> list[str]:
    return __all__
