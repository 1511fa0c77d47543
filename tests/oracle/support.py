"""The support table of the documentation, made by asking for everything and checking every answer.

``python -m tests.oracle > docs/support.md`` writes the page; ``test_support.py`` compares.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from flint import acb_mat, arb, arb_mat

from tests.oracle import oracle, strategies
from tests.oracle.problem import Problem

LOSSES = {"squared": (1, 3), "pseudo_huber": (1, 3), "logistic": (1, 3), "softmax": (3,)}
BIASES = list(product((False, True), repeat=2))
PARTS = ("H", "G", "R")
SHIFT = 8.0  # makes every matrix below positive definite
NARROW = 1e-11  # of the value, or of 1: what an error bound may be

HEAD = """# What is supported

Made from a test: each quantity is asked of $H$, of its Gauss-Newton part $G$ and of its residual part $R$,
of networks with one and with three outputs, with and without hidden and output biases, and compared with a
truth of 120 digits that comes from other code.

- **exact**: every answer says that it is exact, and the truth lies within its error bound, which is below
  1e-11. (The error of `rank()` and `inertia()` is the number of eigenvalues too close to call.)
- **rounded**: an array of float64, which states no error of its own; every entry agrees to 13 digits of the
  largest. `rounding_error()` bounds the error of `toarray()`.

"""
SECOND = """
The same for every built-in activation, with the squared loss:

