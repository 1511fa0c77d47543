"""Third derivatives of activations and losses in floating point, for what follows gradients of curvature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

import numpy as np
import sympy as sp

from theory.analysis.pieces import pieces
from theory.derivation.letters import e, o, r
from theory.derivation.loss_derivatives import P, softmax_jet
from theory.expressions.activations import z
from theory.expressions.atoms import meaning
from theory.expressions.losses import LOSSES, f, y
from theory.expressions.stable import derivatives
from twolayer.arrays import Array


@lru_cache(maxsize=64)
def third_derivative(expression: sp.Expr) -> Callable[[Array], Array]:
    """The function s''' of an activation s, from its expression; at a kink the limit from the left.

    It keeps the shape of its argument.

    Parameters
    ----------
    expression : sympy.Expr
        In ``theory.expressions.activations.z``, as ``theory.analysis.admission.activation_expression``
        returns it.

    Returns
    -------
    callable
        float64 array -> float64 array of the same shape.

    Notes
    -----
    The stable form of the derivative, so that it fades as it should where the activation saturates. It
    carries no rounding bound: it steers a search and proves nothing.

    Examples
    --------
    >>> third_derivative(z**3)(np.array([0.5, 2.0]))
    array([6., 6.])
    >>> third_derivative(sp.tanh(z))(np.array([0.0]))
    array([-2.])
    """
    parts = [(_compiled(derivatives(part.expr, z, 3)[3]), float(part.upper)) for part in pieces(expression)]

    def evaluate(Z: Array) -> Array:
        found, lower = np.empty_like(Z), -np.inf
        with np.errstate(all="ignore"):
            for function, upper in parts:
                inside = (lower < Z) & (upper >= Z) if len(parts) > 1 else np.ones(Z.shape, dtype=bool)
                found[inside] = function(Z[inside])
                lower = upper
        return found

    return evaluate


def _compiled(form: sp.Expr) -> Callable[[Array], Array]:
    function = sp.lambdify(z, meaning(form), ["numpy", "scipy"])
    return lambda values: np.broadcast_to(function(values), values.shape)


@dataclass(frozen=True)
class LossSlopes:
    """What the derivatives of a loss and of its own derivatives take beyond those that are compiled.

    Parameters
    ----------
    third : callable
        Outputs and targets (n, q) -> d3l/df3 (n, q); of softmax, probabilities (n, q) -> (n, q, q, q).
    by_target : tuple of callable
        Outputs and targets -> dl/dy, d2l/df dy, d3l/df2 dy; empty where targets are labels.
    """

    third: Callable[..., Array]
    by_target: tuple[Callable[[Array, Array], Array], ...] = ()


@cache
def loss_slopes(name: str, real: bool) -> LossSlopes:
    """The derivatives of the loss called `name`, whose targets are `real` numbers or labels.

    Examples
    --------
    >>> slopes = loss_slopes("pseudo_huber", real=True)
    >>> zero, one = np.zeros((1, 1)), np.ones((1, 1))
    >>> float(slopes.third(zero, zero)[0, 0]), float(slopes.by_target[1](one, one)[0, 0])
    (-0.0, -1.0)
    """
    if name == "softmax":
        return LossSlopes(_softmax_third)
    *forms, third = (sp.diff(LOSSES[name], f, order) for order in range(4))
    by_target = [sp.diff(form, y) for form in forms] if real else []
    return LossSlopes(_of_two(third), tuple(map(_of_two, by_target)))


def _of_two(form: sp.Expr) -> Callable[[Array, Array], Array]:
    function = sp.lambdify((f, y), form, "numpy")
    return lambda outputs, targets: np.broadcast_to(function(outputs, targets), outputs.shape)


def _softmax_third(probabilities: Array) -> Array:
    count = probabilities.shape[1]
    values = _softmax_entries(count)(*probabilities.T)
    shape = (count, count, count, len(probabilities))
    entries = np.array([np.broadcast_to(value, shape[3:]) for value in values]).reshape(shape)
    return np.moveaxis(entries, 3, 0)


@cache
def _softmax_entries(count: int) -> Callable[..., list[Array]]:
    third, letters = softmax_jet()[3], sp.symbols(f"p:{count}")
    named = {P[index]: letter for index, letter in enumerate(letters)}
    places = product(range(count), repeat=3)
    entries = [third.subs(dict(zip((o, r, e), place, strict=True))).subs(named) for place in places]
    return sp.lambdify(letters, entries, "numpy")
