"""Theorems T9, T10 and T12, and other relations between spectra."""

from typing import Any

import sympy as sp

from theory.quantities.example import Example
from theory.quantities.hypotheses import (
    HIDDEN_BIASES,
    HOMOGENEOUS,
    INTERPOLATION,
    NO_KINK,
    NO_OUTPUT_BIAS,
    ONE_INPUT,
    ONE_OUTPUT,
    OUTPUT_BIAS,
    OUTPUT_WEIGHTS,
    PARAMETERS,
    POSITIVE_DEFINITE,
    POSITIVE_DEFINITE_BLOCK,
    RELU,
    SQUARED_LOSS,
)
from theory.quantities.registry import symbol
from theory.records.theorem import PROVED, Theorem
from theory.records.writing import at_most, bound, equal, times

ANY = "Any loss, any activation, any number of outputs."
SQUARED = "Any activation and any number of outputs; squared loss."
one, largest_G, signal = sp.Integer(1), symbol("lmax(G)"), symbol("mean_square_output")
degree, samples = symbol("degree"), times(symbol("n"), symbol("q"))
LINEAR_UNIT: dict[str, Any] = {"a": [2.0], "W": [[1.5]], "X": [[1.0]], "activation": "identity"}

LOWER_BOUNDS = Theorem(
    id="curvature-lower-bounds",
    name="T9, lower bounds of the curvature",
    statement="lambda_max(G) is at least E|f|^2 / |(a, c)|^2; (1 + p)^2 E|f|^2 / |theta|^2 for s of degree "
    "p without output bias (4 for ReLU); |E J|^2 for one output; 1 with an output bias; and for ReLU, one "
    "input and both biases 1 + 2 sum_k |a_k w_k| g(-b_k/w_k), which is 1 + 2 int |f''| g where kinks are "
    "distinct.",
    variants={
        "outputs": at_most(signal / symbol("norm(a, c)") ** 2, largest_G, OUTPUT_WEIGHTS),
        "homogeneous": at_most(
            times((1 + degree) ** 2, signal) / symbol("norm(theta)") ** 2,
            largest_G,
            HOMOGENEOUS,
            NO_OUTPUT_BIAS,
            PARAMETERS,
            equality="theta is an eigenvector of the largest eigenvalue of G",
        ),
        "mean jacobian": at_most(symbol("mean_jacobian^2"), largest_G, ONE_OUTPUT, equality="n = 1"),
        "output bias": at_most(
            one, largest_G, OUTPUT_BIAS, equality="no other weight moves the output: a_k s' = 0 and s = 0"
        ),
        "variation": at_most(
            1 + symbol("kink_variation"),
            largest_G,
            RELU,
            ONE_INPUT,
            ONE_OUTPUT,
            HIDDEN_BIASES,
            OUTPUT_BIAS,
            NO_KINK,
        ),
        "variation, H": at_most(
            1 + symbol("kink_variation"),
            symbol("lmax(H)"),
            RELU,
            ONE_INPUT,
            ONE_OUTPUT,
            HIDDEN_BIASES,
            OUTPUT_BIAS,
            NO_KINK,
            INTERPOLATION,
        ),
    },
    hypotheses=(SQUARED_LOSS,),
    status=PROVED,
    source="'variation': Mulayoff, Michaeli and Soudry 2021 (NeurIPS), from memory; the proof here is the "
    "package's own. 'homogeneous' and 'outputs': the package's own.",
    from_memory=True,
    idea=(
        "lambda_max(G) >= v^T G v / |v|^2 = E|J v|^2 / |v|^2 for every direction v",
        "v = (a, 0, 0, c): J v = f;  v = theta: J v = (1 + p) f (Euler);  v = a unit vector of c: J v is one",
        "lambda_max(G) = lambda_max(J J^T / n) >= |E J|^2 with the unit vector (1, ..., 1) / sqrt n",
        "|E J|^2 = 1 + sum_k (E s_k)^2 + a_k^2 ((E[1_k x])^2 + (E 1_k)^2), and x^2 + y^2 >= 2 x y for "
        "each unit",
    ),
    scope="Several outputs for 'outputs', 'homogeneous' and 'output bias'; one output for the others. "
    "Squared loss.",
    equalities=(
        Example(
            "one sample",
            a=[2.0],
            W=[[1.0]],
            b=[0.5],
            c=1.0,
            X=[[1.0]],
            variants=("mean jacobian",),
        ),
        Example(
            "linear unit, |a| = |w|",
            a=[2.0],
            W=[[2.0]],
            X=[[1.0]],
            activation="identity",
            variants=("homogeneous",),
        ),
        Example("a = 0 but c", a=[0.0], W=[[0.0]], c=2.0, X=[[1.0]], variants=("output bias",)),
    ),
)

