"""Everything beside plain numpy, over small and large, few and many inputs, units and outputs.

The peer of a number that needs the matrix is numpy's own of the matrix formed in numpy. Where that matrix
would be too large to form, the peer is the matrix products that the formula needs.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import twolayer as tl

from . import dense, product
from .case import Case, Contender
from .plain import Plain

SHAPES = (
    (20, 1, 1),
    (50, 2, 14),
    (200, 10, 20),
    (200, 64, 24),
    (1000, 1, 300),
    (2000, 10, 80),
    (5000, 20, 50),
    (500, 784, 4),
    (20000, 3, 10),
    (20000, 100, 30),
    (1000, 784, 1000),
)
SETTINGS = (("tanh", "squared", 1), ("relu", "squared", 3), ("tanh", "softmax", 10))
FORMED = 3200  # parameters up to which the matrix is formed
WORTH = 2e11  # operations of a dense matrix up to which it is formed
ALLOWED = 1e-4  # seconds, for validation and bounds
LIMIT = 2e10  # operations of a dense matrix up to which automatic differentiation ends within a minute
BUDGET = 1.0  # seconds after which a contender runs no further round
NEAR = 1e-2  # the shift of the inertia, such that there are eigenvalues on both sides
SHIFT = 1e3  # that makes any of these matrices positive definite

Ours = Callable[[tl.TwoLayer, np.ndarray, np.ndarray, str], Any]


CHEAP: dict[str, tuple[Ours, Callable[[Plain], Any], float]] = {
    "risk": (tl.risk, Plain.risk, 1 / 1.5),
    "gradient": (tl.gradient, Plain.gradient, 1 / 1.5),
    "H @ v": (
        lambda net, X, y, loss: tl.Hessian(net, X, y, loss=loss) @ np.ones(net.n_parameters),
        lambda plain: plain.product(np.ones(sum(part.size for part in (plain.A, plain.W, plain.b, plain.c)))),
        1.0,
    ),
    "diagonal": (lambda *at: hessian(*at).diagonal(), Plain.diagonal, 1.0),
    "trace": (lambda *at: hessian(*at).trace(), lambda plain: plain.diagonal().sum(), 1.0),
}
"""What needs no matrix: ours, numpy's, and how many times longer than ours it should take at least."""

WHOLE: dict[str, tuple[Ours, Callable[[Plain], Any], float]] = {
    "dense": (lambda *at: hessian(*at).toarray(), Plain.hessian, 1.0),
    "Frobenius norm": (
        lambda *at: hessian(*at).frobenius_norm(),
        lambda plain: np.linalg.norm(plain.hessian()),
        1.0,
    ),
    "all eigenvalues": (
        lambda *at: hessian(*at).eigenvalues().value[::-1],
        lambda plain: np.linalg.eigvalsh(plain.hessian()),
        1 / 2.5,
    ),
    "five largest": (
        lambda *at: hessian(*at).eigenvalues(min(5, at[0].n_parameters)).value[:5][::-1],
        lambda plain: np.linalg.eigvalsh(plain.hessian())[-5:],
        1 / 2.5,
    ),
    "spectral norm": (
        lambda *at: hessian(*at).spectral_norm(),
        lambda plain: np.abs(np.linalg.eigvalsh(plain.hessian())).max(),
        1 / 2.5,
    ),
    "inertia": (
        lambda *at: hessian(*at).inertia(NEAR),
        lambda plain: (np.linalg.eigvalsh(plain.hessian()) < -NEAR).sum(),
        1 / 2.5,
    ),
    "log-determinant": (
        lambda *at: hessian(*at).logdet(SHIFT),
        lambda plain: np.linalg.slogdet(plain.hessian() + SHIFT * np.eye(len(plain.gradient())))[1],
        1 / 2.5,
    ),
}
"""What numpy has from the matrix."""


