"""Which parameters and which parts of the Hessian are meant, and the inputs that belong to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array
from .values import Values

GROUPS = ("a", "W", "b", "c")


@dataclass(frozen=True)
class Scope:
    """Which parameters and which parts of the Hessian are meant.

    Attributes
    ----------
    groups : tuple of str
        Parameter parts, in the order of theta; a principal block of the Hessian.
    gauss_newton, residual : bool
        Whether G and R are included.
    """

    groups: tuple[str, ...]
    gauss_newton: bool = True
    residual: bool = True

    def has(self, group: str) -> bool:
        """Whether the parameter part is included."""
        return group in self.groups

    def only(self, **parts: Any) -> Scope:
        """The same scope with some attributes replaced."""
        return replace(self, **parts)


def squared_inputs(forward: Values, scope: Scope) -> Array:
    """|x~_i|^2 of the included inputs: |x_i|^2 with W, plus 1 with b. Shape (n,)."""
    return np.asarray(scope.has("W") * np.einsum("ij,ij->i", forward.X, forward.X) + scope.has("b"))


def input_gram(forward: Values, scope: Scope, left: slice, right: slice) -> Array:
    """K0_ij = x~_i . x~_j of the included inputs, for two blocks of samples. Shape (left, right)."""
    if not scope.has("W"):
        shape = forward.X[left].shape[0], forward.X[right].shape[0]
        return np.full(shape, float(scope.has("b")))
    gram = np.asarray(forward.X[left] @ forward.X[right].T)
    if scope.has("b"):
        gram += 1.0
    return gram


def sizes(forward: Values, scope: Scope) -> dict[str, int]:
    """Number of parameters in each included part, in the order of theta."""
    return {name: size for name, size in forward.net.part_sizes.items() if name in scope.groups}


def order(forward: Values, scope: Scope) -> int:
    """P, the number of included parameters."""
    parts = forward.net.part_sizes
    return sum(parts[name] for name in scope.groups)


def unit_size(forward: Values, scope: Scope) -> int:
    """d~, the number of the included weights and biases that go into one unit."""
    return int(forward.X.shape[1] * scope.has("W") + scope.has("b"))


def unit_inputs(forward: Values, scope: Scope) -> Array:
    """x~: the inputs, if W is included, and a column of ones, if b is; shape (n, d~)."""
    n = forward.n
    X = forward.X if scope.has("W") else np.empty((n, 0))
    return np.concatenate([X, np.ones((n, 1))], axis=1) if scope.has("b") else X


def unit_columns(forward: Values, scope: Scope) -> np.ndarray:
    """Where the input weights w~_k = (w_k, b_k) of unit k stand among the included parameters: (m, d + 1)."""
    m, d = forward.net.W.shape
    offset, found = 0, []
    for name, size in sizes(forward, scope).items():
        if name == "W":
            found.append(offset + np.arange(m * d).reshape(m, d))
        elif name == "b":
            found.append(offset + np.arange(m).reshape(m, 1))
        offset += size
    return np.concatenate([*found, np.empty((m, 0), dtype=np.intp)], axis=1).astype(np.intp)
