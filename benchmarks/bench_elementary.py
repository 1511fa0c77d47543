"""Time per element of the elementary functions and of activation jets, beside numpy's tanh.

    python -m benchmarks.bench_elementary [--size 4096] [--repeats 25] [--json]

One thread, arrays that stay in cache. Each ratio is to numpy's tanh on the same array in the same
repeat; medians over the repeats are shown.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from twolayer import elementary as el
from twolayer.jit import OPTIONS, scalar_kernel

ONE = "exp exp_neg_square exp_neg_half_square expm1 log log1p softplus erf erfc normal_cdf"
TWO = "tanh_parts sigmoid_parts erf_parts normal_parts sin_cos"
THREE = "sigmoid_tanh_parts softplus_parts"
ELEMENTS_PER_REPEAT = 400_000


@scalar_kernel
def tanh_jet(z):
    t, slope = el.tanh_parts(z)
    return t, slope, -2.0 * t * slope


@scalar_kernel
def sigmoid_jet(z):
    plus, minus, t = el.sigmoid_tanh_parts(z)
    slope = plus * minus
    return plus, slope, -slope * t


@scalar_kernel
def erf_jet(z):
    value, slope = el.erf_parts(z)
    return value, slope, -2.0 * z * slope


@scalar_kernel
def softplus_jet(z):
    value, plus, minus = el.softplus_parts(z)
    return value, plus, plus * minus


@scalar_kernel
def silu_jet(z):
    plus, minus, t = el.sigmoid_tanh_parts(z)
    slope = plus * minus
    return z * plus, plus + z * slope, slope * (2.0 - z * t)


@scalar_kernel
def gelu_jet(z):
    below, density = el.normal_parts(z)
    return z * below, below + z * density, density * (2.0 - z * z)


@scalar_kernel
def sin_jet(z):
    sine, cosine = el.sin_cos(z)
    return sine, cosine, -sine


@scalar_kernel
def gaussian_jet(z):
    value = el.exp_neg_square(z)
    return value, -2.0 * z * value, (4.0 * z * z - 2.0) * value


JETS = (tanh_jet, sigmoid_jet, erf_jet, softplus_jet, silu_jet, gelu_jet, sin_jet, gaussian_jet)


def looped(function: Callable[..., Any], outputs: int) -> Callable[..., None]:
    """An array kernel over a scalar kernel of one, two or three results."""

    def one(Z, A, B, C):
        for i in range(Z.size):
            A[i] = function(Z[i])

    def two(Z, A, B, C):
        for i in range(Z.size):
            A[i], B[i] = function(Z[i])

    def three(Z, A, B, C):
        for i in range(Z.size):
            A[i], B[i], C[i] = function(Z[i])

    # In memory: numba would file the machine code of a closure under a new name in every run.
    return numba.njit(**OPTIONS)((one, two, three)[outputs - 1])


def candidates() -> dict[str, Callable[..., None]]:
    """Name -> array kernel (Z, A, B, C) of everything that is timed."""
    names = [(name, count) for count, line in enumerate((ONE, TWO, THREE), 1) for name in line.split()]
    found = {name: looped(getattr(el, name), count) for name, count in names}
    return found | {jet.__name__: looped(jet, 3) for jet in JETS}


def nanoseconds(work: Callable[..., Any], *arrays: np.ndarray) -> float:
    """Time per element of one repeat."""
    size = arrays[0].size
    rounds = max(1, ELEMENTS_PER_REPEAT // size)
    start = time.perf_counter()
    for _ in range(rounds):
        work(*arrays)
    return (time.perf_counter() - start) / (rounds * size) * 1e9


def measure(work: Callable[..., None], Z: np.ndarray, repeats: int) -> dict[str, float]:
    """Medians of the time, of numpy's tanh beside it, and of their ratio."""
    outputs = [np.empty_like(Z) for _ in range(3)]
    work(Z, *outputs)
    pairs = [(nanoseconds(work, Z, *outputs), nanoseconds(np.tanh, Z, outputs[0])) for _ in range(repeats)]
    columns = {
        "ns": [own for own, _ in pairs],
        "numpy_tanh_ns": [peer for _, peer in pairs],
        "ratio": [own / peer for own, peer in pairs],
    }
    return {name: statistics.median(values) for name, values in columns.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=4096, help="elements of each array (default 4096)")
    parser.add_argument("--repeats", type=int, default=25, help="repeats of each timing (default 25)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    Z = 3.0 * np.random.default_rng(0).standard_normal(options.size)
    rows = {}
    for name, work in candidates().items():
        rows[name] = measure(work, np.abs(Z) if name.startswith("log") else Z, options.repeats)
        if not options.json:
            print(f"{name:20s} {rows[name]['ns']:6.2f} ns   {rows[name]['ratio']:5.2f} x numpy.tanh")
    if options.json:
        print(json.dumps({"size": options.size, "repeats": options.repeats, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
