"""Whether a claim of a certificate is false, found without the code that made or checked it."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from tests.oracle.oracle_jets import balls
from tests.oracle.quantities import side
from tests.oracle.truths import DEGREES, KINKED, UNBOUNDED, Truth, Undefined, length, truth_of

AGREED = arb(2) ** -100  # to which two sides that are called equal must agree
DRAWS = 4  # points of a box at which its least eigenvalue is looked at


def falsehood(plain: dict[str, Any]) -> str:
    """Why the claim of a certificate, as plain data, is certainly false, or "" if it is not."""
    truth = truth_of(plain["network"])
    try:
        return JUDGES[plain["claim"]["kind"]](plain["claim"], truth)
    except Undefined as reason:
        return f"what is claimed is not defined: {reason}"


def _ball(decimal: str) -> arb:
    number = Fraction(decimal)
    return arb(fmpq(number.numerator, number.denominator))


@balls
def _outside(what: str, truth: arb, stated: list[str]) -> str:
    low, high = map(_ball, stated)
    return f"{what} is {truth.str(25)}, not in {stated}" if truth < low or truth > high else ""


def _quantity(claim: dict[str, Any], truth: Truth) -> str:
    return _outside(claim["name"], truth.value(claim["name"]), claim["enclosure"])


@balls
def _eigenvalues(claim: dict[str, Any], truth: Truth) -> str:
    found, stated = truth.spectrum(claim["matrix"]), claim["enclosures"]
    if len(found) != len(stated):
        return f"there are {len(found)} eigenvalues, not {len(stated)}"
    said = (_outside(f"eigenvalue {i}", *each) for i, each in enumerate(zip(found, stated, strict=True)))
    return next((each for each in said if each), "")


@balls
def _theorem(claim: dict[str, Any], truth: Truth) -> str:
    from theory import theorems  # the statement alone: what it says is evaluated here

    theorem = theorems[claim["id"]]
    variant = theorem.variants[claim["variant"]]
    for hypothesis in (*theorem.hypotheses, *variant.hypotheses):
        if hypothesis.statement in HYPOTHESES and not HYPOTHESES[hypothesis.statement](truth):
            return f"it needs {hypothesis.statement}"
    left, right = (side(expression, truth) for expression in variant.relation.args)
    for name, found in (("left", left), ("right", right)):
        why = _outside(f"the {name} side", found, claim[name])
        if why:
            return why
    larger = abs(left).max(abs(right))
    wrong = {
        "proved": left > right,
        "violated": left < right,
        "equal": abs(left - right) > 2 * AGREED * larger.abs_upper(),
    }
    return f"{left.str(20)} and {right.str(20)}: not {claim['verdict']}" if wrong[claim["verdict"]] else ""


def _moved(truth: Truth, by: np.ndarray) -> Truth:
    """The same data with theta moved, in floats."""
    p, start, parts = truth.problem, 0, {}
    for name in "aWbc":
        part = getattr(p, name)
        if part is not None:
            size = np.size(part)
            moved = np.asarray(part) + by[start : start + size].reshape(np.shape(part))
            parts[name], start = moved if np.ndim(moved) else float(moved), start + size
    return Truth(p.but(**parts))


@balls
def _minimum(claim: dict[str, Any], truth: Truth) -> str:
    """Newton's step leads to the zero; eigenvalues are looked at where points of the box are drawn."""
    radius, within, least = (float.fromhex(claim[name]) for name in ("radius", "within", "least_eigenvalue"))
    H = truth.matrix("H")
    try:
        step = H.mid().inv() * arb_mat([[v] for v in truth.gradient])
    except ZeroDivisionError:
        return "H is singular at theta"
    away = max((abs(v).abs_upper() for v in step.entries()), key=float)
    # the step is the zero but for a square of itself, which is small beside it only where it is small
    if away < 1e-6 and away * arb(0.99) > within:
        return f"the zero is {away.str(10)} away, not {within}"
    if truth.interpolating:
        return "" if truth.spectrum("H")[0] * arb(1.001) > least else "an eigenvalue is smaller than stated"
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        moved = _moved(truth, rng.uniform(-radius, radius, truth.P) * 0.999)
        if moved.spectrum("H")[0] < least:
            return f"an eigenvalue in the box is {moved.spectrum('H')[0].str(10)}, less than {least}"
    return ""


JUDGES: dict[str, Callable[[dict[str, Any], Truth], str]] = {
    "quantity": _quantity,
    "eigenvalues": _eigenvalues,
    "theorem": _theorem,
    "unique minimum": _minimum,
}


def _zero(numbers: Any) -> bool:
    return all(v == 0 for v in numbers)


HYPOTHESES: dict[str, Callable[[Truth], bool]] = {
    "the squared loss": lambda at: at.problem.loss == "squared",
    "the logistic loss": lambda at: at.problem.loss == "logistic",
    "the softmax loss": lambda at: at.problem.loss == "softmax",
    "the pseudo_huber loss": lambda at: at.problem.loss == "pseudo_huber",
    "every residual to be zero within its rounding error": lambda at: (
        not any(v > 0 or v < 0 for loss in at.losses for v in loss[1])
    ),
    "no pre-activation to sit at a kink of the activation": lambda at: (
        at.problem.activation not in KINKED or not any(z == 0 for row in at.Z for z in row)
    ),
    "a bounded second derivative of the activation": lambda at: at.problem.activation not in UNBOUNDED[2],
    "a bounded first derivative of the activation": lambda at: at.problem.activation not in UNBOUNDED[1],
    "hidden biases, so that G_bb is a block of G": lambda at: at.problem.b is not None,
    "no hidden biases": lambda at: at.problem.b is None,
    "one output": lambda at: at.q == 1,
    "one input": lambda at: at.d == 1,
    "an output bias": lambda at: at.problem.c is not None,
    "no output bias": lambda at: at.problem.c is None,
    "m <= d": lambda at: at.m <= at.d,
    "a least singular value of W that is certainly positive": lambda at: not at.spectrum("W*W'")[0] <= 0,
    "s(t z) = t s(z) for t > 0, and |s'| <= 1": lambda at: DEGREES.get(at.problem.activation) == 1,
    "a homogeneous activation": lambda at: at.problem.activation in DEGREES,
    "the activation relu": lambda at: at.problem.activation == "relu",
    "the activation square": lambda at: at.problem.activation == "square",
    "every unit to have input and output weights": lambda at: (
        not any(v == 0 for v in [*at.outer, *(length(row) for row in at.tilted)])
    ),
    "an output weight that is not zero": lambda at: not _zero(np.ravel(at.problem.a)),
    "a parameter that is not zero": lambda at: bool(at.value("norm(theta)") != 0),
    "no input to be zero": lambda at: all(np.any(row) for row in at.problem.X),
    "H to be certainly positive definite": lambda at: not at.spectrum("H")[0] <= 0,
    "H_bb to be certainly positive definite": lambda at: not at.spectrum("H_bb")[0] <= 0,
    "s(0) = 0": lambda at: at.problem.activation not in ("sigmoid", "softplus", "gaussian", "sqrt(1 + z**2)"),
    "a unit with w_k = 0": lambda at: any(not np.any(row) for row in at.problem.W),
    "a unit whose weights are all zero": lambda at: any(
        a == 0 and length(row) == 0 for a, row in zip(at.outer, at.tilted, strict=True)
    ),
}
"""The hypotheses of theorems by their words, decided here; one that is not here is not judged."""
