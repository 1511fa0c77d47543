"""The basin study with units other than tanh: labels, shares, volumes, the report, the option."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import twolayer as tl
from numerics.basin_study import classifiers, run, students
from numerics.basin_study.answer import answer
from numerics.basin_study.problems import limits, spiral, taught, teacher_student
from numerics.basin_study.report import page
from numerics.commands.main import main
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.minima import described
from numerics.statistics.bennett import bennett, standard_error
from numerics.sweeps.workplace import Workplace
from tests.numerics.small_basins import TINY, shrink


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink(monkeypatch)
    monkeypatch.setattr(run, "compared", lambda seed, large, place: [])


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu"])
def test_teacher_student_and_classifiers_have_the_units_that_were_asked_for(activation):
    net, X, y = teacher_student(0, activation=activation)
    teacher, again = taught(0, activation=activation)
    assert net.activation.name == teacher.activation.name == activation
    assert np.array_equal(X, again)
    plain, _ = taught(0)
    assert np.array_equal(teacher.theta, plain.theta)  # the units alone differ
    z = X @ teacher.W.T + teacher.b
    if activation != "gelu":
        s = np.maximum(z, (0.01 if activation == "leaky_relu" else 0.0) * z)
        np.testing.assert_allclose(y, s @ teacher.a, atol=1e-12)
    problem = replace(spiral(0, genuine=10, units=6), activation=activation)
    assert classifiers.empty(problem).activation.name == activation


def test_what_is_said_of_a_minimum_does_not_depend_on_how_its_units_are_scaled():
    net, X, _ = teacher_student(0, students=2, activation="relu")
    net = net.replace(np.random.default_rng(1).normal(size=net.n_parameters))
    place, t = NetworkLandscape(net, X, net(X)), np.array([3.0, 0.25])
    other = tl.TwoLayer(net.a / t, net.W * t[:, None], net.b * t, activation="relu")
    rows = [students._minimum(place, described(place, each.theta), 20, 0) for each in (net, other)]
    assert np.isclose(rows[0]["distance"], rows[1]["distance"])
    assert np.isclose(rows[0]["highest"], rows[1]["highest"])
    assert rows[0]["log_ellipsoid"] is rows[1]["log_ellipsoid"] is None  # a flat direction for every unit
    assert rows[0]["flat"] >= 2


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_answer_report_and_table_name_the_units(activation):
    found = run.experiment(0, TINY, Workplace(max_seconds=0.0), activation)
    assert found["activation"] == activation
    assert answer(found)["sentence"].startswith(f"With {activation} units: ")
    html = page(found, [])
    assert f"Every unit of students and classifiers is a {activation} unit" in html
    assert "masses of true basins are not measured" in html
    assert "permutations and scalings" in html
    assert "sign flips" not in html


def test_smooth_units_have_no_word_on_kinks_or_scalings():
    assert len(limits("tanh")) == len(limits("gelu")) == 2
    assert len(limits("relu")) == 4
    assert len(limits("square")) == 3


def test_the_key_of_a_sweep_names_the_activation(monkeypatch):
    keys = []

    def finished(self, name, task, pieces, key):
        keys.append((name, key))
        return []

    monkeypatch.setattr(Workplace, "finished", finished)
    for activation in ("tanh", "identity", "relu"):
        run.experiment(0, replace(TINY, basin_starts=4), Workplace(), activation)
    assert len(set(keys)) == len(keys)


def test_an_activation_that_is_not_built_in_is_one_line(tmp_path):
    for name in ("ReLU6", "z**2", "x" * 500):
        words = ["basins", "--quick", "--activation", name, "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 2
        assert "activation must be one of" in " ".join(done.output.split())
        assert len(done.output) < 700
    assert not (tmp_path / "out").exists()


def test_rungs_that_do_not_overlap_have_no_error_but_infinity():
    below, above = np.full((5, 4), 1e6), np.zeros((5, 4))
    value, influence = bennett(below, above, 1.0)
    assert np.isfinite(value)
    assert standard_error(influence) == np.inf
