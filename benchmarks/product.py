"""Hessian-vector products."""

from collections.abc import Iterator

import numpy as np

import twolayer as tl

from .case import Case, Contender, Work, problem, size_text
from .peers import curvlinops_hessian, jax_risk


def cases(dry: bool) -> Iterator[Case]:
    """With the forward pass inside the timing, as in the peers, and with it kept between products."""
    sizes = (9, 4, 3) if dry else (1000, 784, 1000)
    net, X, y = problem(*sizes)
    v = direction(net)

    def kept() -> Work:
        H = tl.Hessian(net, X, y)
        return lambda: H @ v

    scratch = case(*sizes)
    again = Contender("twolayer", 1.0, kept, norm)
    yield Case(f"{scratch.work}, from scratch", scratch.size, scratch.ours, scratch.peers)
    yield Case(f"{scratch.work}, again", scratch.size, again, scratch.peers)


def case(n: int, d: int, m: int) -> Case:
    """One product, the forward pass inside the timing."""
    net, X, y = problem(n, d, m)
    v = direction(net)

    def by_curvlinops() -> Work:
        torch, _, operator = curvlinops_hessian(net, X, y)
        layout = [net.layout[name] for name in ("W", "b", "a", "c")]
        vector = torch.from_numpy(np.concatenate([v[part] for part in layout]))
        return lambda: operator @ vector / 2

    def by_jax() -> Work:
        jax, risk, theta = jax_risk(net, X, y)
        product = jax.jit(lambda point, along: jax.jvp(jax.grad(risk), (point,), (along,))[1])
        vector = jax.numpy.asarray(v)
        return lambda: product(theta, vector).block_until_ready()

    return Case(
        "Hessian-vector product",
        size_text(n, d, m),
        Contender("twolayer", 1.0, lambda: lambda: tl.Hessian(net, X, y) @ v, norm),
        [
            Contender("curvlinops", 3.0, by_curvlinops, norm),
            Contender("jit jax jvp(grad)", 2.0, by_jax, norm),
        ],
    )


def direction(net: tl.TwoLayer) -> np.ndarray:
    return np.random.default_rng(1).normal(size=net.n_parameters)


def norm(product: object) -> float:
    return float(np.linalg.norm(np.asarray(product)))
