"""The search of `twolayer reproduce --quick` beside a fixed amount of matrix products, on one thread each."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from numerics.files.datasets import digits_task
from numerics.minima_study.arms import QUICK
from numerics.minima_study.reproduce import reproduce
from numerics.sweeps.threads import one_thread

from .case import Case, Contender, Work

ORDER, COUNT = 1000, 100


def cases(dry: bool) -> Iterator[Case]:
    data = digits_task()
    order, count = (50, 1) if dry else (ORDER, COUNT)
    small = [replace(arm, genuine=20, attacks=(0,), repeats=1) for arm in QUICK]

    def search() -> Work:
        return lambda: reproduce(data, small if dry else QUICK, 0)

    def products() -> Work:
        A, B = np.random.default_rng(0).normal(size=(2, order, order))

        def run() -> None:
            with one_thread():
                for _ in range(count):
                    A @ B

        return run

    arms = small if dry else QUICK
    minima = sum(len(arm.attacks) * arm.repeats for arm in arms)
    peer = Contender(f"dgemm: {count} of order {order:,}, one thread", 0.25, products)
    yield Case(
        "the search of `twolayer reproduce`", f"{minima} minima", Contender("twolayer", 1.0, search), [peer]
    )
