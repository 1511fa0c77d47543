"""Training with curvature, to the last digit: Gauss-Newton through the tangent kernel, and Newton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

import twolayer as tl
from numerics.trained import REACHED, STEPS, STUCK, Point, Trained, labels, start
from twolayer.bounds import Scope, input_gram
from twolayer.forward import Forward
from twolayer.risk import from_forward

Array = NDArray[np.float64]

DENSE_LIMIT = 2500
HARDEST = 1e14
SLOW = 1e-3
SADDLE_STEP = 1e-3


def gauss_newton(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 500,
    target: float = 0.0,
    patience: int | None = None,
) -> Trained:
    """Minimise the risk by damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963).

    Parameters
    ----------
    net : TwoLayer
        Where to start.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for ``twolayer.risk``.
    loss : str or Loss
        A loss that is a sum over outputs (not softmax).
    steps : int
        Most accepted steps.
    target : float
        Stop as soon as the risk is no larger.
    patience : int, optional
        Stop after so many steps in a row that each lower the risk by less than a thousandth: a sign of
        a minimum that does not interpolate, where Newton is quicker.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If the data does not fit, or the loss couples the outputs.

    Notes
    -----
    A step solves (G + mu) step = -gradient; with fewer samples than parameters through the n q x n q
    tangent kernel, in O(n^2 q^2 (m + n q)) instead of O(P^3) time. Near an interpolating minimum the
    damping vanishes and convergence is quadratic.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> done = gauss_newton(net, [[1.0]], [3.0])
    >>> done.risk < 1e-28, done.why
    (True, 'every residual is zero within rounding')
    """
    point = start(net, X, y, loss)
    if not point.run.loss.separable:
        raise ValueError(f"loss must be a sum over outputs for Gauss-Newton; got {point.run.loss.name}: use newton")
    solver = _kernel_solver if point.run.F.size <= net.n_parameters else _matrix_solver
    return _damped(point, solver, steps, target, patience)


def newton(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 200,
    target: float = 0.0,
) -> Trained:
    """Minimise the risk by damped Newton steps with the exact Hessian.

    Parameters and returns are those of :func:`gauss_newton`, any loss.

    Notes
    -----
    Up to P = 2500 the step is -(|H| + mu)^-1 gradient from the eigenvectors of H, which descends along
    negative curvature as well; beyond, conjugate gradients on Hessian-vector products, left at the first
    direction of negative curvature (Steihaug 1983).

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> done = newton(net, [[1.0], [1.0]], [3.0, 5.0])
    >>> round(done.risk, 12), done.why  # f = 4 at best
    (0.5, 'the gradient is zero within rounding')
    """
    solver = _spectral_solver if net.n_parameters <= DENSE_LIMIT else _conjugate_solver
    return _damped(start(net, X, y, loss), solver, steps, target, None)


Solver = Callable[[Point], tuple[Callable[[float], Array | None], float]]


def _damped(point: Point, solver: Solver, steps: int, target: float, patience: int | None) -> Trained:
    """Take damped steps until nothing is gained: the damping falls after a good step and rises after a bad one.

    A solver returns the step as a function of the damping, and the scale that the damping is relative to.
    """
    damping, slow = 0.1, 0
    for done in range(steps):
        if point.risk <= target:
            return point.result(done, REACHED)
        direction, scale = solver(point)
        better = None
        while better is None and damping < HARDEST:
            better = _accepted(point, direction(damping * scale))
            damping *= 0.25 if better else 4.0
        if better is None:
            return point.result(done, STUCK)
        if _settled(point) and _settled(better) and not _halves(point, better):
            return better.result(done + 1, STUCK)
        slow = slow + 1 if better.risk > (1 - SLOW) * point.risk else 0
        point = better
        if patience is not None and slow >= patience:
            return point.result(done + 1, STUCK)
    return point.result(steps, REACHED if point.risk <= target else STEPS)


def _accepted(point: Point, step: Array | None) -> Point | None:
    """The point after the step if it is better: by the risk, or by the gradient where the risk cannot tell."""
    trial = None if step is None else point.moved(step)
    if trial is None or not trial.risk < np.inf:
        return None
    noise = 4 * np.finfo(float).eps * point.risk
    if trial.risk < point.risk - noise:
        return trial
    return trial if trial.risk <= point.risk + noise and trial.gradient_norm < point.gradient_norm else None


def _settled(point: Point) -> bool:
    return point.stationary or point.interpolates


def _halves(point: Point, better: Point) -> bool:
    """Whether a step at rounding level was still worth taking."""
    return better.risk < 0.5 * point.risk or better.gradient_norm < 0.5 * point.gradient_norm


def tangent_kernel(run: Forward) -> Array:
    """J J^T, shape (n q, n q), sample by sample; O(n^2 q^2 m + n^2 d)."""
    (n, q), A = run.F.shape, run.net.A
    everything = slice(0, n)
    gram = input_gram(run, Scope(tuple(run.net.parts)), everything, everything)
    outputs = run.S @ run.S.T + (run.net.c is not None)
    K = np.empty((n, q, n, q))
    for o in range(q):
        for p in range(o, q):
            K[:, o, :, p] = gram * ((run.S1 * A[o] * A[p]) @ run.S1.T) + (outputs if o == p else 0.0)
            K[:, p, :, o] = K[:, o, :, p].T
    return K.reshape(n * q, n * q)


def _kernel_solver(point: Point) -> tuple[Callable[[float], Array | None], float]:
    """Steps in the span of the samples: with B = sqrt(Lam) J, (B^T B / n + mu)^-1 B^T = B^T (B B^T / n + mu)^-1."""
    run = point.run
    n = run.n
    weight = np.sqrt(np.einsum("ioo->io", run.Lam))
    error = np.divide(run.G, weight, out=np.zeros_like(run.G), where=weight > 0).ravel() / n
    K = tangent_kernel(run) * np.multiply.outer(weight.ravel(), weight.ravel()) / n

    def direction(damping: float) -> Array | None:
        solution = _solved(K, damping, error)
        if solution is None:
            return None
        return -n * from_forward(replace(run, G=weight * solution.reshape(weight.shape)))

    return direction, float(K.trace()) / len(K)


def _matrix_solver(point: Point) -> tuple[Callable[[float], Array | None], float]:
    G = hessian(point).gauss_newton.toarray()

    def direction(damping: float) -> Array | None:
        solution = _solved(G, damping, point.gradient)
        return None if solution is None else -solution

    return direction, float(G.trace()) / len(G)


def _solved(matrix: Array, damping: float, right: Array) -> Array | None:
    """(matrix + damping)^-1 right, or None if that is not positive definite in floating point."""
    shifted = matrix.copy()
    shifted[np.diag_indices_from(shifted)] += damping
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(shifted, lower=True, overwrite_a=True), right))
    except linalg.LinAlgError:
        return None


def hessian(point: Point) -> tl.Hessian:
    """Return the Hessian at a point."""
    return tl.Hessian(point.net, point.run.X, labels(point.run), point.run.loss)


def _spectral_solver(point: Point) -> tuple[Callable[[float], Array | None], float]:
    """Steps from all eigenvectors; at a saddle, where the gradient says nothing, down the lowest of them."""
    H = hessian(point)
    values, V = linalg.eigh(H.toarray())
    along = V.T @ point.gradient
    size = np.abs(values)
    if point.stationary and values[0] < -H.rounding_error():
        along[0] = np.copysign(SADDLE_STEP * size[0] * (1 + np.linalg.norm(point.net.theta)), along[0])

    def direction(damping: float) -> Array:
        return np.asarray(-V @ (along / (size + damping)))

    return direction, float(size.mean())


def _conjugate_solver(point: Point) -> tuple[Callable[[float], Array | None], float]:
    H = hessian(point)

    def direction(damping: float) -> Array:
        return _conjugate_gradients(lambda v: H @ v + damping * v, -point.gradient)

    return direction, float(H.gauss_newton.trace()) / H.shape[0]


def _conjugate_gradients(product: Callable[[Array], Array], right: Array) -> Array:
    """Solve until the residual fell by 1e-6; stop early at a direction of negative curvature."""
    solution, residual = np.zeros_like(right), right.copy()
    search, size = residual.copy(), float(residual @ residual)
    goal = 1e-12 * size
    for done in range(len(right)):
        if size <= goal:
            break
        image = product(search)
        curvature = float(search @ image)
        if curvature <= 0:
            return solution if done else right * (size / max(-curvature, 1e-300))
        solution += size / curvature * search
        residual -= size / curvature * image
        previous, size = size, float(residual @ residual)
        search = residual + size / previous * search
    return solution
