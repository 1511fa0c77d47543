"""Small networks at once: descents of many and few, and exact norms, beside jit(vmap) and plain numpy."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import twolayer as tl
from numerics.files.datasets import digits_task
from numerics.training.many import descend, full_rounds, stochastic_rounds
from twolayer.threads import in_threads

from . import THREADS
from .case import Case, Contender, Work, size_text

RATE = 0.05


def cases(dry: bool) -> Iterator[Case]:
    yield descent(*((40, 8, 3, 5, 10) if dry else (4096, 50, 2, 20, 1000)), target=5.0)
    yield digits(*((40, 8, 5, 10) if dry else (256, 200, 32, 200)), target=2.0)
    for count in (1, 8):
        for batch in (None, 20):
            yield few(*((count, 8, 5, 10) if dry else (count, 200, 32, 1000)), batch)
    yield norms(*((40, 8, 3, 5) if dry else (10_000, 50, 2, 20)), target=20.0)


def ensemble(count: int, n: int, d: int, m: int) -> tuple[tl.Ensemble, np.ndarray, np.ndarray]:
    """tanh networks with hidden biases, and data for them."""
    rng = np.random.default_rng(0)
    a, W = rng.normal(size=(count, m)) / np.sqrt(m), rng.normal(size=(count, m, d)) / np.sqrt(d)
    return tl.Ensemble(a, W, rng.normal(size=(count, m))), rng.normal(size=(n, d)), rng.normal(size=n)


def jax_parts(many: tl.Ensemble, X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, Any]:
    """The module jax, the risk as a function of (a, W, b), and these of every member."""
    import jax

    jax.config.update("jax_enable_x64", True)
    inputs, targets = jax.numpy.asarray(X), jax.numpy.asarray(y)

    def risk(parts: Any) -> Any:
        a, W, b = parts
        return jax.numpy.mean((jax.numpy.tanh(inputs @ W.T + b) @ a - targets) ** 2) / 2

    return jax, risk, tuple(jax.numpy.asarray(part) for part in (many.a, many.W, many.b))


def descent(count: int, n: int, d: int, m: int, steps: int, *, target: float) -> Case:
    """The same steps of full-batch gradient descent, of all starts at once and, in jax, by chunks as well."""
    many, X, y = ensemble(count, n, d, m)
    case = race_of(many, X, y, steps, target)
    return replace(case, peers=[*case.peers, chunked(many, X, y, steps)])


def digits(count: int, n: int, m: int, steps: int, *, target: float) -> Case:
    """The same on real digits, d = 64, beside the matrix products of the formula alone."""
    data = digits_task()
    X, y = data.X[:n] / 16 - 0.5, data.y[:n]
    many, _, _ = ensemble(count, n, X.shape[1], m)
    case = race_of(many, X, y, steps, target)
    return replace(
        case, work="gradient descent of many, digits", peers=[*case.peers, products(many, X, steps)]
    )


def few(count: int, n: int, m: int, steps: int, batch: int | None) -> Case:
    """Full-batch or stochastic descent of few networks on digits; numpy meets the same batches."""
    data = digits_task()
    X, y = data.X[:n] / 16 - 0.5, data.y[:n]
    start, _, _ = ensemble(count, n, X.shape[1], m)
    drawn = {} if batch is None else {"batch_size": batch}

    def ours() -> Any:
        rng = np.random.default_rng(1)
        return descend(start, X, y, steps=steps, learning_rate=RATE, rng=rng, **drawn)[1]

    def theirs() -> Any:
        rng = np.random.default_rng(1)
        rounds = full_rounds(steps) if batch is None else stochastic_rounds(n, steps, batch, rng)
        chosen = [
            row[:size] if size else slice(None) for rows in rounds for row, size in zip(*rows, strict=True)
        ]
        return [numpy_descent(member, X, y, chosen) for member in start]

    peer = Contender("plain numpy, one after the other", 1.0, lambda: theirs, mean)
    size = f"{count} start{'s' * (count > 1)}, {steps} steps, {size_text(n, X.shape[1], m)}"
    work = f"gradient descent of few, digits{f', batches of {batch}' if batch else ''}"
    return Case(work, size, Contender("twolayer", 1.0, lambda: ours, mean), [peer])


def numpy_descent(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray, chosen: list[Any]) -> float:
    """The risk of a tanh network with hidden biases after a step on each choice of samples."""
    a, W, b = net.a.copy(), net.W.copy(), net.b.copy()
    for rows in chosen:
        x = X[rows]
        S = np.tanh(x @ W.T + b)
        g = (S @ a - y[rows]) * (RATE / len(x))
        back = np.outer(g, a) * (1 - S**2)
        a -= g @ S
        W -= back.T @ x
        b -= back.sum(axis=0)
    return float(np.mean((np.tanh(X @ W.T + b) @ a - y) ** 2) / 2)


def products(many: tl.Ensemble, X: np.ndarray, steps: int) -> Contender:
    """X W^T and V^T X of every network and step by numpy's BLAS: no descent can be quicker."""
    _, m, d = many.W.shape
    V = np.ones((len(X), m))

    def all_products(weights: np.ndarray) -> None:
        Z, G = np.empty((len(X), m)), np.empty((d, m))
        for W in weights:
            for _ in range(steps):
                np.dot(X, W, out=Z)
                np.dot(X.T, V, out=G)

    def build() -> Work:
        weights = np.ascontiguousarray(many.W.transpose(0, 2, 1))
        return lambda: in_threads(all_products, np.array_split(weights, THREADS))

    return Contender("dgemm: n x d x m, d x n x m a step", 1.0, build)


