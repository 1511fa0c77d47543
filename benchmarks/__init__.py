"""Speed and memory beside the peers, in one run: ``python -m benchmarks -h``.

On a busy machine ``TWOLAYER_BENCHMARK_CLOCK=cpu`` counts the processor's time in this process in place of the
clock on the wall; with one thread, and work that stays in this process, the two agree on an idle machine.

Importing this package comes before numpy, so that every library below finds the same two threads
(or as many as ``TWOLAYER_BENCHMARK_THREADS`` says).
"""

import os

CPU_CLOCK = os.environ.get("TWOLAYER_BENCHMARK_CLOCK") == "cpu"
THREADS = int(os.environ.get("TWOLAYER_BENCHMARK_THREADS", "2"))

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = str(THREADS)
if hasattr(os, "sched_setaffinity"):  # XLA has no such variable: it counts the cores it may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
