"""Theorems T1 to T5: the mean squared input gradient against the curvature by the hidden biases.

u = S1 * a is the derivative of the output by the hidden biases, G_bb = E[u u^T], C2 = sup |s''|.
"""

from typing import Any

import sympy as sp

from theory.quantities.example import Example
from theory.quantities.hypotheses import (
    BOUNDED_SECOND_DERIVATIVE,
    HIDDEN_BIASES,
    INTERPOLATION,
    NO_KINK,
    SQUARED_LOSS,
)
from theory.quantities.registry import symbol
from theory.records.theorem import PROVED, REFUTED, Theorem, Variant
from theory.records.writing import at_most, equal, times

gradient = symbol("input_gradient")
spectral_W, frobenius_W = symbol("spectral(W)"), symbol("frobenius(W)")
frobenius_WW = symbol("frobenius(W*W')")
C2, risk, weighted_sum = symbol("C2"), symbol("risk"), symbol("sum(|a||w|^2)")
deviation = sp.Pow(2 * risk, sp.Rational(1, 2), evaluate=False)  # an upper bound of E|r|

SEVERAL_OUTPUTS = "Any number of outputs, with |a_k| the norm of the k-th column of A; squared loss."
ONE_UNIT = "m = 1"
SINGLE: dict[str, Any] = {
    "a": [2.0],
    "W": [[1.0, -0.5]],
    "b": [0.25],
    "X": [[1.0, 0.5], [-1.0, 2.0], [0.5, 0.0]],
}
AT_ORIGIN = "m = 1, and x = 0 and s(b) = 0 on the data, so that only b moves the output"
ORIGIN: dict[str, Any] = {"a": [2.0], "W": [[1.0, -0.5]], "b": [0.0], "X": [[0.0, 0.0]]}
ALIGNED = Example("one unit", **SINGLE, variants=("i", "ii", "iii", "v"))


def upper_bounds(block: str) -> dict[str, Variant]:
    """The bounds (i) to (iii) of T2 by the m x m matrix `block`."""
    trace, largest, frobenius = (symbol(f"{norm}({block})") for norm in ("trace", "lmax", "frobenius"))
    return {
        "i": at_most(gradient, times(spectral_W**2, trace), equality=ONE_UNIT),
        "ii": at_most(gradient, times(frobenius_W**2, largest), equality=ONE_UNIT),
        "iii": at_most(gradient, times(frobenius_WW, frobenius), equality=ONE_UNIT),
    }


def by_whole(whole: str) -> dict[str, Variant]:
    """The bounds (i) to (iii) by a matrix of which G_bb is a block."""
    trace, largest, frobenius = (symbol(f"{norm}({whole})") for norm in ("trace", "lmax", "frobenius"))
    return {
        f"i, {whole}": at_most(gradient, times(spectral_W**2, trace), HIDDEN_BIASES, equality=AT_ORIGIN),
        f"ii, {whole}": at_most(gradient, times(frobenius_W**2, largest), HIDDEN_BIASES, equality=AT_ORIGIN),
        f"iii, {whole}": at_most(gradient, times(frobenius_WW, frobenius), HIDDEN_BIASES, equality=AT_ORIGIN),
    }


def by_paths(block: str) -> Variant:
    """The bound (v) of T2, which scaling a unit's weights up and its output weight down leaves alone."""
    return at_most(gradient, symbol(f"sum(|w|sqrt({block}))") ** 2, equality=ONE_UNIT)


IDENTITY = Theorem(
    id="input-gradient-identity",
    name="T1, the input gradient through the hidden biases",
    statement="grad_x f = W^T u, so that E|grad_x f|^2 is the inner product of W W^T and G_bb.",
    variants={"identity": equal(gradient, symbol("inner(W*W', G_bb)"))},
    hypotheses=(SQUARED_LOSS,),
    status=PROVED,
    source="Chain rule.",
    idea=("z_k = w_k . x + b_k, so df/dx = sum_k w_k df/db_k = W^T u", "E|W^T u|^2 = tr(W W^T E[u u^T])"),
    scope=SEVERAL_OUTPUTS,
)