TANGENT_KERNEL = Theorem(
    id="tangent-kernel-spectrum",
    name="T10, the Gauss-Newton matrix and the tangent kernel share their spectrum",
    statement="rank G <= n q, and apart from zeros G and K = J J^T / n have the same eigenvalues; at zero "
    "residuals this holds of H.",
    variants={
        "rank": at_most(symbol("rank(G)"), samples),
        "rank of H": at_most(symbol("rank(H)"), samples, INTERPOLATION, NO_KINK),
        "trace": equal(symbol("trace(G)"), symbol("trace(K)")),
        "frobenius": equal(symbol("frobenius(G)"), symbol("frobenius(K)")),
        "largest": equal(symbol("lmax(G)"), symbol("lmax(K)")),
        "nuclear": equal(symbol("nuclear(G)"), symbol("nuclear(K)")),
    },
    hypotheses=(SQUARED_LOSS,),
    status=PROVED,
    source="Linear algebra; K is the tangent kernel of Jacot, Gabriel and Hongler 2018 (arXiv:1806.07572).",
    from_memory=True,
    idea=("G = J^T J / n and K = J J^T / n", "A B and B A have the same non-zero eigenvalues", "T3"),
    scope=SQUARED,
)

VOLUME_BIAS = Theorem(
    id="radial-volume-bias",
    name="T12, the radial estimate of a basin's volume falls short",
    statement="For a quadratic basin with Hessian H > 0 the isotropic radial estimate of the log-volume "
    "falls short, in the mean over directions u, by (P/2) E ln(u^T H u) - (1/2) ln det H, which lies "
    "between 0 and (P/2) ln(AM/GM) of the eigenvalues. Checked here for the coordinate directions, which "
    "any orthonormal basis becomes by rotation: ln det H <= sum_i ln H_ii <= P ln(tr H / P).",
    variants={
        "short": bound("logdet(H)", "diagonal_logs(H)", POSITIVE_DEFINITE, NO_KINK, equality="H diagonal"),
        "by at most": bound(
            "diagonal_logs(H)", "mean_log(H)", POSITIVE_DEFINITE, NO_KINK, equality="H = t I"
        ),
        "short, block": bound(
            "logdet(H_bb)",
            "diagonal_logs(H_bb)",
            POSITIVE_DEFINITE_BLOCK,
            NO_KINK,
            equality="H_bb diagonal",
        ),
        "by at most, block": bound(
            "diagonal_logs(H_bb)",
            "mean_log(H_bb)",
            POSITIVE_DEFINITE_BLOCK,
            NO_KINK,
            equality="H_bb = t I",
        ),
    },
    hypotheses=(),
    status=PROVED,
    source="The package's own; Hadamard's inequality.",
    idea=(
        "V = omega_P prod_i (2T / lambda_i)^(1/2); along u the radius is (2T / u^T H u)^(1/2)",
        "ln is concave: E ln(u^T H u) <= ln E(u^T H u) = ln AM, u^T H u >= prod lambda_i^(u.v_i)^2, so E "
        "ln(u^T H u) >= ln GM",
        "in the coordinate directions: Hadamard's inequality, and AM-GM for the diagonal",
    ),
    scope=ANY,
    equalities=(
        Example(
            "one unit, in its bias",
            a=[2.0],
            W=[[1.0]],
            b=[0.5],
            X=[[1.0], [-0.5]],
            variants=("short, block", "by at most, block"),
        ),
        Example(
            "one linear unit whose residual makes H = 4 I",
            a=[2.0],
            W=[[2.0]],
            X=[[1.0]],
            y=[8.0],
            activation="identity",
            variants=("short", "by at most"),
        ),
    ),
)

