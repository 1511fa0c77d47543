"""Theorems T6 and T8: when the input gradient bounds the curvature, and that it does not always."""

from theory.quantities.example import Example
from theory.quantities.hypotheses import FEW_UNITS, INDEPENDENT_ROWS, SQUARED_LOSS
from theory.quantities.registry import symbol
from theory.records.theorem import PROVED, REFUTED, Theorem, Variant
from theory.records.writing import at_most, times

SEVERAL_OUTPUTS = "Any number of outputs, any activation; squared loss."
EQUALITY = {"trace": "W W^T = t^2 I", "frobenius": "m = 1", "lmax": "m = 1"}
gradient, least, m = symbol("input_gradient"), symbol("least(W*W')"), symbol("m")


def _below(norm: str) -> Variant:
    return at_most(symbol(f"{norm}(G_bb)"), gradient / least, equality=EQUALITY[norm])


CONVERSE = Theorem(
    id="conditioned-converse",
    name="T6, with independent hidden weights the input gradient bounds the curvature",
    statement="If m <= d and the least singular value of W is positive, tr G_bb, and with it every norm of "
    "G_bb, is at most E|grad_x f|^2 over its square.",
    variants={norm: _below(norm) for norm in ("trace", "frobenius", "lmax")},
    hypotheses=(SQUARED_LOSS, FEW_UNITS, INDEPENDENT_ROWS),
    status=PROVED,
    source="The package's own.",
    idea=(
        "T1: E|grad_x f|^2 = <W W^T, G_bb>",
        "<A, B> >= lambda_min(A) tr B for A symmetric, B >= 0",
        "lambda_max(B) <= |B|_F <= tr B for B >= 0",
    ),
    scope=SEVERAL_OUTPUTS,
    equalities=(
        Example(
            "orthogonal rows of equal length",
            a=[1.0, -2.0],
            W=[[0.5, 0.0, 0.0], [0.0, -0.5, 0.0]],
            b=[0.1, -0.2],
            X=[[1.0, 2.0, 0.5], [-1.0, 0.5, 3.0]],
            variants=("trace",),
        ),
        Example(
            "one unit",
            a=[2.0],
            W=[[0.5, 1.0]],
            X=[[1.0, 2.0], [0.5, -1.0]],
            variants=("trace", "frobenius", "lmax"),
        ),
    ),
)

SIMPLE_BUT_CURVED = Theorem(
    id="simple-but-curved",
    name="T8, a simple function need not have a small Hessian",
    statement='"A function of low complexity has a small Hessian" is false for arbitrary parameters: '
    "neither is the "
    "curvature below the input gradient, nor is T2 (i) tight up to a factor such as 1000 m.",
    variants={
        "absolute": at_most(symbol("lmax(G_bb)"), gradient),
        "relative": at_most(
            times(symbol("spectral(W)") ** 2, symbol("trace(G_bb)")), times(1000, m, gradient)
        ),
    },
    hypotheses=(SQUARED_LOSS,),
    status=REFUTED,
    source="Refuted by a s(w.x + b) - a s(w.x + b) = 0: input gradient 0, lmax(G_bb) = 2 a^2 E[s'^2], "
    "unbounded in a. The claim is how an abstract words the result of Wu, Zhu and E 2017 "
    "(arXiv:1706.10239). It needs the hypotheses of T6 or T7.",
    scope="Fails for every activation with s' not identically zero on the data, and any number of outputs.",
    refutation=Example(
        "two units that cancel",
        a=[10.0, -10.0],
        W=[[1.0], [1.0]],
        b=[0.0, 0.0],
        X=[[-1.0], [-0.5], [0.0], [0.5], [1.0]],
        variants=("absolute", "relative"),
    ),
)

THEOREMS = (CONVERSE, SIMPLE_BUT_CURVED)
