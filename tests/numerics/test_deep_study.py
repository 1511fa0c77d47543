"""The study of deep networks: measures against dense matrices, a small run that repeats itself."""

import numpy as np
import pytest

from numerics import deep
from numerics.deep.matrices import tangent_kernel
from numerics.deep_study import controls
from numerics.deep_study.arms import FULL, QUICK, DeepArm
from numerics.deep_study.controls import balanced_otherwise
from numerics.deep_study.facts import Labelled, curvature, non_uniformity
from numerics.deep_study.findings import answer, conclusions, correlations
from numerics.deep_study.landscape import DeepLandscape
from numerics.deep_study.run import attacking, minimum
from numerics.deep_study.tables_shown import bounds
from numerics.files.images import Images
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


def test_away_from_interpolation_eigenvalues_are_those_of_the_whole_hessian():
    net, labels = deep.random_network([4, 6, 5, 3], seed=0), RNG.integers(0, 3, 9)
    H = deep.Hessian(net, X, labels, "softmax")
    found, true = curvature(H), np.linalg.eigvalsh(H.toarray())[::-1]
    largest = found["largest_eigenvalue"]
    assert abs(largest["value"] - true[0]) <= largest["error"] + 1e-12
    for k in (1, 10):
        np.testing.assert_allclose(
            found["log_products"][str(k)]["value"], -np.log(true[:k]).sum(), rtol=1e-8, atol=1e-9
        )
    values, errors = (np.array(found[key])[:10] for key in ("eigenvalues", "eigenvalue_errors"))
    assert (np.abs(values - true[:10]) <= errors + 1e-12).all()
    assert errors.max() < 1e-6
    assert len(found["eigenvalues"]) == len(found["eigenvalue_errors"]) == 27
    assert true[-1] - 1e-12 <= found["least_eigenvalue"]["value"] < 0
    assert found["negative_eigenvalues"]["certain"] == 1


@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize(("share", "flipped"), [(1.0, 200), (0.5, 100), (0.0, 0)])
def test_attack_sets_have_the_share_of_wrong_labels_that_is_asked_for(wrong, share, flipped):
    pool = Labelled(np.zeros((300, 2)), np.arange(300) % 5, 5)
    arm = DeepArm("one", wrong=wrong, flipped=share)
    found = attacking(pool, 200, arm, np.random.default_rng(0))
    moved = found.labels != pool.labels[:200]
    assert moved.sum() == flipped
    assert wrong or not (found.labels[moved] == 4).any()
    if share == 1:
        fewer = attacking(pool, 50, arm, np.random.default_rng(0))
        assert (fewer.labels == found.labels[:50]).all()


def test_arms_cover_depths_widths_losses_descents_and_recipes():
    for arms in (QUICK, FULL):
        assert {len(arm.hidden) + 1 for arm in arms} >= {2, 3, 4, 6}
        assert max(max(arm.hidden) for arm in arms) == 500
        assert {arm.activation for arm in arms} == {"tanh", "relu"}
        assert {arm.loss for arm in arms} == {"squared", "softmax"}
        assert {arm.descent for arm in arms} == {"lbfgs", "gradient_descent", "sgd"}
        assert {(arm.recipe, arm.wrong) for arm in arms} >= {("then alone", True), ("together", False)}
        assert any(arm.volumes for arm in arms)
    assert any(arm.flipped < 1 for arm in FULL)


def test_one_minimum_has_every_number_and_the_same_seed_gives_the_same():
    data = Images(np.random.default_rng(5).normal(size=(120, 6)), np.arange(120) % 3, 0, "noise", "")
    arm = DeepArm("one", genuine=12, attacks=(0, 8), hidden=(10, 10))
    found, again = (minimum(arm, 0, 8, data, 3) for _ in range(2))
    assert found == again
    assert found["accuracy"]["train"] == 1.0
    assert found["training"]["why"] == "every residual is zero within rounding"
    wanted = {"frobenius_norm", "trace", "largest_eigenvalue", "negative_eigenvalues", "log_products"}
    wanted |= {"eigenvalues", "non_uniformity", "input_gradient", "input_gradient_bounds", "log_volume"}
    assert wanted <= set(found)
    assert found["forced_zeros"] == 1  # 12 samples, 10 units and a bias
    values = np.array(found["eigenvalues"])
    assert 12 * 3 - 1 <= (values > 1e-9 * values[0]).sum() <= 12 * 3


def test_a_control_that_diverges_says_so(monkeypatch):
    data = Images(RNG.normal(size=(150, 6)), np.arange(150) % 3, 0, "noise", "")
    monkeypatch.setattr(controls, "RATES", (1e6,))
    rows = controls.edge(data, 0, 0)
    assert {row["why"] for row in rows} == {"the risk grew beyond all measure"}
    assert all(row["largest_eigenvalue"] is None for row in rows)


@pytest.mark.parametrize(
    ("inside", "bounds", "said"),
    [(-0.1, [-0.3, 0.1], "but it does not rank minima"), (-0.4, [-0.6, -0.2], "and it ranks minima")],
)
def test_the_answer_follows_the_intervals(inside, bounds, said):
    row = {"predictor": "frobenius_norm", "arm": "all", "minima": 90, "all": -0.8}
    row |= {"all_interval": [-0.9, -0.7], "within": inside, "within_interval": bounds}
    text = answer({"correlations": [row]})
    assert text.startswith("Flatness tells the minima that attack sets made from the others")
    assert said in text
    assert text.count(". ") == 0


def test_a_minimum_whose_norm_is_no_larger_than_its_error_is_named_and_left_out():
    data = Images(np.random.default_rng(5).normal(size=(120, 6)), np.arange(120) % 3, 0, "noise", "")
    arm = DeepArm("one", genuine=12, attacks=(0, 8), hidden=(10, 10))
    sound = [minimum(arm, repeat, attack, data, 3) for repeat in range(3) for attack in (0, 8)]
    broken = sound[0] | {"repeat": 7, "frobenius_norm": {"value": 0.0, "error": 14_527.0}}
    broken |= {"input_gradient_bounds": {"frobenius_times_all": 0.0}}
    assert correlations([*sound, broken]) == correlations(sound)
    assert bounds({"minima": [*sound, broken]}) == bounds({"minima": sound})
    results = {"minima": [*sound, broken], "correlations": correlations(sound), "controls": {}}
    [named] = [each for each in conclusions(results) if "is not known" in each]
    assert named.startswith("The curvature of 1 of 7 minima is not known")
    assert "(one, repeat 7, attack 0)" in named
    assert not any("is not known" in each for each in conclusions({**results, "minima": sound}))
