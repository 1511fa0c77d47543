"""The templates, assembled, are the derivatives of the written-out network; the pair forms are its norms."""

import subprocess
import sys
from itertools import product

import pytest
import sympy as sp

from theory import derive
from theory.derivation import pair_templates, unit_templates
from theory.derivation.derive import Derivation
from theory.derivation.letters import K0, K0_II, VZ_K, Act, Letters, Loss, k, o, q, r, w_kj, z_k
from theory.derivation.tiny_network import SampleLoss, Tiny, assembled, loss_at

BIASES = list(product([False, True], repeat=2))


def generic(tiny: Tiny, sample: int) -> SampleLoss:
    """A loss of which nothing is known: symbols for its derivatives, sympy differentiating the rest."""
    f = [tiny.output(sample, output) for output in range(1, tiny.outputs + 1)]

    def derivative(*by: int) -> sp.Expr:
        orders = [by.count(place) for place in range(tiny.outputs)]
        return Loss(*orders, *f)

    places = range(tiny.outputs)
    return SampleLoss(
        derivative(), [derivative(a) for a in places], [[derivative(a, b) for b in places] for a in places]
    )


def oracle(risk: sp.Expr, parameters: tuple[sp.Symbol, ...]) -> sp.Matrix:
    """The Hessian by differentiating the written-out risk twice."""
    return sp.hessian(risk, parameters)


def check(derived: Derivation, tiny: Tiny) -> None:
    """Gradient and Hessian from the templates against sympy's own of the written-out risk."""
    found = assembled(derived, tiny, generic)
    slope = sp.Matrix([found.risk]).jacobian(found.parameters).T
    assert (found.gradient - slope).expand() == sp.zeros(*slope.shape)
    difference = (found.hessian - oracle(found.risk, found.parameters)).expand()
    assert difference == sp.zeros(*difference.shape)


@pytest.mark.slow
@pytest.mark.parametrize(("hidden_bias", "output_bias"), BIASES)
@pytest.mark.parametrize(("n", "d", "m", "outputs"), [(2, 1, 2, 1), (1, 2, 2, 1), (2, 1, 2, 2), (1, 2, 2, 2)])
def test_templates_are_the_derivatives_of_the_network(n, d, m, outputs, hidden_bias, output_bias):
    derived = derive("tanh", "squared", outputs, hidden_bias, output_bias)
    check(derived, Tiny(n, d, m, outputs, hidden_bias, output_bias))


