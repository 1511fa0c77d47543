"""Time per element of every activation's jets (s, s', s''), beside numpy's tanh alone.

    python -m benchmarks.bench_jets [--size 4096 100000] [--repeats 50] [--json]

One thread. Each row is one activation on arrays of one size; its ratio is to numpy's tanh of the same
array in the same repeat, and medians over the repeats are shown. Target: at most 1.5 for tanh, sigmoid
and relu, at most 3 for every other.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from twolayer.model.activation import activation, available

QUICK = ("tanh", "sigmoid", "relu")
ELEMENTS_PER_REPEAT = 400_000


def seconds_per_element(call: Callable[[], object], size: int) -> float:
    """Time of `call`, which handles `size` elements, over enough calls to be measurable."""
    calls = max(1, ELEMENTS_PER_REPEAT // size)
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / (calls * size)


def row(name: str, size: int, repeats: int) -> dict[str, object]:
    """Median times and ratio of one activation at one size."""
    Z = np.random.default_rng(0).normal(scale=3.0, size=size)
    S, S1, S2 = (np.empty_like(Z) for _ in range(3))
    jets = activation(name).jets
    jets(Z, S, S1, S2)
    peer, ours = [], []
    for _ in range(repeats):
        peer.append(seconds_per_element(lambda: np.tanh(Z, out=S), size))
        ours.append(seconds_per_element(lambda: jets(Z, S, S1, S2), size))
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))
    return {
        "activation": name,
        "size": size,
        "ns": statistics.median(ours) * 1e9,
        "numpy_tanh_ns": statistics.median(peer) * 1e9,
        "ratio": ratio,
        "target": 1.5 if name in QUICK else 3.0,
    }


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_jets", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[4096, 100_000], help="array lengths")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    arguments = parser.parse_args()
    rows = [row(name, size, arguments.repeats) for size in arguments.size for name in available()]
    if arguments.json:
        print(json.dumps(rows))
        return
    print("activation        size   ns/element   numpy tanh   ratio  target")
    for found in rows:
        print(
            "{activation:14}{size:8d}{ns:13.2f}{numpy_tanh_ns:13.2f}{ratio:8.2f}{target:8.1f}".format(**found)
        )


if __name__ == "__main__":
    main()
