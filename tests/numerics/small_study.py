"""A small study of minima on made-up data, run once for all tests of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from numerics.files.datasets import Dataset
from numerics.minima_study import reproduce
from numerics.minima_study.arms import Arm

ARMS = (Arm("tanh", genuine=16, units=6, attacks=(0, 8, 24), repeats=2), Arm("few", genuine=8, attacks=(0,)))

TINY = (replace(ARMS[0], attacks=(0, 8), repeats=1),)


def made_up(n=80, d=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return Dataset(X, np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, 1.0, -1.0), "made up", "by a formula", "")


@cache
def small_results():
    """Results and minima, shared with the tests of the report; not to be changed."""
    return reproduce.reproduce(made_up(), ARMS, 3)
