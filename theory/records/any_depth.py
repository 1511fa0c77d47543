"""Theorems on networks of any depth: the input gradient, homogeneous networks, and spectra at interpolation.

f(x) = F(W_1 x + b_1), whatever F is: later layers of any number and kind. u = df/db_1, and
G_(b1 b1) = E[sum_o u_o u_o^T], whether b_1 is a parameter or not. The sides are evaluated at networks by
:mod:`numerics.deep.theorems`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.quantities.check import Check, arithmetic
from theory.quantities.hypotheses import Hypothesis
from theory.records.theorem import PROVED, Theorem, Variant, checked

LATEX = {
    "input_gradient": r"\mathbb{E}|\nabla_x f|^2",
    "mean_square_output": r"\mathbb{E}|f|^2",
    "inverse_squares": r"\sum_l |W_l|_F^{-2}",
    "norm(theta)": r"|\theta|",
    "depth": "L",
    "n": "n",
    "q": "q",
}
MATRICES = {
    "W1": "W_1", "W1*W1'": "W_1 W_1^T", "G_b1b1": "G_{b_1 b_1}", "H_b1b1": "H_{b_1 b_1}",
    "G": "G", "H": "H", "K": "K",
}  # fmt: skip
HEADS = {
    "trace": r"\mathrm{{tr}}\,{0}",
    "lmax": r"\lambda_{{\max}}({0})",
    "frobenius": "|{0}|_F",
    "spectral": "|{0}|_2",
    "rank": r"\mathrm{{rank}}\,{0}",
    "negative": r"\#\{{\lambda({0}) < 0\}}",
}


@dataclass(frozen=True)
class DepthVariant(Variant):
    """A relation between quantities of a network of any depth."""

    def latex(self) -> str:
        """The relation in LaTeX."""
        names = {item: latex(item.name) for item in self.relation.free_symbols}
        return str(sp.latex(self.relation, symbol_names=names))

    def check(self, at: Any) -> Check:
        """Compare the sides at `at`, which gives quantities by name as numbers with errors."""
        return checked(self, at, lambda side: evaluate(side, at))


class DepthTheorem(Theorem):
    """A claim about networks of any depth; ``numerics.deep.theorems.check`` checks it at one."""

    def check(self, net: Any, X: Any, y: Any, loss: Any = "squared") -> Check:
        """Refuse: the quantities of deep networks are not known to this package.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            f"numerics.deep.theorems.check must check {self.id!r}; got a call of the record's own"
        )


def evaluate(side: sp.Basic, at: Any) -> Any:
    """A side of a relation at `at`."""
    return arithmetic(side, at.quantity, lambda number: at.constant(int(number.p)) / int(number.q))


def latex(name: str) -> str:
    """A quantity in LaTeX.

    Examples
    --------
    >>> latex("spectral(W1)"), latex("inner(W1*W1', G_b1b1)")
    ('|W_1|_2', '\\\\langle W_1 W_1^T, G_{b_1 b_1} \\\\rangle')
    """
    if name in LATEX:
        return LATEX[name]
    if name == "sum(|w|sqrt(G_b1b1))":
        return r"\sum_k |w_k| \sqrt{G_{b_1 b_1}[k, k]}"
    head, _, inside = name.removesuffix(")").partition("(")
    if head == "inner":
        left, right = inside.split(", ")
        return rf"\langle {MATRICES[left]}, {MATRICES[right]} \rangle"
    return HEADS[head].format(MATRICES[inside])


def t(name: str) -> sp.Symbol:
    """The symbol of a quantity."""
    return sp.Symbol(name, real=True)


def needs(key: str, statement: str) -> Hypothesis:
    """A condition that the place where a theorem is checked knows by a key."""
    failure: Callable[[Any], str] = lambda at: str(at.failure(key))  # noqa: E731
    return Hypothesis(statement, failure)


def _most(left: sp.Expr, right: sp.Expr, *hypotheses: Hypothesis, equality: str = "") -> DepthVariant:
    return DepthVariant(sp.Le(left, right, evaluate=False), hypotheses, equality)


def _same(left: sp.Expr, right: sp.Expr, *hypotheses: Hypothesis) -> DepthVariant:
    return DepthVariant(sp.Eq(left, right, evaluate=False), hypotheses, "always")


SQUARED = needs("squared", "the squared loss")
INTERPOLATION = needs("interpolation", "every residual to be zero within its rounding error")
NO_KINK = needs("kinks", "no pre-activation to sit at a kink of the activation")
FIRST_BIASES = needs("first biases", "biases in the first layer, so that the matrix is a block")
HOMOGENEOUS = needs("homogeneous", "s(t z) = t s(z) for t > 0, and no biases")
WEIGHTS = needs("weights", "no layer whose weights are all zero")
FULL_KERNEL = needs("kernel", "a tangent kernel that is certainly nonsingular, n q <= P")

gradient, frobenius_W, spectral_W = t("input_gradient"), t("frobenius(W1)"), t("spectral(W1)")
frobenius_WW = t("frobenius(W1*W1')")
ONE_UNIT = "one unit in the first layer"


