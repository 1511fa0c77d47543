"""The method that is taken beside every method there is: at most 1.3 times the time of the best."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import twolayer as tl
from twolayer.curvature.dense import dense

from .case import Case, Contender, problem, size_text
from .grid import number

SHAPES = (
    (50, 2, 14),
    (200, 10, 20),
    (200, 64, 24),
    (1000, 1, 300),
    (2000, 10, 80),
    (5000, 20, 50),
    (2000, 5, 20),
    (300, 30, 30),
)
TARGET = 1 / 1.3
MANY = 500  # samples, from which on the capacitance matrix of a count by blocks takes minutes

Method = Callable[[tl.Hessian, str | None], Any]

METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    "Gauss-Newton matrix": (
        lambda H, method: dense(H.forward, H.gauss_newton.scope, method),
        ("pairs", "jacobian"),
    ),
    "Frobenius norm": (lambda H, method: H.frobenius_norm(method), ("pairs", "dense")),
    "eigenvalues of G": (lambda H, method: H.gauss_newton.eigenvalues(method=method), ("dense", "kernel")),
    "largest eigenvalue": (lambda H, method: H.eigenvalues(1, method=method), ("dense", "lanczos")),
    "five largest": (lambda H, method: H.eigenvalues(5, method=method), ("dense", "lanczos")),
    "spectral norm": (lambda H, method: H.spectral_norm(method), ("dense", "lanczos")),
    "inertia": (lambda H, method: H.inertia(0.01, method), ("dense", "structured")),
    "inertia at zero": (lambda H, method: H.inertia(0.0, method), ("dense", "structured")),
}


def cases(dry: bool) -> Iterator[Case]:
    """A row for each quantity at each shape; lanczos where it applies."""
    for shape in ((7, 3, 2),) if dry else SHAPES:
        data, size = problem(*shape), size_text(*shape)
        for name, (find, methods) in METHODS.items():
            offered = [method for method in methods if applies(method, *data)]
            peers = [
                Contender(method, TARGET, partial(work, find, data, method), number) for method in offered
            ]
            taken = Contender("the method taken", 1.0, partial(work, find, data, None), number)
            yield Case(name, size, taken, peers)


def applies(method: str, net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> bool:
    """Whether a method is worth timing: Lanczos not of few parameters, blocks not of many samples."""
    return {"lanczos": net.n_parameters > 20, "structured": len(X) <= MANY}.get(method, True)


def work(find: Method, data: tuple[tl.TwoLayer, Any, Any], method: str | None) -> Callable[[], Any]:
    """What is timed: from the network to the number."""
    return lambda: find(tl.Hessian(*data), method)
