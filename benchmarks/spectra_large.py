"""Counts at hundreds of thousands of parameters, in minutes: with no peer but a clock."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import twolayer as tl
from numerics.commands.bars import share_bar

from .case import Case, Contender, problem, size_text

ROUNDS = 1  # minutes each


def cases(dry: bool) -> Iterator[Case]:
    """The inertia at 0, a log-determinant, a linear system, and a few of the largest eigenvalues."""
    shape = (7, 3, 2) if dry else (1000, 784, 1000)
    data, size = problem(*shape), size_text(*shape)
    for name, ask in (
        ("three largest eigenvalues", lambda H, told: H.eigenvalues(3, progress=told)),
        ("spectral norm of R", lambda H, told: H.residual.spectral_norm(progress=told)),
        ("logdet(50.)", lambda H, told: H.logdet(50.0, progress=told)),
        ("inertia(0.)", lambda H, told: H.inertia(0.0, progress=told)),
        ("solve(ones, 50.)", lambda H, told: H.solve(np.ones(H.shape[0]), 50.0, progress=told)),
    ):
        yield Case(name, size, Contender("twolayer", 1.0, partial(_work, name, ask, data)))


def _work(name: str, ask: Callable[[Any, Any], Any], data: tuple[Any, ...]) -> Callable[[], Any]:
    """The question, from the network on, with a bar on a terminal."""

    def work() -> Any:
        with share_bar(name) as told:
            return ask(tl.Hessian(*data), told)

    return work
