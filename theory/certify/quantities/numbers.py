"""The numbers that theorems speak of, in balls, by the name they have in ``theory.quantities.registry``."""

from __future__ import annotations

import re

import sympy as sp

from theory.certify.balls.balls import Undecided, arb, ctx, hull, largest, norm, precision, square, total
from theory.certify.balls.programs import evaluated
from theory.certify.quantities.exact_network import Subject
from theory.certify.quantities.hypotheses import holds
from theory.certify.quantities.matrices import MATRICES, column_norms, gradient, jacobian, named, row_norms
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import NORMS
from theory.certify.quantities.sizes import (
    Number,
    augmented_squares,
    by_paths,
    hidden_trace,
    input_gradient,
    input_squares,
    kernel_energy,
    mean,
    mean_jacobian,
    paired,
    parameter_norm,
    quadratic_gradient,
    spectral_weights,
    squares,
    weight_gram_inner,
    weight_norms,
)
from theory.certify.quantities.units import (
    activity,
    balanced_trace,
    correlation,
    exchange,
    imbalance_rate,
    kink_variation,
    least_trace,
    scaling_directions,
    silent_descent,
    twin_gradient,
    twin_weight,
    unit_gradient,
)
from theory.expressions.names import require_known
from theory.quantities.registry import QUANTITIES


def supremum(order: int) -> Number:
    """How to enclose sup |s^(order)|: between a value or limit that is reached and a proved upper bound."""

    def evaluate(at: BallNetwork) -> arb:
        lower, upper = at.activation.suprema[order - 1]
        exact = at.activation.constants.suprema[order - 1].exact
        reached = evaluated(exact) if exact is not None and exact.is_finite else lower
        return hull(reached, upper)

    return evaluate


NUMBERS: dict[str, Number] = {
    "n": lambda at: arb(at.sizes[0]),
    "d": lambda at: arb(at.sizes[1]),
    "m": lambda at: arb(at.sizes[2]),
    "q": lambda at: arb(at.sizes[3]),
    "degree": lambda at: evaluated(sp.sympify(at.activation.constants.homogeneity)),
    "C1": supremum(1),
    "C2": supremum(2),
    "slope_at_zero": lambda at: abs(at.activation.jet(arb(0))[1]),
    "risk": lambda at: mean(jet.value for jet in at.losses),
    "input_gradient": input_gradient,
    "quadratic_gradient": quadratic_gradient,
    "mean_square_output": lambda at: squares(at.outputs.entries()) / at.sizes[0],
    "mean_square_input": lambda at: mean(augmented_squares(at)),
    "mean_square_jacobian": lambda at: squares(jacobian(at).entries()) / at.sizes[0],
    "mean_jacobian^2": mean_jacobian,
    "smallest_input": lambda at: -largest(-size for size in input_squares(at)),
    "norm(theta)": parameter_norm(),
    "norm(a)": parameter_norm("a"),
    "norm(a, c)": parameter_norm("a", "c"),
    "norm1(a)": lambda at: total(column_norms(at)),
    "norm_inf(a)": lambda at: largest(column_norms(at)),
    "spectral(W)": spectral_weights,
    "frobenius(W)": parameter_norm("W"),
    "inner(W*W', G_bb)": weight_gram_inner,
    "sum(|a||w|)": lambda at: paired(column_norms(at), weight_norms(at)),
    "sum(|a||w|^2)": lambda at: paired(column_norms(at), [square(w) for w in weight_norms(at)]),
    "sum(|a||w~|)": lambda at: paired(column_norms(at), row_norms(at)),
    "sum(|w|sqrt(G_bb))": by_paths("G_bb"),
    "sum(|w|sqrt(H_bb))": by_paths("H_bb"),
    "trace(G_W)": hidden_trace(biases=False),
    "trace(G_Wb)": hidden_trace(biases=True),
    "trace(balanced G)": balanced_trace,
    "least_trace": least_trace,
    "first_activity": lambda at: activity(at)[0],
    "kink_variation": kink_variation,
    "gradient_norm": lambda at: norm(gradient(at)),
    "unit_gradient": unit_gradient,
    "kernel_energy": kernel_energy,
    "imbalance_rate": imbalance_rate,
    "norm(H*V)": lambda at: norm((named("H", at) * scaling_directions(at)).entries()),
    "norm(G*v)": exchange("G"),
    "norm(H*v)": exchange("H"),
    "twin_weight": twin_weight,
    "twin_gradient": twin_gradient,
    "correlation": correlation,
    "silent_descent": silent_descent,
}
"""Every number that is not taken of a matrix, by the name it has in ``theory.quantities.registry``."""

OF_MATRIX = re.compile(r"(\w+)\((.*)\)")

FIRST_BITS, LAST_BITS = 64, 2048  # bits


def quantity(name: str, at: BallNetwork) -> arb:
    """A ball around the quantity called `name`, from memory the second time.

    Raises
    ------
    ValueError
        If there is no such quantity, or it is not defined for such a network.
    Undecided
        If no finite ball could be found at this precision.
    """
    require_known("name", [name], QUANTITIES)
    ball: arb = at.once(f"quantity {name}", lambda here: _evaluated(name, here))
    if not ball.is_finite():
        raise Undecided(f"{name} has no finite ball")
    return ball


def _evaluated(name: str, at: BallNetwork) -> arb:
    for each in QUANTITIES[name].needs:
        if not holds(each, at):
            raise ValueError(f"{name} needs {each.statement}")
    if name in NUMBERS:
        return NUMBERS[name](at)
    parts = OF_MATRIX.fullmatch(name)
    if parts is None or parts[1] not in NORMS or parts[2] not in MATRICES:
        raise Undecided(f"{name} is not evaluated in balls")
    return NORMS[parts[1]](parts[2], at)


def enclosed(name: str, of: Subject, digits: int = 15) -> tuple[arb, int]:
    """A ball around a quantity, and the bits it took.

    Parameters
    ----------
    name : str
        Of :data:`theory.quantities.registry.QUANTITIES`.
    of : Subject
    digits : int
        Correct decimal digits wanted; the precision is raised until they are there or `LAST_BITS` is reached.

    Raises
    ------
    ValueError
        If there is no such quantity, or it is not defined for such a network.
    Undecided
        If even at `LAST_BITS` bits there is no finite ball.
    """
    bits = max(FIRST_BITS, 2 * int(3.33 * digits))
    while True:
        with precision(bits):
            try:
                ball = quantity(name, BallNetwork(of))
                if ball.is_exact() or ball.rel_accuracy_bits() >= 3.33 * digits or 2 * bits > LAST_BITS:
                    return ball, ctx.prec
            except Undecided:
                if 2 * bits > LAST_BITS:
                    raise
        bits *= 2
