"""Attack sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.training.attack_sets import attack_set, split


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 40), st.integers(0, 99))
def test_the_parts_are_disjoint_and_complete(genuine, reserve, test, seed):
    part = split(genuine + reserve + test, genuine=genuine, reserve=reserve, rng=np.random.default_rng(seed))
    assert (len(part.genuine), len(part.reserve), len(part.test)) == (genuine, reserve, test)
    everything = np.concatenate([part.pool, part.test])
    assert sorted(everything) == list(range(genuine + reserve + test))


@given(st.integers(0, 30), st.floats(0, 1), st.integers(0, 99))
def test_the_share_of_wrong_labels(size, share, seed):
    y = np.random.default_rng(seed).choice([-1.0, 1.0], size=50)
    attack = attack_set(np.arange(10, 40), size, flipped=share, rng=np.random.default_rng(seed))
    wrong = attack.labels(y) != y[attack.chosen]
    assert wrong.sum() == round(share * size) == attack.flipped.sum()


def test_sets_of_growing_size_are_nested():
    reserve = np.random.default_rng(0).permutation(20)
    sets = [attack_set(reserve, size) for size in (0, 5, 20)]
    assert [len(attack.chosen) for attack in sets] == [0, 5, 20]
    np.testing.assert_array_equal(sets[1].chosen, sets[2].chosen[:5])
    assert all(attack.flipped.all() for attack in sets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 4}, "size must be from 0 to the 3"),
        ({"size": -1}, "size must be"),
        ({"size": 2, "flipped": 1.5}, "flipped must be a share"),
        ({"size": 2, "flipped": float("nan")}, "flipped must be a share"),
        ({"size": 2, "flipped": 0.5}, "rng must be a numpy Generator"),
    ],
)
def test_bad_attack_sets_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        attack_set(np.arange(3), **arguments)


@pytest.mark.parametrize("sizes", [(0, 1), (1, -1), (5, 5), (11, 0)])
def test_bad_splits_are_refused(sizes):
    with pytest.raises(ValueError, match="together less than the 10 samples"):
        split(10, genuine=sizes[0], reserve=sizes[1], rng=np.random.default_rng(0))
