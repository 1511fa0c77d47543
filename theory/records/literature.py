"""Further theorems on two-layer networks and flatness, from the literature, each checkable at any network."""

import sympy as sp

from theory.quantities.example import Example
from theory.quantities.hypotheses import (
    BOUNDED_SLOPE,
    DEAD_UNIT,
    INPUTS,
    LOGISTIC_LOSS,
    NO_HIDDEN_BIASES,
    NO_KINK,
    ONE_OUTPUT,
    PSEUDO_HUBER_LOSS,
    QUADRATIC,
    SILENT_INPUT,
    SOFTMAX_LOSS,
    SQUARED_LOSS,
    TWINS,
    ZERO_AT_ZERO,
)
from theory.quantities.registry import symbol
from theory.records.theorem import PROVED, Theorem
from theory.records.writing import at_most, equal, times

gradient, C1, jacobian = symbol("input_gradient"), symbol("C1"), symbol("mean_square_jacobian")
risk, slope, trace_G = symbol("risk"), symbol("gradient_norm"), symbol("trace(G)")

MULTIPLICATIVE = Theorem(
    id="sobolev-regularisation",
    name="T20, flatness in the first layer bounds the input gradient",
    statement="E|grad_x f|^2 <= |W|_2^2 tr G_W / min_i |x_i|^2: inputs multiply first-layer weights, so a "
    "flat first layer is insensitive to its input.",
    variants={
        "trace": at_most(
            gradient,
            times(symbol("spectral(W)") ** 2, symbol("trace(G_W)")) / symbol("smallest_input"),
            equality="m = 1 and inputs of equal length",
        )
    },
    hypotheses=(SQUARED_LOSS, INPUTS),
    status=PROVED,
    source="After Ma and Ying 2021 (arXiv:2105.13462), whose bound is for any depth and p-norms.",
    from_memory=True,
    idea=("tr G_W = E[|x|^2 |u|^2] >= min |x|^2 tr G_bb", "T2 (i)"),
    scope="Any number of outputs, any activation; squared loss.",
    equalities=(
        Example(
            "one unit, inputs of equal length",
            a=[2.0],
            W=[[1.0, -0.5]],
            X=[[0.6, 0.8], [1.0, 0.0]],
            variants=("trace",),
        ),
    ),
)

KERNEL_FLOW = Theorem(
    id="tangent-kernel-flow",
    name="T21, gradient flow seen through the tangent kernel",
    statement="|grad R|^2 = E[g . K g], so for the squared loss 2 lambda_min(K) R <= |grad R|^2 <= 2 "
    "lambda_max(G) R: where K is positive definite the risk falls exponentially.",
    variants={
        "identity": equal(slope**2, symbol("kernel_energy")),
        "lojasiewicz": at_most(
            times(2, symbol("least(K)"), risk), slope**2, SQUARED_LOSS, equality="n q = 1"
        ),
        "smooth": at_most(slope**2, times(2, symbol("lmax(G)"), risk), SQUARED_LOSS, equality="n q = 1"),
    },
    hypotheses=(),
    status=PROVED,
    source="Jacot, Gabriel and Hongler 2018 (arXiv:1806.07572); the lower bound is the Polyak-Lojasiewicz "
    "condition as in Liu, Zhu and Belkin 2020 (arXiv:2003.00307).",
    from_memory=True,
    idea=(
        "grad R = J^T g / n",
        "lambda_min(K) |g|^2 <= g^T K g <= lambda_max(K) |g|^2 (Courant-Fischer)",
        "squared loss: |g|^2 / n = 2 R, and lambda_max(K) = lambda_max(G) (T10)",
    ),
    scope="The identity for any loss; the bounds for the squared loss. Any number of outputs.",
    equalities=(
        Example("one sample", a=[2.0], W=[[1.0]], X=[[1.0]], y=[0.5], variants=("lojasiewicz", "smooth")),
    ),
)

