"""Theorems T7 and T11, and others on networks whose units can be rescaled."""

import sympy as sp

from theory.quantities.example import Example
from theory.quantities.hypotheses import (
    BALANCEABLE,
    FIRST_DEGREE,
    HOMOGENEOUS,
    INTERPOLATION,
    NO_KINK,
    NO_OUTPUT_BIAS,
    SQUARED_LOSS,
)
from theory.quantities.registry import symbol
from theory.quantities.rescaling import FACTOR
from theory.records.theorem import PROVED, REFUTED, Theorem
from theory.records.writing import at_most, bound, equal, times

PIECEWISE_LINEAR = "Any activation of degree 1 with |s'| <= 1 (relu, leaky_relu, identity)"
factor = sp.Integer(int(FACTOR))

BALANCED_RELU = Theorem(
    id="balanced-relu",
    name="T7, a balanced ReLU network is flat if its paths are light",
    statement="At zero residuals, after rescaling each unit to |a_k| = |w~_k|, lambda_max(H) <= tr H <= (1 "
    "+ q) E|x~|^2 sum_k |a_k| |w~_k|, where |x~|^2 = 1 + |x|^2 with hidden biases and q = 1 for one "
    "output. Rescaling units does not change the least trace over all rescalings.",
    variants={
        "lmax": bound(
            "lmax(balanced H)", "trace(balanced G)", INTERPOLATION, NO_KINK, equality="G of rank 1"
        ),
        "trace": at_most(
            symbol("trace(balanced G)"),
            times(1 + symbol("q"), symbol("mean_square_input"), symbol("sum(|a||w~|)")),
            equality="the activation identity, one output, inputs parallel to every w~_k",
        ),
        "least": bound(
            "least_trace",
            "trace(balanced G)",
            equality="q E s_k^2 = |w~_k|^2 E[s_k'^2 |x~|^2] for every unit",
        ),
        "least of all": bound(
            "least_trace", "trace(G)", equality="q E s_k^2 = |a_k|^2 E[s_k'^2 |x~|^2] for every unit"
        ),
        "least of H": bound(
            "least_trace", "trace(H)", NO_KINK, INTERPOLATION, equality="as in (least of all)"
        ),
    },
    hypotheses=(SQUARED_LOSS, FIRST_DEGREE, NO_OUTPUT_BIAS, BALANCEABLE),
    status=PROVED,
    source="The package's own; an answer to Dinh et al. 2017 (arXiv:1703.04933).",
    idea=(
        "tr G = sum_k q E s_k^2 + |a_k|^2 E[s_k'^2 |x~|^2]; rescaling by t multiplies the terms by t^2 "
        "and t^-2",
        "s = z s', so s_k^2 <= |w~_k|^2 |x~|^2, and s'^2 <= 1",
        "x t^2 + y / t^2 >= 2 sqrt(x y) (AM-GM), with equality at t^4 = y / x",
        "H = G at zero residuals (T3), and lambda_max <= tr for a positive semidefinite matrix",
    ),
    scope=PIECEWISE_LINEAR + "; several outputs with the factor 1 + q for 2; squared loss.",
    equalities=(
        Example(
            "one balanced linear unit",
            a=[3.0],
            W=[[3.0]],
            X=[[1.0], [2.0]],
            activation="identity",
            variants=("lmax", "trace", "least", "least of all", "least of H"),
        ),
    ),
)

CONSERVATION = Theorem(
    id="conservation",
    name="T11, gradient flow conserves the imbalance of every homogeneous unit",
    statement="For s of degree p, w~_k . dR/dw~_k = p A_k . dR/dA_k, so gradient flow conserves |w~_k|^2 - "
    "p |a_k|^2; p = 1 for ReLU and linear units.",
    variants={"rate": equal(symbol("imbalance_rate"), sp.Integer(0))},
    hypotheses=(HOMOGENEOUS,),
    status=PROVED,
    source="Du, Hu and Lee 2018 (arXiv:1806.00900) for degree 1.",
    from_memory=True,
    idea=("Euler: z s'(z) = p s(z)", "w~_k . dR/dw~_k = E[(A^T g)_k s'(z_k) z_k] = p E[(A^T g)_k s(z_k)]"),
    scope="Any loss, any number of outputs, with or without biases; any homogeneous activation.",
)

ZERO_MODES = Theorem(
    id="scaling-zero-modes",
    name="T13, rescaling directions are zero modes of the Hessian at critical points",
    statement="For s of degree 1 and v_k = (A_k, -w~_k), H v_k is minus the gradient by A_k and plus that "
    "by w~_k: where the gradient vanishes H is singular once for every unit with weights.",
    variants={"modes": equal(symbol("norm(H*V)"), symbol("unit_gradient"))},
    hypotheses=(FIRST_DEGREE, NO_KINK),
    status=PROVED,
    source="Folklore; compare Kunin et al. 2021 (arXiv:2012.04728).",
    from_memory=True,
    idea=("T11: v_k . grad R = 0 at every theta; differentiate by theta",),
    scope=PIECEWISE_LINEAR + "; any loss, any number of outputs.",
)

REPARAMETRISATION = Theorem(
    id="reparametrisation",
    name="T14, rescaling makes the sharpest direction as sharp as one likes",
    statement="Dividing a_1 by t and multiplying w~_1 by t leaves the function alone, and lambda_max(G) "
    f"becomes at least t^2 E s_1^2 (here t = {FACTOR:.0f}).",
    variants={
        "G": at_most(times(factor**2, symbol("first_activity")), symbol("lmax(stretched G)")),
        "H": at_most(times(factor**2, symbol("first_activity")), symbol("lmax(stretched H)"), NO_KINK),
    },
    hypotheses=(SQUARED_LOSS, FIRST_DEGREE),
    status=PROVED,
    source="Dinh, Pascanu, Bengio and Bengio 2017 (arXiv:1703.04933).",
    from_memory=True,
    idea=(
        "f(D theta) = f(theta), so the Hessian there is D^-1 H D^-1",
        "its diagonal entry at a_1 is t^2 E s_1^2 (R has none), and a diagonal entry is at most lambda_max",
    ),
    scope=PIECEWISE_LINEAR + "; any number of outputs; squared loss.",
)

FLATNESS_OF_THE_FUNCTION = Theorem(
    id="flatness-of-the-function",
    name="T15, flatness is not a property of the function",
    statement='"Networks that compute the same function have equally flat Hessians" is false, be it up to '
    "a factor 1000: "
    f"compare H with the Hessian after the first unit is rescaled by {FACTOR:.0f}.",
    variants={
        "trace": at_most(symbol("trace(stretched H)"), times(1000, symbol("trace(H)"))),
        "lmax": at_most(symbol("lmax(stretched H)"), times(1000, symbol("lmax(H)"))),
    },
    hypotheses=(SQUARED_LOSS, FIRST_DEGREE, NO_KINK),
    status=REFUTED,
    source="Refuted by Dinh, Pascanu, Bengio and Bengio 2017 (arXiv:1703.04933), from memory; T7's least "
    "trace is invariant.",
    from_memory=True,
    scope=PIECEWISE_LINEAR + ".",
    refutation=Example(
        "one ReLU unit",
        a=[1.0],
        W=[[1.0]],
        b=[0.5],
        X=[[1.0], [2.0]],
        activation="relu",
        variants=("trace", "lmax"),
    ),
)

THEOREMS = (BALANCED_RELU, CONSERVATION, ZERO_MODES, REPARAMETRISATION, FLATNESS_OF_THE_FUNCTION)
