"""Certificates under attack: what the checker accepts is true, by code that shares nothing with it."""

import copy

import numpy as np
import pytest

import twolayer as tl
from benchmarks import lies
from tests.oracle.judge import falsehood
from tests.oracle.truths import Truth, Undefined, truth_of
from tests.theory.certificates import written
from theory.catalogue import theorems
from theory.certify.certificate import fault
from theory.certify.entries import read
from theory.certify.quantities.exact_network import subject
from theory.certify.quantities.verdict import decided
from theory.quantities.registry import QUANTITIES


def entry(kind):
    return written(kind)["certificates"][0]


@pytest.mark.parametrize("kind", ["quantity", "eigenvalues", "theorem", "unique minimum"])
def test_what_is_true_is_not_called_false(kind):
    assert falsehood(entry(kind)) == ""


LIES = [
    ("quantity", {"enclosure": ["1E+0", "2E+0"]}, "frobenius(H) is"),
    ("quantity", {"name": "degree", "enclosure": ["1E+0", "1E+0"]}, "not defined"),
    ("quantity", {"name": "lmax(balanced H)"}, "not defined"),
    ("eigenvalues", {"matrix": "R"}, "eigenvalue"),
    ("eigenvalues", {"enclosures": [["0E+0", "1E+0"]]}, "eigenvalues, not 1"),
    ("theorem", {"verdict": "violated"}, "not violated"),
    ("theorem", {"verdict": "equal"}, "not equal"),
    ("theorem", {"left": ["0E+0", "0E+0"]}, "the left side is"),
    ("unique minimum", {"least_eigenvalue": (9.0).hex()}, "smaller than stated"),
]


@pytest.mark.parametrize(("kind", "changes", "why"), LIES)
def test_what_is_false_is_called_false(kind, changes, why):
    lie = copy.deepcopy(entry(kind))
    lie["claim"] |= changes
    assert why in falsehood(lie)


def test_a_root_of_a_negative_number_is_neither_true_nor_accepted():
    claim = {"kind": "quantity", "name": "sum(|w|sqrt(H_bb))", "enclosure": ["0E+0", "0E+0"]}
    network = {"activation": "square", "loss": "squared", "a": [(-1.0).hex()], "W": [[(1.0).hex()]]}
    network |= {"b": None, "c": None, "X": [[(1.0).hex()]], "y": [[(-5.0).hex()]]}
    lie = {"claim": claim, "network": network, "bits": 128}
    assert "not defined" in falsehood(lie)
    assert fault(read(lie, "it"))


@pytest.mark.parametrize("name", ["trace(balanced H)", "lmax(stretched G)", "degree", "silent_descent"])
def test_what_is_not_defined_is_not_accepted(name):
    lie = copy.deepcopy(entry("quantity"))
    lie["claim"] |= {"name": name, "enclosure": ["-9E+9", "9E+9"]}
    assert fault(read(lie, "it"))
    lie["claim"] = {"kind": "eigenvalues", "matrix": "balanced H", "enclosures": [["-9E+9", "9E+9"]] * 9}
    assert "rescaled" in fault(read(lie, "it"))


def test_every_quantity_has_a_truth_of_its_own():
    at = truth_of(entry("quantity")["network"])
    assert isinstance(at, Truth)
    for name in QUANTITIES:
        try:
            assert at.value(name).is_finite() or name.startswith("logdet"), name  # of a singular matrix
        except Undefined:
            continue


def test_sides_that_differ_are_not_called_equal_where_balls_say_little():
    """sin(1e25) is not resolved by 64 bits, and by 128 only to 45."""
    net = tl.TwoLayer([1.0, 1e-8], [[1e25], [0.5]], activation="sin")
    found = decided(theorems["input-gradient"], "i", subject(net, [[1.0], [2.0]], [0.0, 0.0]))
    assert found.verdict == "proved"


def test_a_slope_a_little_above_one_is_not_one():
    net = tl.TwoLayer([1.0], [[1.0]], activation="relu")
    exact = subject(net, [[1.0]], None)
    steep = type(exact)(**{**vars(exact), "activation": "max(0, z*(1+1/10**20))"})
    found = decided(theorems["reparametrisation"], "G", steep)
    assert found.verdict == "not applicable"


@pytest.mark.slow
def test_a_short_attack_finds_nothing():
    report = lies.attack(seconds=600.0, seed=3, most=150)
    assert report.accepted > 20
    assert report.broken == []


def test_the_attack_reports_what_is_accepted_wrongly(monkeypatch):
    monkeypatch.setattr(lies, "fault", lambda certificate: "")
    report = lies.attack(seconds=600.0, seed=3, most=60)
    assert len(report.broken) > 3


def test_mutations_change_one_thing():
    rng = np.random.default_rng(0)
    for _ in range(20):
        network = lies.drawn(rng)
        before = copy.deepcopy(network)
        lies.changed(network, rng)
        assert network == before
