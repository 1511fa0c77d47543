"""BLAS has its threads again when the last of those who wanted one alone has ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BEFORE = """
import threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from threadpoolctl import threadpool_info
import twolayer as tl
from numerics.sweeps.threads import one_thread
from twolayer.blas_threads import one_blas_thread, scipy_on_one_thread

def threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

with one_blas_thread():
    assert threads() == {1}
assert threads() == {2}
"""

OVERLAPPING = """
inside, leave, ended = threading.Event(), threading.Event(), threading.Event()

def early():
    with HOLD():
        inside.set()
        leave.wait(10)
    ended.set()
    after.wait(10)

after = threading.Event()
thread = threading.Thread(target=early)
thread.start()
inside.wait(10)
with one_blas_thread():
    leave.set()
    ended.wait(10)
    assert threads() == {1}, threads()
assert threads() == {2}, threads()
after.set()
thread.join()
"""

RAISED = """
try:
    with HOLD():
        raise KeyError
except KeyError:
    assert threads() == {2}
"""

MIXED = """
def scipys():
    return {pool["num_threads"] for pool in threadpool_info() if "scipy.libs" in pool["filepath"]} or {1}

with scipy_on_one_thread(10):
    with one_blas_thread():
        assert threads() == {1}
    assert scipys() == {1}
assert threads() == {2}
with one_blas_thread():
    with scipy_on_one_thread(10):
        pass
    assert threads() == {1}
assert threads() == {2}
with scipy_on_one_thread(5000):
    assert threads() == {2}
tl.Hessian(tl.TwoLayer([1.0], [[2.0]]), [[1.0]], [0.0]).eigenvalues()
assert threads() == {2}
"""

RISKS = """
rng = np.random.default_rng(0)
X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
ensemble = tl.Ensemble(a=rng.normal(size=(40, 4)), W=rng.normal(size=(40, 4, 3)))
alone = ensemble.risk(X, y)
with ThreadPoolExecutor(4) as pool:
    found = list(pool.map(lambda _: ensemble.risk(X, y), range(200)))
    assert threads() == {2}, threads()
assert all((each == alone).all() for each in found)
assert threads() == {2}, threads()
"""


@pytest.mark.parametrize(
    "code",
    [
        OVERLAPPING.replace("HOLD", "one_blas_thread"),
        OVERLAPPING.replace("HOLD", "one_thread"),
        OVERLAPPING.replace("with HOLD()", "with scipy_on_one_thread(10)"),
        RAISED.replace("HOLD", "one_thread"),
        MIXED,
        RISKS,
    ],
)
def test_blas_has_its_threads_again(code):
    """In a process of its own: the number of threads belongs to the whole process."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
