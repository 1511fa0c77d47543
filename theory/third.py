"""The third derivative of an activation in floating point, for what follows gradients of curvature."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.activations import z
from theory.atoms import meaning
from theory.pieces import pieces
from theory.stable import derivatives

Array = NDArray[np.float64]


@lru_cache(maxsize=64)
def third_derivative(expression: sp.Expr) -> Callable[[Array], Array]:
    """The function s''' of an activation s, from its expression; at a kink the limit from the left.

    Parameters
    ----------
    expression : sympy.Expr
        In ``theory.activations.z``, as ``theory.expression.activation_expression`` returns it.

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
