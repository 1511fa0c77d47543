"""The exact Frobenius norm, where the dense matrix fits and where it does not."""

from collections.abc import Iterator

import numpy as np

import twolayer as tl

from .case import Case, Contender, Work, problem, size_text
from .peers import curvlinops_hessian, jax_risk


def cases(dry: bool) -> Iterator[Case]:
    yield moderate(*((7, 3, 2) if dry else (1000, 64, 100)))
    yield large(*((9, 4, 8) if dry else (1000, 784, 1000)))


def ours(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> Contender:
    return Contender("twolayer", 1.0, lambda: lambda: tl.Hessian(net, X, y).frobenius_norm(), float)


def moderate(n: int, d: int, m: int) -> Case:
    """Against the norm of the dense matrix."""
    net, X, y = problem(n, d, m)

    def by_jax() -> Work:
        jax, risk, theta = jax_risk(net, X, y)
        norm = jax.jit(lambda point: jax.numpy.linalg.norm(jax.hessian(risk)(point)))
        return lambda: norm(theta).block_until_ready()

    peer = Contender("jit norm(jax.hessian)", 300.0, by_jax, float)
    return Case("exact Frobenius norm", size_text(n, d, m), ours(net, X, y), [peer])


def large(n: int, d: int, m: int) -> Case:
    """Against one Hessian-vector product, an estimate, and the matrix products of the formula."""
    net, X, y = problem(n, d, m)

    def one_product() -> Work:
        torch, _, operator = curvlinops_hessian(net, X, y)
        v = torch.ones(operator.shape[1], dtype=torch.float64)
        return lambda: operator @ v

    def estimate() -> Work:
        _, curvlinops, operator = curvlinops_hessian(net, X, y)
        return lambda: curvlinops.hutchinson_squared_fro(operator, 20)

    def products() -> Work:
        rng = np.random.default_rng(1)
        left, right = rng.normal(size=(n, m)), rng.normal(size=(n, m))  # distinct, or numpy calls dsyrk
        other = rng.normal(size=(n, d))
        return lambda: [*(left @ right.T for _ in range(5)), X @ other.T]

    return Case(
        "exact Frobenius norm",
        size_text(n, d, m),
        ours(net, X, y),
        [
            Contender("curvlinops, one H @ v", 1.0, one_product),
            Contender("curvlinops, 20-probe estimate", 10.0, estimate),
            Contender("dgemm: 5 n x m x n, 1 n x d x n", 1.0, products),
        ],
    )
