"""How derivations look: text, and LaTeX that parses."""

import re

import pytest
import sympy as sp
from matplotlib.mathtext import MathTextParser

from theory import derive
from theory.derivation.letters import Act, z_k
from theory.derivation.printing import latex, text

CASES = [
    ("tanh", "squared", 1),
    ("gelu", "logistic", 1),
    ("z*sigmoid(z)", "pseudo_huber", 2),
    ("sin", "softmax", 3),
]


@pytest.mark.parametrize(("activation", "loss", "outputs"), [CASES[0], CASES[-1]])
def test_every_equation_is_latex_that_parses(activation, loss, outputs):
    parser = MathTextParser("path")
    for section in derive(activation, loss, outputs).sections:
        for equation in section.equations:
            parser.parse(f"${equation.latex()}$")


def test_latex_that_does_not_parse_is_noticed():
    with pytest.raises(ValueError, match="Expected"):
        MathTextParser("path").parse(r"$\frac{1}{$")


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_fragment_is_whole(activation):
    fragment = derive(activation).latex()
    assert fragment.startswith(r"\section*{")
    begun, ended = (re.findall(rf"\\{word}{{([^}}]*)}}", fragment) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended)
    assert fragment.count("{") == fragment.count("}")
    assert fragment.count("$") % 2 == 0
    body = re.sub(r"\$[^$]*\$|\\begin{align\*}.*?\\end{align\*}", "", fragment, flags=re.DOTALL)
    assert not re.search(r"[_^&#%]", body)


def test_a_notebook_shows_one_formula():
    shown = derive("tanh")._repr_latex_()
    assert shown.startswith("$$\\begin{aligned}")
    assert shown.endswith("\\end{aligned}$$")


@pytest.mark.parametrize(("activation", "loss", "outputs"), CASES)
def test_nothing_internal_is_shown(activation, loss, outputs):
    derived = derive(activation, loss, outputs)
    assert not re.search(r"Act\(|Indexed|Delta\(|Symbol|Sum\(", str(derived) + derived.latex())


def test_the_text_says_its_conventions():
    shown = str(derive("leaky_relu", "logistic", hidden_bias=False))
    assert shown.startswith("Two-layer network, s(z) = Max(z/100, z), logistic loss, 1 output\n")
    for line in (
        "The risk is the mean (1/n) sum_i l_i over n samples of the logistic loss l = -f*y + log(exp(f) + 1)",
        "The parameters are theta = (a, W row by row, c).",
        "Kink at z = 0: s' jumps by 99/100, s'' by 0; the value there is the limit from the left.",
        "s(t z) = t s(z) for t > 0.",
        "d2l/da_k dw_kp = Lam*a_k*x_p*s(z_k)*s'(z_k) + g*x_p*s'(z_k)",
        "K0_ij = sum_p x_ip*x_jp\n",
    ):
        assert line in shown


def test_a_bound_that_is_not_closed_is_an_inequality():
    shown = str(derive("silu"))
    assert "sup |s'| <= 1.09983932012" in shown
    assert "sup |s''| = 1/2" in shown


def test_letters():
    a, o, t = sp.IndexedBase("a"), sp.Symbol("o"), sp.Symbol("t")
    total = sp.Sum(a[t, o] ** 2, (t, 1, sp.Symbol("q")))
    assert text(Act(2, z_k) ** 2 * total + 1) == "s''(z_k)**2*(sum_t a_to**2) + 1"
    assert latex(1 + total) == r"1 + \sum_{t=1}^{q} a_{to}^{2}"
    assert latex(sp.oo * sp.pi) == r"\infty"
