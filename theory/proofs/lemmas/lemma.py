"""Lemmas: inequalities between norms and means that proofs name, each itself checked.

A lemma speaks of placeholders such as ?A, and a proof binds them to matrices and vectors of a network. What a
lemma needs of them is a list of requirements, which the proof must show by facts
(:mod:`theory.proofs.facts`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from theory.bridge.network import Array

Objects = dict[str, Array]
Requirement = tuple[str, ...]
ROUNDING = 1e-9  # relative, of a comparison in floating point
NOISE = 1e-4  # an eigenvalue this much smaller than its matrix has lost digits
CALL = re.compile(r"(\w+)\((.*)\)")


@dataclass(frozen=True)
class Lemma:
    """An inequality or identity in placeholders.

    Parameters
    ----------
    name : str
        What it is called.
    relation : sympy.Le or sympy.Eq
        In symbols such as ``inner(?A, ?B)``.
    requires : tuple of tuple of str
        Such as ``("psd", "?A")``.
    draw : callable
        numpy Generator -> objects, by placeholder, that meet the requirements.
    squares : callable or None
        Without argument -> (left, right) of an algebraic identity at generic small size that proves it: the
        right side is a sum of squares (or 0, for an identity). None where the lemma is tested, not proved.
    source : str
    """

    name: str
    relation: sp.Basic
    requires: tuple[Requirement, ...]
    draw: Callable[[np.random.Generator], Objects]
    squares: Callable[[], tuple[sp.Expr, sp.Expr]] | None = None
    source: str = ""

    @property
    def verification(self) -> str:
        """How the lemma itself is checked."""
        return "symbolic" if self.squares else "property-tested"

    def instance(self, bound: dict[str, str]) -> sp.Basic:
        """The relation with its placeholders bound.

        Raises
        ------
        ValueError
            If a placeholder is left unbound.
        """
        names = {item: sp.Symbol(fill(item.name, bound), real=True) for item in self.relation.free_symbols}
        if any("?" in item.name for item in names.values()):
            raise ValueError(f"bound must name every placeholder of {self.name}; got {', '.join(bound)}")
        left, right = (side.xreplace(names) for side in self.relation.args)
        return self.relation.func(left, right, evaluate=False)


def fill(text: str, bound: dict[str, str]) -> str:
    """Replace placeholders by what they are bound to.

    Examples
    --------
    >>> fill("inner(?A, ?B)", {"?A": "W*W'", "?B": "G_bb"})
    "inner(W*W', G_bb)"
    """
    for placeholder, name in bound.items():
        text = text.replace(placeholder, name)
    return text


def excess(lemma: Lemma, rng: np.random.Generator, count: int) -> float:
    """By how much `lemma` fails at worst over `count` draws from `rng`, relative to its sides; else <= 0."""
    worst = -np.inf
    for _ in range(count):
        objects = lemma.draw(rng)
        left, right = (numeric(side, objects) for side in lemma.relation.args)
        gap = abs(left - right) if isinstance(lemma.relation, sp.Eq) else left - right
        scale = max(float(np.linalg.norm(item)) for item in objects.values())
        worst = max(worst, gap / (abs(left) + abs(right) + NOISE * scale or 1.0) - ROUNDING)
    return float(worst)


def numeric(expression: sp.Basic, objects: Objects) -> float:
    """Evaluate an expression in terms such as ``trace(?A)`` at arrays."""
    values = {item: term(item.name, objects) for item in expression.free_symbols}
    return float(expression.xreplace({item: sp.Float(value, 17) for item, value in values.items()}))


def term(name: str, objects: Objects) -> float:
    """Evaluate one term at arrays.

    Examples
    --------
    >>> float(term("trace(?A)", {"?A": np.eye(3)}))
    3.0
    """
    match = CALL.fullmatch(name)
    if match is None:
        return float(np.asarray(objects[name]))
    head, arguments = match[1], match[2].split(", ")
    return float(TERMS[head](*(array(argument, objects) for argument in arguments)))


def array(name: str, objects: Objects) -> Any:
    """The array that a term means, by `objects` for its letters.

    A term is a letter such as ``?A``, its transpose ``X'``, a product ``X*Y``, a call of one of `CALLS`, or
    one of `SUMS`, whose letters are multiplied entry by entry.

    Examples
    --------
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> array("?A*?A'", {"?A": A}).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    >>> array("diag(?v)", {"?v": np.array([1.0, 2.0])}).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    if name in SUMS:
        letters = re.findall(r"\?\w", name)
        return SUMS[name](*(objects[letter] for letter in letters))
    call = CALL.fullmatch(name)
    if call:
        return CALLS[call[1]](array(call[2], objects))
    left, product, right = name.partition("*")
    if product:
        factor = float(left) if left.isdecimal() else array(left, objects)
        rest = array(right, objects)
        return factor * rest if left.isdecimal() else factor @ rest
    return array(name[:-1], objects).T if name.endswith("'") else objects[name]


