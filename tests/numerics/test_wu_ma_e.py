"""The published tables at small size: samples, descent, curvature against dense matrices, resuming."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from numerics import deep
from numerics.commands.main import main
from numerics.deep.tangents import tangent
from numerics.deep_study.wu_ma_e import experiment as job
from numerics.deep_study.wu_ma_e.cells import Cell, Run, as_facts, attacked, cells, curvature
from numerics.deep_study.wu_ma_e.descent import descend
from numerics.deep_study.wu_ma_e.published import ATTACKS, STEPS
from numerics.deep_study.wu_ma_e.spread import Spread
from numerics.deep_study.wu_ma_e.tables import answer, attack_table, step_table
from numerics.files.images import Images
from numerics.sweeps.workplace import Workplace

RNG = np.random.default_rng(3)
DATA = Images(RNG.integers(0, 256, (90, 12), dtype=np.uint8), np.arange(90) % 4, 30, "noise", "nobody")
SMALL = Run(DATA, 0, (40, 30), 20)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("loss", ["squared", "softmax"])
@pytest.mark.parametrize(("sizes", "biases"), [([4, 6, 5, 3], True), ([4, 5, 3], False), ([3, 2], True)])
def test_spread_is_that_of_the_samples_hessians(activation, loss, sizes, biases):
    X = RNG.normal(size=(9, sizes[0]))
    y = RNG.normal(size=(9, sizes[-1])) if loss == "squared" else RNG.integers(0, sizes[-1], 9)
    net = deep.random_network(sizes, activation, seed=0, biases=biases, kind="gaussian")
    H = deep.Hessian(net, X, y, loss)
    each = [deep.Hessian(net, X[i : i + 1], y[i : i + 1], loss).toarray() for i in range(9)]
    mean = np.mean(each, axis=0)
    found = np.array([Spread(H) @ unit for unit in np.eye(H.shape[0])])
    wanted = np.mean([A @ A for A in each], axis=0) - mean @ mean
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12 * np.abs(wanted).max())


def test_curvature_is_that_of_the_mean_over_samples_and_outputs():
    tiny = Run(DATA, 0, (9, 8), 20)
    X, labels = tiny.samples(10)
    Y, net = np.eye(4)[labels], tiny.start(0)
    H = deep.Hessian(net, X, Y)
    found = curvature(H)
    matrix = H.toarray() * 2 / 4
    values = np.linalg.eigvalsh(matrix)[::-1]
    each = [deep.Hessian(net, X[i : i + 1], Y[i : i + 1]).toarray() * 2 / 4 for i in range(len(X))]
    spread = np.mean([A @ A for A in each], axis=0) - matrix @ matrix
    np.testing.assert_allclose(found["largest_eigenvalue"]["value"], values[0], rtol=1e-8)
    np.testing.assert_allclose(found["trace"], matrix.trace(), rtol=1e-9)
    np.testing.assert_allclose(found["log_product"], np.log(values[:10]).sum(), rtol=1e-6)
    wanted = np.sqrt(np.linalg.eigvalsh(spread)[-1])
    np.testing.assert_allclose(found["non_uniformity"]["value"], wanted, rtol=1e-8)
    newton = np.linalg.norm(H.gauss_newton.toarray()) / 2
    np.testing.assert_allclose(found["gauss_newton_norm"], newton, rtol=1e-9)


def test_descent_follows_the_gradient_of_the_mean_squared_error():
    X, labels = SMALL.samples(0)
    Y, net = np.eye(4)[labels], SMALL.start(0)
    found = descend(
        net, X.astype(np.float32), Y.astype(np.float32), step=0.3, target=0.0, smoothing=0.1, most=7
    )
    theta = net.theta
    for _ in range(7):
        theta = theta - 0.3 * 2 / 4 * tangent(net.replace(theta), X, Y).gradient
    np.testing.assert_allclose(found.theta, theta, atol=2e-6)


def test_a_step_that_is_too_long_diverges_and_is_said_to():
    facts = as_facts(SMALL(Cell(1e4, 0, 0, 1e-4)))
    assert facts["why"] == "diverged"
    assert facts["loss"] is None
    head, rows = step_table([{**facts, "step": 5.0}])
    assert rows[0][1] == "0; 1 diverged"
    assert len(head) == len(rows[0])


def test_attack_labels_are_wrong_and_never_the_last_class():
    true = np.arange(4000) % 10
    drawn = attacked(true, 10)
    assert not (drawn == true).any()
    shares = np.bincount(drawn, minlength=10) / 4000
    assert shares[9] == 0
    np.testing.assert_allclose(shares[:9], 1 / 9, atol=0.02)
    assert (attacked(true[:50], 10) == drawn[:50]).all()


def test_all_published_lines_have_runs():
    found = cells(False)
    assert {cell.step for cell in found if cell.target == 1e-4} == set(STEPS)
    assert {cell.wrong for cell in found if cell.target == 5e-4} == set(ATTACKS)
    assert len(set(found)) == len(found) == 5 * len(STEPS) + len(ATTACKS)
    assert set(cells(True)) < set(found)


def test_runs_make_tables_with_deviations(tmp_path):
    place, pieces = Workplace(store=tmp_path / "kept"), [Cell(1.0, 0, 0, 1e-4), Cell(1.0, 0, 1, 1e-4)]
    pieces += [Cell(0.1, size, 0, 5e-4) for size in (0, 400)]
    small = [cell if cell.wrong == 0 else Cell(1.0, 15, 0, 5e-4) for cell in pieces]
    done = place.finished("runs", SMALL, small, "key")
    again = Workplace(store=tmp_path / "kept").finished("runs", _refused, small, "key")
    runs = [as_facts(shard) for _, shard in again]
    assert runs == [as_facts(shard) for _, shard in done]
    assert all(facts["why"] == "the loss fell to the target" for facts in runs)
    runs[3]["wrong"] = 400
    results = job.collected(runs, 0, "none", "nobody") | {"stopped": ["some are left"]}
    for head, rows in (step_table(runs), attack_table(runs)):
        assert rows
        assert all(len(row) == len(head) for row in rows)
    ours = np.mean([facts["largest_eigenvalue"]["value"] for facts in runs[:2]])
    assert f"{100 * (ours / 1.925 - 1):+.1f} %" in step_table(runs)[1][0]
    assert "from 0 to 400 wrong labels" in answer(runs)
    job.write(tmp_path, results)
    text = (tmp_path / "tables.md").read_text()
    assert text.startswith(answer(runs))
    assert "were not finished" in text
    assert "Partial: some are left" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["runs"] == runs


def _refused(piece):
    raise AssertionError(f"{piece} was done twice")


def test_missing_data_says_in_one_line_how_to_get_it(tmp_path):
    called = ["deep", "--replicate", "wu-ma-e", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, called)
    assert result.exit_code != 0
    assert "apt-get install dataset-fashion-mnist" in result.output
    assert len(result.output.strip().splitlines()) <= 3
    assert not (tmp_path / "out").exists()


def test_other_data_is_refused(tmp_path):
    result = CliRunner().invoke(main, ["deep", "--replicate", "wu-ma-e", "--data", "cifar-10"])
    assert result.exit_code != 0
    assert "--data must be fashion-mnist or its folder" in result.output
    with pytest.raises(ValueError, match="70,000 images of 784 pixels; got"):
        job.experiment(DATA, True, 0)
