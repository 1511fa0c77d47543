"""The basin experiment at its smallest: whole, repeatable, resumed; and its command."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import twolayer as tl
from numerics import basin_command, basin_experiment
from numerics.basin_experiment import QUICK, Workplace, classes, known_volumes, student
from numerics.basin_problems import digits, spiral, spiral_points, teacher_student
from numerics.command import main
from numerics.shards import SweepError

TINY = replace(QUICK, student_starts=4, starts=1, attacks=(0, 100), steps=20)
SMALL = spiral(0, genuine=10, units=6)


@pytest.fixture(scope="module")
def rows():
    return known_volumes(0)


def test_estimators_on_known_potentials_are_right_or_say_that_they_are_not(rows):
    for row in rows:
        if row["verdict"] == "trusted":
            assert abs(row["off"]) <= 2 * row["error"] + 1e-9
    worst = [
        row for row in rows if row["estimator"] == "radial, isotropic" and "D = 100," in row["potential"]
    ]
    assert worst[0]["verdict"] == "refused"
    assert worst[0]["off"] < -30
    exact = [row for row in rows if row["estimator"] == "radial" and "D = 1000" in row["potential"]]
    assert abs(exact[0]["off"]) < 1e-6


def test_a_student_s_minima_and_the_shares_of_starts():
    found = student(0, TINY, Workplace())
    for way in ("flow", "gradient descent", "sgd", "l-bfgs"):
        assert sum(one["count"] for one in found["shares"][way].values()) == 4
    assert all(minimum["orbit"] == 48 for minimum in found["minima"])
    assert all(0 <= one["low"] <= one["high"] <= 1 for one in found["agreement_with_flow"].values())


def test_attacked_starts_are_measured_and_repeat_bit_by_bit(tmp_path):
    found = classes(SMALL, 0, TINY, Workplace())
    assert [row["attack_percent"] for row in found["minima"]] == [0, 100]
    assert found["good"]["0"]["fitted"] == 1
    with pytest.raises(SweepError, match="0 of 2 pieces"):
        classes(SMALL, 0, TINY, Workplace(store=tmp_path, max_seconds=0.0))
    assert classes(SMALL, 0, TINY, Workplace(store=tmp_path)) == found
    assert classes(SMALL, 0, TINY, Workplace(store=tmp_path)) == found


def test_problems_have_two_classes_and_disjoint_parts():
    X, y = spiral_points(400, np.random.default_rng(1))
    assert abs(y.mean()) < 1e-9
    assert np.linalg.norm(X, axis=1).max() < 1.15
    task = digits(0)
    rows = np.concatenate([part[0] for part in (task.genuine, task.reserve, task.test)])
    assert len(rows) == 1797
    net, inputs, targets = teacher_student(0)
    assert (net.n_parameters, inputs.shape, targets.shape) == (9, (100, 2), (100,))
    always = tl.TwoLayer([0.0], [[0.0] * 64], c=1.0)
    assert np.isclose(task.accuracy(always), np.mean(task.test[1] == 1))


@pytest.fixture
def tiny(monkeypatch, rows):
    monkeypatch.setattr(basin_experiment, "QUICK", TINY)
    monkeypatch.setattr(basin_experiment, "known_volumes", lambda seed: rows)
    monkeypatch.setattr(basin_experiment, "spiral", lambda seed: SMALL)
    monkeypatch.setattr(basin_experiment, "digits", lambda seed: digits(seed, genuine=20, units=3))


def test_the_command_writes_results_and_figures(tiny, tmp_path):
    done = CliRunner().invoke(main, ["basins", "--quick", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    pictures = {f"{name}.{kind}" for name in ("goodness", "known_volumes") for kind in ("png", "pdf")}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"captions.txt", *pictures}
    assert basin_command.summary(results, str(tmp_path / "out")) in done.output
    assert results["student"] == json.loads(json.dumps(student(0, TINY, Workplace())))


def test_bad_options_end_in_one_line(tiny, tmp_path):
    (tmp_path / "mine").write_text("mine")
    for options, message in [
        (["--executor", "mpi:3"], "executor must be threads:N, processes:N or dask://HOST:PORT; got 'mpi:3'"),
        (["--max-seconds", "0"], "with --store it would be kept"),
        (["--out", str(tmp_path / "mine")], "the output folder must be new"),
    ]:
        done = CliRunner().invoke(main, ["basins", "--quick", "--out", str(tmp_path / "o"), *options])
        assert done.exit_code == 2
        assert message in " ".join(done.output.split())
        assert "Traceback" not in done.output
    assert not (tmp_path / "o").exists()