INTERLACING = Theorem(
    id="interlacing",
    name="T16, the spectrum of a block lies within that of the Hessian",
    statement="The eigenvalues of H_bb lie between the extreme ones of H, and its Frobenius norm below; "
    "likewise for G.",
    variants={
        "largest": bound("lmax(H_bb)", "lmax(H)"),
        "least": bound("least(H)", "least(H_bb)"),
        "frobenius": bound("frobenius(H_bb)", "frobenius(H)"),
        "spectral": bound("spectral(H_bb)", "spectral(H)"),
        "nuclear": bound("nuclear(H_bb)", "nuclear(H)"),
        "largest, G": bound("lmax(G_bb)", "lmax(G)"),
        "trace, G": bound("trace(G_bb)", "trace(G)"),
    },
    hypotheses=(HIDDEN_BIASES,),
    status=PROVED,
    source="Cauchy's interlacing theorem.",
    idea=("H_bb = E^T H E with E^T E = I", "Courant-Fischer: Rayleigh quotients over a subspace"),
    scope=ANY,
)

WEYL = Theorem(
    id="weyl",
    name="T17, the residual part moves eigenvalues by at most its norm",
    statement="H = G + R: the largest eigenvalues of H and G differ by at most |R|_2, the norms by at "
    "most that of R.",
    variants={
        "above": at_most(symbol("lmax(H)"), symbol("lmax(G)") + symbol("spectral(R)")),
        "below": at_most(symbol("lmax(G)"), symbol("lmax(H)") + symbol("spectral(R)")),
        "frobenius": at_most(symbol("frobenius(H)"), symbol("frobenius(G)") + symbol("frobenius(R)")),
        "nuclear": at_most(symbol("nuclear(H)"), symbol("nuclear(G)") + symbol("nuclear(R)")),
        "trace": equal(symbol("trace(H)"), symbol("trace(G)") + symbol("trace(R)")),
    },
    hypotheses=(),
    status=PROVED,
    source="Weyl's inequality.",
    idea=("H = G + R", "Weyl; the triangle inequality"),
    scope=ANY,
)

NORM_ORDER = Theorem(
    id="norm-order",
    name="T18, the order of the norms of the Gauss-Newton matrix",
    statement="lambda_max(G) <= |G|_F <= tr G <= sqrt(n q) |G|_F, and |G|_F^2 <= lambda_max(G) tr G.",
    variants={
        "largest": bound("lmax(G)", "frobenius(G)", equality="rank 1"),
        "frobenius": bound("frobenius(G)", "trace(G)", equality="rank 1"),
        "trace": at_most(
            symbol("trace(G)"), times(sp.sqrt(samples), symbol("frobenius(G)")), equality="n q = 1"
        ),
        "product": at_most(
            symbol("frobenius(G)") ** 2, times(largest_G, symbol("trace(G)")), equality="rank 1"
        ),
    },
    hypotheses=(),
    status=PROVED,
    source="Linear algebra.",
    idea=(
        "G is positive semidefinite",
        "its eigenvalues are non-negative and at most n q of them are not zero (T10)",
    ),
    scope=ANY,
    equalities=(Example("one sample", **LINEAR_UNIT, variants=("largest", "frobenius", "trace", "product")),),
)

NEGATIVE_INDEX = Theorem(
    id="negative-index",
    name="T19, only the residual part makes negative curvature",
    statement="H has at most as many negative eigenvalues as R, and its least eigenvalue is at least that "
    "of R: adding the positive semidefinite G moves every eigenvalue up.",
    variants={
        "count": bound("negative(H)", "negative(R)"),
        "least": bound("least(R)", "least(H)"),
    },
    hypotheses=(),
    status=PROVED,
    source="Weyl's monotonicity; compare Martens 2014 (arXiv:1412.1193).",
    from_memory=True,
    idea=("H - R = G is positive semidefinite", "Courant-Fischer: lambda_i(H) >= lambda_i(R) for every i"),
    scope=ANY + " The loss must be convex in the outputs, as all four are.",
)

THEOREMS = (LOWER_BOUNDS, TANGENT_KERNEL, VOLUME_BIAS, INTERLACING, WEYL, NORM_ORDER, NEGATIVE_INDEX)
