"""The quantities that theorems speak of, by name: how each is written and how it is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from theory import values
from theory.blocks import weight_gram
from theory.matrices import Matrix, frobenius, largest, nuclear, spectral, trace
from theory.situation import Situation
from theory.uncertain import Uncertain, known
from theory.values import MATRICES, OPERATORS, measured


@dataclass(frozen=True)
class Quantity:
    """A named number of a network with data.

    Parameters
    ----------
    latex : str
        How it is written.
    evaluate : callable
        Situation -> Uncertain.
    """

    latex: str
    evaluate: Callable[[Situation], Uncertain]


def symbol(name: str) -> sp.Symbol:
    """Return the sympy symbol that stands for the quantity `name`.

    Raises
    ------
    ValueError
        If there is no such quantity.
    """
    if name not in QUANTITIES:
        raise ValueError(f"name must be one of {', '.join(QUANTITIES)}; got {name!r}")
    return sp.Symbol(name, real=True)


def latex(expression: sp.Basic) -> str:
    """Return the LaTeX of an expression in the symbols of quantities."""
    names = {item: QUANTITIES[item.name].latex for item in expression.free_symbols}
    return str(sp.latex(expression, symbol_names=names, order="none"))


def value(name: str, at: Situation) -> Uncertain:
    """Return the quantity called `name` at a network with data, from memory the second time."""
    found: Uncertain = at.once(f"quantity {name}", QUANTITIES[name].evaluate)
    return found


NORMS: dict[str, tuple[str, Callable[[Matrix], Uncertain], Callable[[Any], Uncertain]]] = {
    "trace": (r"\operatorname{tr} %s", trace, measured("trace")),
    "frobenius": (r"\|%s\|_F", frobenius, measured("frobenius_norm")),
    "lmax": (r"\lambda_{\max}(%s)", largest, values.top_eigenvalue),
    "spectral": (r"\|%s\|_2", spectral, measured("spectral_norm")),
    "nuclear": (r"\|%s\|_*", nuclear, measured("nuclear_norm")),
}


def _of_matrix(norm: Callable[[Matrix], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: norm(at.once(name, MATRICES[name]))


def _of_operator(norm: Callable[[Any], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: norm(OPERATORS[name](at))


def _matrix_quantities() -> dict[str, Quantity]:
    letters = {"G_bb": "G_{bb}", "H_bb": "H_{bb}", "G": "G", "H": "H"}
    found = {}
    for norm, (form, small, large) in NORMS.items():
        for name in MATRICES:
            found[f"{norm}({name})"] = Quantity(form % letters[name], _of_matrix(small, name))
        for name in OPERATORS:
            found[f"{norm}({name})"] = Quantity(form % letters[name], _of_operator(large, name))
    return found


PATH = r"\left(\sum_k |w_k| \sqrt{%s_{bb}[k,k]}\right)"

QUANTITIES: dict[str, Quantity] = {
    "n": Quantity("n", lambda at: known(len(at.forward.X))),
    "d": Quantity("d", lambda at: known(at.net.W.shape[1])),
    "m": Quantity("m", lambda at: known(at.net.W.shape[0])),
    "C1": Quantity("C_1", lambda at: known(at.net.activation.sup1)),
    "C2": Quantity("C_2", lambda at: known(at.net.activation.sup2)),
    "risk": Quantity("R", values.risk),
    "input_gradient": Quantity(r"\mathbb{E}|\nabla_x f|^2", values.input_gradient),
    "smallest_input": Quantity(r"\min_i |x_i|^2", values.smallest_input),
    "norm(a)": Quantity(r"|a|_2", lambda at: values.positive_sum(np.ravel(at.net.a**2), 1).sqrt()),
    "norm1(a)": Quantity(r"|a|_1", lambda at: values.unit_sum(at, np.sum)),
    "norm_inf(a)": Quantity(r"|a|_\infty", lambda at: values.unit_sum(at, np.max)),
    "spectral(W)": Quantity(r"\|W\|_2", values.spectral_weights),
    "frobenius(W)": Quantity(r"\|W\|_F", lambda at: values.positive_sum(np.ravel(at.net.W**2), 1).sqrt()),
    "frobenius(W*W')": Quantity(r"\|W W^\top\|_F", lambda at: frobenius(at.once("W*W'", weight_gram))),
    "inner(W*W', G_bb)": Quantity(r"\langle W W^\top, G_{bb} \rangle", values.weight_gram_inner),
    "sum(|a||w|^2)": Quantity(r"\left(\sum_k |a_k| |w_k|^2\right)", values.weighted_sum),
    "sum(|w|sqrt(G_bb))": Quantity(
        r"\left(\sum_k |w_k| \sqrt{G_{bb}[k,k]}\right)", values.path_bound("G_bb")
    ),
    "sum(|w|sqrt(H_bb))": Quantity(
        r"\left(\sum_k |w_k| \sqrt{H_{bb}[k,k]}\right)", values.path_bound("H_bb")
    ),
    "trace(G_Wb)": Quantity(r"\operatorname{tr} G_{(W,b)}", values.augmented_trace),
    **_matrix_quantities(),
}
