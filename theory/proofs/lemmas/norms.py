"""The lemmas that proofs name."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import sympy as sp

from theory.bridge.network import Array
from theory.proofs.lemmas.draws import (
    Draw,
    any_matrix,
    at_most,
    draws,
    inner,
    positive,
    psd,
    same,
    symmetric,
    t,
    vector,
)
from theory.proofs.lemmas.identities import (
    cauchy,
    gram_frobenius,
    gram_trace,
    matrix_amgm,
    mean_square,
    roots,
    swap,
)
from theory.proofs.lemmas.lemma import Lemma, Objects
from theory.proofs.lemmas.units import UNIT_LEMMAS


def block(whole: Draw) -> Callable[[np.random.Generator], Objects]:
    """?M, and its principal block ?N."""

    def draw(rng: np.random.Generator) -> Objects:
        M = whole(rng)
        size = rng.integers(1, len(M) + 1)
        return {"?M": M, "?N": M[:size, :size]}

    return draw


def split(part: Draw, other: Draw) -> Callable[[np.random.Generator], Objects]:
    """?M = ?N + ?K."""

    def draw(rng: np.random.Generator) -> Objects:
        N, K = part(rng), other(rng)
        return {"?M": N + K, "?N": N, "?K": K}

    return draw


def averages(rng: np.random.Generator) -> Objects:
    """Values ?r (n, q), weights ?a (q, m), factors ?s (n, m) of at most ?C, and a semidefinite ?A."""
    factors = rng.choice([1.0, -1.0, 0.5, 0.0], (4, 3)) * 10.0 ** rng.uniform(-2, 2)
    return {
        "?r": rng.standard_normal((4, 2)),
        "?a": vector(rng, 6).reshape(2, 3),
        "?s": factors,
        "?C": np.abs(factors).max(),
        "?A": psd(rng),
    }


def definite(rng: np.random.Generator) -> Array:
    """A positive definite matrix. Shape (3, 3)."""
    return np.asarray(psd(rng) + 10.0 ** rng.uniform(-3, 1) * np.eye(3))


PSD_PAIR = (("psd", "?A"), ("psd", "?B"))
_PAIR = draws(A=psd, B=psd)
_GRAM = draws(V=any_matrix)
BLOCK, SUM = ("block", "?N", "?M"), ("sum", "?M", "?N", "?K")
C_MEAN = t("?C"), sp.sqrt(t("mean_square(?r)"))
BOUNDED = ("bounded", "?s", "?C")

ALL = (
    Lemma(
        "von Neumann, spectral",
        at_most(t("inner(?A, ?B)"), t("spectral(?A)") * t("trace(?B)")),
        PSD_PAIR,
        _PAIR,
        source="von Neumann's trace inequality",
    ),
    Lemma(
        "von Neumann, largest",
        at_most(t("inner(?A, ?B)"), t("trace(?A)") * t("lmax(?B)")),
        PSD_PAIR,
        _PAIR,
        source="von Neumann's trace inequality",
    ),
    Lemma(
        "least eigenvalue",
        at_most(t("least(?A)") * t("trace(?B)"), t("inner(?A, ?B)")),
        (("psd", "?B"),),
        draws(A=symmetric, B=psd),
        source="A - least(A) I is positive semidefinite",
    ),
    Lemma(
        "Cauchy-Schwarz",
        at_most(t("inner(?A, ?B)"), t("frobenius(?A)") * t("frobenius(?B)")),
        (),
        draws(A=symmetric, B=symmetric),
        cauchy,
        "Cauchy-Schwarz for the Frobenius inner product",
    ),
    Lemma(
        "AM-GM, matrices",
        at_most(2 * t("inner(?A, ?B)"), t("frobenius(?A)") ** 2 + t("frobenius(?B)") ** 2),
        (),
        draws(A=symmetric, B=symmetric),
        matrix_amgm,
    ),
    Lemma(
        "paths",
        at_most(t("inner(?A, ?B)"), t("paths(?A, ?B)") ** 2),
        PSD_PAIR,
        _PAIR,
        source="|A_kl| <= sqrt(A_kk A_ll) for A >= 0 (Minkowski)",
    ),
    Lemma(
        "Gram, spectral",
        same(t("spectral(?V*?V')"), t("spectral(?V)") ** 2),
        (),
        _GRAM,
        source="singular values",
    ),
    Lemma("Gram, trace", same(t("trace(?V*?V')"), t("frobenius(?V)") ** 2), (), _GRAM, gram_trace),
    Lemma(
        "Gram, Frobenius",
        at_most(t("frobenius(?V*?V')"), t("frobenius(?V)") ** 2),
        (),
        _GRAM,
        gram_frobenius,
        "submultiplicativity",
    ),
    *(
        Lemma(
            f"A B and B A, {head}",
            same(t(f"{head}(?V'*?V)"), t(f"{head}(?V*?V')")),
            (),
            _GRAM,
            squares,
            "equal non-zero eigenvalues",
        )
        for head, squares in {
            "trace": swap(lambda M: M.trace()),
            "frobenius": swap(lambda M: inner(M, M)),
            "lmax": None,
            "nuclear": None,
            "rank": None,
        }.items()
    ),
    Lemma(
        "rank of a Gram matrix", at_most(t("rank(?V'*?V)"), t("rows(?V)")), (), _GRAM, None, "linear algebra"
    ),
    Lemma(
        "Frobenius <= trace",
        at_most(t("frobenius(?A)"), t("trace(?A)")),
        (("psd", "?A"),),
        draws(A=psd),
        source="eigenvalues are non-negative",
    ),
    Lemma("largest <= Frobenius", at_most(t("lmax(?A)"), t("frobenius(?A)")), (), draws(A=symmetric)),
    Lemma("largest <= trace", at_most(t("lmax(?A)"), t("trace(?A)")), (("psd", "?A"),), draws(A=psd)),
    Lemma(
        "trace <= root of rank times Frobenius",
        at_most(t("trace(?A)"), sp.sqrt(t("rank(?A)")) * t("frobenius(?A)")),
        (("psd", "?A"),),
        draws(A=psd),
        source="Cauchy-Schwarz for the non-zero eigenvalues",
    ),
    Lemma(
        "Frobenius <= largest times trace",
        at_most(t("frobenius(?A)") ** 2, t("lmax(?A)") * t("trace(?A)")),
        (("psd", "?A"),),
        draws(A=psd),
    ),
    Lemma(
        "diagonal entry",
        at_most(t("entry(?A)"), t("lmax(?A)")),
        (),
        draws(A=symmetric),
        source="Courant-Fischer",
    ),
    *(
        Lemma(
            f"principal block, {head}",
            at_most(t(f"{head}(?N)"), t(f"{head}(?M)")),
            (BLOCK,),
            block(symmetric),
            source="Cauchy's interlacing theorem",
        )
        for head in ("lmax", "frobenius", "spectral", "nuclear")
    ),
    Lemma(
        "principal block, least",
        at_most(t("least(?M)"), t("least(?N)")),
        (BLOCK,),
        block(symmetric),
        source="Cauchy's interlacing theorem",
    ),
    Lemma(
        "principal block, trace",
        at_most(t("trace(?N)"), t("trace(?M)")),
        (BLOCK, ("psd", "?M")),
        block(psd),
        source="a diagonal that is not negative",
    ),
    *(
        Lemma(
            f"triangle, {head}",
            at_most(t(f"{head}(?M)"), t(f"{head}(?N)") + t(f"{head}(?K)")),
            (SUM,),
            split(symmetric, symmetric),
            source="triangle inequality",
        )
        for head in ("frobenius", "nuclear")
    ),
    *(
        Lemma(
            f"triangle of a difference, {head}",
            at_most(t(f"{head}(?N)"), t(f"{head}(?M)") + t(f"{head}(?K)")),
            (SUM,),
            split(symmetric, symmetric),
            source="triangle inequality",
        )
        for head in ("frobenius", "spectral")
    ),
    Lemma(
        "Weyl",
        at_most(t("lmax(?M)"), t("lmax(?N)") + t("spectral(?K)")),
        (SUM,),
        split(symmetric, symmetric),
        source="Weyl's inequality",
    ),
    Lemma(
        "Weyl, of a difference",
        at_most(t("lmax(?N)"), t("lmax(?M)") + t("spectral(?K)")),
        (SUM,),
        split(symmetric, symmetric),
        source="Weyl's inequality",
    ),
    Lemma(
        "Weyl, largest of a difference",
        at_most(t("lmax(?N)"), t("spectral(?M)") + t("spectral(?K)")),
        (SUM,),
        split(symmetric, symmetric),
        source="Weyl's inequality",
    ),
    Lemma(
        "adding psd, negative",
        at_most(t("negative(?M)"), t("negative(?N)")),
        (SUM, ("psd", "?K")),
        split(symmetric, psd),
        source="Weyl's monotonicity",
    ),
    Lemma(
        "adding psd, least",
        at_most(t("least(?N)"), t("least(?M)")),
        (SUM, ("psd", "?K")),
        split(symmetric, psd),
        source="Weyl's monotonicity",
    ),
    Lemma(
        "Rayleigh",
        at_most(t("rayleigh(?A, ?v)"), t("lmax(?A)") * t("norm(?v)") ** 2),
        (),
        draws(A=symmetric, v=vector),
        source="Courant-Fischer",
    ),
    Lemma(
        "Rayleigh, least",
        at_most(t("least(?A)") * t("norm(?v)") ** 2, t("rayleigh(?A, ?v)")),
        (),
        draws(A=symmetric, v=vector),
        source="Courant-Fischer",
    ),
    Lemma("diagonal, trace", at_most(-t("trace(diag(?v))"), t("norm1(?v)")), (), draws(v=vector)),
    Lemma("diagonal, Frobenius", same(t("frobenius(diag(?v))"), t("norm(?v)")), (), draws(v=vector)),
    Lemma("diagonal, spectral", same(t("spectral(diag(?v))"), t("norm_inf(?v)")), (), draws(v=vector)),
    Lemma(
        "diagonal, inner product",
        at_most(-t("inner(?A, diag(?v))"), t("weighted(?A, ?v)")),
        (("psd", "?A"),),
        draws(A=psd, v=vector),
    ),
    *(
        Lemma(
            f"averages, {head}",
            at_most(t(f"{head}(mean(?r*?a*?s))"), C_MEAN[0] * t(f"{head}(?a)") * C_MEAN[1]),
            (BOUNDED,),
            averages,
            source="triangle inequality, |s| <= C, and Cauchy-Schwarz for the mean",
        )
        for head in ("norm1", "norm", "norm_inf")
    ),
    Lemma(
        "averages, weighted",
        at_most(t("weighted(?A, mean(?r*?a*?s))"), C_MEAN[0] * t("weighted(?A, ?a)") * C_MEAN[1]),
        (("psd", "?A"), BOUNDED),
        averages,
        source="triangle inequality, |s| <= C, and Cauchy-Schwarz for the mean",
    ),
    Lemma(
        "AM-GM, sums",
        at_most(2 * t("roots(?x, ?y)"), t("total(?x)") + t("total(?y)")),
        (("nonnegative", "?x"), ("nonnegative", "?y")),
        draws(x=positive, y=positive),
        roots,
    ),
    Lemma(
        "smallest weight",
        at_most(t("smallest(?p)") * t("mean_of(?v)"), t("mean_product(?p, ?v)")),
        (("nonnegative", "?v"),),
        draws(p=vector, v=positive),
        source="(p - min p) v >= 0",
    ),
    Lemma(
        "smallest weight, plus one",
        at_most((1 + t("smallest(?p)")) * t("mean_of(?v)"), t("mean_product(1 + ?p, ?v)")),
        (("nonnegative", "?v"),),
        draws(p=vector, v=positive),
        source="(p - min p) v >= 0",
    ),
    Lemma("Jensen", at_most(t("mean_of(?v)") ** 2, t("mean_square(?v)")), (), draws(v=vector), mean_square),
    Lemma(
        "trace of a sum",
        same(t("trace(?M)"), t("trace(?N)") + t("trace(?K)")),
        (SUM,),
        split(symmetric, symmetric),
        source="linearity",
    ),
    Lemma(
        "averages of squares",
        at_most(t("mean_square(?a*?s)"), t("?C") ** 2 * t("norm(?a)") ** 2),
        (BOUNDED,),
        averages,
        source="|s| <= C",
    ),
    Lemma(
        "Hadamard",
        at_most(t("logdet(?A)"), t("diagonal_logs(?A)")),
        (("definite", "?A"),),
        draws(A=definite),
        source="Hadamard's inequality",
    ),
    Lemma(
        "AM-GM, logarithms",
        at_most(t("diagonal_logs(?A)"), t("mean_log(?A)")),
        (("definite", "?A"),),
        draws(A=definite),
        source="the logarithm is concave",
    ),
)

lemmas: MappingProxyType[str, Lemma] = MappingProxyType({lemma.name: lemma for lemma in (*ALL, *UNIT_LEMMAS)})
"""Every lemma by name."""