def _bounds(block: str, *hypotheses: Hypothesis, label: str = "") -> dict[str, Variant]:
    equality = ONE_UNIT if "b1" in block else ""
    norms = {"i": "trace", "ii": "lmax", "iii": "frobenius"}
    factors = {"i": spectral_W**2, "ii": frobenius_W**2, "iii": frobenius_WW}
    return {
        key + label: _most(gradient, factors[key] * t(f"{norm}({block})"), *hypotheses, equality=equality)
        for key, norm in norms.items()
    }


ANY_LATER_LAYERS = "Any later layers, convolutions and residual connections included; any number of outputs."

IDENTITY = DepthTheorem(
    id="input-gradient-identity-any-depth",
    name="T1 at any depth, the input gradient through the first layer's biases",
    statement="grad_x f = W_1^T u, so that E|grad_x f|^2 is the inner product of W_1 W_1^T and G_(b1 b1).",
    variants={"identity": _same(gradient, t("inner(W1*W1', G_b1b1)"))},
    hypotheses=(SQUARED,),
    status=PROVED,
    source="Chain rule.",
    idea=("f(x) = F(W_1 x + b_1), so df/dx = W_1^T df/db_1, whatever F is",),
    scope=ANY_LATER_LAYERS,
)

UPPER_BOUNDS = DepthTheorem(
    id="input-gradient-any-depth",
    name="T2 at any depth, the input gradient is bounded by curvature",
    statement="E|grad_x f|^2 is at most products of a norm of W_1 and a norm of G_(b1 b1), or of G.",
    variants={
        **_bounds("G_b1b1"),
        "v": _most(gradient, t("sum(|w|sqrt(G_b1b1))") ** 2, equality=ONE_UNIT),
        **_bounds("G", FIRST_BIASES, label=", G"),
    },
    hypotheses=(SQUARED,),
    status=PROVED,
    source="After Wu, Zhu and E 2017 (arXiv:1706.10239); these forms are the package's own.",
    idea=("T1 at any depth", "then as for two layers: nothing but W_1 and a semidefinite matrix is left"),
    scope=ANY_LATER_LAYERS,
)

AT_INTERPOLATION = DepthTheorem(
    id="interpolation-any-depth",
    name="T3 at any depth, at interpolation the Hessian itself bounds the input gradient",
    statement="If every residual is zero, H = G, and the Hessian may stand for G in T2.",
    variants={
        **_bounds("H_b1b1", FIRST_BIASES),
        "|H|": _same(t("frobenius(H)"), t("frobenius(G)")),
        "tr H": _same(t("trace(H)"), t("trace(G)")),
        **_bounds("H", FIRST_BIASES, label=", H"),
    },
    hypotheses=(SQUARED, INTERPOLATION, NO_KINK),
    status=PROVED,
    source="T2 at any depth; the residual part is linear in the residuals.",
    idea=("R = (1/n) sum_i r_i d2f_i = 0", "T2 at any depth"),
    scope=ANY_LATER_LAYERS,
)

HOMOGENEOUS_BOUND = DepthTheorem(
    id="homogeneous-any-depth",
    name="T9 at any depth, homogeneous networks that say something are curved",
    statement="lmax(G) is at least E|f|^2 times the sum of 1/|W_l|_F^2, and L^2 E|f|^2 / |theta|^2.",
    variants={
        "layers": _most(t("mean_square_output") * t("inverse_squares"), t("lmax(G)")),
        "theta": _most(t("depth") ** 2 * t("mean_square_output") / t("norm(theta)") ** 2, t("lmax(G)")),
    },
    hypotheses=(SQUARED, HOMOGENEOUS, WEIGHTS),
    status=PROVED,
    source="The two-layer bound T9 (homogeneous) with L layers in place of two.",
    idea=(
        "Euler: <grad_(W_l) f, W_l> = f for every layer",
        "the Rayleigh quotient of G at v = (W_1/|W_1|^2, ..., W_L/|W_L|^2) is E|f|^2 sum_l 1/|W_l|^2",
        "Cauchy-Schwarz: L^2 <= (sum_l 1/|W_l|^2) |theta|^2",
    ),
    scope="Fully connected layers, any number of outputs; leaky ReLU, ReLU and the identity.",
)

POSITIVE = DepthTheorem(
    id="positive-eigenvalues-any-depth",
    name="T10 at any depth, the eigenvalues at interpolation",
    statement="At zero squared loss H has as many positive eigenvalues as the tangent kernel, none below 0.",
    variants={
        "rank": _most(t("rank(H)"), t("n") * t("q")),
        "kernel": _same(t("rank(H)"), t("rank(K)")),
        "generic": _same(t("rank(H)"), t("n") * t("q"), FULL_KERNEL),
        "none negative": _same(t("negative(H)"), sp.S.Zero),
    },
    hypotheses=(SQUARED, INTERPOLATION, NO_KINK),
    status=PROVED,
    source="T10, which holds at any depth.",
    idea=("H = G = J^T J / n, which is semidefinite", "J^T J and J J^T have the same non-zero eigenvalues"),
    scope="Any later layers; (generic) holds at almost all parameters of a smooth activation.",
)

THEOREMS = (IDENTITY, UPPER_BOUNDS, AT_INTERPOLATION, HOMOGENEOUS_BOUND, POSITIVE)
