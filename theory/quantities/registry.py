"""The quantities that theorems speak of, by name: how each is written and how it is evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from theory.bridge import network
from theory.bridge.network import Uncertain, known
from theory.expressions.names import require_known
from theory.quantities import (
    hypotheses,
    matrices,
    norms,
    numbers,
    rescaling,
    twins,
)
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.matrices import OPERATORS
from theory.quantities.network import Situation
from theory.quantities.norms import Matrix
from theory.quantities.numbers import MATRICES, measured

SUBNORMAL = 2.0**-1074
DEGREE = 12  # of a quantity, or of what stands below its root, in the numbers of a network


@dataclass(frozen=True)
class Quantity:
    """A named number of a network with data.

    Parameters
    ----------
    latex : str
        How it is written.
    evaluate : callable
        Situation -> Uncertain.
    not_negative : bool
        Whether it is a sum, root or size that cannot be negative, whatever the network.
    fixed : bool
        Whether it depends on the shape and the activation alone, so that no product of small numbers enters.
    needs : tuple of Hypothesis
        What a network must be for it to be defined.
    """

    latex: str
    evaluate: Callable[[Situation], Uncertain]
    not_negative: bool = False
    fixed: bool = False
    needs: tuple[Hypothesis, ...] = ()


def symbol(name: str) -> sp.Symbol:
    """Return the sympy symbol that stands for the quantity `name`.

    Raises
    ------
    ValueError
        If there is no such quantity.
    """
    require_known("name", [name], QUANTITIES)
    return sp.Symbol(name, real=True)


def latex(expression: sp.Basic) -> str:
    """Return the LaTeX of an expression in the symbols of quantities."""
    names = {item: QUANTITIES[item.name].latex for item in expression.free_symbols}
    return str(sp.latex(expression, symbol_names=names, order="none"))


def value(name: str, at: Situation) -> Uncertain:
    """Return the quantity called `name` at a network with data, from memory the second time."""
    found: Uncertain = at.once(f"quantity {name}", lambda here: _evaluated(name, here))
    return found


def _evaluated(name: str, at: Situation) -> Uncertain:
    found = QUANTITIES[name].evaluate(at)
    return (
        found
        if QUANTITIES[name].fixed
        else Uncertain(found.value, found.error + at.once("underflow", underflow))
    )


def underflow(at: Situation) -> float:
    """A bound of what products lose that are smaller than the least normal number.

    Each of at most N of them is off by one subnormal, before it is multiplied by no more than DEGREE numbers
    of at most B and, perhaps, the root of a sum is taken. It says nothing unless numbers are very small.
    """
    run, (m, d) = at.forward, at.net.W.shape
    arrays = [*at.net.parts.values(), run.X, run.S, run.S1, run.S2, run.F, run.G, run.Lam]
    B = max(1.0, *(float(np.abs(each).max(initial=0.0)) for each in arrays))
    count = float(run.F.size) ** 2 * (m * (d + 2)) ** 2
    lost = math.sqrt(count * SUBNORMAL) * power(B, DEGREE // 2)
    return lost * max(1.0, lost)


def power(base: float, exponent: int) -> float:
    """A power, infinite where it overflows."""
    return math.exp(exponent * math.log(base)) if exponent * math.log(base) < 700 else math.inf


HEADS: dict[str, tuple[str, Callable[[Matrix], Uncertain]]] = {
    "trace": (r"\operatorname{tr} %s", norms.trace),
    "frobenius": (r"\|%s\|_F", norms.frobenius),
    "lmax": (r"\lambda_{\max}(%s)", norms.largest),
    "least": (r"\lambda_{\min}(%s)", norms.least),
    "spectral": (r"\|%s\|_2", norms.spectral),
    "nuclear": (r"\|%s\|_*", norms.nuclear),
    "rank": (r"\operatorname{rank} %s", norms.rank),
    "negative": (r"\nu_-(%s)", norms.negative),
    "logdet": (r"\ln\det %s", norms.logdet),
    "diagonal_logs": (r"\sum_i \ln (%s)_{ii}", norms.diagonal_logs),
    "mean_log": (r"P \ln\frac{\operatorname{tr} %s}{P}", numbers.log_mean_eigenvalue),
}
"""What is taken of a matrix, by name: how it is written and evaluated."""

LETTERS = {
    "G_bb": "G_{bb}",
    "H_bb": "H_{bb}",
    "W*W'": r"W W^\top",
    "K": "K",
    "G": "G",
    "H": "H",
    "R": r"\mathcal{E}",
    "balanced H": r"H_{\mathrm{bal}}",
    "stretched H": r"H_t",
    "stretched G": r"G_t",
}
"""How a matrix is written; the residual part is E, for R is the risk."""

CLOSED = {
    "trace": measured("trace"),
    "frobenius": measured("frobenius_norm"),
    "lmax": network.largest,
    "spectral": network.spectral_norm,
}
"""What is taken of G, H and R without forming them, or without all eigenvalues."""


def _of_matrix(head: Callable[[Matrix], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: head(at.once(name, MATRICES[name]))


def _of_operator(method: Callable[[Any], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: method(OPERATORS[name](at))


def _matrix_quantities() -> dict[str, Quantity]:
    found = {}
    for head, (form, taken) in HEADS.items():
        for name in MATRICES:
            closed = name in OPERATORS and head in CLOSED
            evaluate = _of_operator(CLOSED[head], name) if closed else _of_matrix(taken, name)
            found[f"{head}({name})"] = Quantity(form % LETTERS[name], evaluate, needs=_wanted_by(name))
    return found


def _wanted_by(name: str) -> tuple[Hypothesis, ...]:
    """What makes the matrix `name` the curvature of the same function."""
    wanted = {
        "balanced": (hypotheses.FIRST_DEGREE, hypotheses.BALANCEABLE),
        "stretched": (hypotheses.FIRST_DEGREE,),
    }
    return wanted.get(name.partition(" ")[0], ())


ONE_OUTPUT = (hypotheses.ONE_OUTPUT,)
HOMOGENEOUS = (hypotheses.HOMOGENEOUS,)
TWINS = (hypotheses.ONE_OUTPUT, hypotheses.TWINS)
SQUARES = (hypotheses.ONE_OUTPUT, hypotheses.QUADRATIC, hypotheses.NO_HIDDEN_BIASES)
ONE_DIMENSION = (
    hypotheses.NO_KINK,
    hypotheses.RELU,
    hypotheses.ONE_INPUT,
    hypotheses.ONE_OUTPUT,
    hypotheses.HIDDEN_BIASES,
    hypotheses.OUTPUT_BIAS,
)
BALANCEABLE = (hypotheses.SQUARED_LOSS, hypotheses.FIRST_DEGREE, hypotheses.BALANCEABLE)

QUANTITIES: dict[str, Quantity] = {
    "n": Quantity("n", lambda at: known(len(at.forward.X)), not_negative=True, fixed=True),
    "d": Quantity("d", lambda at: known(at.net.W.shape[1]), not_negative=True, fixed=True),
    "m": Quantity("m", lambda at: known(at.net.W.shape[0]), not_negative=True, fixed=True),
    "q": Quantity("q", lambda at: known(at.net.n_outputs), not_negative=True, fixed=True),
    "degree": Quantity(
        "p", lambda at: known(at.net.activation.homogeneity), not_negative=True, fixed=True, needs=HOMOGENEOUS
    ),
    "C1": Quantity(
        "C_1",
        lambda at: known(at.net.activation.sup1),
        not_negative=True,
        fixed=True,
        needs=(hypotheses.BOUNDED_SLOPE,),
    ),
    "C2": Quantity(
        "C_2",
        lambda at: known(at.net.activation.sup2),
        not_negative=True,
        fixed=True,
        needs=(hypotheses.BOUNDED_SECOND_DERIVATIVE,),
    ),
    "slope_at_zero": Quantity("|s'(0)|", numbers.slope_at_zero, not_negative=True, fixed=True),
    "risk": Quantity("R", numbers.risk, not_negative=True),
    "input_gradient": Quantity(r"\mathbb{E}|\nabla_x f|^2", numbers.input_gradient, not_negative=True),
    "quadratic_gradient": Quantity(r"4\,\mathbb{E}|M x|^2", numbers.quadratic_gradient, needs=SQUARES),
    "mean_square_output": Quantity(r"\mathbb{E}|f|^2", numbers.mean_square_output, not_negative=True),
    "mean_square_input": Quantity(r"\mathbb{E}|\tilde x|^2", numbers.mean_square_input, not_negative=True),
    "mean_square_jacobian": Quantity(
        r"\mathbb{E}\|J\|_F^2", matrices.mean_square_jacobian, not_negative=True
    ),
    "mean_jacobian^2": Quantity(
        r"|\mathbb{E} J|^2", numbers.mean_jacobian, not_negative=True, needs=ONE_OUTPUT
    ),
    "smallest_input": Quantity(r"\min_i |x_i|^2", numbers.smallest_input, not_negative=True),
    "norm(theta)": Quantity(r"|\theta|", numbers.parameter_norm()),
    "norm(a)": Quantity(r"|a|_2", numbers.parameter_norm("a")),
    "norm(a, c)": Quantity("|(a, c)|", numbers.parameter_norm("a", "c"), not_negative=True),
    "norm1(a)": Quantity(r"|a|_1", lambda at: numbers.unit_sum(at, np.sum)),
    "norm_inf(a)": Quantity(r"|a|_\infty", lambda at: numbers.unit_sum(at, np.max)),
    "spectral(W)": Quantity(r"\|W\|_2", lambda at: at.once("|W|_2", numbers.spectral_weights)),
    "frobenius(W)": Quantity(r"\|W\|_F", numbers.parameter_norm("W")),
    "inner(W*W', G_bb)": Quantity(r"\langle W W^\top, G_{bb} \rangle", numbers.weight_gram_inner),
    "sum(|a||w|)": Quantity(r"\left(\sum_k |a_k| |w_k|\right)", numbers.weighted_sum(1), not_negative=True),
    "sum(|a||w|^2)": Quantity(
        r"\left(\sum_k |a_k| |w_k|^2\right)", numbers.weighted_sum(2), not_negative=True
    ),
    "sum(|a||w~|)": Quantity(r"\left(\sum_k |a_k| |\tilde w_k|\right)", rescaling.paths, not_negative=True),
    "sum(|w|sqrt(G_bb))": Quantity(
        r"\left(\sum_k |w_k| \sqrt{G_{bb}[k,k]}\right)",
        numbers.path_bound("G_bb"),
        not_negative=True,
    ),
    "sum(|w|sqrt(H_bb))": Quantity(
        r"\left(\sum_k |w_k| \sqrt{H_{bb}[k,k]}\right)",
        numbers.path_bound("H_bb"),
        not_negative=True,
    ),
    "trace(G_W)": Quantity(r"\operatorname{tr} G_W", numbers.hidden_trace(biases=False), not_negative=True),
    "trace(G_Wb)": Quantity(
        r"\operatorname{tr} G_{(W,b)}", numbers.hidden_trace(biases=True), not_negative=True
    ),
    "trace(balanced G)": Quantity(
        r"\operatorname{tr} G_{\mathrm{bal}}", rescaling.balanced_trace, needs=BALANCEABLE
    ),
    "least_trace": Quantity(
        r"2 \sum_k |a_k| \sqrt{q\, \mathbb{E}[s_k^2]\, \mathbb{E}[s_k'^2 |\tilde x|^2]}",
        rescaling.least_trace,
        not_negative=True,
    ),
    "first_activity": Quantity(r"\mathbb{E}[s_1^2]", rescaling.first_activity, not_negative=True),
    "kink_variation": Quantity(
        r"2 \sum_k |a_k w_k| g(-b_k / w_k)", numbers.kink_variation, needs=ONE_DIMENSION
    ),
    "gradient_norm": Quantity(
        r"|\nabla R|", lambda at: matrices.gradient_size(at, slice(None)), not_negative=True
    ),
    "unit_gradient": Quantity(r"|\nabla_{(a, W, b)} R|", twins.unit_gradient, not_negative=True),
    "kernel_energy": Quantity(r"\mathbb{E}[g \cdot K g]", matrices.kernel_energy, not_negative=True),
    "imbalance_rate": Quantity(
        r"\max_k |\tilde w_k \cdot \partial_{\tilde w_k} R - p\, a_k \cdot \partial_{a_k} R|",
        rescaling.imbalance_rate,
        not_negative=True,
        needs=HOMOGENEOUS,
    ),
    "norm(H*V)": Quantity(r"\|H V\|_F", rescaling.curvature_along_scalings),
    "norm(G*v)": Quantity("|G v|", twins.curvature_along_exchange("G"), needs=TWINS),
    "norm(H*v)": Quantity("|H v|", twins.curvature_along_exchange("H"), needs=TWINS),
    "twin_weight": Quantity("|a_k|", twins.twin_weight, not_negative=True, needs=TWINS),
    "twin_gradient": Quantity(
        r"|\partial_{\tilde w_k} R|", twins.twin_gradient, not_negative=True, needs=TWINS
    ),
    "correlation": Quantity(
        r"|\mathbb{E}[g \tilde x]|", numbers.correlation, not_negative=True, needs=ONE_OUTPUT
    ),
    "silent_descent": Quantity(
        r"-2 \lambda_{\min}(a_k \mathbb{E}[g x x^\top])",
        numbers.descent_of_silent_unit,
        needs=(hypotheses.ONE_OUTPUT, hypotheses.SILENT_INPUT),
    ),
    **_matrix_quantities(),
}
