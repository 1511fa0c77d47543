"""What the attack asks of solutions, of curvature with a ridge, of single units, and of the deep Hessian."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat

import twolayer as tl
from numerics import deep
from tests.oracle import oracle
from tests.oracle.problem import Problem

from .bounds_questions import PARTS, Question, evaluated_once, largest, logdet, matrix, size_of, total

NORMS: dict[str, Callable[[arb_mat], arb]] = {
    "frobenius": oracle.frobenius_norm,
    "trace": oracle.trace,
    "spectral": lambda M: largest(oracle.eigenvalues(M)),
    "nuclear": lambda M: total(oracle.eigenvalues(M)),
}


@dataclass(frozen=True)
class Solution:
    """A solution, its shift and its right side."""

    measured: tl.Measurement
    shift: float
    right: np.ndarray

    def gap(self, M: arb_mat) -> tuple[arb, arb]:
        """How far it is from the true one, and the length of that."""
        wanted = oracle.shifted(M, self.shift).solve(column(self.right))
        return oracle.frobenius_norm(column(self.measured.value) - wanted), oracle.frobenius_norm(wanted)


def column(values: np.ndarray) -> arb_mat:
    """A vector (k,) of floats as balls."""
    return arb_mat([[arb(float(value))] for value in values])


def further(p: Problem, truth: oracle.Reference) -> Iterator[Question]:
    """Questions beside those of the norms of two layers; sizes of right sides and ridges are any."""
    rng = np.random.default_rng(zlib.crc32(repr(p).encode()))
    for part, M in {"H": truth.H, "G": truth.G, "R": truth.R}.items():
        ridge, size = (float(10.0 ** rng.uniform(-320, 300)) if rng.random() < 0.5 else 1.0 for _ in "ab")
        right = size * rng.standard_normal(M.nrows())
        yield from _solutions(part, lambda part=part: PARTS[part](p.hessian), M, right)
        yield from _with_ridge(p, part, M, abs(float(rng.standard_normal())) * ridge)
        yield from _units(p, part, M)
        yield from _deep(p, part, M, right)


def _solutions(part: str, take: Callable[[], Any], M: arb_mat, right: np.ndarray) -> Iterator[Question]:
    for name, shift in (("0", lambda H: 0.0), ("its size", size_of)):

        def ask(shift: Callable[[Any], float] = shift) -> Solution:
            H, moved = take(), shift(take())
            return Solution(H.solve(right, moved), moved, right)

        yield f"{part}.solve({name})", ask, lambda: M


def _with_ridge(p: Problem, part: str, M: arb_mat, ridge: float) -> Iterator[Question]:
    for name, parts in (("all", None), ("a", ["a"])):

        def take(parts: Any = parts) -> Any:
            return PARTS[part](p.hessian).with_ridge(ridge, parts)

        def true(parts: Any = parts) -> arb_mat:
            made, places = arb_mat(M), p.net.layout["a"]
            for i in range(M.nrows()) if parts is None else range(places.start, places.stop):
                made[i, i] += arb(ridge)
            return made

        spectrum = evaluated_once(lambda true=true: oracle.eigenvalues(true())[::-1])
        where = f"{part}.with_ridge({name})"
        yield f"{where}.trace", lambda take=take: take().trace(), lambda true=true: [oracle.trace(true())]
        norm = lambda true=true: [oracle.frobenius_norm(true())]  # noqa: E731
        yield f"{where}.frobenius_norm", lambda take=take: take().frobenius_norm(), norm
        yield f"{where}.toarray", lambda take=take: matrix(take()), true
        yield f"{where}.eigenvalues", lambda take=take: take().eigenvalues(), spectrum
        sum_of = lambda spectrum=spectrum: [total(spectrum())]  # noqa: E731
        yield f"{where}.nuclear_norm", lambda take=take: take().nuclear_norm(), sum_of


def _units(p: Problem, part: str, M: arb_mat) -> Iterator[Question]:
    for kind, norm in NORMS.items():
        ask = lambda kind=kind: PARTS[part](p.hessian).unit_norms(kind)  # noqa: E731
        yield f"{part}.unit_norms({kind})", ask, lambda norm=norm: [norm(block) for block in _blocks(p, M)]
    diagonal = lambda: [oracle.frobenius_norm(arb_mat([[M[i, i]] for i in range(M.nrows())]))]  # noqa: E731
    yield f"{part}.diagonal_norm", lambda: PARTS[part](p.hessian).diagonal_norm(), diagonal


def _blocks(p: Problem, M: arb_mat) -> list[arb_mat]:
    layout, m = p.net.layout, len(p.W)
    places = np.arange(M.nrows())
    parts = [places[layout["a"]].reshape(-1, m).T, places[layout["W"]].reshape(m, -1)]
    parts += [places[layout["b"]].reshape(m, 1)] if p.b is not None else []
    return [_chosen(M, np.concatenate([part[k].ravel() for part in parts]).tolist()) for k in range(m)]


def _chosen(M: arb_mat, places: list[int]) -> arb_mat:
    return arb_mat([[M[i, j] for j in places] for i in places])


def _deep(p: Problem, part: str, M: arb_mat, right: np.ndarray) -> Iterator[Question]:
    """The same network as a deep one, whose parameters stand in another order."""
    layout, name = p.net.layout, f"deep {part}"
    order = [i for group in "Wbac" if group in layout for i in range(layout[group].start, layout[group].stop)]
    made = evaluated_once(lambda: deep.Hessian(deep.Network.of(p.net), p.X, p.y, p.loss))
    moved, spectrum = _chosen(M, order), evaluated_once(lambda: oracle.eigenvalues(M)[::-1])

    def take() -> Any:
        return PARTS[part](made())

    yield f"{name}.trace", lambda: take().trace(), lambda: [oracle.trace(M)]
    yield f"{name}.frobenius_norm", lambda: take().frobenius_norm(), lambda: [oracle.frobenius_norm(M)]
    yield f"{name}.toarray", lambda: matrix(take()), lambda: moved
    for method in (None, "dense"):
        ask = lambda method=method: take().eigenvalues(method=method)  # noqa: E731
        yield f"{name}.eigenvalues({method})", ask, spectrum
    yield f"{name}.spectral_norm", lambda: take().spectral_norm(), lambda: [largest(spectrum())]
    yield f"{name}.nuclear_norm", lambda: take().nuclear_norm(), lambda: [total(spectrum())]
    yield f"{name}.logdet", lambda: logdet(take()), lambda: M
    yield from _solutions(name, take, moved, right)
