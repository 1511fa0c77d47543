"""Exact curvature of deep networks beside estimates of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from numerics import deep

from . import THREADS
from .case import Case, Contender, Work

PROBES = {"norm": 60, "trace": 330}  # products with which the estimates are off by 1 %, in the median
RUNS = 9  # of which that is the median
TOP = 5
ROUNDS = 5


def cases(dry: bool) -> Iterator[Case]:
    """The rows, at tiny sizes if `dry`."""
    small = ([4, 3, 3, 2], 6) if dry else ([64, 100, 100, 100, 10], 500)
    wide = ([5, 4, 4, 2], 6) if dry else ([784, 100, 100, 10], 1000)
    widest = ([6, 5, 5, 2], 3) if dry else ([784, 500, 500, 500, 10], 200)
    yield norm(*problem(*small), PROBES["norm"] if not dry else 4)
    yield trace(*problem(*small), PROBES["trace"] if not dry else 6)
    yield product(*problem(*wide))
    yield interpolation(*problem(*widest))
    yield leading(*problem(*wide), 1 if dry else TOP)


def problem(sizes: list[int], n: int) -> tuple[deep.Network, np.ndarray, np.ndarray]:
    """A tanh network as torch draws it, and targets beside its outputs."""
    net = deep.random_network(sizes, "tanh", seed=0, kind="torch")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, sizes[0]))
    return net, X, net(X) + rng.normal(size=(n, sizes[-1]))


def size_text(net: deep.Network, X: np.ndarray) -> str:
    """The size as the table has it."""
    return f"{'-'.join(map(str, net.sizes))} n={len(X):,} P={net.n_parameters:,}"


def norm(net: deep.Network, X: np.ndarray, y: np.ndarray, probes: int) -> Case:
    """The Frobenius norm away from interpolation."""

    def estimate() -> Work:
        _, curvlinops, operator, _ = curvlinops_hessian(net, X, y)
        return lambda: curvlinops.hutchinson_squared_fro(operator, probes)

    def columns() -> Work:
        torch, _, operator, _ = curvlinops_hessian(net, X, y)
        v = torch.ones(operator.shape[1], dtype=torch.float64)
        return lambda: operator @ v

    H, rng = deep.Hessian(net, X, y), np.random.default_rng(1)
    draws = [[H @ rng.standard_normal(H.shape[0]) for _ in range(probes)] for _ in range(RUNS)]
    squares = [float(np.mean([w @ w for w in each])) for each in draws]
    off = median_error(squares, float(H.frobenius_norm()) ** 2)
    ours = Contender("twolayer", 1.0, lambda: lambda: deep.Hessian(net, X, y).frobenius_norm(), float)
    peers = [
        Contender(f"curvlinops, the square from {probes} products, off by {off}", 1.0, estimate),
        Contender(f"curvlinops, one of {net.n_parameters:,} columns", 50.0 / net.n_parameters, columns),
    ]
    return Case("deep: exact Frobenius norm", size_text(net, X), ours, peers)


def trace(net: deep.Network, X: np.ndarray, y: np.ndarray, probes: int) -> Case:
    """The trace."""

    def estimate() -> Work:
        _, curvlinops, operator, _ = curvlinops_hessian(net, X, y)
        return lambda: curvlinops.hutchpp_trace(operator, probes)

    H, rng = deep.Hessian(net, X, y), np.random.default_rng(1)
    off = median_error([hutch(H, probes // 3, rng) for _ in range(RUNS)], float(H.trace()))
    ours = Contender("twolayer", 1.0, lambda: lambda: deep.Hessian(net, X, y).trace(), float)
    peers = [Contender(f"curvlinops, Hutch++ of {probes} products, off by {off}", 1.0, estimate)]
    return Case("deep: exact trace", size_text(net, X), ours, peers)


def median_error(found: list[float], truth: float) -> str:
    """How far estimates by our own products, drawn as the peer draws them, are off in the median."""
    return f"{100 * np.median(np.abs(np.array(found) / truth - 1)):.2g} %"


def hutch(H: deep.Hessian, third: int, rng: np.random.Generator) -> float:
    """Hutch++ of three times `third` products."""
    sketch = np.stack([H @ rng.choice([-1.0, 1.0], H.shape[0]) for _ in range(third)], axis=1)
    Q = np.linalg.qr(sketch)[0]
    G = rng.choice([-1.0, 1.0], (H.shape[0], third))
    G -= Q @ (Q.T @ G)
    inside = sum(float(q @ (H @ q)) for q in Q.T)
    return inside + float(np.mean([g @ (H @ g) for g in G.T]))


def product(net: deep.Network, X: np.ndarray, y: np.ndarray) -> Case:
    """A product, the passes that do not depend on the vector being kept."""
    v = np.random.default_rng(1).normal(size=net.n_parameters)

    def kept() -> Work:
        H = deep.Hessian(net, X, y)
        return lambda: H @ v

    def by_curvlinops() -> Work:
        torch, _, operator, factor = curvlinops_hessian(net, X, y)
        vector = torch.from_numpy(v)
        return lambda: operator @ vector * factor

    def by_jax() -> Work:
        jax, risk, theta = jax_risk(net, X, y)
        found = jax.jit(lambda point, along: jax.jvp(jax.grad(risk), (point,), (along,))[1])
        vector = jax.numpy.asarray(v)
        return lambda: found(theta, vector).block_until_ready()

    def length(found: object) -> float:
        return float(np.linalg.norm(np.asarray(found)))

    peers = [
        Contender("curvlinops", 1.5, by_curvlinops, length),
        Contender("jit jax jvp(grad)", 1.0, by_jax, length),
    ]
    ours = Contender("twolayer", 1.0, kept, length)
    return Case("deep: Hessian-vector product", size_text(net, X), ours, peers)


def interpolation(net: deep.Network, X: np.ndarray, y: np.ndarray) -> Case:
    """All non-zero eigenvalues at zero residuals, beside LAPACK's on the kernel and the products it needs."""
    order = y.size

    def least() -> Work:
        run = deep.Hessian(net, X, net(X)).forward
        rows = [J.reshape(order, -1) for J in run.J]

        def work() -> float:
            K = np.zeros((order, order))
            for h, J in zip(run.h, rows, strict=True):
                gram = np.kron(h @ h.T + 1.0, np.ones((y.shape[1],) * 2))
                K += gram * (J @ J.T)
            return float(np.linalg.eigvalsh(K / len(X))[-1])

        return work

    def largest(found: Any) -> float:
        return float(found.value[0])

    ours = Contender(
        "twolayer", 1.0, lambda: lambda: deep.Hessian(net, X, net(X)).gauss_newton.eigenvalues(), largest
    )
    peers = [Contender("eigvalsh and its products", 0.5, least, float)]
    return Case("deep: spectrum at interpolation", size_text(net, X), ours, peers)


