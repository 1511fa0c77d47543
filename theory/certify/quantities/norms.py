"""What is taken of a symmetric matrix: norms, extreme eigenvalues, counts, logarithms; all in balls."""

from __future__ import annotations

from collections.abc import Callable

from theory.certify.balls.balls import arb, arb_mat, norm, total
from theory.certify.balls.eigenvalues import eigenvalues
from theory.certify.quantities.matrices import named
from theory.certify.quantities.network import BallNetwork


def spectrum(name: str, at: BallNetwork) -> list[arb]:
    """Enclosures of the eigenvalues of the matrix called `name`, ascending, from memory the second time."""
    return at.once(f"spectrum {name}", lambda here: eigenvalues(named(name, here)))


def structural_rank(name: str, at: BallNetwork) -> int:
    """What the rank of the matrix called `name` cannot exceed: G = J^T Lam J / n by its shape, say."""
    if name == "W*W'" and not at.radius:
        return at.subject.weight_rank()
    n, d, m, q = at.sizes
    P = at.subject.n_parameters
    least = min(n * q, P)
    known = {"W*W'": min(m, d), "K": least, "G": least, "balanced G": least, "stretched G": least}
    return {**known, "G_bb": min(n * q, m), "H_bb": m}.get(name, P)


def _count(certain: int, possible: int) -> arb:
    """An integer between two others."""
    return arb(certain).union(arb(possible))


def _rank(name: str, at: BallNetwork) -> arb:
    values = spectrum(name, at)
    certain, zero = sum(not ball.contains(0) for ball in values), sum(ball.is_zero() for ball in values)
    return _count(certain, min(len(values) - zero, structural_rank(name, at)))


def _negative(name: str, at: BallNetwork) -> arb:
    values = spectrum(name, at)
    return _count(sum(ball < 0 for ball in values), sum(not ball >= 0 for ball in values))


def _entries(taken: Callable[[arb_mat], arb]) -> Callable[[str, BallNetwork], arb]:
    return lambda name, at: taken(named(name, at))


def _mean_log(M: arb_mat) -> arb:
    return M.nrows() * (M.trace() / M.nrows()).log()


NORMS: dict[str, Callable[[str, BallNetwork], arb]] = {
    "trace": _entries(lambda M: M.trace()),
    "frobenius": _entries(lambda M: norm(M.entries())),
    "lmax": lambda name, at: spectrum(name, at)[-1],
    "least": lambda name, at: spectrum(name, at)[0],
    "spectral": lambda name, at: abs(spectrum(name, at)[0]).max(abs(spectrum(name, at)[-1])),
    "nuclear": lambda name, at: total(map(abs, spectrum(name, at))),
    "rank": _rank,
    "negative": _negative,
    "logdet": lambda name, at: total(ball.log() for ball in spectrum(name, at)),
    "diagonal_logs": _entries(lambda M: total(M[i, i].log() for i in range(M.nrows()))),
    "mean_log": _entries(_mean_log),
}
"""What is taken of a matrix, by name."""
