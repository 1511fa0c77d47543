"""The study of deep networks: measures against dense matrices, a small run that repeats itself."""

import numpy as np

from numerics import deep
from numerics.deep.matrices import tangent_kernel
from numerics.deep_study.controls import balanced_otherwise
from numerics.deep_study.facts import non_uniformity
from numerics.deep_study.landscape import DeepLandscape
from numerics.statistics.ranks import rank_correlation_within

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 4))


def test_non_uniformity_is_that_of_the_samples_hessians():
    net = deep.random_network([4, 6, 5, 2], seed=0)
    Y = net(X)
    H = deep.Hessian(net, X, Y)
    each = [deep.Hessian(net, X[i : i + 1], Y[i : i + 1]).toarray() for i in range(9)]
    spread = np.mean([A @ A for A in each], axis=0) - np.mean(each, axis=0) @ np.mean(each, axis=0)
    kernel, _ = tangent_kernel(H.forward, H.scope, H.gauss_newton.bound)
    np.testing.assert_allclose(non_uniformity(kernel, 9) ** 2, np.linalg.eigvalsh(spread)[-1], rtol=1e-9)


def test_many_networks_at_once_have_the_risks_of_each():
    net, Y = deep.random_network([4, 6, 5, 2], "relu", seed=0), RNG.normal(size=(9, 2))
    place = DeepLandscape(net, X, Y)
    points = RNG.normal(size=(70, net.n_parameters))
    risks = [((net.replace(point)(X) - Y) ** 2).sum(axis=1).mean() / 2 for point in points]
    np.testing.assert_allclose(place.values(points), risks, rtol=1e-12)


def test_rescaled_layers_are_the_same_function():
    net = deep.random_network([4, 6, 5, 2], "relu", seed=0, kind="torch")
    np.testing.assert_allclose(balanced_otherwise(net, 8.0)(X), net(X), rtol=1e-13)


def test_correlation_within_groups_ignores_what_lies_between_them():
    groups = np.repeat(np.arange(40), 6)
    x, y = RNG.normal(size=240), RNG.normal(size=240)
    inside, count = rank_correlation_within(x + 100 * groups, y + 100 * groups, groups)
    assert count == 201
    assert abs(inside) < 0.25
    assert rank_correlation_within(x + 100 * groups, x - 100 * groups, groups)[0] == 1.0