UPPER_BOUNDS = Theorem(
    id="input-gradient",
    name="T2, the input gradient is bounded by curvature",
    statement="E|grad_x f|^2 is at most each of five products of a norm of W and a norm of G_bb.",
    variants={
        **upper_bounds("G_bb"),
        "iv": at_most(
            gradient,
            times(spectral_W**2, symbol("trace(G_Wb)")) / (1 + symbol("smallest_input")),
            equality="m = 1 and inputs of equal length",
        ),
        "v": by_paths("G_bb"),
        **by_whole("G"),
    },
    hypotheses=(SQUARED_LOSS,),
    status=PROVED,
    source="After Wu, Zhu and E 2017 (arXiv:1706.10239); these forms are the package's own.",
    idea=(
        "T1",
        "(i), (ii) von Neumann's trace inequality: <A, B> <= |A|_2 tr B for A, B >= 0",
        "(iii) Cauchy-Schwarz for the Frobenius inner product",
        "(iv) the trace over (W, b) is E[(1 + |x|^2) |u|^2] >= (1 + min |x|^2) tr G_bb, then (i)",
        "(v) Minkowski: the root of E|sum_k w_k u_k|^2 is at most sum_k |w_k| sqrt(E u_k^2)",
        "(i, G), (ii, G), (iii, G) G_bb is a principal block of the positive semidefinite G",
    ),
    scope=SEVERAL_OUTPUTS,
    equalities=(
        ALIGNED,
        Example(
            "one unit, inputs of equal length",
            a=[2.0],
            W=[[1.0, -0.5]],
            b=[0.25],
            X=[[0.6, 0.8], [-0.8, 0.6], [1.0, 0.0]],
            variants=("iv",),
        ),
        Example("one unit at the origin", **ORIGIN, variants=("i, G", "ii, G", "iii, G")),
    ),
)

AT_INTERPOLATION = Theorem(
    id="interpolation",
    name="T3, at interpolation the Hessian itself bounds the input gradient",
    statement="If every residual is zero, H = G, and H_bb may stand for G_bb in T2.",
    variants={
        **upper_bounds("H_bb"),
        "v": by_paths("H_bb"),
        "|H|": equal(symbol("frobenius(H)"), symbol("frobenius(G)")),
        "tr H": equal(symbol("trace(H)"), symbol("trace(G)")),
        **by_whole("H"),
    },
    hypotheses=(SQUARED_LOSS, INTERPOLATION, NO_KINK),
    status=PROVED,
    source="T2; R is linear in the residuals.",
    idea=("R = (1/n) sum_i r_i d2f_i = 0", "T2"),
    scope=SEVERAL_OUTPUTS,
    equalities=(ALIGNED, Example("one unit at the origin", **ORIGIN, variants=("i, H", "ii, H", "iii, H"))),
)


def _with_residuals(weights: sp.Expr, curvature: str, norm: str) -> Variant:
    right = times(weights, symbol(curvature) + times(C2, symbol(norm), deviation))
    return at_most(gradient, right, equality="m = 1 and zero residuals")


WITH_RESIDUALS = Theorem(
    id="residuals",
    name="T4, the bound with residuals",
    statement="H_bb = G_bb + diag_k E[r a_k s''(z_k)], so H_bb and the risk bound E|grad_x f|^2.",
    variants={
        "trace": _with_residuals(spectral_W**2, "trace(H_bb)", "norm1(a)"),
        "frobenius": _with_residuals(frobenius_WW, "frobenius(H_bb)", "norm(a)"),
        "spectral": _with_residuals(frobenius_W**2, "spectral(H_bb)", "norm_inf(a)"),
    },
    hypotheses=(SQUARED_LOSS, NO_KINK, BOUNDED_SECOND_DERIVATIVE),
    status=PROVED,
    source="After Wu, Zhu and E 2017 (arXiv:1706.10239); these forms are the package's own.",
    idea=(
        "|E[r a_k s''(z_k)]| <= C2 |a_k| E|r|",
        "E|r| <= sqrt(E r^2) = sqrt(2R) (Jensen)",
        "trace, Frobenius and spectral norm of the diagonal are at most C2 |a|_p sqrt(2R), p = 1, 2, inf",
        "T2 (i), (iii), (ii) with the triangle inequality",
    ),
    scope=SEVERAL_OUTPUTS,
    equalities=(
        Example("one unit that interpolates", **SINGLE, variants=("trace", "frobenius", "spectral")),
    ),
)

