"""The basin experiment at its smallest: whole, repeatable, resumed, stopped; and its command."""

import json
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import twolayer as tl
from numerics import volume
from numerics.basin_study import classifiers, known_volumes, students, true_basins
from numerics.basin_study import run as basin_study_run
from numerics.basin_study.classifiers import classes
from numerics.basin_study.known_volumes import Compared, compared, known_regions, soft_coordinate
from numerics.basin_study.problems import WAYS, digits, spiral, spiral_points, teacher_student
from numerics.basin_study.run import QUICK, experiment
from numerics.basin_study.students import student
from numerics.basin_study.summary import student_lines, summary
from numerics.basins.map import BasinMap
from numerics.commands.main import main
from numerics.descents.membership import FlowBasin
from numerics.landscape.landscape import FunctionLandscape
from numerics.landscape.potentials import CosineLattice
from numerics.statistics.ranks import interval
from numerics.sweeps import executors
from numerics.sweeps.threads import one_thread
from numerics.sweeps.workplace import Workplace
from numerics.training.starts import starts

TINY = replace(QUICK, student_starts=4, starts=1, attacks=(0, 100), steps=20)
SMALL = spiral(0, genuine=10, units=6)
REGIONS = known_regions(large=False)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few steps, few starts a piece, small problems."""
    monkeypatch.setattr(students, "BLOCK", 4)
    for module in (students, classifiers):
        monkeypatch.setattr(module, "DESCENT", {"steps": 300, "learning_rate": 0.1})
        monkeypatch.setattr(module, "STOCHASTIC", {"steps": 300, "learning_rate": 0.1, "batch_size": 5})
    monkeypatch.setattr(basin_study_run, "spiral", lambda seed: SMALL)
    monkeypatch.setattr(basin_study_run, "digits", lambda seed: digits(seed, genuine=20, units=3))
    monkeypatch.setattr(known_volumes, "known_regions", lambda large: REGIONS[:1])
    monkeypatch.setattr(basin_study_run, "QUICK", TINY)


def test_minima_of_a_linear_student_are_one_function():
    found = student(0, 0, 4, 1, Workplace(), "identity", volumes=0)
    assert len(found["minima"]) > 1
    for way in ("flow", "l-bfgs"):
        assert [*found["functions"][way]] == ["0"]
        assert found["functions"][way]["0"]["count"] == 4
    [said] = [line for line in student_lines(found) if "functions on a probe set" in line]
    assert said.endswith("these are 1. Share of starts per function")
    assert sum(line.count("function 0: 1.00 [0.40, 1.00]") for line in student_lines(found)) == len(WAYS)


def test_a_student_s_minima_and_the_shares_of_starts():
    found = student(0, 0, 4, 20, Workplace())
    for way in WAYS:
        assert sum(one["count"] for one in found["shares"][way].values()) == 4
    assert all(minimum["orbit"] == 384 for minimum in found["minima"])  # 4! permutations, 2^4 signs
    assert all(0 <= one["low"] <= one["high"] <= 1 for one in found["agreement_with_flow"].values())
    for way in list(WAYS)[1:]:
        counts = found["confusion"][way]
        assert sum(sum(row.values()) for row in counts.values()) == 4
        for label, row in counts.items():
            assert sum(row.values()) == found["shares"]["flow"][label]["count"]


def test_a_descent_that_diverges_leads_to_no_minimum(monkeypatch):
    monkeypatch.setattr(students, "DESCENT", {"steps": 300, "learning_rate": 1e6})
    found = student(0, 0, 4, 20, Workplace())
    assert found["shares"]["gradient descent"]["-1"]["count"] == 4


@pytest.mark.slow
def test_attacked_starts_are_measured_and_repeat_bit_by_bit(tmp_path):
    def run(**place):
        return classes((SMALL,), 0, 1, (0, 100), 20, Workplace(**place))[0]

    found = run()
    assert [row["attack_percent"] for row in found["minima"]] == [0, 100]
    assert found["good"]["0"]["fitted"] == 1
    assert set(found["ways"]) == set(WAYS)
    assert run(store=tmp_path) == found
    assert run(store=tmp_path) == found
    assert run(store=tmp_path, max_seconds=0.0) == found  # all of it is in the store


def test_without_time_the_report_is_partial_and_says_so():
    place = Workplace(max_seconds=0.0)
    found = experiment(0, TINY, place)
    assert len(found["stopped"]) == 3
    assert "student 1: max_seconds = 0.0 ran out; 0 of 1 pieces are finished" in found["stopped"][0]
    assert found["students"][0]["minima"] == []
    assert "Not finished: classifiers" in summary(found)
    json.dumps(found, allow_nan=False)


def test_no_volume_is_measured_when_time_is_out():
    """Walkers would hold up the report, after Ctrl-C too; what costs next to nothing is said all the same."""

    class Ending(Workplace):
        def finished(self, name, task, pieces, key):
            self.max_seconds = 0.0 if "minima" in name else None
            return super().finished(name, task, pieces, key)

    found = student(0, 0, 4, 20, Ending())
    assert found["minima"]
    assert found["starts"] == 4
    assert {row["soft"]["verdict"] for row in found["minima"]} == {students.NOT_MEASURED}
    assert all(row["log_soft_volume"] is None and row["test_risk"] >= 0 for row in found["minima"])
    assert found["prediction"]["log_soft_volume"]["minima"] == 0


def test_basins_are_measured_once_all_starts_have_landed(monkeypatch):
    """The minima of some of the starts make another sweep of the basins, and a store holds but one."""
    monkeypatch.setattr(true_basins, "BLOCK", students.BLOCK)
    asked = []

    class Stopping(Workplace):
        def finished(self, name, task, pieces, key):
            asked.append(name)
            return super().finished(name, task, pieces[:1], key)

    found = true_basins.true_basins(0, 2 * students.BLOCK, Stopping())
    assert asked == ["small student"]
    assert found["starts"] == students.BLOCK
    assert found["estimates"] == []


def test_estimators_on_known_regions_are_right_or_say_that_they_are_not():
    rows = compared(0, False, Workplace())
    assert {row["estimator"] for row in rows} == set(known_volumes.ESTIMATORS)
    by_kind = {row["estimator"]: row for row in rows}
    for row in rows:
        if row["verdict"] == "trusted":
            assert abs(row["off"]) <= 2 * row["error"] + 1e-9
    assert by_kind["radial, isotropic"]["verdict"] == "refused"
    assert by_kind["log product"]["verdict"] == "doubtful"


FEW = [known for known in REGIONS[3:] if known.dimension <= 6]


@pytest.mark.slow
@pytest.mark.parametrize("known", FEW, ids=lambda known: known.name)
def test_the_truths_of_the_known_regions_are_those_of_a_plain_integral(known):
    """Points thrown at a box or ball that holds the region hit it as often as its volume says."""
    rng, count = np.random.default_rng(0), 200_000
    prior = known.region.get("prior")
    if prior is not None:
        points, scale = prior.sample(count, known.dimension, rng), 0.0
    else:
        points = known.minimum + rng.uniform(-1, 1, size=(count, known.dimension))
        scale = known.dimension * np.log(2)
    if "inside" in known.region:
        inside = known.region["inside"](points)
    else:
        height = known.landscape.value(known.minimum) + known.region["threshold"]
        inside = known.landscape.values(points) < height
    share = inside.mean()
    assert share > 0.001
    error = 4 * np.sqrt((1 - share) / (share * count))
    assert abs(np.log(share) + scale - known.log_volume) < error


def test_soft_coordinates_of_a_cut_and_a_power():
    assert np.isclose(soft_coordinate(lambda x: 0.0 if x < 1 else np.inf), 0.6826894921, rtol=1e-3)
    x = np.linspace(-10, 10, 2_000_001)
    plain = np.exp(-known_volumes.N_BETA * x**4 - x**2 / 2).sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi)
    assert np.isclose(soft_coordinate(lambda x: x**4), plain, rtol=1e-8)


def test_a_piece_of_the_comparison_depends_on_the_piece_alone():
    one, two = (Compared(0, False)((0, "radial")) for _ in range(2))
    assert one["log_volume"] == two["log_volume"]


@pytest.mark.parametrize("rank", [-1.0, -0.4, 0.0, 0.9, 1.0])
def test_intervals_of_rank_correlations_hold_the_rank(rank):
    low, high = interval(rank, 12)
    assert -1 <= low <= rank <= high <= 1
    assert high - low > 0.03
    assert interval(rank, 4) == interval(None, 100) == (None, None)


def test_problems_have_two_classes_and_disjoint_parts():
    X, y = spiral_points(400, np.random.default_rng(1))
    assert abs(y.mean()) < 1e-9
    assert np.linalg.norm(X, axis=1).max() < 1.15
    task = digits(0)
    rows = np.concatenate([part[0] for part in (task.genuine, task.reserve, task.test)])
    assert len(rows) == 1797
    net, inputs, targets = teacher_student(0)
    assert (net.n_parameters, inputs.shape, targets.shape) == (20, (100, 3), (100,))
    always = tl.TwoLayer([0.0], [[0.0] * 64], c=1.0)
    assert np.isclose(task.accuracy(always), np.mean(task.test[1] == 1))


@pytest.mark.slow
def test_the_command_writes_results_and_figures(tmp_path):
    done = CliRunner().invoke(main, ["basins", "--quick", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    names = ("goodness", "known_volumes", "frequency", "scrambling")
    pictures = {f"{name}.{kind}" for name in names for kind in ("png", "pdf")}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"captions.txt", *pictures}
    assert summary(results) in done.output
    assert (tmp_path / "out" / "summary.txt").read_text() == summary(results) + "\n"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


@pytest.mark.slow
def test_interrupted_it_keeps_what_is_finished_and_goes_on(tmp_path, monkeypatch):
    with one_thread():
        whole = experiment(0, TINY)
    attacked, calls = classifiers.Attacked.__call__, []

    def interrupted(self, piece):
        calls.append(piece)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return attacked(self, piece)

    monkeypatch.setattr(classifiers.Attacked, "__call__", interrupted)
    words = ["basins", "--quick", "--json", "--out", str(tmp_path / "out")]
    stopped = CliRunner().invoke(main, words)
    assert stopped.exit_code == 130
    assert "the same command goes on" in stopped.stderr
    part = json.loads(stopped.stdout)
    assert part["partial"]
    assert "classifiers: interrupted; 9 of 12 pieces are finished" in part["stopped"][0]
    assert len(part["problems"][0]["minima"]) == 1
    assert (tmp_path / "out" / "summary.txt").read_text().startswith("Partial: ")
    assert "Partial: classifiers: interrupted; 9 of 12" in (tmp_path / "out" / "report.html").read_text()
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0
    assert len(calls) == 2 + 3  # the second piece again, and the two of the digits
    results = json.loads(done.stdout)
    for part in ("students", "problems", "known_volumes"):
        assert results[part] == json.loads(json.dumps(whole[part]))


def test_out_of_time_the_command_reports_and_exits_with_3(tmp_path):
    done = CliRunner().invoke(
        main, ["basins", "--quick", "--max-seconds", "0", "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 3, done.output
    assert "the same command goes on" in done.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text())["stopped"]


@pytest.mark.parametrize("command", ["basins", "deep", "reproduce"])
def test_workers_that_die_are_named_and_the_exit_code_is_1(command, tmp_path, monkeypatch):
    class Dead(Executor):
        def submit(self, *args, **options):
            raise BrokenProcessPool("A process in the process pool was terminated abruptly")

    monkeypatch.setattr(executors, "executor", lambda *_: nullcontext(Dead()))
    done = CliRunner().invoke(main, [command, "--quick", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "a worker process died without a word" in errors[0]


def test_bad_options_end_in_one_line(tmp_path):
    (tmp_path / "mine").write_text("mine")
    for options, message in [
        (
            ["--executor", "mpi:3"],
            "executor must be here, threads:N, processes:N or dask://HOST:PORT; got 'mpi:3'",
        ),
        (["--out", str(tmp_path / "mine")], "the output folder must be new"),
        (["--store", str(tmp_path / "mine")], "Invalid value for '--store'"),
    ]:
        done = CliRunner().invoke(main, ["basins", "--quick", "--out", str(tmp_path / "o"), *options])
        assert done.exit_code == 2
        assert message in " ".join(done.output.split())
        assert "Traceback" not in done.output
    assert not (tmp_path / "o").exists()


def test_labels_at_the_tolerance_of_the_true_basins_are_those_at_a_finer_one():
    place = students.landscape_of(true_basins.PROBLEM, **true_basins.SMALL)
    begin = starts(place.net, 12, seed=3)
    coarse, fine = BasinMap(place, confirm=False, rtol=true_basins.RTOL), BasinMap(place, confirm=False)
    assert [coarse(theta) for theta in begin] == [fine(theta) for theta in begin]


@pytest.mark.slow
def test_the_mass_of_a_basin_by_the_flow_is_the_share_of_starts(monkeypatch):
    for module in (students, true_basins):
        monkeypatch.setattr(module, "BLOCK", 100)
    few = {"radial": (volume.radial, {"directions": 20, "resolution": 1e-2})}
    monkeypatch.setattr(true_basins, "ESTIMATORS", few)
    found = true_basins.true_basins(0, 100, Workplace())
    assert found["no_minimum"] == 0
    assert sum(row["starts"] for row in found["estimates"]) == 100
    for row in found["estimates"]:
        assert row["orbit"] == 2
        assert row["share_low"] <= row["share"] <= row["share_high"]
        if row["predicted"] is not None:
            assert row["predicted_low"] < row["share_high"]
            assert row["share_low"] < row["predicted_high"]


def test_a_point_that_the_flow_leaves_has_no_basin():
    with pytest.raises(ValueError, match="minimum must be a minimum of the landscape; got one that is"):
        FlowBasin(CosineLattice(1), [0.2])
    saddle = FunctionLandscape(lambda x: x[0] ** 2 - x[1] ** 2, lambda x: np.array([2 * x[0], -2 * x[1]]))
    with pytest.raises(ValueError, match="got one that is saddle"):
        FlowBasin(saddle, [0.0, 0.0])


@pytest.mark.slow
def test_tempering_through_the_flow_finds_the_cube():
    lattice = CosineLattice(2)
    inside = FlowBasin(lattice, [0.0, 0.0], rtol=1e-2)
    rng = np.random.default_rng(0)
    found = volume.tempering(lattice, [0.0, 0.0], inside=inside, steps=20, walkers=8, rng=rng)
    assert abs(found.log_volume) < 1.5 * found.error < 1
    assert inside.undecided == 0