def bordered(v: Array) -> Array:
    """[[0, v^T], [v, 0]]. Shape (k,) -> (k + 1, k + 1)."""
    M = np.zeros((len(v) + 1, len(v) + 1))
    M[0, 1:] = M[1:, 0] = v
    return M


CALLS: dict[str, Callable[[Any], Any]] = {"diag": np.diag, "bordered": bordered}
"""What a term may call on another."""

SUMS: dict[str, Callable[..., Any]] = {
    "1 + ?p": lambda p: 1 + p,
    "mean(?r*?a*?s)": lambda r, a, s: ((r @ a) * s).mean(axis=0),
    "?a*?s": lambda a, s: a[None, :, :] * s[:, None, :],
    "gram(?a*?s)": lambda a, s: np.einsum("ok,ik,ol,il->kl", a, s, a, s) / len(s),
}
"""Terms over samples, outputs and units, whose products are no products of matrices."""


def columns(a: Array) -> Array:
    """Absolute values of a vector's entries, or the norms of a matrix's columns.

    Shape (m,) or (q, m) -> (m,).
    """
    return np.asarray(np.abs(a) if a.ndim == 1 else np.linalg.norm(a, axis=0))


def _energies(c: Array, s: Array, V: Array, Y: Array) -> float:
    return float((s**2 * (Y @ V.T) ** 2).mean(axis=0) @ c)


def _reaches(c: Array, s: Array, V: Array, Y: Array) -> float:
    lengths = (Y**2).sum(axis=1)[:, None] * (V**2).sum(axis=1)
    return float((s**2 * lengths).mean(axis=0) @ c)


def _roots(x: Array, y: Array) -> float:
    return float(np.sqrt(x * y).sum())


TERMS: dict[str, Callable[..., Any]] = {
    "trace": np.trace,
    "inner": lambda A, B: (A * B).sum(),
    "frobenius": lambda A: np.linalg.norm(A),
    "spectral": lambda A: np.linalg.norm(A, 2),
    "nuclear": lambda A: np.linalg.norm(A, "nuc"),
    "lmax": lambda A: np.linalg.eigvalsh(A)[-1],
    "least": lambda A: np.linalg.eigvalsh(A)[0],
    "negative": lambda A: (np.linalg.eigvalsh(A) < -1e-9 * np.abs(A).max()).sum(),
    "rank": lambda A: np.linalg.matrix_rank(A, rtol=1e-9),
    "rows": lambda A: A.shape[0],
    "logdet": lambda A: np.linalg.slogdet(A)[1],
    "diagonal_logs": lambda A: np.log(np.diag(A)).sum(),
    "mean_log": lambda A: len(A) * np.log(np.trace(A) / len(A)),
    "paths": lambda A, B: np.sqrt(np.diag(A) * np.diag(B)).sum(),
    "weighted": lambda A, v: np.diag(A) @ columns(v),
    "norm": lambda v: np.linalg.norm(v),
    "norm1": lambda v: columns(v).sum(),
    "norm_inf": lambda v: columns(v).max(),
    "total": np.sum,
    "energies": _energies,
    "reaches": _reaches,
    "loads": lambda c, V, Y: (Y**2).sum(axis=1).mean() * ((V**2).sum(axis=1) @ c),
    "least_sum": lambda x, y: np.minimum(x, y).sum(),
    "spread": lambda A, v: np.sqrt(np.diag(A)) @ columns(v),
    "mean_trace": lambda L, S: np.einsum("ior,iro->", L, S) / len(L),
    "mean_of_traces": lambda S: np.einsum("ioo->", S) / len(S),
    "roots": _roots,
    "mean_square": lambda r: (r**2).sum() / len(r),
    "mean_of": np.mean,
    "smallest": np.min,
    "mean_product": lambda p, v: (p * v).mean(),
    "rayleigh": lambda A, v: v @ A @ v,
    "entry": lambda A: A[0, 0],
}
"""What the terms of lemmas mean, in floating point."""
