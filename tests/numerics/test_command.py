"""The command: what it prints, and one clear line for bad input."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import twolayer as tl
from numerics.commands import options
from numerics.commands.main import main
from numerics.commands.tables import aligned
from numerics.minima_study import arms, reproduce
from numerics.minima_study import run as minima_study_run
from tests.house.tree import ROOT
from tests.numerics.small_study import TINY, made_up
from theory import derive

HEAVY = ("sympy", "matplotlib", "tqdm", "scipy.optimize", "scipy.stats")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def saved(tmp_path):
    """A model and data, and their paths."""
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=3), "W": rng.normal(size=(3, 2)), "b": rng.normal(size=3)}
    X, y = rng.normal(size=(7, 2)), rng.normal(size=7)
    model, data = tmp_path / "model.npz", tmp_path / "data.npz"
    np.savez(model, **arrays, activation="softplus")
    np.savez(data, X=X, y=y)
    return model, data, tl.TwoLayer(**arrays, activation="softplus"), X, y


def test_norms_as_json(saved):
    model, data, net, X, y = saved
    done = run("norms", "--model", model, "--data", data, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    H = tl.Hessian(net, X, y).toarray()
    values = np.linalg.eigvalsh(H)
    wanted = {
        "risk": ((net(X) - y) ** 2).mean() / 2,
        "gradient_norm": np.linalg.norm(tl.gradient(net, X, y)),
        "frobenius_norm": np.linalg.norm(H),
        "trace": np.trace(H),
        "spectral_norm": np.abs(values).max(),
        "nuclear_norm": np.abs(values).sum(),
        "largest_eigenvalue": values[-1],
        "smallest_eigenvalue": values[0],
        "negative_eigenvalues": (values < -1e-12).sum(),
    }
    for name, number in wanted.items():
        assert found[name]["value"] == pytest.approx(number, rel=1e-10)
        assert set(found[name]) == {"value", "error", "exact", "method"}
        assert found[name]["exact"] is True
    assert "(f - y)^2/2" in found["conventions"]["risk"]
    assert found["conventions"]["activation"] == "softplus"


def test_norms_with_the_largest_eigenvalues(saved):
    done = run("norms", "--model", saved[0], "--data", saved[1], "--largest", "2", "--json")
    found = json.loads(done.stdout)
    assert found["eigenvalue_1"]["value"] == pytest.approx(found["largest_eigenvalue"]["value"])
    assert found["eigenvalue_1"]["exact"]
    assert found["eigenvalue_1"]["value"] >= found["eigenvalue_2"]["value"]


def test_norms_as_text_and_without_the_spectrum(saved):
    model, data, *_ = saved
    done = run("norms", "--model", model, "--data", data, "--no-spectrum")
    assert done.exit_code == 0
    assert "frobenius_norm" in done.stdout
    assert "nuclear_norm" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "outputs"), [("logistic", None), ("softmax", 3), ("pseudo_huber", 2)])
def test_norms_of_other_losses_and_several_outputs(tmp_path, loss, outputs):
    rng = np.random.default_rng(0)
    shape = (4,) if outputs is None else (outputs, 4)
    np.savez(tmp_path / "m.npz", a=rng.normal(size=shape), W=rng.normal(size=(4, 2)), c=np.zeros(shape[:-1]))
    labels = {"logistic": rng.integers(0, 2, 6), "softmax": rng.integers(0, 3, 6)}
    np.savez(tmp_path / "d.npz", X=rng.normal(size=(6, 2)), y=labels.get(loss, rng.normal(size=(6, 2))))
    done = run("norms", "--model", tmp_path / "m.npz", "--data", tmp_path / "d.npz", "--loss", loss, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["frobenius_norm"]["value"] > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": np.ones(4)}, "a must be (3,)"),
        ({"W": np.full((3, 2), np.nan)}, "W must be finite"),
        ({"W": np.ones((3, 2)) * 1j}, "W in .* must be an array of real numbers"),
        ({"activation": "tanhh"}, "activation must be one of .*tanh.*; got 'tanhh'"),
        ({"activation": 3}, "activation in .* must be one text"),
        ({"a": None}, r"must hold the arrays a, W; .*\(missing: a\)"),
        ({"b": np.array([None] * 3)}, "b in .* got dtype object"),
    ],
)
def test_bad_models_get_one_line(saved, tmp_path, change, words):
    model, data, net, *_ = saved
    arrays = {"a": net.a, "W": net.W, "b": net.b, "activation": "tanh", **change}
    np.savez(model, **{name: array for name, array in arrays.items() if array is not None})
    done = run("norms", "--model", model, "--data", data)
    assert_refused(done, words.replace("(3,)", r"\(3,\)"))


def assert_refused(done, words):
    assert done.exit_code == 2, done.output
    assert re.search(words, done.stderr), done.stderr
    assert "Traceback" not in done.output
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": np.ones((7, 5))}, "X must be"),
        ({"y": np.ones(6)}, r"y in .* must be numbers \(7,\)"),
        ({"y": np.full(7, np.inf)}, "y in .* must be finite"),
        ({"X": np.array("text")}, "X in .* must be numbers"),
    ],
)
def test_bad_data_gets_one_line(saved, change, words):
    model, data, _, X, y = saved
    np.savez(data, **{"X": X, "y": y, **change})
    assert_refused(run("norms", "--model", model, "--data", data), words)


def test_labels_out_of_range(saved):
    model, data, *_ = saved
    assert_refused(
        run("norms", "--model", model, "--data", data, "--loss", "logistic"), "y must be labels 0 or 1"
    )


def test_files_that_cannot_be_read(saved, tmp_path):
    model, data, *_ = saved
    assert_refused(run("norms", "--model", tmp_path / "absent.npz", "--data", data), "must be a readable npz")
    data.write_bytes(data.read_bytes()[:100])
    assert_refused(run("norms", "--model", model, "--data", data), "must be a readable npz")


def test_an_unknown_loss_or_option():
    done = run("norms", "--model", "m", "--data", "d", "--loss", "squred")
    assert done.exit_code == 2
    assert "squared" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["reproduce"], ["norms"], ["derive"]])
def test_help_shows_examples(arguments):
    done = run(*arguments, "-h")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout
    assert not arguments or "Examples:" in done.stdout


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The experiment cut down, and a data file for it."""
    monkeypatch.setattr(arms, "QUICK", TINY)
    data = made_up()
    np.savez(tmp_path / "data.npz", X=data.X, y=data.y)
    return tmp_path


