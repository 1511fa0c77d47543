"""A user's activation is as good as a built-in one, and only what was just emitted is executed."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp

import theory
import twolayer as tl
from tests.house.probe import probe
from tests.house.tree import ROOT
from theory.bridge import activation as compiled
from theory.expressions.activations import ACTIVATIONS, z
from twolayer.jit import kernel_folder
from twolayer.model.activation import activation

X = np.random.default_rng(0).normal(size=(7, 3))
y = np.cos(X.sum(axis=1))


def network(kind) -> tl.TwoLayer:
    rng = np.random.default_rng(1)
    return tl.TwoLayer(rng.normal(size=4), rng.normal(size=(4, 3)), rng.normal(size=4), 0.3, activation=kind)


@pytest.mark.parametrize("name", ["tanh", "silu", "relu"])
def test_a_built_ins_expression_gives_the_built_in(name):
    made = theory.activation(ACTIVATIONS[name], name=name)
    for field in ("name", "expression", "latex", "sup1", "sup2", "sup3", "parity", "homogeneity", "kinks"):
        assert getattr(made, field) == getattr(activation(name), field)
    ours, theirs = (tl.Hessian(network(kind), X, y).toarray() for kind in (made, name))
    assert np.array_equal(ours, theirs)


@pytest.mark.slow
def test_two_ways_to_write_it_are_one_function():
    first, second = theory.activation("z*sigmoid(z)"), theory.activation(z * (1 + sp.tanh(z / 2)) / 2)
    ours, theirs = (tl.Hessian(network(kind), X, y).toarray() for kind in (first, second))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
def test_it_works_where_a_built_in_does():
    made = theory.activation("z**3/3 + sin(z)")
    H = tl.Hessian(network(made), X, y)
    dense = H.toarray()
    norm = H.frobenius_norm()
    assert abs(norm.value - np.linalg.norm(dense)) <= norm.error + 1e-13 * norm.value
    np.testing.assert_allclose(H @ np.ones(len(dense)), dense.sum(axis=1), rtol=1e-11, atol=1e-12)
    assert tl.risk(network(made), X, y).value > 0


def test_any_symbol_will_do_and_the_name_is_the_expression():
    t = sp.Symbol("t")
    assert theory.activation(t**2).name == "z**2"
    assert theory.activation(t**2, name="mine").name == "mine"


def test_what_the_file_held_is_never_executed(monkeypatch):
    theory.activation("z**2 + z")
    (path,) = [path for path in kernel_folder().glob("activation_*.py") if '"z**2 + z"' in path.read_text()]
    honest = path.read_text()
    path.write_text("raise SystemExit('executed what lay there')")
    for remembered in (compiled._compiled, compiled._loaded):
        remembered.cache_clear()
    assert theory.activation("z**2 + z").jet(2.0) == (6.0, 5.0, 2.0)
    assert path.read_text() == honest


USE = """
import numpy as np, theory
made = theory.activation("z*tanh(z)")
Z = np.array([0.5]); out = [np.empty(1) for _ in range(3)]
made.jets(Z, *out)
print(*(float(value[0]) for value in out), sum(made.jets.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_machine_code_is_found_again_by_the_next_process(tmp_path):
    first, second = (probe(ROOT, tmp_path, USE).split() for _ in range(2))
    assert first[:3] == second[:3]
    assert (first[3], second[3]) == ("0", "1")
    assert float(first[0]) == pytest.approx(0.5 * np.tanh(0.5), rel=1e-15)


@pytest.mark.slow
def test_without_a_writable_folder_it_is_compiled_in_memory(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    code = "import theory; print(*theory.activation('z**2/2').jet(3.0))"
    assert probe(ROOT, blocked, code) == "4.5 3.0 1.0"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("__import__('os').system('x')", "activation must be a formula in z"),
        (sp.Symbol("x") * sp.Symbol("y"), "one symbol"),
        (sp.besselj(0, z), "activation must be"),
        (sp.I * z, "activation must be real"),
        (sp.Integer(3), "one symbol"),
        ("max(3, 2)", "activation must depend on z"),
        ("1/z", "activation must be defined"),
    ],
    ids=str,
)
def test_what_is_no_activation_is_refused(expression, message):
    with pytest.raises(ValueError, match=message):
        theory.activation(expression)


@pytest.mark.parametrize("name", ['"""', "a\\", "line\nbreak", "", "\ud800"])
def test_a_name_that_could_leave_its_quotes_is_refused(name):
    with pytest.raises(ValueError, match="name must be printable text"):
        theory.activation("z**2", name=name)


def test_only_text_and_expressions_are_taken():
    with pytest.raises(TypeError, match="activation must be a name, a formula in z or a sympy expression"):
        theory.activation(lambda x: x)


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["z*sigmoid(z)", "z**4", "exp(z)", "log(cosh(z))"])
def test_an_accurate_expression_has_the_floor_of_the_built_ins(expression):
    assert theory.activation(expression).floor == activation("tanh").floor == 2.0**-1074


@pytest.mark.slow
def test_a_cancellation_is_measured_and_enters_the_bounds():
    made = theory.activation("z - tanh(z)")
    assert 2.0**-53 < made.floor < 2.0**-45
    point = 1e-3
    with mpmath.workdps(50):
        true = mpmath.mpf(point) - mpmath.tanh(mpmath.mpf(point))
        assert 1e-22 < abs(made.jet(point)[0] - true) <= made.floor
    bounds = [tl.risk(network(kind), X, y).error for kind in (made, replace(made, floor=2.0**-1074))]
    assert bounds[0] > bounds[1]


@pytest.mark.slow
def test_an_expression_that_loses_half_its_digits_is_refused(monkeypatch):
    monkeypatch.setattr("theory.bridge.activation.SECONDS", 60.0)  # what is asked here is the reason
    with pytest.raises(ValueError, match=r"cancellation near z = .*: write it so that nearly equal"):
        theory.activation(z**2 * sp.sqrt(1 + z**2) - z**3)
