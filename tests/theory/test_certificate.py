"""Files of certificates: what is true is confirmed, whatever is changed is refused."""

import copy
import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from tests.theory.certificates import CERTIFICATES, NET, X, Y, changed, written
from theory.certify import (
    Refused,
    certify_eigenvalues,
    certify_quantity,
    check,
    save,
)
from theory.certify.balls.balls import arb, precision
from theory.certify.balls.decimals import ends, number
from theory.certify.certificate import fault
from theory.certify.file import MOST_BYTES, digest


def sealed(plain: dict[str, Any]) -> dict[str, Any]:
    """The same with the digest that fits it, as a liar would write it."""
    body = {key: value for key, value in plain.items() if key != "digest"}
    return {**body, "digest": digest(body)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "certificate.json"


def refused(path: Any, content: Any) -> str:
    """Why a file with this content is refused."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(Refused) as caught:
        check(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def leaves(plain: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the numbers, texts and nulls of plain data stand."""
    items = (
        plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else None
    )
    if items is None:
        yield where
    else:
        for key, value in items:
            yield from leaves(value, (*where, key))


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_what_was_written_is_confirmed(kind, path):
    save(path, [CERTIFICATES[kind]])
    (found,) = check(path)
    assert found.claim == CERTIFICATES[kind].claim
    assert found.bits == CERTIFICATES[kind].bits


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_every_field_that_is_changed_is_refused(kind, path):
    plain = written(kind)
    for where in leaves(plain):
        for value in ("0x1.8p+1", "1.5E+0", 7, None, "", [], {}):
            if changed(plain, where, value) != plain:
                refused(path, changed(plain, where, value))


MEANINGLESS = {
    "",
    "1.0",
    "nan",
    "0x1.8p+9999",
    "NaN",
    "inf",
    "1e400",
    "0x1p+0 ",
    "__import__('os')",
    "\ud800",
    "a" * 500,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_liar_with_a_digest_that_fits_is_refused(kind, path):
    plain = written(kind)
    for where in leaves(plain):
        if where not in (("digest",), ("made_with", "sympy")) and where[0] != "made_with":
            for value in MEANINGLESS:
                refused(path, sealed(changed(plain, where, value)))


def test_another_number_in_the_network_makes_the_claim_false(path):
    for kind in ("quantity", "eigenvalues"):
        plain = written(kind)
        for name in ("a", "W", "b", "c", "X", "y"):
            where = next(each for each in leaves(plain) if each[:4] == ("certificates", 0, "network", name))
            assert "is not between" in refused(path, sealed(changed(plain, where, (1.25).hex())))


LIES: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("quantity", ("claim", "name"), "frobenius(G)", "is not between"),
    ("quantity", ("claim", "enclosure"), ["1E+0", "2E+0"], "is not between"),
    ("quantity", ("network", "loss"), "pseudo_huber", "is not between"),
    ("quantity", ("network", "activation"), "sin", "is not between"),
    ("quantity", ("network", "activation"), "z*", "activation must be"),
    ("quantity", ("network", "activation"), "z.__class__", "activation must be"),
    ("eigenvalues", ("claim", "matrix"), "G", "is not between"),
    ("eigenvalues", ("claim", "enclosures"), [["-9E+0", "9E+0"]], "eigenvalues; 1 are stated"),
    ("theorem", ("claim", "verdict"), "violated", "is proved, not violated"),
    ("theorem", ("claim", "verdict"), "equal", "is proved, not equal"),
    ("theorem", ("claim", "variant"), "ii", "says"),
    ("theorem", ("claim", "relation"), "input_gradient <= 0", "says"),
    ("theorem", ("claim", "left"), ["0E+0", "1E-1"], "the left side is not between"),
    ("unique minimum", ("claim", "radius"), (1.0).hex(), "not certainly positive definite"),
    ("unique minimum", ("claim", "within"), (1e-300).hex(), "not 1e-300"),
    ("unique minimum", ("claim", "least_eigenvalue"), (1.0).hex(), "not 1"),
    ("unique minimum", ("network", "a"), [(1.5).hex()], ""),
]


@pytest.mark.parametrize(("kind", "where", "value", "why"), LIES)
def test_a_false_claim_is_refused_with_the_reason(kind, where, value, why, path):
    assert why in refused(path, sealed(changed(written(kind), ("certificates", 0, *where), value)))


def test_fields_are_neither_added_nor_left_out(path):
    plain = written("theorem")
    for inside in ((), ("certificates", 0), ("certificates", 0, "claim"), ("certificates", 0, "network")):
        more = changed(plain, (*inside, "extra"), 1)
        assert "unknown 'extra'" in refused(path, sealed(more))
        thing = plain
        for key in inside:
            thing = thing[key]
        for key in set(thing) - {"digest"}:
            less = copy.deepcopy(plain)
            part = less
            for step in inside:
                part = part[step]
            del part[key]
            refused(path, sealed(less))


def test_files_that_are_no_files_of_ours(path):
    whole = json.dumps(written("quantity"))
    assert "not whole JSON" in refused(path, whole[:-20])
    assert "not whole JSON" in refused(path, "")
    assert "nested" in refused(path, "[" * 100_000)
    assert "must be an object" in refused(path, "[]")
    assert "must occur once" in refused(path, '{"format": "x", "format": "y"}')
    assert "digits" in refused(path, '{"version": 1' + "0" * 5000 + "}")
    for number_ in ("NaN", "Infinity", "1.5", "1e5"):
        assert "numbers must be" in refused(path, '{"version": ' + number_ + "}")
    assert "bytes" in refused(path, " " * (MOST_BYTES + 1))
    assert "version 1" in refused(path, sealed({**written("quantity"), "version": 2}))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Refused, match="UTF-8"):
        check(path)


