"""Certificates: the Hessian in balls, all its eigenvalues, its norm where P is 500, a unique minimum."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import twolayer as tl

from .case import Case, Contender, Work, problem, size_text
from .report import CLOCK

BITS = 128


def cases(dry: bool) -> Iterator[Case]:
    small = (7, 3, 2) if dry else (50, 5, 8)
    yield hessian(*small, 0.0 if dry else 0.05)
    yield eigenvalues(*small, 0.0 if dry else 1.0)
    yield norm(*((7, 3, 2, 0.0) if dry else (200, 10, 42, 10.0)))
    yield minimum(*((40, 1, 2) if dry else (200, 5, 8)))


def waiting(seconds: float) -> Contender:
    """Not a peer but a clock, for a target that is a time."""
    return Contender(f"{CLOCK}, {seconds:g} s", 1.0, lambda: lambda: time.sleep(seconds))


def in_balls(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> Any:
    """The Hessian with nothing remembered from an earlier call but what is derived of the activation."""
    from theory.certify.quantities.exact_network import subject
    from theory.certify.quantities.matrices import named
    from theory.certify.quantities.network import BallNetwork

    return named("H", BallNetwork(subject(net, X, y)))


def trace(M: Any) -> float:
    return float(M.trace().mid())


def at_bits(work: Work) -> Work:
    from theory.certify.balls.balls import precision

    def wrapped() -> Any:
        with precision(BITS):
            return work()

    return wrapped


def hessian(n: int, d: int, m: int, wanted: float) -> Case:
    """Against the same by mpmath's intervals, entry by entry."""
    net, X, y = problem(n, d, m)

    def by_mpmath() -> Work:
        return lambda: mpmath_hessian_trace(net, X, y)

    ours = Contender("twolayer", 1.0, lambda: at_bits(lambda: in_balls(net, X, y)), trace)
    peers = [waiting(wanted), Contender("mpmath.iv, by loops", 10.0, by_mpmath, float)]
    return Case(f"Hessian in balls of {BITS} bits", size_text(n, d, m), ours, peers)


def mpmath_hessian_trace(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> float:
    """The whole Hessian in mpmath's intervals; its trace."""
    from mpmath import iv

    iv.prec = BITS
    (m, d), P = net.W.shape, net.n_parameters
    H = [[iv.mpf(0)] * P for _ in range(P)]
    for x, target in zip(X, y, strict=True):
        x = [*map(iv.mpf, x), iv.mpf(1)]
        z = [
            sum(iv.mpf(w) * v for w, v in zip([*row, b], x, strict=True))
            for row, b in zip(net.W, net.b, strict=True)
        ]
        s = [1 - 2 / (1 + iv.exp(2 * each)) for each in z]
        s1 = [1 - each * each for each in s]
        r = sum(iv.mpf(a) * v for a, v in zip(net.a, s, strict=True)) + iv.mpf(float(net.c)) - iv.mpf(target)
        where = [[m + k * d + j for j in range(d)] + [m + m * d + k] for k in range(m)]
        J = [iv.mpf(0)] * P
        J[P - 1] = iv.mpf(1)
        for k in range(m):
            J[k], u = s[k], iv.mpf(net.a[k]) * s1[k]
            for p, v in zip(where[k], x, strict=True):
                J[p] = u * v
                H[k][p] += r * s1[k] * v / len(X)
                H[p][k] += r * s1[k] * v / len(X)
                for q, w in zip(where[k], x, strict=True):
                    H[p][q] -= 2 * r * s[k] * u * v * w / len(X)
        for p in range(P):
            for q in range(P):
                H[p][q] += J[p] * J[q] / len(X)
    return float(sum(H[p][p] for p in range(P)).mid)


def eigenvalues(n: int, d: int, m: int, wanted: float) -> Case:
    """All of them, from the network; against flint's general eigenvalues of the matrix alone."""
    net, X, y = problem(n, d, m)

    def ours() -> Any:
        from theory.certify.balls.eigenvalues import eigenvalues

        return eigenvalues(in_balls(net, X, y))

    def by_flint() -> Work:
        from flint import acb_mat

        H = at_bits(lambda: in_balls(net, X, y))()
        return at_bits(lambda: acb_mat(H).eig(tol=1e-20))

    peers = [waiting(wanted), Contender("acb_mat.eig of the matrix alone", 1.0, by_flint)]
    ours_all = Contender("twolayer", 1.0, lambda: at_bits(ours))
    return Case("all eigenvalues enclosed", size_text(n, d, m), ours_all, peers)


def norm(n: int, d: int, m: int, wanted: float) -> Case:
    """Of the whole Hessian; against one of the products in it, J^T J."""
    net, X, y = problem(n, d, m)

    def ours() -> float:
        from theory.certify import certify_quantity
        from theory.certify.balls.decimals import number

        low, _ = certify_quantity("frobenius(H)", net, X, y).claim["enclosure"]
        return float(number(low))

    def product() -> Work:
        from theory.certify.quantities.exact_network import subject
        from theory.certify.quantities.matrices import jacobian
        from theory.certify.quantities.network import BallNetwork

        J = at_bits(lambda: jacobian(BallNetwork(subject(net, X, y))))()
        return at_bits(lambda: J.transpose() * J)

    peers = [waiting(wanted), Contender("flint, J^T J alone", 0.1, product)]
    return Case(
        "certificate of the Frobenius norm, 15 digits",
        size_text(n, d, m),
        Contender("twolayer", 1.0, lambda: ours),
        peers,
    )


def minimum(n: int, d: int, m: int) -> Case:
    """Training not included."""
    from numerics.training.trainers import to_minimum

    net, X, _ = problem(n, d, m)
    y = net(X) + 0.05 * np.random.default_rng(1).normal(size=n)

    def ours() -> Work:
        from theory.certify import unique_minimum

        trained = to_minimum(net, X, y, steps=1000).net
        return lambda: unique_minimum(trained, X, y)

    return Case("unique minimum, largest radius", size_text(n, d, m), Contender("twolayer", 1.0, ours))