def chunked(many: tl.Ensemble, X: np.ndarray, y: np.ndarray, steps: int) -> Contender:
    """Chunks of 256 starts, whose intermediate arrays stay in the caches, one chunk after the other."""

    def build() -> Work:
        jax, train, parts = jax_descent(many, X, y, steps)
        every = jax.jit(lambda at: jax.lax.map(train, at, batch_size=256))
        return lambda: every(parts).block_until_ready()

    return Contender("jax.lax.map(batch_size=256)", 1.0, build, mean)


def mean(risks: Any) -> float:
    return float(np.mean(np.asarray(risks)))


def jax_descent(many: tl.Ensemble, X: np.ndarray, y: np.ndarray, steps: int) -> tuple[Any, Any, Any]:
    """The module jax, the risk after the steps as a function of one start, and all starts."""
    jax, risk, parts = jax_parts(many, X, y)

    def step(_: int, at: Any) -> Any:
        return jax.tree_util.tree_map(lambda part, slope: part - RATE * slope, at, jax.grad(risk)(at))

    return jax, lambda at: risk(jax.lax.fori_loop(0, steps, step, at)), parts


def race_of(many: tl.Ensemble, X: np.ndarray, y: np.ndarray, steps: int, target: float) -> Case:
    def ours() -> Work:
        return lambda: descend(many, X, y, steps=steps, learning_rate=RATE)[1]

    def by_jax() -> Work:
        jax, train, parts = jax_descent(many, X, y, steps)
        every = jax.jit(jax.vmap(train))
        return lambda: every(parts).block_until_ready()

    peer = Contender("jax.jit(vmap)", target, by_jax, mean)
    size = f"{len(many):,} starts, {steps} steps, {size_text(*X.shape, many.W.shape[1])}"
    return Case("gradient descent of many", size, Contender("twolayer", 1.0, ours, mean), [peer])


def norms(count: int, n: int, d: int, m: int, *, target: float) -> Case:
    """Exact Frobenius norms of all Hessians."""
    many, X, y = ensemble(count, n, d, m)

    def by_jax() -> Work:
        jax, risk, (a, W, b) = jax_parts(many, X, y)
        theta = jax.numpy.concatenate([a, W.reshape(count, -1), b], axis=1)

        def flat(point: Any) -> Any:
            return risk((point[:m], point[m : m + m * d].reshape(m, d), point[m + m * d :]))

        def norm(point: Any) -> Any:
            return jax.numpy.linalg.norm(jax.hessian(flat)(point))

        every = jax.jit(lambda points: jax.lax.map(norm, points, batch_size=100))
        return lambda: every(theta).block_until_ready()

    def total(values: Any) -> float:
        return float(np.sum(np.asarray(values)))

    ours = Contender("twolayer", 1.0, lambda: lambda: many.frobenius_norm(X, y), total)
    peer = Contender("jit(vmap(norm(hessian)))", target, by_jax, total)
    return Case("Frobenius norms of many", f"{count:,} networks, {size_text(n, d, m)}", ours, [peer])
