"""What is taken of matrices, where it can be written out in symbols."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.proofs.small.matrices import squares

NORMS: dict[str, Callable[..., sp.Expr]] = {
    "trace": lambda A: A.trace(),
    "inner": lambda A, B: sum(x * y for x, y in zip(A, B, strict=True)),
    "frobenius": lambda A: sp.sqrt(squares(A)),
    "norm": lambda v: sp.sqrt(squares(v)),
    "norm1": lambda v: sum(map(sp.Abs, v)),
    "paths": lambda A, B: sum(sp.sqrt(A[k, k]) * sp.sqrt(B[k, k]) for k in range(A.rows)),
    "rows": lambda A: sp.Integer(A.rows),
    "entry": lambda A: A[0, 0],
    "rayleigh": lambda A, v: (v.T * A * v)[0],
    "roots": lambda x, y: sum(sp.sqrt(sp.expand(x[k] * y[k])) for k in range(len(x))),
    "spread": lambda A, v: sum(sp.sqrt(A[k, k]) * sp.Abs(v[k]) for k in range(A.rows)),
    "total": lambda x: sum(x),
    "weighted": lambda A, v: sum(A[k, k] * sp.Abs(v[k]) for k in range(A.rows)),
}
"""What is taken of matrices, where it can be written out."""
