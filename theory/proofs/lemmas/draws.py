"""Random and symbolic matrices on which lemmas are checked, and short ways to write their relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from theory.bridge.network import Array
from theory.proofs.lemmas.lemma import Objects

Draw = Callable[[np.random.Generator], Array]


def t(name: str) -> sp.Symbol:
    """The symbol of a term, such as ``trace(?A)``."""
    return sp.Symbol(name, real=True)


def at_most(left: sp.Expr, right: sp.Expr) -> sp.Basic:
    """left <= right, kept as written."""
    return sp.Le(left, right, evaluate=False)


def same(left: sp.Expr, right: sp.Expr) -> sp.Basic:
    """left = right, kept as written."""
    return sp.Eq(left, right, evaluate=False)


def any_matrix(rng: np.random.Generator, rows: int = 3, columns: int = 4) -> Array:
    """A matrix of wildly different singular values, now and then of rank one. Shape (rows, columns)."""
    left, right = rng.standard_normal((rows, rows)), rng.standard_normal((rows, columns))
    scale = 10.0 ** rng.uniform(-2, 2, rows)
    if rng.random() < 0.3:
        scale[1:] = 0.0
    return np.asarray(left @ (scale[:, None] * right))


def psd(rng: np.random.Generator, size: int = 3) -> Array:
    """A positive semidefinite matrix. Shape (size, size)."""
    V = any_matrix(rng, size)
    return np.asarray(V @ V.T)


def symmetric(rng: np.random.Generator, size: int = 3) -> Array:
    """A symmetric matrix, definite one way or the other or neither. Shape (size, size)."""
    return np.asarray(rng.choice([1, -1, 0]) * psd(rng, size) + rng.choice([1, -1, 0]) * psd(rng, size))


def vector(rng: np.random.Generator, size: int = 3) -> Array:
    """A vector of wildly different entries. Shape (size,)."""
    return np.asarray(rng.standard_normal(size) * 10.0 ** rng.uniform(-2, 2, size))


def positive(rng: np.random.Generator) -> Array:
    """A vector of non-negative entries, now and then zero. Shape (3,)."""
    return np.abs(vector(rng)) * (rng.random(3) < 0.8)


def draws(**each: Draw) -> Callable[[np.random.Generator], Objects]:
    """Draw each placeholder, given without its question mark, on its own."""
    return lambda rng: {f"?{name}": draw(rng) for name, draw in each.items()}


def generic(name: str, rows: int = 2, columns: int = 2) -> sp.Matrix:
    """A matrix of real symbols."""
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{i}{j}", real=True))


def inner(A: Any, B: Any) -> sp.Expr:
    """Sum of the products of entries."""
    return sum(x * y for x, y in zip(A, B, strict=True))
