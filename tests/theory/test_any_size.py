"""Identities in networks of any size: terms mean what is written out in small ones, and no size is missed."""

import random
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
import sympy as sp
from sympy.core.function import AppliedUndef

from theory import theorems
from theory.derivation.letters import Act, Loss
from theory.proofs.any_size.agreement import agree, read
from theory.proofs.any_size.network import AnySize
from theory.proofs.any_size.reading import UNIT, Reading
from theory.proofs.any_size.sums import (
    FIRST_UNIT,
    OUT,
    SECOND_UNIT,
    Curvature,
    Sums,
    canonical,
    fresh,
    letter,
)
from theory.proofs.facts import FACTS, shown_at_any_size
from theory.proofs.lemmas.draws import t
from theory.proofs.loss_bounds import CEILINGS, CERTIFICATES, bounded
from theory.proofs.small.network import SmallNetwork
from theory.proofs.small.numbers import written_out
from theory.proofs.steps import Identity, Step, faults
from theory.quantities.hypotheses import SQUARED_LOSS

MODELS = {
    "two of all": SmallNetwork(2, 2, 2, offset=True, squared=False),
    "squared": SmallNetwork(3, 1, 2, biased=False, offset=True),
    "two outputs": SmallNetwork(2, 2, 1, q=2, squared=False),
}
OPAQUE = ("norm(a)", "smallest", "least_sum", "kink", "silent", "imbalance", "degree")  # compared as they are
ONE_OUTPUT = ("ones", "mean_jacobian", "twin", "*v)", "quadratic", "correlation", "dead", "sides", "slopes")
FIXED = {FIRST_UNIT: sp.S.Zero, SECOND_UNIT: sp.S.One, OUT: sp.S.Zero}
SIZES = sp.symbols("n d m q", positive=True, integer=True)
BIASES = [True, False]


def identities():
    """Both sides of every identity step of a proof."""
    for theorem in theorems.values():
        for name, chain in theorem.proof.items():
            before = theorem.variants[name].relation.args[0]
            for step in chain:
                if isinstance(step.reason, Identity):
                    yield before, step.to
                before = step.to


TERMS = sorted({item.name for sides in identities() for side in sides for item in side.free_symbols})


def ranges(at):
    return {"i": at.n, "j": at.d, "k": at.m, "o": at.q}


def in_model(atom, at):
    """A letter with numbers for indices, in a small network."""
    head, where = str(atom.func), [int(each) for each in atom.args]
    if head == "s":
        order, i, k = where
        return at.slope(at.z(i, k), order) if order else at.s(at.z(i, k))
    if head == "Curvature":
        return at.curvature(where[0])[where[1], where[2]]
    if head == "s_at_0":
        return Act(where[0], sp.S.Zero)
    if head in ("size", "stretch"):
        k = where[0]
        inputs = sp.sqrt(sum(w**2 for w in at.W.row(k)) + (at.b[k] ** 2 if at.biased else 0))
        outputs = sp.sqrt(sum(a**2 for a in at.A.col(k)))
        return inputs if head == "size" else sp.sqrt(outputs / inputs)
    whole = {"a": at.A, "w": at.W, "b": at.b, "c": at.c, "x": at.X, "g": at.r}[head]
    return whole[where[0], where[1] if len(where) > 1 else 0]


def expanded(sums, at, given, value=lambda atom: atom):
    """A polynomial with its sums written out, letters replaced by their values."""
    found = sp.S.Zero
    for term in sp.Add.make_args(sums.expression):
        bound = [each for each in term.free_symbols if each.is_integer and each not in {*SIZES, *given}]
        for numbers in product(*(range(ranges(at)[each.name[0]]) for each in bound)):
            one = term.xreplace({**given, **dict(zip(bound, map(sp.Integer, numbers), strict=True))})
            letters = one.atoms(AppliedUndef, Curvature)
            found += one.xreplace({each: value(in_model(each, at)) for each in letters})
    return found