@pytest.mark.slow
def test_reproduce_writes_a_report_and_prints_a_table(small):
    done = run(
        "reproduce", "--quick", "--parts", "two-layer", "--out", small / "out", "--data", small / "data.npz"
    )
    assert done.exit_code == 0, done.output
    assert "test acc." in done.stdout
    assert len(done.stdout.splitlines()) == 6 + 1 + 1 + 2 + 1 + 2  # verdicts, table, notes
    results = json.loads((small / "out" / "results.json").read_text())
    assert results["data"]["name"] == "data.npz"
    assert "minima" in done.stderr
    assert sorted(os.listdir(small)) == ["data.npz", "out"]


@pytest.mark.slow
def test_reproduce_as_json_repeats_itself(small):
    outputs = []
    for _ in range(2):
        done = run(
            "reproduce", "--quick", "--parts", "two-layer", "--out", small / "out", "--json", "--seed", 5
        )
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0])["seed"] == 5
    assert json.loads(outputs[0])["data"]["name"] == "UCI 8x8 digits"


@pytest.mark.slow
def test_reproduce_interrupted(small, monkeypatch):
    minimum = minima_study_run.minimum

    def interrupted(task, *arguments, **options):
        if task.attack:
            raise KeyboardInterrupt
        return minimum(task, *arguments, **options)

    monkeypatch.setattr(reproduce, "minimum", interrupted)
    done = run(
        "reproduce", "--quick", "--parts", "two-layer", "--out", small / "out", "--data", small / "data.npz"
    )
    assert done.exit_code == 130
    assert done.stdout.startswith("Partial: two-layer minima: interrupted; 1 of 2")
    assert "Partial" in (small / "out" / "report.html").read_text(encoding="utf-8")
    monkeypatch.setattr(arms, "QUICK", (replace(TINY[0], attacks=(8,)),))
    nothing = run(
        "reproduce", "--quick", "--parts", "two-layer", "--out", small / "none", "--data", small / "data.npz"
    )
    assert nothing.exit_code == 130
    assert sorted(os.listdir(small)) == ["data.npz", "out", "out-work-quick-0"]


def test_reproduce_refuses_a_folder_that_is_not_its_own(small):
    (small / "out").mkdir()
    (small / "out" / "thesis.tex").write_text("years of work")
    done = run("reproduce", "--quick", "--parts", "two-layer", "--out", small / "out")
    assert_refused(done, "the output folder must be new, empty, or an earlier report")
    assert os.listdir(small / "out") == ["thesis.tex"]


def test_reproduce_refuses_bad_data(small):
    np.savez(small / "data.npz", X=np.ones((30, 2)), y=np.arange(30) % 2)
    done = run(
        "reproduce", "--quick", "--parts", "two-layer", "--out", small / "out", "--data", small / "data.npz"
    )
    assert_refused(done, "X must have entries that differ")
    assert not (small / "out").exists()
    assert run("reproduce", "--seed", "-1").exit_code == 2