TWIN_UNITS = Theorem(
    id="duplicated-unit",
    name="T22, a duplicated unit makes a flat line",
    statement="If units k and l have the same input weights, v = e_{a_k} - e_{a_l} does not change the "
    "function: G v = 0, and "
    "|a_k| |H v| = sqrt(2) |dR/dw~_k|, so at critical points H v = 0 as well: critical points come in lines.",
    variants={
        "G": equal(symbol("norm(G*v)"), sp.Integer(0)),
        "H": equal(
            times(symbol("twin_weight"), symbol("norm(H*v)")), times(sp.sqrt(2), symbol("twin_gradient"))
        ),
    },
    hypotheses=(ONE_OUTPUT, TWINS),
    status=PROVED,
    source="Fukumizu and Amari 2000 (Neural Networks 13), who embed a critical point of m - 1 units into m.",
    from_memory=True,
    idea=(
        "J v = s(z_k) - s(z_l) = 0",
        "R v = (E[g s'(z_k) x~] at w~_k, minus the same at w~_l), and dR/dw~_k = a_k E[g s'(z_k) x~]",
    ),
    scope="One output; any loss and activation. With several outputs G v = 0 for each output's v.",
)

DEAD_UNIT_SADDLE = Theorem(
    id="dead-unit",
    name="T23, a dead unit is a strict saddle wherever the loss can still fall linearly",
    statement="If a unit has no weights and s(0) = 0, lambda_min(H) <= -|s'(0)| |E[g x~]|.",
    variants={
        "descent": at_most(
            times(symbol("slope_at_zero"), symbol("correlation")),
            -symbol("least(H)"),
            equality="no other direction curves down more, as where all weights are zero",
        ),
    },
    hypotheses=(ONE_OUTPUT, DEAD_UNIT, ZERO_AT_ZERO, NO_KINK),
    status=PROVED,
    source="The mechanism in Baldi and Hornik 1989 and Kawaguchi 2016 (arXiv:1605.07110), where every "
    "critical point of a linear network that is not a global minimum is a strict saddle; this form is the "
    "package's own.",
    from_memory=True,
    idea=(
        "the unit's block of H is [[0, p^T], [p, 0]], p = s'(0) E[g x~]: a_k = 0, s(0) = 0 leave nothing "
        "else",
        "its eigenvalues are 0, |p| and -|p|",
        "a principal block's least eigenvalue is at least that of H",
    ),
    scope="One output; any loss and any activation with s(0) = 0 that is smooth at 0. For linear networks "
    "E[g x~] = 0 at a critical point means a global minimum.",
    equalities=(
        Example(
            "all weights zero",
            a=[0.0, 0.0],
            W=[[0.0], [0.0]],
            X=[[1.0], [2.0]],
            y=[1.0, -3.0],
            activation="identity",
            variants=("descent",),
        ),
    ),
)

QUADRATIC_UNITS = Theorem(
    id="quadratic-units",
    name="T24, networks of quadratic units",
    statement="f(x) = x^T M x, M = sum_k a_k w_k w_k^T, so E|grad_x f|^2 = 4 E|M x|^2; and a unit with w_k "
    "= 0 makes lambda_min(H) <= 2 lambda_min(a_k E[g x x^T]): with such units of both signs, a local "
    "minimum has E[g x x^T] = 0 and is global.",
    variants={
        "input gradient": equal(gradient, symbol("quadratic_gradient"), SQUARED_LOSS),
        "descent": at_most(
            symbol("silent_descent"),
            -symbol("least(H)"),
            SILENT_INPUT,
            equality="no other direction curves down more, as with silent units alone",
        ),
    },
    hypotheses=(ONE_OUTPUT, QUADRATIC, NO_HIDDEN_BIASES),
    status=PROVED,
    source="After Du and Lee 2018 (arXiv:1803.01206) and Soltanolkotabi, Javanmard and Lee 2019 "
    "(arXiv:1707.04926).",
    from_memory=True,
    idea=(
        "grad_x f = 2 M x",
        "s'(0) = 0, so the block of H by w_k is R's: 2 a_k E[g x x^T]; a block's least eigenvalue is at "
        "least that of H",
    ),
    scope="One output, the activation square, no hidden biases; 'descent' for any loss.",
    equalities=(
        Example(
            "one silent unit",
            a=[1.0],
            W=[[0.0]],
            X=[[1.0]],
            y=[2.0],
            activation="square",
            variants=("descent",),
        ),
    ),
)