def test_a_field_of_any_length_is_repeated_in_short(path):
    for wrong in ("9" * 10**5, [["1", "2"]] * 10**4):
        said = refused(path, {**written("quantity"), "version": wrong})
        assert said.startswith("format must be 'twolayer certificate', version 1; got")
        assert len(said) < 200


def test_absurd_sizes_are_refused_before_any_work(path):
    plain = written("quantity")
    network = plain["certificates"][0]["network"]
    many = {**network, "a": [(1.0).hex()] * 900, "W": [[(1.0).hex()] * 2] * 900, "b": None}
    assert "at most 1000 parameters" in refused(
        path, sealed(changed(plain, ("certificates", 0, "network"), many))
    )
    for bits in (16, 10**9, 5000, -1, True, "128"):
        assert "bits" in refused(path, sealed(changed(plain, ("certificates", 0, "bits"), bits)))
    twenty = {**network, "a": [(1.0).hex()] * 200, "W": [[(1.0).hex()] * 2] * 200, "b": None}
    large = changed(plain, ("certificates", 0, "network"), twenty)
    large["certificates"] *= 20
    assert "too large" in refused(path, sealed(large))
    assert "list of 1 to" in refused(path, sealed({**plain, "certificates": []}))


@given(st.text(max_size=60), st.integers(0, 10**6))
def test_noise_in_a_file_is_refused_and_nothing_else(tmp_path_factory, noise, where):
    path = tmp_path_factory.mktemp("noise") / "c.json"
    whole = json.dumps(written("quantity"))
    place = where % len(whole)
    path.write_text(whole[:place] + noise + whole[place + len(noise) :], "utf-8", errors="surrogatepass")
    try:
        check(path)
    except Refused:
        return
    assert json.loads(path.read_text()) == json.loads(whole)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(20, 300))
def test_decimal_ends_hold_the_ball_and_are_near(middle, bits):
    with precision(bits):
        ball = arb(middle) / 3
        low, high = map(number, ends(ball, bits))
        third = Fraction(middle) / 3
        assert low <= third <= high
        assert high - low <= abs(third) * Fraction(1, 2 ** (bits - 12))


def test_a_quantity_out_of_the_range_of_decimals_is_refused():
    with pytest.raises(ArithmeticError, match="out of range"):
        ends(arb(1e6).exp(), 64)
    assert ends((-arb(1e6)).exp(), 64) == ["0E+0", "1E-9900"]


@pytest.mark.slow
def test_softmax_and_formulas_travel(path):
    import theory

    net = tl.TwoLayer(
        np.eye(3)[:, :2], [[1.0], [-0.5]], activation=theory.activation("max(z, z/3) + sigmoid(z)")
    )
    certificate = certify_eigenvalues(net, [[1.0], [0.0], [-2.0]], [0, 2, 1], loss="softmax")
    save(path, [certificate])
    assert len(check(path)) == 1
    assert fault(certificate) == ""


def test_a_planted_constant_is_not_certified(monkeypatch):
    from dataclasses import replace

    import sympy as sp

    from numerics.verify import search as job
    from numerics.verify.certification import certified, text
    from theory import theorems

    theorem = theorems["input-gradient"]
    left, right = theorem.variants["i"].relation.args
    wrong = replace(
        theorem.variants["i"], relation=sp.Le(left, sp.Rational(999, 1000) * right, evaluate=False)
    )
    planted = replace(theorem, variants={"i": wrong})
    monkeypatch.setattr(job, "theorems", {theorem.id: planted})
    (tally,), _ = job.verify([theorem.id], samples=3)
    monkeypatch.setitem(theorems, theorem.id, planted) if isinstance(theorems, dict) else None
    found = certified(tally)
    assert not found.passed
    assert found.counts["violated"] > 0
    assert "is violated at" in text([found])


def test_a_certificate_has_the_digits_asked_for():
    claim = certify_quantity("frobenius(H)", NET, X, Y, digits=40).claim
    low, high = map(number, claim["enclosure"])
    assert 0 < high - low < low * Fraction(1, 10**40)