def leading(net: deep.Network, X: np.ndarray, y: np.ndarray, k: int) -> Case:
    """The largest eigenvalues, and how likely it is that one is missing: at this size nothing proves it."""

    def by_eigsh() -> Work:
        from scipy.sparse.linalg import eigsh

        _, _, operator, factor = curvlinops_hessian(net, X, y)
        plain = operator.to_scipy()
        return lambda: factor * eigsh(plain, k, which="LA", tol=1e-6)[0].max()

    ours = Contender(
        "twolayer",
        1.0,
        lambda: lambda: deep.Hessian(net, X, y).eigenvalues(k),
        lambda found: float(found.value[0]),
    )
    return Case(
        f"deep: {k} largest eigenvalues",
        size_text(net, X),
        ours,
        [
            Contender("curvlinops and eigsh to 1e-6", 2.0, by_eigsh, float),
            Contender(f"hessian-eigenthings{worst(net, X, y, k)}", 0.0, lambda: eigenthings(net, X, y, k)),
        ],
    )


def eigenthings(net: deep.Network, X: np.ndarray, y: np.ndarray, k: int) -> Work:
    """The k eigenvalues largest by absolute value, as hessian-eigenthings finds them by default."""
    import hessian_eigenthings

    _, model, data = torch_model(net, X, y)
    operator = hessian_eigenthings.HessianOperator(
        model, data, lambda model, batch: ((model(batch[0]) - batch[1]) ** 2).sum() / (2 * len(X))
    )
    return lambda: hessian_eigenthings.lanczos(operator, k=k, seed=0).eigenvalues.numpy()


def worst(net: deep.Network, X: np.ndarray, y: np.ndarray, k: int) -> str:
    """How far off the worst of them is, in words; nothing where it is not installed."""
    try:
        found = np.sort(np.abs(eigenthings(net, X, y, k)()))
    except ImportError:
        return ""
    truth = np.sort(np.abs(deep.Hessian(net, X, y).eigenvalues(k, "magnitude").value))
    return f", its worst off by {np.abs(found / truth - 1).max():.1g}"


def curvlinops_hessian(net: deep.Network, X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, Any, float]:
    """The modules torch and curvlinops, the latter's operator, and our risk over torch's: q / 2."""
    import curvlinops

    torch, model, data = torch_model(net, X, y)
    operator = curvlinops.HessianLinearOperator(
        model, torch.nn.MSELoss(), list(model.parameters()), data, check_deterministic=False
    )
    return torch, curvlinops, operator, net.n_outputs / 2


def torch_model(net: deep.Network, X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, list[tuple[Any, Any]]]:
    """The module torch, the network as one of its modules, and the data as one batch."""
    import torch

    torch.set_num_threads(THREADS)
    layers: list[Any] = []
    for W, b in net.layers:
        linear = torch.nn.Linear(*W.T.shape).double()
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.array(W)))
            linear.bias.copy_(torch.from_numpy(np.array(b)))
        layers += [linear, torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    return torch, model, [(torch.from_numpy(X), torch.from_numpy(y))]


def jax_risk(net: deep.Network, X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, Any]:
    """The module jax, the risk as a function of theta, and theta."""
    import jax

    jax.config.update("jax_enable_x64", True)
    inputs, targets, layout = jax.numpy.asarray(X), jax.numpy.asarray(y), net.layout

    def risk(theta: Any) -> Any:
        h = inputs
        for l, (W, _) in enumerate(net.layers, 1):
            z = h @ theta[layout[f"W{l}"]].reshape(W.shape).T + theta[layout[f"b{l}"]]
            h = z if l == net.depth else jax.numpy.tanh(z)
        return ((h - targets) ** 2).sum() / (2 * len(inputs))

    return jax, risk, jax.numpy.asarray(net.theta)