def in_small(name, setting, at, value):
    """A term read for any size, then written out in a small network at the values of its letters."""
    to = Reading(setting)
    found = read(name, to)
    values = {item: expanded(sums, at, FIXED, value) for item, sums in to.known.items()}
    for item, sums in to.rooted.items():
        units = ({**FIXED, UNIT: sp.Integer(k)} for k in range(at.m))
        values[item] = sum(sp.sqrt(expanded(sums, at, unit, value)) for unit in units)
    sizes = dict(zip(SIZES, map(sp.Integer, ranges(at).values()), strict=True))
    return sp.N(found.xreplace(values).xreplace(sizes), 40)


def at_random(expression):
    """The value at random letters, values of the activation and derivatives of the loss."""
    for kind in (Loss, Act, sp.Symbol):
        atoms = sorted(expression.atoms(kind), key=str)
        expression = expression.xreplace({each: number(str(each)) for each in atoms})
    return sp.N(expression, 40)


def number(name):
    """A number between 1/10 and 1 that depends on a name alone."""
    return sp.Rational(random.Random(name).randint(100, 999), 1000)


def speaks(name, at):
    """Whether a term has a meaning in a small network."""
    alone = at.q == 1 or not any(word in name for word in ONE_OUTPUT)
    pair = at.m > 1 or not ("twin" in name or "*v)" in name)
    hidden = at.biased or "sides" not in name
    return alone and pair and hidden and (at.squared or name not in ("risk", "kernel_energy"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", [name for name in TERMS if not any(word in name for word in OPAQUE)])
def test_a_term_of_any_size_is_what_is_written_out_in_small_networks(name, kind):
    at = MODELS[kind]
    if not speaks(name, at):
        return
    at = replace(at, d=1) if "sides" in name else at
    at = replace(at, n=1, d=1, m=1) if "H*V" in name else at
    twins = "twin" in name or "*v)" in name
    equal = same_weights(at) if twins else {}
    setting = AnySize(biased=at.biased, offset=at.offset, squared=at.squared, alone=at.q == 1, twins=twins)
    if written_out(name, at) == t(name):
        assert read(name, Reading(setting)) == t(name), "it is made of polynomials after all"
        return
    wide = in_small(name, setting, at, cache(lambda letter: at_random(letter.xreplace(equal))))
    small = at_random(written_out(name, at))
    assert abs(wide - small) < sp.Float("1e-30", 40)


def same_weights(at):
    """The second unit's input weights are those of the first."""
    found = dict(zip(at.W.row(1), at.W.row(0), strict=True))
    return found | ({at.b[1]: at.b[0]} if at.biased else {})


def polynomial(text):
    """Sums of powers of b_k over units: "2 1 1" is the sum of b_k^2 times the square of the sum of b_k."""
    found = Sums.of(1)
    for power in map(int, text.split()):
        (k,) = fresh("k")
        found = found * Sums.of(letter("b")(k) ** power).over(k)
    return found


def test_a_sum_that_vanishes_for_one_unit_alone_is_not_zero():
    gap = polynomial("1 1") - polynomial("2")
    assert canonical(gap) != 0
    assert sp.expand(expanded(gap, SmallNetwork(1, 1, 1), {})) == 0


def test_a_sum_that_vanishes_for_two_units_but_not_for_three_is_not_zero():
    """Newton's identity: six times the third elementary symmetric polynomial."""
    gap = polynomial("1 1 1") - polynomial("1 2") * 3 + polynomial("3") * 2
    assert sp.expand(expanded(gap, SmallNetwork(1, 1, 2), {})) == 0
    assert sp.expand(expanded(gap, SmallNetwork(1, 1, 3), {})) != 0
    assert canonical(gap) != 0


def test_an_identity_of_small_networks_alone_is_refused():
    """For one unit or one input |W W^T|_F = |W|_F^2; (tr A)^3 - 3 tr A |A|_F^2 + 2 tr A^3 needs three."""
    trace, norm = t("trace(W*W')"), t("frobenius(W*W')")
    assert not agree(norm, trace, AnySize())
    (fault,) = faults(sp.Le(norm, trace, evaluate=False), (Step(trace, Identity()),), (SQUARED_LOSS,))
    assert "differ at some size" in fault


@pytest.mark.parametrize("size", [1, 2])
def test_an_identity_that_needs_more_units_than_the_small_networks_have_is_refused(size, monkeypatch):
    """Planted among the terms: sums over units that are equal up to `size` units."""
    from theory.proofs.any_size import numbers as any_size_numbers
    from theory.proofs.small import numbers as small_numbers

    left, right = [("1 1", "2")], [("1 1 1", "1 2")]
    names = {1: left, 2: right}[size][0]
    small = {
        "1 1": lambda at: sum(at.b) ** 2,
        "2": lambda at: sum(b**2 for b in at.b),
        "1 1 1": lambda at: sum(at.b) ** 3 + 2 * sum(b**3 for b in at.b),
        "1 2": lambda at: 3 * sum(at.b) * sum(b**2 for b in at.b),
    }
    wide = {
        "1 1": polynomial("1 1"),
        "2": polynomial("2"),
        "1 1 1": polynomial("1 1 1") + polynomial("3") * 2,
        "1 2": polynomial("1 2") * 3,
    }
    for name in names:
        monkeypatch.setitem(small_numbers.NUMBERS, name, small[name])
        monkeypatch.setitem(any_size_numbers.NUMBERS, name, lambda to, name=name: to.number(wide[name]))
    one, other = map(t, names)
    at = SmallNetwork(1, 1, size)
    assert sp.expand(written_out(names[0], at) - written_out(names[1], at)) == 0
    (fault,) = faults(sp.Eq(one, other, evaluate=False), (Step(other, Identity()),), ())
    assert "differ at some size" in fault


def test_sums_are_compared_up_to_the_names_of_their_indices():
    i, k, l = fresh("ikk")
    b, s = letter("b"), letter("s")
    one = Sums.of(b(k) * s(i, k) * b(l) * s(i, l)).over(i, k, l)
    other = Sums.of(b(l) * s(i, l) * b(k) * s(i, k)).over(l, i, k)
    assert canonical(one - other) == 0
    assert canonical(one - Sums.of(b(k) ** 2 * s(i, k) ** 2).over(i, k)) != 0


def test_an_index_that_drops_out_of_a_derivative_is_still_summed():
    """f = sum_i x_i by every x_i, summed: n, not 1."""
    at, (i, j) = AnySize(), fresh("ij")
    x = letter("x")
    total = Sums.of(x(i, j)).over(i)
    (other,) = fresh("i")
    slope = at.derivative(total, "x", (other, j)).over(other)
    assert canonical(slope) == sp.Symbol("n", positive=True, integer=True)


@pytest.mark.slow
@pytest.mark.parametrize("claim", [claim for claim, fact in FACTS.items() if fact.any_size], ids=" ".join)
def test_a_fact_with_another_matrix_is_refused(claim):
    """The first matrix of every pair doubled."""
    fact = FACTS[claim]

    def doubled(at):
        pairs = fact.any_size(at)
        return [(replace(one, entry=lambda *to, one=one: one.entry(*to) * 2), other) for one, other in pairs]

    nothing = not fact.any_size(AnySize())
    assert shown_at_any_size(replace(fact, any_size=doubled)) == nothing


@pytest.mark.slow
@pytest.mark.parametrize("name", CEILINGS)
def test_the_curvature_of_a_loss_is_bounded(name):
    assert bounded(name)


def test_a_ceiling_that_is_too_low_is_refused(monkeypatch):
    monkeypatch.setitem(CERTIFICATES, "logistic", CERTIFICATES["logistic"] / 2)
    assert not bounded.__wrapped__("logistic")
