"""The road that is taken beside every road there is: at most 1.3 times the time of the best."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

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

Road = Callable[[tl.Hessian, str | None], Any]

ROADS: dict[str, tuple[Road, tuple[str, ...]]] = {
    "Gauss-Newton matrix": (
        lambda H, road: dense(H.forward, H.gauss_newton.scope, road),
        ("pairs", "jacobian"),
    ),
    "Frobenius norm": (lambda H, road: H.frobenius_norm(road), ("pairs", "dense")),
    "eigenvalues of G": (lambda H, road: H.gauss_newton.eigenvalues(method=road), ("dense", "kernel")),
    "largest eigenvalue": (lambda H, road: H.eigenvalues(1, method=road), ("dense", "lanczos")),
    "spectral norm": (lambda H, road: H.spectral_norm(road), ("dense", "lanczos")),
}


def cases(dry: bool) -> Iterator[Case]:
    """A row for each quantity at each shape; lanczos where it applies."""
    for shape in ((7, 3, 2),) if dry else SHAPES:
        data, size = problem(*shape), size_text(*shape)
        for name, (find, roads) in ROADS.items():
            offered = [road for road in roads if road != "lanczos" or data[0].n_parameters > 20]
            peers = [Contender(road, TARGET, partial(work, find, data, road), number) for road in offered]
            taken = Contender("the road taken", 1.0, partial(work, find, data, None), number)
            yield Case(name, size, taken, peers)


def work(find: Road, data: tuple[tl.TwoLayer, Any, Any], road: str | None) -> Callable[[], Any]:
    """What is timed: from the network to the number."""
    return lambda: find(tl.Hessian(*data), road)
