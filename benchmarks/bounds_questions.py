"""What the attack on the bounds asks of a problem, and how an answer is graded by balls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat

import twolayer as tl
from tests.oracle import oracle
from tests.oracle.oracle_jets import balls
from tests.oracle.problem import Problem
from tests.oracle.strategies import ACTIVATIONS, LOSSES

__all__ = ["ACTIVATIONS", "LOSSES", "Answer", "answers"]

PARTS: dict[str, Callable[[Any], Any]] = {
    "H": lambda H: H,
    "G": lambda H: H.gauss_newton,
    "R": lambda H: H.residual,
}
SPECTRA = {"H": ("dense",), "G": ("dense", "kernel"), "R": ("dense", "structured")}
REFUSALS = (ValueError, ArithmeticError, MemoryError)


@dataclass(frozen=True)
class Answer:
    """One answer: its error, the least |value - truth| / error, and error / |truth| (None if truth is 0).

    `refused` and `raised` hold what was said instead; `needless` says that the truth is a float all the same.
    """

    question: str
    error: float = 0.0
    ratio: float = 0.0
    share: float | None = None
    refused: str = ""
    raised: str = ""
    needless: bool = False

    @property
    def wrong(self) -> bool:
        """Whether a promise is broken."""
        return bool(self.raised) or not math.isfinite(self.error) or self.ratio > 1

    def __str__(self) -> str:
        return self.raised or f"{self.question}: error {self.error:.3g}, ratio {self.ratio:.3g}"


def answers(problem: Problem, ask_all: Any = None) -> list[Answer]:
    """Every question about `problem`, answered and graded: those of `ask_all`, by default `questions`."""
    truth = oracle.reference(problem)
    return [_graded(*question) for question in (ask_all or questions)(problem, truth)]


Question = tuple[str, Callable[[], Any], Callable[[], Any]]


def questions(p: Problem, truth: oracle.Reference) -> Iterator[Question]:
    """Name, answer and truth of each question; truths are evaluated when they are wanted."""
    given = p.net, p.X, p.y, p.loss
    yield "risk", lambda: tl.risk(*given), lambda: [truth.risk]
    length = lambda: [oracle.frobenius_norm(oracle.arb_mat([[v] for v in truth.gradient]))]  # noqa: E731
    yield "gradient_norm", lambda: tl.gradient_norm(*given), length
    for part, M in {"H": truth.H, "G": truth.G, "R": truth.R}.items():
        yield from _of_part(p, part, M)
    yield from _of_blocks(p, truth)


def _of_part(p: Problem, part: str, M: Any) -> Iterator[Question]:
    take = PARTS[part]
    spectrum = evaluated_once(lambda: oracle.eigenvalues(M)[::-1])
    yield f"{part}.trace", lambda: take(p.hessian).trace(), lambda: [oracle.trace(M)]
    yield f"{part}.toarray", lambda: matrix(take(p.hessian)), lambda: M
    for method in ("pairs", "dense", None):
        ask = lambda method=method: take(p.hessian).frobenius_norm(method)  # noqa: E731
        yield f"{part}.frobenius_norm({method})", ask, lambda: [oracle.frobenius_norm(M)]
    for method in SPECTRA[part]:
        ask = lambda method=method: take(p.hessian).eigenvalues(method=method)  # noqa: E731
        yield f"{part}.eigenvalues({method})", ask, spectrum
        ask = lambda method=method: take(p.hessian).spectral_norm(method)  # noqa: E731
        yield f"{part}.spectral_norm({method})", ask, lambda: [largest(spectrum())]
        ask = lambda method=method: take(p.hessian).nuclear_norm(method)  # noqa: E731
        yield f"{part}.nuclear_norm({method})", ask, lambda: [total(spectrum())]
    for method in ("dense", "structured"):
        yield f"{part}.logdet({method})", lambda m=method: logdet(take(p.hessian), m), lambda: M
    if part != "R":
        ask = lambda: take(p.hessian).nuclear_norm("trace")  # noqa: E731
        yield f"{part}.nuclear_norm(trace)", ask, lambda: [total(spectrum())]


def _of_blocks(p: Problem, truth: oracle.Reference) -> Iterator[Question]:
    W, a = p.net.layout["W"], p.net.layout["a"]
    for part, M in {"H": truth.H, "R": truth.R}.items():
        inner, cross = (
            evaluated_once(lambda M=M: oracle.block(M, W, W)),
            evaluated_once(lambda M=M: oracle.block(M, a, W)),
        )
        ask = lambda part=part: PARTS[part](p.hessian).block("W").trace()  # noqa: E731
        yield f"{part}.block(W).trace", ask, lambda inner=inner: [oracle.trace(inner())]
        ask = lambda part=part: PARTS[part](p.hessian).block("W").frobenius_norm()  # noqa: E731
        yield f"{part}.block(W).frobenius_norm", ask, lambda inner=inner: [oracle.frobenius_norm(inner())]
        ask = lambda part=part: PARTS[part](p.hessian).block("a", "W").frobenius_norm()  # noqa: E731
        yield f"{part}.block(a, W).frobenius_norm", ask, lambda cross=cross: [oracle.frobenius_norm(cross())]


@dataclass(frozen=True)
class _Matrix:
    values: np.ndarray
    error: float


@dataclass(frozen=True)
class _Shifted:
    """A log-determinant and its shift."""

    measured: tl.Measurement
    shift: float


def matrix(H: Any) -> _Matrix:
    """A matrix as it is formed, and the bound of its error."""
    return _Matrix(H.toarray(), H.rounding_error())


def logdet(H: Any, method: str | None = None) -> _Shifted:
    """At a shift where it is certainly positive definite."""
    return _Shifted(H.logdet(size_of(H), method), size_of(H))


def size_of(H: Any) -> float:
    """Four times the size of a matrix."""
    return 4.0 * float(H.frobenius_norm()) or 1.0


def evaluated_once(make: Callable[[], Any]) -> Callable[[], Any]:
    """What `make` makes, made when it is first asked for."""
    kept: list[Any] = []

    def found() -> Any:
        if not kept:
            kept.append(make())
        return kept[0]

    return found


def _graded(name: str, ask: Callable[[], Any], expected: Callable[[], Any]) -> Answer:
    try:
        found = ask()
    except REFUSALS as refusal:
        if "got" not in str(refusal):
            return Answer(name, raised=f"{name}: {refusal!r}")
        return Answer(name, refused=str(refusal), needless=_needless(name, expected))
    except (Exception, Warning) as raised:
        return Answer(name, raised=f"{name}: {raised!r}")
    return _compared(name, found, expected)


@balls
def _needless(name: str, expected: Callable[[], Any]) -> bool:
    if any(word in name for word in ("toarray", "eigen", "logdet", "nuclear", "spectral", "solve")):
        return False
    return all(abs(truth) < 1e300 for truth in expected())


@balls
def _compared(name: str, found: Any, expected: Callable[[], Any]) -> Answer:
    if isinstance(found, _Matrix):
        truth = expected()
        gap = oracle.frobenius_norm(arb_mat([[arb(v) for v in row] for row in found.values.tolist()]) - truth)
        return _answer(name, gap.abs_lower(), found.error, oracle.frobenius_norm(truth))
    if isinstance(found, _Shifted):
        exact = oracle.log_abs_determinant(oracle.shifted(expected(), found.shift))
        gap = abs(arb(float(found.measured.value)) - exact)
        return _answer(name, gap.abs_lower(), float(found.measured.error), exact)
    if hasattr(found, "gap"):
        try:
            gap, size = found.gap(expected())
        except ZeroDivisionError:  # the balls do not know whether it is singular
            return Answer(name, refused="a matrix must be regular in balls; got one that may not be")
        return _answer(name, gap.abs_lower(), float(np.max(found.measured.error)), size)
    truths, values = expected(), np.ravel(found.value)
    errors = np.broadcast_to(found.error, values.shape)
    if not np.isfinite(values).all():
        return Answer(name, error=math.nan)
    each = [
        _answer(name, abs(arb(float(v)) - t).abs_lower(), float(e), t)
        for v, e, t in zip(values, errors, truths, strict=True)
    ]
    nothing = Answer(name, refused="a number of pairs must be proved; got none")
    return max(each, key=lambda answer: (not math.isfinite(answer.error), answer.ratio), default=nothing)


def _answer(name: str, gap: arb, error: float, truth: arb) -> Answer:
    if not math.isfinite(error):
        return Answer(name, error=error)
    if error > 0:
        ratio = float((gap / arb(error)).abs_lower()) if gap.is_finite() else 0.0
    else:
        ratio = math.inf if gap > 0 else 0.0
    size = truth.abs_lower()
    share = float(arb(error) / size) if size > 0 else None
    return Answer(name, error, ratio, share)


@balls
def largest(spectrum: list[arb]) -> arb:
    """The largest size of eigenvalues in order."""
    return abs(spectrum[0]).max(abs(spectrum[-1]))


@balls
def total(spectrum: list[arb]) -> arb:
    """The sum of their sizes."""
    return sum((abs(v) for v in spectrum), arb(0))