@pytest.mark.slow
@pytest.mark.parametrize("part", ["jacobian", "second"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_wrong_sign_in_a_template_is_caught(part, outputs, monkeypatch):
    right = getattr(unit_templates, part)

    def wrong(letters, weight, *rest):
        return right(letters, weight, *rest) * (-1 if weight == w_kj else 1)

    monkeypatch.setattr(unit_templates, part, wrong)
    with pytest.raises(AssertionError):
        check(derive("tanh", "squared", outputs), Tiny(1, 1, 2, outputs, True, True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["squared", "logistic", "pseudo_huber", "softmax"])
def test_each_loss_gives_the_hessian_of_its_own_risk(name):
    outputs = 2 if name == "softmax" else 1
    derived = derive("tanh", name, outputs)
    tiny = Tiny(1, 1, 1, outputs, True, True)
    found = assembled(derived, tiny, lambda net, sample: loss_at(derived, net, sample))
    difference = found.hessian - oracle(found.risk, found.parameters)
    short = {act: sp.Symbol(f"S{act.args[0]}", real=True) for act in difference.atoms(Act)}
    difference = difference.subs(short)
    for out in range(1, outputs + 1):  # the output's bias traded for the output itself
        bias, whole = tiny.symbol["c", 0, 0, out], sp.Symbol(f"F{out}", real=True)
        difference = difference.subs(bias, whole - (tiny.output(1, out) - bias).subs(short))
    assert all(sp.simplify(entry.rewrite(sp.exp)) == 0 for entry in difference)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "z*sigmoid(z)", "cube"])
def test_the_expanded_hessian_is_that_of_the_expanded_risk(activation):
    tiny = derive(activation, hidden_bias=False).expanded(1, 1, 1)
    assert not tiny.risk.has(Act)
    difference = tiny.hessian - oracle(tiny.risk, tiny.parameters)
    assert all(sp.simplify(entry) == 0 for entry in difference)


def test_the_expanded_hessian_of_relu_is_one_sided():
    tiny = derive("relu", hidden_bias=False, output_bias=False).expanded(1, 1, 1)
    a, w, x, y = *tiny.parameters, *sp.symbols("x_11 y_1", real=True)
    assert tiny.hessian.subs({w: 0}) == sp.zeros(2, 2)
    positive = sp.Matrix([[w**2 * x**2, (2 * a * w * x - y) * x], [(2 * a * w * x - y) * x, a**2 * x**2]])
    values = {a: 3, w: 2, x: 5, y: 7}
    assert tiny.hessian.subs(values) == positive.subs(values)


def test_only_tiny_networks_are_expanded():
    with pytest.raises(ValueError, match="at most 24 parameters; got n=1, d=5, m=5 with 36"):
        derive("tanh").expanded(1, 5, 5)


def symbols_for_the_loss(tiny: Tiny, sample: int) -> SampleLoss:
    """Letters of their own for g and Lam, so that G and R can be told apart."""
    size = range(1, tiny.outputs + 1)
    return SampleLoss(
        sp.S.Zero,
        [sp.Symbol(f"g{sample}{a}") for a in size],
        [[sp.Symbol(f"Lam{sample}{min(a, b)}{max(a, b)}") for b in size] for a in size],
    )


def parts(derived: Derivation, tiny: Tiny) -> tuple[sp.Matrix, sp.Matrix]:
    """G and R of the written-out network."""
    hessian = assembled(derived, tiny, symbols_for_the_loss).hessian
    letters = [symbols_for_the_loss(tiny, sample) for sample in range(1, tiny.n + 1)]
    slopes = {g: 0 for at in letters for g in at.slope}
    curvatures = {lam: 0 for at in letters for row in at.curvature for lam in row}
    return hessian.subs(slopes), hessian.subs(curvatures)


def placed(form: sp.Expr, tiny: Tiny, unit: int, first: int, second: int) -> sp.Expr:
    """A pair form of unit k at two samples i, j of a written-out network."""
    letters = Letters(several=tiny.outputs > 1)
    inputs = range(1, tiny.d + 1)
    gram = sum(tiny.x(first, p) * tiny.x(second, p) for p in inputs) + int(tiny.hidden_bias)
    known = {
        K0: gram,
        K0_II: gram,
        pair_templates.pre("i"): tiny.pre(first, unit),
        pair_templates.pre("j"): tiny.pre(second, unit),
    }
    places = [sp.Integer(a) for a in range(1, tiny.outputs + 1)]
    for a in places:
        known[letters.a(sp.Integer(unit) if letters.several else k, a)] = tiny.symbol["a", unit, 0, a]
        for name, sample in (("i", first), ("j", second)):
            at = symbols_for_the_loss(tiny, sample)
            known[letters.of(f"g_{name}", a)] = at.slope[a - 1]
            known |= {letters.of(f"Lam_{name}", a, b): at.curvature[a - 1][b - 1] for b in places}
    return form.subs(q, tiny.outputs).doit().subs(k, unit).xreplace(known)


def over_units(form: sp.Expr, tiny: Tiny, i: int, j: int) -> sp.Expr:
    return sp.Add(*(placed(form, tiny, unit, i, j) for unit in range(1, tiny.m + 1)))


def norms(derived: Derivation, tiny: Tiny) -> list[sp.Expr]:
    """<G, G>, <G, R>, <R, R>, tr G, tr R by the pair forms."""
    n, samples, letters = tiny.n, range(1, tiny.n + 1), derived.letters
    bias = pair_templates.output_bias_inner(letters) if tiny.output_bias else 0
    kernels = {(i, j): kernel(derived, tiny, bias, i, j) for i in samples for j in samples}
    lam = {i: sp.Matrix(symbols_for_the_loss(tiny, i).curvature) for i in samples}
    newton = sum((lam[i] * M * lam[j] * M.T).trace() for (i, j), M in kernels.items())
    inner = [
        sum(over_units(derived.pairs[name], tiny, i, j) for i, j in kernels)
        for name in ("mixed_inner", "residual_inner")
    ]
    own = [
        sum(over_units(derived.pairs[name], tiny, i, i) for i in samples)
        for name in ("gauss_newton_trace", "residual_trace")
    ]
    own[0] += sum(lam[i].trace() for i in samples) if tiny.output_bias else 0
    return [newton / n**2, inner[0] / n**2, inner[1] / n**2, own[0] / n, own[1] / n]


def kernel(derived: Derivation, tiny: Tiny, bias: sp.Expr, i: int, j: int) -> sp.Matrix:
    form = derived.pairs["jacobian_inner"]

    def at(a: int, b: int) -> sp.Expr:
        spot = {o: a + 1, r: b + 1}
        return over_units(form.subs(spot), tiny, i, j) + sp.sympify(bias).subs(spot)

    return sp.Matrix(tiny.outputs, tiny.outputs, at)


def dense(derived: Derivation, tiny: Tiny) -> list[sp.Expr]:
    """The same five numbers from the entries of G and R."""
    G, R = parts(derived, tiny)
    inner = [
        sum(x * y for x, y in zip(first, second, strict=True)) for first, second in ((G, G), (G, R), (R, R))
    ]
    return [*inner, G.trace(), R.trace()]


@pytest.mark.slow
@pytest.mark.parametrize(("hidden_bias", "output_bias"), BIASES)
@pytest.mark.parametrize(("n", "d", "m", "outputs"), [(2, 1, 2, 1), (2, 2, 1, 1), (2, 1, 1, 2)])
def test_pair_forms_are_the_sums_over_dense_entries(n, d, m, outputs, hidden_bias, output_bias):
    derived = derive("tanh", "squared", outputs, hidden_bias, output_bias)
    tiny = Tiny(n, d, m, outputs, hidden_bias, output_bias)
    for short, long in zip(norms(derived, tiny), dense(derived, tiny), strict=True):
        assert sp.expand(short - long) == 0


def test_a_lost_factor_in_a_pair_form_is_caught():
    derived = derive("tanh", hidden_bias=False)
    tiny = Tiny(2, 1, 1, 1, False, True)
    derived.pairs["mixed_inner"] /= 2
    assert sp.expand(norms(derived, tiny)[1] - dense(derived, tiny)[1]) != 0


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_product_is_the_hessian_times_the_direction(outputs):
    derived = derive("tanh", "squared", outputs)
    tiny = Tiny(1, 1, 2, outputs, True, True)
    hessian = assembled(derived, tiny, symbols_for_the_loss).hessian
    along = [sp.Symbol(f"v{w.symbol}") for w in tiny.weights]
    assert (hessian * sp.Matrix(along) - sp.Matrix(by_products(derived, tiny, along))).expand().is_zero_matrix


def by_products(derived: Derivation, tiny: Tiny, along: list[sp.Symbol]) -> list[sp.Expr]:
    """The Hessian-vector product by the tangent and cotangent templates, one sample."""
    v = {(w.kind, w.unit, w.output): symbol for w, symbol in zip(tiny.weights, along, strict=True)}
    outputs, letters, x = range(1, tiny.outputs + 1), derived.letters, tiny.x(1, 1)
    at = symbols_for_the_loss(tiny, 1)

    def unit_form(form: sp.Expr, unit: int, extra: dict[sp.Expr, sp.Expr]) -> sp.Expr:
        name = sp.Integer(unit) if letters.several else k
        known = {z_k: tiny.pre(1, unit), VZ_K: v["w", unit, 0] * x + v["b", unit, 0], **extra}
        for out in map(sp.Integer, outputs):
            known[letters.a(name, out)] = tiny.symbol["a", unit, 0, out]
            known[
                sp.IndexedBase("va", real=True)[out, name]
                if letters.several
                else sp.Symbol("va_k", real=True)
            ] = v["a", unit, out]
            known[letters.of("g", out)] = at.slope[out - 1]
        return form.subs(q, tiny.outputs).doit().subs(k, unit).xreplace(known)

    df = [
        sum(unit_form(derived.tangent.subs(o, a), unit, {}) for unit in (1, 2)) + v["c", 0, a]
        for a in outputs
    ]
    h = [sum(at.curvature[a][b] * df[b] for b in range(tiny.outputs)) for a in range(tiny.outputs)]
    known = {letters.of("h", sp.Integer(a)): h[a - 1] for a in outputs}
    product = []
    for w in tiny.weights:
        if w.kind == "c":
            product.append(h[w.output - 1])
        else:
            form = derived.cotangent["ha" if w.kind == "a" else "hz"].subs(o, w.output)
            product.append(unit_form(form, w.unit, known) * (x if w.kind == "w" else 1))
    return product


def test_the_input_gradient():
    derived = derive("tanh")
    tiny = Tiny(1, 2, 2, 1, True, True)
    x, w = tiny.x(1, 2), [tiny.symbol["w", unit, 2, 0] for unit in (1, 2)]
    known = [
        {derived.letters.a(k): tiny.symbol["a", u, 0, 1], w_kj: w[u - 1], z_k: tiny.pre(1, u)} for u in (1, 2)
    ]
    assert sum(derived.input_slope.xreplace(letters) for letters in known) == tiny.output(1, 1).diff(x)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loss": "hinge"}, "loss must be one of squared, logistic, pseudo_huber, softmax; got 'hinge'"),
        ({"loss": "softmax", "outputs": 1}, "outputs must be an integer of at least 2 for softmax; got 1"),
        ({"outputs": 0}, "outputs must be an integer of at least 1 for squared; got 0"),
        ({"outputs": 1.5}, "outputs must be an integer"),
        ({"activation": "tahn"}, "nearest: tanh"),
    ],
)
def test_what_cannot_be_derived_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        derive(**arguments)


def test_importing_theory_is_light():
    code = "import sys, theory; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
