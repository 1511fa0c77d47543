"""Random starts have the moments they claim, and a start is the same in every batch."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import twolayer as tl
from numerics.training.starts import KINDS, starts

NET = tl.TwoLayer(np.zeros((2, 5)), np.zeros((5, 3)), np.zeros(5), np.zeros(2))
VARIANCES = {
    "gaussian": (4, 4, 4, 4),
    "box": (4 / 3, 4 / 3, 4 / 3, 4 / 3),
    "ball": (4 / 34, 4 / 34, 4 / 34, 4 / 34),  # r^2 / (P + 2), P = 32
    "kaiming": (4 * 2 / 5, 4 * 2 / 3, 0, 0),
    "xavier": (4 * 2 / 7, 4 * 2 / 8, 0, 0),
    "mean_field": (4 / 25, 4, 4, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_moments(kind):
    theta = starts(NET, 4000, kind=kind, seed=0, scale=2.0)
    assert theta.shape == (4000, 32)
    for where, variance in zip(NET.layout.values(), VARIANCES[kind], strict=True):
        part = theta[:, where].ravel()
        assert abs(part.mean()) < 5 * np.sqrt((variance + 1e-300) / part.size)
        assert np.isclose(part.var(), variance, rtol=0.06)


@pytest.mark.parametrize("kind", KINDS)
def test_a_start_is_the_same_in_every_batch(kind):
    whole = starts(NET, 7, kind=kind, seed=3)
    assert_array_equal(whole[4:6], starts(NET, 2, kind=kind, seed=3, first=4))
    assert (whole != starts(NET, 7, kind=kind, seed=4)).any(axis=1).all()


def test_the_ball_is_inside_its_radius():
    lengths = np.linalg.norm(starts(NET, 500, kind="ball", seed=0, scale=3.0), axis=1)
    assert 2.5 < lengths.max() <= 3.0


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="kind must be one of gaussian, box, ball"):
        starts(NET, 1, kind="he", seed=0)
    with pytest.raises(ValueError, match="count, first and scale must be"):
        starts(NET, 0, seed=0)