WU_ZHU_E = Theorem(
    id="wu-zhu-e",
    name="T5, the form of Wu, Zhu and E",
    statement="2 E|grad_x f|^2 is at most |W|_F^4 + |H_bb|_F^2 plus a term in the risk.",
    variants={
        "rebuilt": at_most(
            2 * gradient,
            frobenius_W**4 + symbol("frobenius(H_bb)") ** 2 + times(2, C2, weighted_sum, deviation),
            equality="m = 1, zero residuals and |w|^2 = G_bb",
        )
    },
    hypotheses=(SQUARED_LOSS, NO_KINK, BOUNDED_SECOND_DERIVATIVE),
    status=PROVED,
    source="Rebuilt in the shape of the theorem of Wu, Zhu and E 2017 (arXiv:1706.10239), constants unknown.",
    idea=(
        "T1, and G_bb = H_bb - diag_k E[r a_k s''(z_k)]",
        "2 <W W^T, H_bb> <= |W W^T|_F^2 + |H_bb|_F^2 (AM-GM), and |W W^T|_F <= |W|_F^2",
        "|<W W^T, diag>| <= sum_k |w_k|^2 C2 |a_k| sqrt(2R)",
    ),
    scope=SEVERAL_OUTPUTS,
    equalities=(
        Example(
            "one unit that interpolates, |w|^2 = H_bb",
            a=[1.0],
            W=[[1.0]],
            X=[[0.0]],
            variants=("rebuilt",),
        ),
    ),
)


def _counter_example() -> Example:
    """tanh(z) = -1/sqrt(3), where |s''| is largest; the residual -a s'^2 / s'' makes H_bb vanish."""
    a, w, z = sp.sqrt(1000), sp.sqrt(10), sp.Symbol("z")
    s = sp.tanh(z)
    at = {z: -sp.atanh(1 / sp.sqrt(3))}
    first, second = (sp.diff(s, z, order).subs(at) for order in (1, 2))
    target = a * s.subs(at) + a * first**2 / second
    numbers = [float(number) for number in (a, w, at[z] / w, target)]
    return Example(
        "H_bb = 0", [numbers[0]], [[numbers[1]]], [[numbers[2]]], [numbers[3]], variants=("false",)
    )


COUNTER_EXAMPLE = _counter_example()

UNSQUARED = Theorem(
    id="wu-zhu-e-unsquared",
    name="T5 with |a|_2 for sum |a_k||w_k|^2",
    statement="A plausible misreading of T5, which is false.",
    variants={
        "false": at_most(
            2 * gradient,
            frobenius_W**4 + symbol("frobenius(H_bb)") ** 2 + times(2, C2, symbol("norm(a)"), deviation),
        )
    },
    hypotheses=(SQUARED_LOSS, NO_KINK, BOUNDED_SECOND_DERIVATIVE),
    status=REFUTED,
    source="Refuted by n = m = d = 1, tanh(z) = -1/sqrt(3), w^2 = 10, a^2 = 1000, residual with H_bb = 0.",
    scope=SEVERAL_OUTPUTS,
    refutation=COUNTER_EXAMPLE,
)

THEOREMS = (IDENTITY, UPPER_BOUNDS, AT_INTERPOLATION, WITH_RESIDUALS, WU_ZHU_E, UNSQUARED)
