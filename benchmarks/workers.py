"""Two workers against one: labelling starts on executors of processes."""

import atexit
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from functools import cache

import numpy as np

from numerics import basins
from numerics.sweeps.executors import executor
from numerics.training.starts import starts

from .case import Case, Contender, Work
from .flow import student

OPEN = ExitStack()
atexit.register(OPEN.close)


@cache
def workers(count: int) -> Executor:
    """An executor of `count` processes, open until the end."""
    pool = OPEN.enter_context(executor(f"processes:{count}"))
    assert pool is not None
    return pool


def cases(dry: bool) -> Iterator[Case]:
    landscape = student()
    begin = starts(landscape.net, 4 if dry else 256, seed=0)

    def by(count: int) -> Work:
        def labels() -> np.ndarray:
            rng = np.random.default_rng(0)
            return basins.sample(landscape, begin, rng=rng, executor=workers(count)).labels

        return labels

    def checked(labels: np.ndarray) -> float:
        return float(labels @ np.arange(1, len(labels) + 1))

    one = Contender("one worker", 1.8, lambda: by(1), checked)
    yield Case(
        "labels by the flow, two workers",
        f"{len(begin)} starts",
        Contender("twolayer", 1.0, lambda: by(2), checked),
        [one],
    )