LIPSCHITZ = Theorem(
    id="lipschitz",
    name="T25, norm and path bounds of the input gradient",
    statement="E|grad_x f|^2 is at most (C1 |W|_2 |a|_2)^2 and at most (C1 sum_k |a_k| |w_k|)^2.",
    variants={
        "norms": at_most(
            gradient,
            times(C1, symbol("spectral(W)"), symbol("norm(a)")) ** 2,
            equality="|s'| = C1 on the data and m = 1",
        ),
        "paths": at_most(
            gradient,
            times(C1, symbol("sum(|a||w|)")) ** 2,
            equality="|s'| = C1 on the data and m = 1",
        ),
    },
    hypotheses=(SQUARED_LOSS, BOUNDED_SLOPE),
    status=PROVED,
    source="Spectral norms: Bartlett, Foster and Telgarsky 2017 (arXiv:1706.08498); paths: Neyshabur, "
    "Tomioka and Srebro 2015 (arXiv:1503.00036), two layers.",
    from_memory=True,
    idea=("|u| <= C1 |a| and |W^T u| <= |W|_2 |u|", "|sum_k w_k u_k| <= sum_k |w_k| C1 |a_k|"),
    scope="Any number of outputs (|a|_2 the Frobenius norm of A); the quantities are named for the "
    "squared loss.",
    equalities=(
        Example(
            "a linear unit",
            a=[2.0],
            W=[[3.0, 4.0]],
            X=[[1.0, 0.5]],
            activation="identity",
            variants=("norms", "paths"),
        ),
    ),
)

BOUNDED_LOSS = Theorem(
    id="bounded-loss-curvature",
    name="T26, curvature of the loss bounds the trace",
    statement="tr G = E|J|^2 for the squared loss, at most E|J|^2 / 4 for the logistic and E|J|^2 / 2 for "
    "softmax: confidence alone can only shrink it.",
    variants={
        "squared": equal(trace_G, jacobian, SQUARED_LOSS),
        "logistic": at_most(4 * trace_G, jacobian, LOGISTIC_LOSS, equality="f = 0"),
        "softmax": at_most(
            2 * trace_G, jacobian, SOFTMAX_LOSS, equality="q = 2, p = (1/2, 1/2), s = 0 and a_2k = -a_1k"
        ),
        "pseudo_huber": at_most(trace_G, jacobian, PSEUDO_HUBER_LOSS, equality="f = y"),
    },
    hypotheses=(),
    status=PROVED,
    source="Boehning 1992 (Ann. Inst. Statist. Math. 44) for logistic and softmax.",
    from_memory=True,
    idea=(
        "tr G = E tr(Lam J J^T) <= E[lambda_max(Lam) |J|^2]",
        "p (1 - p) <= 1/4; lambda_max(diag p - p p^T) <= 1/2; (1 + r^2)^(-3/2) <= 1",
    ),
    scope="The four losses of the package, any number of outputs each allows.",
    equalities=(
        Example(
            "undecided",
            a=[0.0],
            W=[[1.0]],
            X=[[1.0]],
            y=[1],
            activation="tanh",
            loss="logistic",
            variants=("logistic",),
        ),
        Example(
            "undecided between two classes",
            a=[[1.0], [-1.0]],
            W=[[0.0]],
            X=[[1.0]],
            y=[1],
            loss="softmax",
            variants=("softmax",),
        ),
        Example(
            "no residual",
            a=[2.0],
            W=[[1.0]],
            X=[[1.0]],
            loss="pseudo_huber",
            variants=("pseudo_huber",),
        ),
    ),
)

THEOREMS = (
    MULTIPLICATIVE,
    KERNEL_FLOW,
    TWIN_UNITS,
    DEAD_UNIT_SADDLE,
    QUADRATIC_UNITS,
    LIPSCHITZ,
    BOUNDED_LOSS,
)
