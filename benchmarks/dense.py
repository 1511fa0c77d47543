"""The dense Hessian."""

from collections.abc import Iterator

import numpy as np

import twolayer as tl

from .case import Case, Contender, Work, problem, size_text
from .peers import curvlinops_hessian, jax_risk, torch_risk


def cases(dry: bool) -> Iterator[Case]:
    for n, d, m in [(7, 3, 2)] if dry else [(200, 10, 20), (2000, 10, 80)]:
        yield case(n, d, m)


def case(n: int, d: int, m: int) -> Case:
    net, X, y = problem(n, d, m)

    def by_jax() -> Work:
        jax, risk, theta = jax_risk(net, X, y)
        hessian = jax.jit(jax.hessian(risk))
        return lambda: hessian(theta).block_until_ready()

    def by_torch() -> Work:
        torch, risk, theta = torch_risk(net, X, y)
        return lambda: torch.autograd.functional.hessian(risk, theta)

    def by_curvlinops() -> Work:
        torch, _, operator = curvlinops_hessian(net, X, y)
        return lambda: operator @ torch.eye(operator.shape[1], dtype=torch.float64) / 2

    def by_blas() -> Work:
        from scipy.linalg.blas import dsyrk

        rows = np.random.default_rng(1).normal(size=(n, net.n_parameters))
        return lambda: dsyrk(1.0, rows.T, lower=1)

    def norm(H: object) -> float:
        return float(np.linalg.norm(np.asarray(H)))

    return Case(
        "dense Hessian",
        size_text(n, d, m),
        Contender("twolayer", 1.0, lambda: lambda: tl.Hessian(net, X, y).toarray(), norm),
        [
            Contender("jit jax.hessian", 100.0, by_jax, norm),
            Contender("torch.autograd.functional.hessian", 40.0, by_torch, norm),
            Contender("curvlinops H @ I", 200.0, by_curvlinops, norm),
            Contender("dsyrk of J alone", 1 / 1.25, by_blas),
        ],
    )