@pytest.mark.parametrize(("cores", "name"), [(1, "here"), (2, "processes:2"), (64, "processes:8")])
def test_a_process_for_each_core_unasked(cores, name, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert options.executor_at_hand() == name


def test_reproduce_refuses_parts_that_are_none():
    assert_refused(run("reproduce", "--parts", "two-layer,deeep"), "--parts must be all, or among two-layer")


@pytest.mark.slow
def test_reproduce_out_of_time_says_so_first_and_redoes_nothing(small, monkeypatch):
    common = ("--quick", "--parts", "two-layer", "--data", small / "data.npz", "--store", small / "kept")
    done = run("reproduce", *common, "--out", small / "out")
    assert done.exit_code == 0, done.output
    monkeypatch.setattr(reproduce, "minimum", None)  # nothing is left to do
    again = run("reproduce", *common, "--out", small / "again", "--max-seconds", 0)
    assert again.exit_code == 0, again.output
    pages = [(small / name / "report.html").read_text(encoding="utf-8") for name in ("out", "again")]
    assert "Partial" not in pages[0]
    results = [json.loads((small / name / "results.json").read_text()) for name in ("out", "again")]
    assert results[0]["minima"] == results[1]["minima"]
    assert "twolayer reproduce --quick " in pages[0]
    assert "--parts two-layer" in pages[0]


def test_norms_of_a_built_in_activation_stays_light(saved):
    model, data, *_ = saved
    code = (
        "import sys; from numerics.commands.main import main\n"
        f"main(['norms', '--model', {str(model)!r}, '--data', {str(data)!r}], standalone_mode=False)\n"
        f"print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["tanh"], ("tanh",)),
        (["relu", "--loss", "softmax"], ("relu", "softmax", 2)),
        (
            ["z*sigmoid(z)", "--loss", "logistic", "--no-output-bias"],
            ("z*sigmoid(z)", "logistic", 1, True, False),
        ),
    ],
)
def test_derive_prints_the_derivation(arguments, call):
    derived = derive(*call)
    assert run("derive", *arguments).stdout == f"{derived}\n"
    assert run("derive", *arguments, "--latex").stdout == f"{derived.latex()}\n"
    told = json.loads(run("derive", *arguments, "--json").stdout)
    equations = [one for section in told["sections"] for one in section["equations"]]
    assert all(one["text"] in str(derived) and one["latex"] for one in equations)
    assert len(equations) == sum(len(section.equations) for section in derived.sections)


@pytest.mark.parametrize("text", ["tanhh", "__import__('os').system('x')", "z +", "x*y", "9**9**9**9*z"])
def test_derive_refuses_what_is_no_activation(text):
    assert_refused(run("derive", text), "activation must be")


@pytest.mark.slow
def test_norms_of_an_expression_are_those_of_the_built_in(saved, tmp_path):
    model, data, net, *_ = saved
    np.savez(tmp_path / "own.npz", a=net.a, W=net.W, b=net.b, activation="log(1 + exp(z))")
    found = [
        json.loads(run("norms", "--model", path, "--data", data, "--json").stdout)
        for path in (model, tmp_path / "own.npz")
    ]
    for name in ("frobenius_norm", "trace", "nuclear_norm"):
        assert found[0][name]["value"] == pytest.approx(found[1][name]["value"], rel=1e-12)


def test_an_expression_in_a_model_is_never_run(saved):
    model, data, net, *_ = saved
    np.savez(model, a=net.a, W=net.W, activation="__import__('os').system('x')")
    assert_refused(run("norms", "--model", model, "--data", data), "activation must be")


def test_columns_are_aligned():
    assert aligned([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc   d"]


@pytest.mark.parametrize(
    ("encoding", "letters"),
    [("ascii", ["\u00b1 \u03bb".encode(), b"\\xb1 \\u03bb"]), ("cp1252", [b"\xb1 \\u03bb"])],
)
def test_every_letter_is_printed_on_every_terminal(encoding, letters):
    say = "main.add_command(click.Command('say', callback=lambda: click.echo('\\u00b1 \\u03bb')))\n"
    code = f"import click; from numerics.commands.main import main\n{say}main(['say'])"
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in letters  # click itself takes a terminal in ascii for one in UTF-8


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["norms", "--model", "", "--data", "x.npz"], "every argument must be a word"),
        (["reproduce", "--data", "  "], "every argument must be a word"),
        (["reproduce", "--target", "y"], "--target must come with --data"),
        (["deep", "--folder", "."], "folder must be given with data that lie in one"),
        (["verify", "--samples", "1" * 30], "is not in the range"),
        (["derive", "tanh", "--loss", "x" * 5000], "x...x"),
        (["derive", "tanh", "--outputs", "9" * 4000], "9...9"),
    ],
)
def test_words_that_mean_nothing_are_refused_in_a_short_line(words, wanted):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    last = done.output.splitlines()[-1]
    assert last.startswith("Error: ")
    assert wanted in last
    assert len(last) < 500


def test_a_link_to_itself_is_no_place_for_a_file(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    done = CliRunner().invoke(main, ["verify", "--certify", "--out", str(tmp_path / "loop" / "x")])
    assert done.exit_code == 2
    assert "--out must be a file in a folder that exists" in done.output
