"""The matrix without what is known to be zero: its vectors, and its norm."""

import numpy as np
import pytest

import twolayer as tl
from tests.twolayer.shapes import WIDE, matrix
from twolayer.curvature import frobenius
from twolayer.forward.bounds import bounds
from twolayer.spectrum.compressed import compress


@pytest.mark.parametrize("unused", [0, 5])
@pytest.mark.parametrize("groups", [None, ("W",), ("W", "b"), ("a", "W")])
def test_vectors_of_the_compressed_matrix_are_those_of_the_whole(unused, groups):
    """H L v = L h v for the lift L and the compressed matrix h, and L^T L = I."""
    H = WIDE.but(X=np.hstack([WIDE.X[:, : 20 - unused], np.zeros((6, unused))])).hessian
    H = H if groups is None else H.block(groups)
    small, rng = compress(matrix(H)), np.random.default_rng(0)
    V = rng.standard_normal((small.order, 2))
    lifted = small.lift(V)
    assert np.abs(H.toarray() @ lifted - small.lift(small.entries() @ V)).max() < 1e-12
    back = np.stack([small.lift.adjoint(column) for column in lifted.T], axis=1)
    assert np.abs(back - V).max() < 1e-13


def test_a_norm_that_could_be_no_better_is_not_computed_twice(monkeypatch):
    """Errors of the forward pass, which both ways to the norm inherit, are no reason to try the other.

    Of so many units, and so few samples, the first is by pairs of samples.
    """
    rng = np.random.default_rng(0)
    net = tl.TwoLayer(rng.normal(size=40), rng.normal(size=(40, 9000)), activation="tanh")
    H = tl.Hessian(net, rng.normal(size=(40, 9000)), np.zeros(40))
    passed, scope = compress(matrix(H)).forward, tl.Hessian(net, H.forward.X, np.zeros(40)).scope
    monkeypatch.setattr(frobenius, "_dense", lambda *_: pytest.fail("formed in vain"))
    bound = bounds(passed, scope.only(groups=("a", "W")))
    value, error, method = frobenius.frobenius(passed, scope.only(groups=("a", "W")), bound)
    assert error > frobenius.POOR * value
    assert method == "pairs"
