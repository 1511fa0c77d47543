"""No value depends on what was asked before: every question in random orders beside itself asked alone."""

import inspect
import math

import numpy as np
import pytest

import twolayer as tl
from numerics import deep
from tests.oracle.strategies import random_problem
from twolayer.spectrum import methods

ENDS = ("largest", "smallest", "magnitude")
ROADS = (None, "dense", "kernel", "structured")
GRID = np.linspace(-1.0, 1.0, 5)
PROBLEMS = [
    random_problem(3, 20, 2, 13),
    random_problem(4, 9, 2, 9, 3, loss="softmax"),
    random_problem(6, 4, 9, 6),
    random_problem(7, 30, 2, 4, loss="logistic"),
]
PARTS = {
    "H": lambda H: H,
    "G": lambda H: H.gauss_newton,
    "R": lambda H: H.residual,
    "block": lambda H: H.block("W"),
}
PLAIN = ("rank", "nuclear_norm", "condition_number", "pseudo_logdet", "stable_rank", "spectral_norm")
OTHER = ("trace", "diagonal_norm", "weyl_bounds", "unit_norms")


def questions(P):
    """Every question that a measurement answers, by its name and what tells it from others."""
    asked = {(name,): lambda H, name=name: getattr(H, name)() for name in OTHER}
    for road in (None, "pairs", "dense"):
        asked["frobenius_norm", road] = lambda H, road=road: H.frobenius_norm(road)
    for road in ROADS:
        for name in PLAIN:
            asked[name, road] = lambda H, name=name, road=road: getattr(H, name)(method=road)
        for shift in (0.0, 0.3, 30.0):
            asked["inertia", shift, road] = lambda H, shift=shift, road=road: H.inertia(shift, road)
            asked["logdet", shift, road] = lambda H, shift=shift, road=road: H.logdet(shift, road)
        asked["effective_dimension", road] = lambda H, road=road: H.effective_dimension(30.0, road)
        asked["schatten_norm", road] = lambda H, road=road: H.schatten_norm(3, road)
        asked["spectral_distribution", road] = lambda H, road=road: H.spectral_distribution(GRID, road)
        asked["solve", road] = lambda H, road=road: H.solve(np.ones(P), 30.0, road)
        asked["eigenvalues", road] = lambda H, road=road: H.eigenvalues(method=road)
    for road in (*ROADS, "lanczos"):
        for which in ENDS:
            few = {"k": 2, "which": which, "method": road}
            asked["eigenvalues", which, road] = lambda H, few=few: H.eigenvalues(**few)
            asked["eigenvalues", which, road, "v"] = lambda H, few=few: H.eigenvalues(
                **few, return_vectors=True
            )
    return asked


def answer(ask, H):
    """What is said, as something to compare."""
    try:
        found = ask(H)
    except (ValueError, MemoryError) as refused:
        return repr(refused)
    fields = ("value", "error", "exact", "method", "proved", "residual", "vectors", "missing")
    return {name: np.asarray(getattr(found, name, None)).tolist() for name in fields}


def require_independence(make, asked, seed):
    alone = {key: answer(ask, make()) for key, ask in asked.items()}
    rng, keys, H = np.random.default_rng(seed), list(asked), make()
    for key in (keys[i] for i in rng.permutation(len(keys))):
        assert answer(asked[key], H) == alone[key], key


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("number", range(len(PROBLEMS)))
def test_the_order_of_questions_does_not_matter(number, part, monkeypatch):
    """With prices such that Lanczos, counts and factorizations are taken where it is quick."""
    monkeypatch.setattr(methods, "START", 0.0)
    monkeypatch.setattr(methods, "STEP", 0.0)
    prefer_counts(monkeypatch)
    make = lambda: PARTS[part](PROBLEMS[number].hessian)  # noqa: E731
    require_independence(make, questions(make().shape[0]), number)


def test_every_question_is_asked():
    public = inspect.getmembers(tl.Hessian, inspect.isfunction)
    measured = {
        name
        for name, method in public
        if not name.startswith("_") and method.__annotations__.get("return") == "Measurement"
    }
    assert measured == {key[0] for key in questions(1)}


@pytest.mark.parametrize("part", ["H", "G", "R"])
def test_the_order_does_not_matter_at_any_depth(part, monkeypatch):
    """Beyond the size up to which a matrix is formed without being asked for, lowered to be quick."""
    monkeypatch.setattr("numerics.deep.curvature.FORMED", 20)
    net = deep.random_network([3, 4, 3, 2], seed=0)
    X, y = np.random.default_rng(1).standard_normal((2, 7, 3))
    make = lambda: PARTS[part](deep.Hessian(net, X, y[:, :2]))  # noqa: E731
    asked = {key: ask for key, ask in questions(make().shape[0]).items() if key[0] != "unit_norms"}
    require_independence(make, asked, 0)


def prefer_counts(monkeypatch):
    """Let all eigenvalues cost a little more than a count, at every size."""
    for price, changed in (("UNIT", 0.0), ("CAPACITANCE", 0.0), ("EIGEN_ENTRY", 0.0), ("EIGEN", 8.0)):
        monkeypatch.setattr(methods, price, changed)


def test_many_points_are_read_off_all_eigenvalues_and_few_are_counted(monkeypatch):
    prefer_counts(monkeypatch)
    H = PROBLEMS[0].hessian
    grid = np.linspace(-2.0, 2.0, 500)
    few, many = H.spectral_distribution(grid[:1]), H.spectral_distribution(grid)
    assert "inertia" in few.method
    assert many.method.startswith("dense, verified")
    expected = np.searchsorted(np.linalg.eigvalsh(H.toarray()), grid)
    assert (many.value <= expected).all()
    assert (expected <= many.value + many.error).all()


def test_a_count_that_leaves_signs_undecided_gives_way_to_all_eigenvalues(monkeypatch):
    prefer_counts(monkeypatch)
    monkeypatch.setattr(methods, "AGAIN", math.inf)
    rng = np.random.default_rng(0)
    a, W, b = rng.normal(size=30), rng.normal(size=(30, 2)), rng.normal(size=30)
    H = tl.Hessian(tl.TwoLayer(a, W, b, activation="relu"), rng.normal(size=(40, 2)), rng.normal(size=40))
    values = np.linalg.eigvalsh(H.toarray())
    assert "inertia" in H.inertia(0.1).method
    found = H.inertia(0.0)
    assert found.method.startswith("dense, verified")
    assert found.value <= (values < 0).sum() <= found.value + found.error
    monkeypatch.setattr(methods, "AGAIN", 0.0)
    assert "inertia" in H.inertia(0.0).method


def test_a_count_that_is_demanded_is_made_to_its_end(monkeypatch):
    prefer_counts(monkeypatch)
    net = tl.TwoLayer(np.ones(30), np.ones((30, 2)), activation="relu")  # thirty times the same unit
    H = tl.Hessian(net, np.random.default_rng(0).normal(size=(40, 2)), np.ones(40))
    assert "inertia" in H.inertia(0.0, method="structured").method
