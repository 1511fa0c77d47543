"""Lemmas on sums over units, on single units, and on the curvature of a loss."""

from __future__ import annotations

import numpy as np
import sympy as sp

from theory.proofs.lemmas.draws import (
    at_most,
    draws,
    generic,
    inner,
    positive,
    psd,
    same,
    symmetric,
    t,
    vector,
)
from theory.proofs.lemmas.lemma import Lemma, Objects

BOUNDED = ("bounded", "?s", "?C")
SMALLER = ("nonnegative", "?c")


def activations(rng: np.random.Generator) -> Objects:
    """Weights ?c of units, factors ?s (n, m) of at most ?C, rows ?V (m, d) and ?Y (n, d)."""
    factors = rng.choice([1.0, -1.0, 0.5, 0.0], (4, 3)) * 10.0 ** rng.uniform(-2, 2)
    return {
        "?c": positive(rng),
        "?s": factors,
        "?C": np.abs(factors).max(),
        "?V": vector(rng, 6).reshape(3, 2),
        "?Y": vector(rng, 8).reshape(4, 2),
    }


def slopes(rng: np.random.Generator) -> Objects:
    """Output weights ?a (q, m), factors ?s (n, m) of at most ?C, and a semidefinite ?A."""
    found = activations(rng)
    return {"?a": vector(rng, 6).reshape(2, 3), "?A": psd(rng), "?s": found["?s"], "?C": found["?C"]}


def curvatures(rng: np.random.Generator) -> Objects:
    """Symmetric ?L (n, q, q) of eigenvalues of at most ?C, and semidefinite ?S (n, q, q)."""
    L, S = (np.stack([draw(rng) for _ in range(4)]) for draw in (symmetric, psd))
    return {"?L": L, "?S": S, "?C": max(np.linalg.eigvalsh(each)[-1] for each in L)}


def _lagrange() -> tuple[sp.Expr, sp.Expr]:
    v, y = list(generic("v", 1, 3)), list(generic("y", 1, 3))
    pairs = [(i, j) for i in range(3) for j in range(i)]
    squares = sum((v[i] * y[j] - v[j] * y[i]) ** 2 for i, j in pairs)
    return inner(v, v) * inner(y, y) - inner(v, y) ** 2, squares


def _bordered() -> tuple[sp.Expr, sp.Expr]:
    """The characteristic polynomial of [[0, v^T], [v, 0]] is z^(P - 2) (z^2 - |v|^2)."""
    z, v = sp.Symbol("z", real=True), generic("v", 3, 1)
    M = sp.BlockMatrix([[sp.zeros(1, 1), v.T], [v, sp.zeros(3, 3)]]).as_explicit()
    return (z * sp.eye(4) - M).det() - z**2 * (z**2 - inner(v, v)), sp.S.Zero


def _twice() -> tuple[sp.Expr, sp.Expr]:
    """det(2 z I - 2 A) is a multiple of det(z I - A)."""
    z, A = sp.Symbol("z", real=True), generic("A")
    return (2 * z * sp.eye(2) - 2 * A).det() - 4 * (z * sp.eye(2) - A).det(), sp.S.Zero


UNIT_LEMMAS = (
    Lemma(
        "Cauchy-Schwarz, pre-activations",
        at_most(t("energies(?c, ?s, ?V, ?Y)"), t("reaches(?c, ?s, ?V, ?Y)")),
        (SMALLER,),
        activations,
        _lagrange,
        "(v . y)^2 <= |v|^2 |y|^2 for every unit and sample",
    ),
    Lemma(
        "bounded slopes",
        at_most(t("reaches(?c, ?s, ?V, ?Y)"), t("?C") ** 2 * t("loads(?c, ?V, ?Y)")),
        (SMALLER, BOUNDED),
        activations,
        source="|s| <= C",
    ),
    Lemma(
        "averages of squares, paths",
        at_most(t("paths(?A, gram(?a*?s))"), t("?C") * t("spread(?A, ?a)")),
        (("psd", "?A"), BOUNDED),
        slopes,
        source="|s| <= C",
    ),
    Lemma(
        "the smaller of two",
        at_most(t("least_sum(?x, ?y)"), t("total(?x)")),
        (),
        draws(x=vector, y=vector),
        source="min(x, y) <= x",
    ),
    Lemma(
        "bordered matrix",
        same(t("least(bordered(?v))"), -t("norm(?v)")),
        (),
        draws(v=vector),
        _bordered,
        "the eigenvalues of [[0, v^T], [v, 0]] are |v|, -|v| and zeros",
    ),
    Lemma(
        "scaling by two, least",
        same(t("least(2*?A)"), 2 * t("least(?A)")),
        (),
        draws(A=symmetric),
        _twice,
        "eigenvalues of 2 A",
    ),
    Lemma(
        "curvature below",
        at_most(t("mean_trace(?L, ?S)"), t("?C") * t("mean_of_traces(?S)")),
        (("below", "?L", "?C"), ("psd", "?S")),
        curvatures,
        source="tr(L S) <= C tr S for L <= C I and S >= 0",
    ),
)
