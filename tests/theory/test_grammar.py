"""Formulas typed by a user: what they mean, what is refused, and that none of them runs or hangs."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy.parsing.sympy_parser import rationalize, standard_transformations

from theory.analysis.admission import activation_expression
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.grammar import FUNCTIONS, parse_activation
from theory.expressions.parser import Language, parse, parse_relation


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("z*sigmoid(z)", z / (1 + sp.exp(-z))),
        ("-z**2", -(z**2)),
        ("(-z)**2", z**2),
        ("2**3**2*z", 512 * z),
        ("z - 1 - 1", z - 2),
        ("z/2/3", z / 6),
        ("2**-1*z", z / 2),
        ("- - z", z),
        ("0.1*z + .5e-1", z / 10 + sp.Rational(1, 20)),
        ("max(z, 0)**3", sp.Max(0, z) ** 3),
        ("max(min(z, 6), 0)", sp.Max(0, sp.Min(6, z))),
        ("erf(z/sqrt(2))", sp.erf(z / sp.sqrt(2))),
        ("2**z", sp.exp(z * sp.log(2))),
        ("tanh(z)**0.5", sp.sqrt(sp.tanh(z))),
        ("sin(pi*z)", sp.sin(sp.pi * z)),
        ("gelu(2*z)", ACTIVATIONS["gelu"].subs(z, 2 * z)),
        ("z\n*\t2 ", 2 * z),
    ],
)
def test_a_formula_means_what_it_says(text, expr):
    assert parse_activation(text) == expr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a number, a name or [(] at position 1"),
        ("z*(z+1", "expected [)] at position 7"),
        ("2z", "unexpected 'z'; write [*] between factors at position 2"),
        ("z^2", "write [*][*] for a power at position 2"),
        ("z < 1", "unexpected '<' at position 3"),
        ("3 + * z", "at position 5"),
        ("tahn(z)", "unknown 'tahn' [(]nearest: tanh, atan[)] at position 1"),
        ("tanh", "tanh needs its argument"),
        ("max(z)", "max takes 2 to 4 arguments, not 1"),
        ("1/0", "division by zero"),
        ("1/(z-z)", "division by zero"),
        ("0**-1", "division by zero"),
        ("sqrt(-1)", "not real"),
        ("z**(1/3)", "multiple of 1/2"),
        ("z**z", "positive number as its base"),
        ("9**9**9", "exponent must be"),
        ("((1+z)**8)**9", "degree above 64"),
        ("exp(exp(exp(9)))", "above 1e300"),
        ("1e999", "outside 1e-300 to 1e300"),
        ("1e00000099999999", "outside 1e-300 to 1e300"),
        ("9" * 60, "more than 40 digits"),
        ("(" * 60 + "z" + ")" * 60, "levels of nesting"),
        ("-" * 60 + "z", "levels of nesting"),
        ("+".join("z" * 150), "more than 150 symbols"),
        ("z" * 500, "500 characters"),
        ("__import__('os').system('x')", 'unexpected "\'"'),
        ("__class__", "unknown '__class__'"),
        ("z.real", "unexpected '.'"),
        ("lambda z: z", "unexpected ':'"),
        ("z; 1", "unexpected ';'"),
        ("π*z", "unexpected 'π'"),
        ("٣*z", "unexpected '٣'"),
    ],
)
def test_anything_else_is_refused_with_its_place(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        parse_activation(text)
    assert str(caught.value).startswith("activation must be a formula in z such as 'z*sigmoid(z)'; got ")


def test_what_is_not_text_is_refused():
    with pytest.raises(TypeError, match="got int"):
        parse_activation(5)


atoms = st.sampled_from(["z", "pi", "2", "0.5", "1e3"])
names = sorted(set(FUNCTIONS) - {"max", "min"})


def larger(inner):
    binary = st.tuples(st.just("({} {} {})"), inner, st.sampled_from("+-*/"), inner)
    power = st.tuples(st.just("({})**{}"), inner, st.sampled_from(["2", "3", "-1", "0.5"]))
    call = st.tuples(st.just("{}({})"), st.sampled_from(names), inner)
    return st.one_of(binary, power, call).map(lambda parts: parts[0].format(*parts[1:]))


@given(st.recursive(atoms, larger, max_leaves=6))
def test_formulas_of_the_language_agree_with_sympy_or_are_refused(text):
    """Sympy's own reader is trusted with text that this test made itself."""
    known = {name: (lambda build: lambda *u: build(*u))(f.build) for name, f in FUNCTIONS.items()}
    try:
        found = parse_activation(text)
    except ValueError:
        return
    steps = (*standard_transformations, rationalize)
    assert found == sp.parse_expr(text, local_dict={**known, "z": z}, transformations=steps)


@given(st.text(alphabet="z0123456789.+-*/()<>=, eEtanhsigmodexp_'\"[]{}\\\n", max_size=40))
def test_any_text_gives_an_expression_in_z_or_one_error(text):
    try:
        symbols = parse_activation(text).free_symbols
    except ValueError as error:
        symbols = {z} if "position" in str(error) else None
    assert symbols is not None
    assert symbols <= {z}


def test_another_language():
    R, n = sp.symbols("R n", positive=True)
    claims = Language("claim", "an inequality between R and n", {"R": R, "n": n})
    relation = parse_relation("2*R**2 >= n/3", claims)
    assert (relation.gts, relation.lts) == (2 * R**2, n / 3)
    with pytest.raises(ValueError, match="claim must be an inequality between R and n; got 'R': expected <"):
        parse_relation("R", claims)
    with pytest.raises(ValueError, match="unknown 'tanh'"):
        parse("tanh(R)", claims)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_name_is_its_expression(name):
    assert activation_expression(name) == ACTIVATIONS[name]


def test_any_single_symbol_will_do():
    x = sp.Symbol("x")
    assert activation_expression(sp.sqrt(x**2) * sp.tanh(0.1 * x)) == sp.Abs(z) * sp.tanh(z / 10)


@pytest.mark.parametrize(
    "text",
    ["log(z)", "sqrt(z)", "1/z", "1/(3*z-1)", "log(z**2)", "sin(z)/z", "1/(exp(z)-1)", "sqrt(1-cos(z))"],
)
def test_what_is_not_defined_everywhere_is_refused(text):
    with pytest.raises(ValueError, match="defined, real and smooth"):
        activation_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "1/(z**2+1)",
        "sqrt(1+z**2)",
        "log(1+z**2)",
        "log(cosh(z))",
        "1/(2+sin(z))",
        "1/(0.6+sin(z)*cos(z))",
        "z/(1+abs(z))",
        "log(1+relu(z))",
        "sin(exp(exp(exp(z))))",
    ],
)
def test_what_is_defined_everywhere_is_accepted(text):
    assert activation_expression(text) == parse_activation(text)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("3", "depend on z"),
        ("z - z", "depend on z"),
        ("max(sin(z), 0)", "finitely many kinks"),
        ("abs(" * 9 + "z" + " - 1)" * 9, "at most 8"),
        (sp.Symbol("x") + sp.Symbol("y"), "one symbol; got x [+] y"),
        (sp.I * sp.Symbol("x"), "real"),
        (sp.gamma(sp.Symbol("x")), "made of powers and"),
        (sp.Piecewise((sp.Symbol("x"), sp.Symbol("x") < 1)), "a case for every real z"),
    ],
)
def test_what_is_no_activation_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        activation_expression(given)


def test_a_number_is_no_activation():
    with pytest.raises(TypeError, match="got float"):
        activation_expression(4.0)
