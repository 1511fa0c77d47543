"""Activation jets (s, s', s'') beside numpy's tanh alone, per element, on one thread."""

from collections.abc import Callable, Iterator

import numpy as np

from twolayer.model import activation

from .case import Case, Contender, Work

CHEAP = ("tanh", "sigmoid", "relu")
SIZE = 4096  # the arrays stay in the cache


def cases(dry: bool) -> Iterator[Case]:
    rounds = 1 if dry else 100
    Z = np.random.default_rng(0).normal(scale=3.0, size=SIZE)
    outputs = [np.empty_like(Z) for _ in range(3)]
    for name in activation.available():
        allowed = 1.5 if name in CHEAP else 3.0
        yield Case(
            f"jet of {name}",
            f"{rounds * SIZE:,} elements",
            Contender("twolayer", 1.0, repeated(activation.activation(name).jets, rounds, Z, *outputs)),
            [Contender("numpy.tanh", 1 / allowed, repeated(np.tanh, rounds, Z, outputs[0]))],
        )


def repeated(call: Callable[..., object], rounds: int, *arrays: np.ndarray) -> Callable[[], Work]:
    def work() -> None:
        for _ in range(rounds):
            call(*arrays)

    return lambda: work
