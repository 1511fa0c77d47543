"""The experiment on small made-up data: what it says is true, and it says the same again."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import twolayer as tl
from numerics.minima_study import arms, reproduce
from numerics.minima_study import run as minima_study_run
from numerics.minima_study.arms import Task, fitted, reserve_size, tasks
from numerics.minima_study.columns import BY_KEY, COLUMNS
from numerics.minima_study.facts import eigenvalue_facts, log_product
from numerics.minima_study.findings import correlations, order, table, theorem_counts
from numerics.minima_study.run import ground
from numerics.statistics.ranks import rank_correlation
from tests.numerics.small_study import ARMS, TINY, made_up, small_results


@pytest.fixture(scope="module")
def done():
    return small_results()


def test_every_minimum_fits_the_genuine_samples(done):
    results, found = done
    assert len(found) == len(results["minima"]) == 2 * 3 + 5
    assert results["partial"] is False
    for facts in results["minima"]:
        assert facts["accuracy"]["train"] == 1.0
        assert facts["training"]["converged"]
        assert facts["negative_eigenvalues"]["certain"] == 0
        assert facts["gradient_norm"]["value"] <= facts["gradient_norm"]["error"]


def test_the_facts_are_those_of_the_network(done):
    found = done[1]
    place = ground(Task(fitted(ARMS, 80, 4)[0], 1, 24), made_up(), 3)
    facts = next(f for f in found if (f.facts["repeat"], f.facts["attack"]) == (1, 24))
    X, y = place.samples(place.part.genuine).X, place.samples(place.part.genuine).y
    H = tl.Hessian(facts.net, X, y).toarray()
    values = np.linalg.eigvalsh(H)[::-1]
    said = facts.facts
    assert said["frobenius_norm"]["value"] == pytest.approx(np.linalg.norm(H), rel=1e-12)
    assert said["trace"]["value"] == pytest.approx(np.trace(H), rel=1e-12)
    assert said["largest_eigenvalue"]["value"] == pytest.approx(values[0], rel=1e-12)
    np.testing.assert_allclose(said["eigenvalues"], values[: len(said["eigenvalues"])], atol=1e-12)
    assert -said["log_products"]["10"]["value"] == pytest.approx(np.log(values[:10]).sum(), rel=1e-9)
    assert (
        BY_KEY["log_product_10"].read(said) == said["log_products"]["10"]["value"]
    )  # one sign in csv and json
    errors = np.array(said["eigenvalue_errors"])
    assert (np.abs(np.array(said["eigenvalues"]) - values[: len(errors)]) <= errors + 1e-12).all()
    slopes = facts.net.input_gradient(X)
    assert said["input_gradient"]["train"]["value"] == pytest.approx((slopes**2).sum() / len(X), rel=1e-12)
    test = place.samples(place.part.test)
    share = np.mean(np.sign(facts.net(test.X)) == test.y)
    assert said["accuracy"]["test"] == pytest.approx(share)


def test_theorems_hold_at_minima_and_starts(done):
    rows = done[0]["theorems"]
    assert {row["where"] for row in rows} == {"minimum", "start"}
    assert all(row["holds"] == row["applicable"] for row in rows)
    interpolation = [row for row in rows if row["theorem"] == "interpolation" and row["where"] == "minimum"]
    assert all(row["applicable"] == row["cases"] == 11 for row in interpolation)
    starts = [row for row in rows if row["theorem"] == "residuals" and row["where"] == "start"]
    assert all(row["applicable"] == row["cases"] == 7 for row in starts)  # one start a repeat


def test_the_same_seed_gives_the_same_results():
    def run(seed):
        results, _ = reproduce.reproduce(made_up(), TINY, seed)
        return json.dumps({key: item for key, item in results.items() if key != "timing"})

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_an_interrupt_keeps_what_is_finished(monkeypatch):
    minimum, calls = minima_study_run.minimum, []

    def interrupted(task, *arguments, **options):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return minimum(task, *arguments, **options)

    monkeypatch.setattr(reproduce, "minimum", interrupted)
    results, found = reproduce.reproduce(made_up(), TINY, 0)
    assert (len(found), results["partial"]) == (1, True)
    assert results["minima"][0]["attack"] == 0


def test_repeats_share_split_and_start_across_attack_sizes():
    arm = fitted(ARMS, 80, 4)[0]
    places = [ground(Task(arm, 0, size), made_up(), 5) for size in (0, 24)]
    np.testing.assert_array_equal(places[0].part.genuine, places[1].part.genuine)
    other = ground(Task(arm, 1, 0), made_up(), 5)
    assert set(other.part.genuine) != set(places[0].part.genuine)


def test_the_test_samples_never_train_nor_scale():
    place = ground(Task(fitted(ARMS, 80, 4)[0], 0, 24), made_up(), 5)
    assert not set(place.part.test) & set(place.part.pool)
    np.testing.assert_allclose(place.scaling(made_up().X)[place.part.pool].mean(axis=0), 0, atol=1e-14)


def test_attack_sets_keep_their_ratio_to_the_genuine_samples():
    assert fitted(arms.QUICK, 100, 64)[0].attacks == (0, 5, 10, 20, 40)


@pytest.mark.parametrize("samples", [20, 33, 100, 1797, 10**5])
def test_sizes_fit_the_data(samples):
    for arm in fitted(arms.FULL, samples, 64):
        reserve = reserve_size(samples, arm.genuine)
        assert 1 <= arm.genuine <= samples // 5
        assert max(arm.attacks, default=0) <= reserve
        assert samples - arm.genuine - reserve >= 2 * samples // 5
        assert arm.attacks[0] == 0


def test_networks_have_room_and_those_for_the_digits_are_as_stated():
    for stated in (arms.QUICK, arms.FULL):
        assert fitted(stated, 1797, 64) == stated
    narrow = fitted(arms.QUICK, 1797, 2)[0]
    assert narrow.units * 4 >= 1.3 * 600


def test_too_little_data():
    with pytest.raises(ValueError, match="at least 20 samples; got 19"):
        fitted(ARMS, 19, 4)


def test_every_descent_ends_at_a_minimum(monkeypatch):
    for name, length in (("gradient_descent", "steps"), ("sgd", "epochs"), ("lbfgs", "steps")):
        monkeypatch.setitem(
            minima_study_run.DESCENTS, name, partial(minima_study_run.DESCENTS[name], **{length: 20})
        )
    each = tuple(replace(TINY[0], name=name, descent=name) for name in minima_study_run.DESCENTS)
    for task in tasks(each):
        found = minima_study_run.minimum(task, made_up(), 0)
        assert found.facts["training"]["converged"]


def test_logistic_labels_and_target():
    arm = replace(TINY[0], loss="logistic", target=1e-2)
    found = minima_study_run.minimum(Task(arm, 0, 8), made_up(), 0)
    assert found.facts["risk"]["value"] <= 1e-2
    assert found.facts["training"]["why"] == "the risk fell to the target"
    assert found.facts["theorems"]["input-gradient"]["applicable"] is False


def test_the_spectrum_through_the_kernel_is_that_of_the_matrix(done):
    for each in done[1]:
        assert each.facts["negative_eigenvalues"]["method"].startswith("kernel of G, R in the error")
    net = tl.TwoLayer([1.0, -2.0], [[1.0, 0.5], [0.3, 2.0]], [0.1, 0.2])
    X, y = np.eye(2), np.array([1.0, 5.0])
    far = eigenvalue_facts(tl.Hessian(net, X, y), 2)
    assert far["negative_eigenvalues"]["certain"] > 0  # large residuals
    assert far["negative_eigenvalues"]["method"] == "dense, verified"
    near = eigenvalue_facts(tl.Hessian(net, X, net(X)), 2)
    truth = np.linalg.eigvalsh(tl.Hessian(net, X, net(X)).toarray())[::-1]
    assert near["negative_eigenvalues"]["zero_within_error"] == 6
    assert np.all(np.abs(near["eigenvalues"] - truth[:2]) <= near["negative_eigenvalues"]["error"])
    assert log_product(tl.Hessian(net, X, net(X)).eigenvalues(), 3) is None


def test_rank_correlation():
    x = np.array([3.0, 1.0, 2.0, np.nan, 5.0])
    assert rank_correlation(x, x**3) == 1.0
    assert rank_correlation(x, np.ones(5)) is None
    assert rank_correlation(x[:2], x[:2]) is None
    assert rank_correlation(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(0.75**0.5)


def test_summaries_count_honestly(done):
    minima = done[0]["minima"]
    rows = table(minima)
    assert [(row["arm"], row["attack"], row["count"]) for row in rows] == [
        ("tanh", 0, 2),
        ("tanh", 8, 2),
        ("tanh", 24, 2),
        ("few", 0, 5),
    ]
    assert rows[0]["trace"] == pytest.approx(
        np.mean([f["trace"]["value"] for f in minima if f["attack"] == 0][:2])
    )
    assert order([facts for facts in minima if facts["arm"] == "few"], BY_KEY["trace"]) == (0, 0)
    assert order([facts for facts in minima if facts["arm"] == "tanh"], BY_KEY["trace"])[1] == 2
    assert {row["arm"] for row in correlations(minima)} == {"tanh", "few"}
    assert theorem_counts([], "minimum") == []


def test_results_are_plain_and_csv_repeats_them(done):
    results = json.loads(json.dumps(done[0], allow_nan=False))
    lines = reproduce.as_csv(results["minima"]).splitlines()
    head, first = lines[0].split(","), lines[1].split(",")
    assert len(lines) == 12
    assert head[:3] == ["arm", "repeat", "attack"]
    for column in COLUMNS:
        assert float(first[head.index(column.key)]) == pytest.approx(
            column.read(results["minima"][0]), nan_ok=True
        )
