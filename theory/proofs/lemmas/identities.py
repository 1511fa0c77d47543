"""The identities that lemmas rest on: both sides written out at a small size."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.proofs.lemmas.draws import generic, inner


def cauchy() -> tuple[sp.Expr, sp.Expr]:
    """|A|^2 |B|^2 - <A, B>^2 as a sum of squares, by Lagrange's identity."""
    A, B = list(generic("A")), list(generic("B"))
    pairs = [(i, j) for i in range(4) for j in range(i)]
    squares = sum((A[i] * B[j] - A[j] * B[i]) ** 2 for i, j in pairs)
    return inner(A, A) * inner(B, B) - inner(A, B) ** 2, squares  # Lagrange's identity


def matrix_amgm() -> tuple[sp.Expr, sp.Expr]:
    """|A|^2 + |B|^2 - 2 <A, B> is |A - B|^2."""
    A, B = generic("A"), generic("B")
    return inner(A, A) + inner(B, B) - 2 * inner(A, B), inner(A - B, A - B)


def gram_trace() -> tuple[sp.Expr, sp.Expr]:
    """tr V V^T is |V|_F^2."""
    V = generic("V", 2, 3)
    return (V * V.T).trace() - inner(V, V), sp.S.Zero


def gram_frobenius() -> tuple[sp.Expr, sp.Expr]:
    """|V|_F^4 - |V V^T|_F^2 is twice the sum of the 2 x 2 Gram determinants, squares by Lagrange."""
    V = generic("V", 2, 3)
    x, y = V.row(0), V.row(1)
    pairs = [(i, j) for i in range(3) for j in range(i)]
    squares = 2 * sum((x[i] * y[j] - x[j] * y[i]) ** 2 for i, j in pairs)
    return inner(V, V) ** 2 - inner(V * V.T, V * V.T), squares


def swap(norm: Callable[[sp.Matrix], sp.Expr]) -> Callable[[], tuple[sp.Expr, sp.Expr]]:
    """A norm of V V^T is that of V^T V."""

    def identity() -> tuple[sp.Expr, sp.Expr]:
        V = generic("V", 2, 3)
        return norm(V * V.T) - norm(V.T * V), sp.S.Zero

    return identity


def roots() -> tuple[sp.Expr, sp.Expr]:
    """x + y - 2 sqrt(x y) is the square of sqrt(x) - sqrt(y)."""
    x, y = sp.symbols("x y", nonnegative=True)
    return x + y - 2 * sp.sqrt(x * y), (sp.sqrt(x) - sp.sqrt(y)) ** 2


def mean_square() -> tuple[sp.Expr, sp.Expr]:
    """The mean of squares less the square of the mean is the mean of squared deviations."""
    x = sp.symbols("x0:3", real=True)
    mean = sum(x) / 3
    return sum(e**2 for e in x) / 3 - mean**2, sum((e - mean) ** 2 for e in x) / 3