def hessian(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray, loss: str) -> tl.Hessian:
    return tl.Hessian(net, X, y, loss=loss)


def cases(dry: bool) -> Iterator[Case]:
    """The rate of matrix products, and a row for each work at each shape and setting."""
    yield matrix_products(50 if dry else 1000)
    for shape in ((7, 3, 2),) if dry else SHAPES:
        for activation, loss, q in SETTINGS:
            yield from at(shape, activation, loss, q)
        yield from beside_autodiff(*shape)


def matrix_products(order: int) -> Case:
    left, right = np.random.default_rng(0).normal(size=(2, order, order))
    works = Contender("dgemm", 1.0, lambda: lambda: left @ right)
    return Case("dgemm", f"order {order:,}: {2 * order**3:.0e} operations", works)


def at(shape: tuple[int, int, int], activation: str, loss: str, q: int) -> Iterator[Case]:
    """Each work at one problem."""
    (n, d, m), (net, plain) = shape, problem(shape, activation, loss, q)
    given = plain.y[:, 0] if net.scalar else plain.y
    P = net.n_parameters
    size = f"n={n:,} d={d} m={m:,} q={q} P={P:,}, {activation}, {loss}"
    works = CHEAP | (WHOLE if P <= FORMED and n * q * P**2 <= WORTH else {})
    for name, (ours, theirs, target) in works.items():
        mine = Contender("twolayer", 1.0, lambda ours=ours: lambda: ours(net, plain.X, given, loss), number)
        peer = Contender("plain numpy", target, lambda theirs=theirs: lambda: theirs(plain), number, ALLOWED)
        yield Case(name, size, mine, [peer], BUDGET)
    if P > FORMED and q == 1:
        yield large_norm(net, plain, given, size)


def beside_autodiff(n: int, d: int, m: int) -> Iterator[Case]:
    """Products, and the matrix where that ends within a minute, by jax, torch and curvlinops."""
    parameters = m * (d + 2) + 1
    found = [product.case(n, d, m)]
    if n * parameters**2 <= LIMIT:
        found.append(dense.case(n, d, m))
    yield from (replace(case, budget=BUDGET) for case in found)


def large_norm(net: tl.TwoLayer, plain: Plain, y: np.ndarray, size: str) -> Case:
    """The Frobenius norm beside its four products over units, two of them symmetric, and one over inputs."""
    (n, d), m = plain.X.shape, len(plain.W)
    left, right, other = (np.random.default_rng(k).normal(size=(n, m)) for k in range(3))
    others = np.random.default_rng(3).normal(size=(n, d))

    def products() -> Any:
        return [left @ right.T, left @ other.T, left @ left.T, right @ right.T, plain.X @ others.T]

    mine = Contender("twolayer", 1.0, lambda: lambda: hessian(net, plain.X, y, plain.loss).frobenius_norm())
    return Case("Frobenius norm", size, mine, [Contender("dgemm, as needed", 1 / 1.5, lambda: products)])


def number(result: Any) -> float:
    """A number that two answers agree in: the norm of all entries, or the value."""
    return float(np.linalg.norm(np.asarray(getattr(result, "value", result), dtype=float)))


def problem(shape: tuple[int, int, int], activation: str, loss: str, q: int) -> tuple[tl.TwoLayer, Plain]:
    """A random network with all biases, and the same for plain numpy."""
    n, d, m = shape
    rng = np.random.default_rng(0)
    A, W = rng.normal(size=(q, m)) / np.sqrt(m), rng.normal(size=(m, d)) / np.sqrt(d)
    b, c, X = rng.normal(size=m), rng.normal(size=q), rng.normal(size=(n, d))
    y = rng.integers(q, size=n) if loss == "softmax" else rng.normal(size=(n, q))
    net = tl.TwoLayer(A[0] if q == 1 else A, W, b, c[0] if q == 1 else c, activation=activation)
    return net, Plain(A, W, b, c, X, y, activation, loss)
