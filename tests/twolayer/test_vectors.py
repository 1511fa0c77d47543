"""Eigenvectors in more digits than they were computed with; answers on one thread and on two."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import twolayer as tl

ROOT = Path(__file__).parents[2]
WHICH = ("largest", "smallest", "magnitude")


def network(kind: str) -> tuple[tl.TwoLayer, np.ndarray, np.ndarray]:
    """A network with data: ordinary, of large scale, or with units or samples that are doubled."""
    rng = np.random.default_rng(7)
    a, W, b = rng.normal(size=8), rng.normal(size=(8, 3)), rng.normal(size=8)
    X, y = rng.normal(size=(11, 3)), rng.normal(size=11)
    if kind == "duplicated units":
        a, W, b = np.tile(a[:4], 2), np.tile(W[:4], (2, 1)), np.tile(b[:4], 2)
    if kind == "a cluster":
        X, y, a = np.tile(X[:4], (3, 1))[:11], np.tile(y[:4], 3)[:11], a * 1e-6
    scale = {"large": 1e4, "small": 1e-4}.get(kind, 1.0)
    return tl.TwoLayer(scale * a, W, b, 0.5, "tanh"), X, y


def exact_products(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leading and trailing parts of the elementwise product, by Dekker's splitting."""
    made = p * q
    parts = []
    for each in (p, q):
        high = each * 134217729.0
        high = high - (high - each)
        parts.append((high, each - high))
    (p1, p2), (q1, q2) = parts
    return made, ((p1 * q1 - made) + p1 * q2 + p2 * q1) + p2 * q2


def residual(A: np.ndarray, v: np.ndarray, value: float) -> float:
    """|A v - value v|, the terms exact and summed in extended precision."""
    A, v = np.column_stack([A, np.full(len(A), -value)]), v.astype(float)
    rows = np.empty(len(A))
    for i, row in enumerate(A):
        leading, rest = exact_products(row, np.append(v, v[i]))
        rows[i] = float(np.append(leading, rest).astype(np.longdouble).sum())
    return float(np.linalg.norm(rows))


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("method", [None, "lanczos"])
@pytest.mark.parametrize("kind", ["ordinary", "large", "small", "duplicated units", "a cluster"])
def test_residuals_of_vectors_are_within_their_bounds(kind, method, which):
    """The matrix is formed, and what that lost is allowed for."""
    H = tl.Hessian(*network(kind))
    found = H.eigenvalues(4, which, return_vectors=True, method=method)
    A, forming = H.toarray(), H.rounding_error()
    assert found.vectors.shape == (len(A), len(found.value))
    for v, value, bound in zip(found.vectors.T, found.value, found.residual, strict=True):
        assert residual(A, v, value) <= bound + forming * np.linalg.norm(v)
    gram = found.vectors.T @ found.vectors
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)
    assert found.residual.max() <= 1e-6 * np.abs(A).max() * len(A)


def test_a_turned_vector_has_a_residual_beyond_the_bound():
    """What the test above would say of a vector that is off by a millionth."""
    H = tl.Hessian(*network("ordinary"))
    found = H.eigenvalues(2, return_vectors=True)
    turned = found.vectors[:, 0] + 1e-6 * found.vectors[:, 1]
    assert residual(H.toarray(), turned, found.value[0]) > found.residual[0] + 2 * H.rounding_error()


ANSWERS = """
import json
import numpy as np
import twolayer as tl
rng = np.random.default_rng(3)
n, d, m = 70, 6, 40
net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, d)), rng.normal(size=m), 0.1, "tanh")
X, y = rng.normal(size=(n, d)), rng.normal(size=n)
H = tl.Hessian(net, X, y)
grid = np.linspace(-1.0, 1.0, 9)
answers = {
    "trace": H.trace(),
    "frobenius norm": H.frobenius_norm(),
    "eigenvalues": H.eigenvalues(),
    "largest three": H.eigenvalues(3, method="lanczos"),
    "inertia": H.inertia(0.1),
    "log-determinant": H.logdet(60.0),
    "solution": H.solve(np.ones(H.shape[0]), 60.0),
    "kernel": H.gauss_newton.eigenvalues(method="kernel"),
    "distribution": H.spectral_distribution(grid),
}
said = {
    name: [np.asarray(part, float).tolist() for part in (found.value, found.error)]
    for name, found in answers.items()
}
said["product"] = [(H @ np.ones(H.shape[0])).tolist(), 1e-10]
print(json.dumps(said))
"""


def answers(threads: int) -> dict[str, list]:
    numbers = dict.fromkeys(("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    command = [sys.executable, "-c", ANSWERS]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **numbers}, capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_one_thread_and_two_say_the_same_within_both_errors():
    one, two = answers(1), answers(2)
    assert one.keys() == two.keys()
    for name, (value, error) in one.items():
        other, off = (np.asarray(each) for each in two[name])
        assert (np.abs(np.asarray(value) - other) <= np.asarray(error) + off).all(), name
        assert np.isfinite(other).all(), name
