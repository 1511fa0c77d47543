"""What the attack asks of functions of all eigenvalues, of counts, of a few eigenvalues and of blocks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from flint import arb, arb_mat

import twolayer as tl
from tests.oracle import oracle
from tests.oracle.oracle_jets import balls
from tests.oracle.problem import Problem

from .bounds_questions import PARTS, Question, evaluated_once, largest

UNKNOWN = arb("nan")  # what balls cannot tell
Spectrum = Callable[[], list[arb]]


@dataclass(frozen=True)
class Between:
    """Numbers (k,) in the middle of what an answer leaves possible, and half its width."""

    value: np.ndarray
    error: np.ndarray

    @classmethod
    def counted(cls, found: tl.Measurement) -> Between:
        """Of a count, whose error lies on one side."""
        half = np.ravel(found.error) / 2
        return cls(np.ravel(found.value) + half, half)

    @classmethod
    def proved(cls, found: Any) -> Between:
        """Of the first eigenvalues, as far as they are proved; by their size where that was sought."""
        return cls(found.value[found.proved], np.asarray(found.error)[found.proved])


def functions(p: Problem, truth: oracle.Reference) -> Iterator[Question]:
    """Functions of the spectrum of each part, counts at any shift, its two ends, and neighbouring blocks."""
    rng = np.random.default_rng(zlib.crc32(repr(p).encode()) + 1)
    for part, M in {"H": truth.H, "G": truth.G, "R": truth.R}.items():
        take = evaluated_once(lambda part=part: PARTS[part](p.hessian))
        spectrum: Spectrum = evaluated_once(lambda M=M: oracle.eigenvalues(M)[::-1])
        shift = float(10.0 ** rng.uniform(-320, 300))
        yield from _of_spectrum(part, take, spectrum, shift)
        yield from _counts(part, take, spectrum, shift)
        yield from _ends(part, take, spectrum)
        yield from _blocks(p, part, take, M)
    weyl = lambda: p.hessian.weyl_bounds()  # noqa: E731
    yield "H.weyl_bounds", weyl, lambda: oracle.eigenvalues(truth.H)[::-1]


def _of_spectrum(part: str, take: Callable[[], Any], spectrum: Spectrum, shift: float) -> Iterator[Question]:
    for p in (1, 3, np.inf):
        ask = lambda p=p: take().schatten_norm(p)  # noqa: E731
        yield f"{part}.schatten_norm({p})", ask, lambda p=p: [_schatten(spectrum(), p)]
    yield f"{part}.stable_rank", lambda: take().stable_rank(), lambda: [_stable_rank(spectrum())]
    asked: dict[str, Callable[[list[arb]], arb]] = {
        "effective_dimension": lambda values: _sum(v / (v + arb(shift)) for v in values),
        "pseudo_logdet": lambda values: _sum(_log_above(abs(v), arb(shift)) for v in values),
        "condition_number": lambda values: _condition([abs(v + arb(shift)) for v in values]),
        "logdet": lambda values: _sum(_log_above(v + arb(shift), arb(0)) for v in values),
    }
    for name, of in asked.items():
        ask = lambda name=name: _finite(getattr(take(), name)(shift))  # noqa: E731
        yield f"{part}.{name}(any)", ask, balls(lambda of=of: [of(spectrum())])


@dataclass(frozen=True)
class FromBelow:
    """What is known from below alone; a value above the truth is wrong by as many times itself."""

    measured: Between

    def gap(self, expected: list[arb]) -> tuple[arb, arb]:
        """How far the value lies above the true one, and that."""
        return (arb(float(self.measured.value[0])) - expected[0]).max(arb(0)), expected[0]


def _finite(found: tl.Measurement) -> Any:
    """A condition number is infinite where an eigenvalue may be -shift: then it is known from below alone."""
    if np.isfinite(found.error):
        return found
    return FromBelow(Between(np.ravel(found.value), np.zeros(1)))


@balls
def _schatten(values: list[arb], p: float) -> arb:
    top = largest(values)
    if p == np.inf or not top > 0:
        return top
    return top * _sum((abs(v) / top) ** int(p) for v in values) ** (1 / arb(p))


@balls
def _stable_rank(values: list[arb]) -> arb:
    return _sum(v * v for v in values) / largest(values) ** 2


def _sum(terms: Any) -> arb:
    return sum(terms, arb(0))


def _log_above(size: arb, threshold: arb) -> arb:
    if size <= threshold:
        return arb(0) if threshold > 0 else UNKNOWN
    return size.log() if size > threshold else UNKNOWN


def _condition(sizes: list[arb]) -> arb:
    least = sizes[0]
    for size in sizes:
        least = least.min(size)
    return largest_of(sizes) / least


def largest_of(sizes: list[arb]) -> arb:
    """The largest of some numbers that are not negative."""
    top = arb(0)
    for size in sizes:
        top = top.max(size)
    return top


def _counts(part: str, take: Callable[[], Any], spectrum: Spectrum, shift: float) -> Iterator[Question]:
    methods = {"H": (None, "structured"), "G": (None, "kernel"), "R": (None, "structured")}
    for method in methods[part]:
        ask = lambda method=method: Between.counted(take().inertia(shift, method))  # noqa: E731
        yield f"{part}.inertia({method})", ask, lambda: [_below(spectrum(), -shift)]
    grid = lambda: [*map(float, take().eigenvalues().value), 0.0]  # noqa: E731
    ask = lambda: Between.counted(take().spectral_distribution(grid()))  # noqa: E731
    yield f"{part}.spectral_distribution", ask, lambda: [_below(spectrum(), x) for x in grid()]
    yield f"{part}.rank", lambda: Between.counted(take().rank()), lambda: [rank_of(spectrum())]


@balls
def _below(values: list[arb], x: float) -> arb:
    certain, possible = (sum(v < arb(x) for v in values), sum(not v >= arb(x) for v in values))
    return arb((certain + possible) / 2, (possible - certain) / 2)


@balls
def rank_of(values: list[arb]) -> arb:
    """How many of the eigenvalues are not zero: a ball of all numbers that theirs allow."""
    certain = sum(v != 0 for v in values)  # of a ball this says that zero is not in it
    possible = len(values) - sum(v == 0 for v in values)
    return arb((certain + possible) / 2, (possible - certain) / 2)


def _ends(part: str, take: Callable[[], Any], spectrum: Spectrum) -> Iterator[Question]:
    for which, order in (("largest", 1), ("smallest", -1)):
        for method in ("lanczos", None):
            found = evaluated_once(
                lambda which=which, method=method: Between.proved(
                    take().eigenvalues(1, which, True, method=method)
                )
            )
            true = lambda found=found, order=order: spectrum()[::order][: len(found().value)]  # noqa: E731
            yield f"{part}.eigenvalues(1, {which}, {method})", found, true


def _blocks(p: Problem, part: str, take: Callable[[], Any], M: arb_mat) -> Iterator[Question]:
    layout = p.net.layout
    for rows, columns in pairwise(layout):
        block = evaluated_once(
            lambda i=layout[rows], j=layout[columns]: arb_mat(
                [[M[r, c] for c in range(j.start, j.stop)] for r in range(i.start, i.stop)]
            )
        )
        for name, of in (
            ("frobenius_norm", oracle.frobenius_norm),
            ("spectral_norm", _top),
            ("nuclear_norm", _total),
        ):
            ask = lambda r=rows, c=columns, name=name: getattr(take().block(r, c), name)()  # noqa: E731
            yield f"{part}.block({rows}, {columns}).{name}", ask, lambda of=of, block=block: [of(block())]


@balls
def _singular(B: arb_mat) -> list[arb]:
    square = B * B.transpose() if B.nrows() <= B.ncols() else B.transpose() * B
    return [v.nonnegative_part().sqrt() for v in oracle.eigenvalues(square)]


def _top(B: arb_mat) -> arb:
    return largest_of(_singular(B))


@balls
def _total(B: arb_mat) -> arb:
    return _sum(_singular(B))