"""


@dataclass(frozen=True)
class Quantity:
    """A question, as written in the table; how to ask it; and the truth, from a matrix of balls."""

    text: str
    ask: Callable[[Any], Any]
    truth: Callable[[arb_mat, Problem], Any]
    parts: str = "HGR"


@oracle.balls
def spectrum(M: arb_mat) -> list[arb]:
    """Eigenvalues, descending, at 120 digits; G and R have multiple zeros, which no ball can isolate."""
    values = [v.real.mid() for v in acb_mat(M.mid()).eig(algorithm="approx")]
    return sorted((arb(0) if abs(v) < 1e-80 else v for v in values), reverse=True)


@oracle.balls
def total(values: Iterable[arb]) -> arb:
    return sum(values, arb(0))


def part(M: arb_mat, problem: Problem, rows: str, columns: str) -> arb_mat:
    where = problem.net.layout
    return oracle.block(M, where[rows], where[columns])


def frobenius(M: arb_mat, problem: Problem) -> list[arb]:
    return [oracle.frobenius_norm(M)]


def eigenvalues(M: arb_mat, problem: Problem) -> list[arb]:
    return spectrum(M)


def largest(M: arb_mat, problem: Problem) -> list[arb]:
    return spectrum(M)[:2]


def negatives(M: arb_mat, problem: Problem) -> list[int]:
    return [sum(v < 0 for v in spectrum(M))]


def logdet(M: arb_mat, problem: Problem) -> list[arb]:
    return [total((v + SHIFT).log() for v in spectrum(M))]


ROUNDED = (
    Quantity("toarray()", lambda H: H.toarray(), lambda M, p: M.entries()),
    Quantity("diagonal()", lambda H: H.diagonal(), lambda M, p: [M[i, i] for i in range(M.nrows())]),
    Quantity("H @ v", lambda H: H @ np.ones(H.shape[1]), lambda M, p: oracle.product(M, np.ones(M.ncols()))),
    Quantity(
        'block("a", "W").toarray()',
        lambda H: H.block("a", "W").toarray(),
        lambda M, p: part(M, p, "a", "W").entries(),
    ),
)
EXACT = (
    Quantity("trace()", lambda H: H.trace(), lambda M, p: [oracle.trace(M)]),
    Quantity('frobenius_norm("pairs")', lambda H: H.frobenius_norm("pairs"), frobenius),
    Quantity('frobenius_norm("dense")', lambda H: H.frobenius_norm("dense"), frobenius),
    Quantity(
        'block("W").frobenius_norm()',
        lambda H: H.block("W").frobenius_norm(),
        lambda M, p: frobenius(part(M, p, "W", "W"), p),
    ),
    Quantity("eigenvalues()", lambda H: H.eigenvalues(), eigenvalues),
    Quantity("eigenvalues(2)", lambda H: H.eigenvalues(2), largest),
    Quantity(
        'gauss_newton.eigenvalues(method="kernel")',
        lambda G: G.eigenvalues(method="kernel"),
        eigenvalues,
        "G",
    ),
    Quantity(
        'residual.eigenvalues(method="structured")',
        lambda R: R.eigenvalues(method="structured"),
        eigenvalues,
        "R",
    ),
    Quantity("spectral_norm()", lambda H: H.spectral_norm(), lambda M, p: [max(map(abs, spectrum(M)))]),
    Quantity("nuclear_norm()", lambda H: H.nuclear_norm(), lambda M, p: [total(map(abs, spectrum(M)))]),
    Quantity("rank()", lambda H: H.rank(), lambda M, p: [sum(v != 0 for v in spectrum(M))]),
    Quantity("inertia(0)", lambda H: H.inertia(0.0), negatives),
    Quantity('inertia(0, "structured")', lambda H: H.inertia(0.0, "structured"), negatives),
    Quantity("logdet(s)", lambda H: H.logdet(SHIFT), logdet),
    Quantity('logdet(s, "structured")', lambda H: H.logdet(SHIFT, "structured"), logdet),
)
FEW = ("trace()", 'frobenius_norm("pairs")', "eigenvalues()", "nuclear_norm()")


def problem(loss: str, outputs: int, biased: bool, offset: bool) -> Problem:
    """A small problem of the kind asked for, with labels that the loss accepts."""
    rng = np.random.default_rng(7)
    n, d, m = 4, 2, 2
    shape = () if outputs == 1 else (outputs,)
    y = rng.standard_normal((n, *shape))
    y = {"logistic": (y > 0) * 1.0, "softmax": np.arange(n) % outputs}.get(loss, y)
    b = rng.standard_normal(m) if biased else None
    c = rng.standard_normal(shape) if offset else None
    a, W, X = rng.standard_normal((*shape, m)), rng.standard_normal((m, d)), rng.standard_normal((n, d))
    return Problem(a, W, b, c, X, y, "tanh", loss)


def operators(asked: Problem, parts: str) -> Iterator[tuple[Any, arb_mat]]:
    """H, G, R of a problem, or those among them that are wanted, beside their truths."""
    H, truth = asked.hessian, oracle.reference(asked)
    found = {"H": (H, truth.H), "G": (H.gauss_newton, truth.G), "R": (H.residual, truth.R)}
    return (found[part] for part in parts)


def within(answer: Any, truth: list[Any]) -> bool:
    """Whether the answer is exact, its error bound holds entry by entry, and, unless it counts, is narrow."""
    errors = np.broadcast_to(answer.error, np.shape(answer.value)).ravel()
    holds = all(
        abs(arb(float(v)) - t) <= arb(float(e))
        for v, e, t in zip(np.ravel(answer.value), errors, truth, strict=True)
    )
    counts = isinstance(truth[0], int)
    return answer.exact and holds and (counts or max(errors) <= NARROW * max(1.0, np.abs(answer.value).max()))


def agrees(answer: np.ndarray, truth: list[arb]) -> bool:
    """Whether an array agrees with its truth to 13 digits of the largest entry."""
    tolerance = arb(1e-13) * max(float(abs(t).upper()) for t in truth)
    return all(abs(arb(float(v)) - t) <= tolerance for v, t in zip(answer.ravel(), truth, strict=True))


def grade(quantity: Quantity, loss: str, activation: str = "tanh") -> str:
    """What the table says of a quantity, a loss and an activation."""
    check, word = (agrees, "rounded") if quantity in ROUNDED else (within, "exact")
    for outputs, (biased, offset) in product(LOSSES[loss], BIASES):
        asked = problem(loss, outputs, biased, offset).but(activation=activation)
        for operator, truth in operators(asked, quantity.parts):
            if not check(quantity.ask(operator), quantity.truth(truth, asked)):
                return "no"
    return word


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, ["---"] * len(heads), *rows])


def by_loss() -> str:
    """Quantities against losses."""
    heads = ["quantity", *(f"`{loss}`" for loss in LOSSES)]
    return table(heads, [[f"`{q.text}`", *(grade(q, loss) for loss in LOSSES)] for q in (*ROUNDED, *EXACT)])


def by_activation() -> str:
    """Activations against a few quantities."""
    few = [quantity for quantity in EXACT if quantity.text in FEW]
    heads = ["activation", *(f"`{quantity.text}`" for quantity in few)]
    names = strategies.ACTIVATIONS
    return table(heads, [[f"`{name}`", *(grade(q, "squared", name) for q in few)] for name in names])


def page() -> str:
    """The whole page, Markdown."""
    return HEAD + by_loss() + SECOND + by_activation()
