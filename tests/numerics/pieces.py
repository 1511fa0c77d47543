"""Pieces of work for tests of sweeps, and what they give."""

from __future__ import annotations

import os
import signal

import numpy as np

from numerics.sweeps import store

PIECES = list(range(12))


def work(seed):
    """A piece of work: its result depends on the piece alone."""
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=3), "name": np.array(f"piece {seed}"), "seed": np.array(seed)}


def die(seed):
    """Kill the worker itself."""
    if seed == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(seed)


def same(one, two):
    return len(one) == len(two) and all(
        store.checksum(a).tolist() == store.checksum(b).tolist() for a, b in zip(one, two, strict=True)
    )


WHOLE = [work(seed) for seed in PIECES]
