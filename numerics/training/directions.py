"""Step directions that use curvature, each as a function of the damping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import linalg

import twolayer as tl
from numerics.training.point import Point, labels
from twolayer.arrays import Array
from twolayer.blas_threads import scipy_on_one_thread
from twolayer.curvature.gradient import from_forward
from twolayer.forward.scope import Scope
from twolayer.spectrum.tangent_kernel import jacobian_gram

Steps = tuple[Callable[[float], Array | None], float]
"""The step for a damping (None where it cannot be solved for), and the scale dampings are relative to."""

SADDLE_STEP = 1e-3


def kernel_solver(point: Point) -> Steps:
    """Gauss-Newton steps in the span of the samples.

    With B = sqrt(Lam) J, (B^T B / n + mu)^-1 B^T = B^T (B B^T / n + mu)^-1, an n q x n q system.
    """
    run = point.run
    n = run.n
    weight = np.sqrt(np.einsum("ioo->io", run.Lam))
    error = np.divide(run.G, weight, out=np.zeros_like(run.G), where=weight > 0).ravel() / n
    K = (
        jacobian_gram(run, Scope(tuple(run.net.parts)))
        * np.multiply.outer(weight.ravel(), weight.ravel())
        / n
    )

    def direction(damping: float) -> Array | None:
        solution = _solved(K, damping, error)
        if solution is None:
            return None
        return -n * from_forward(replace(run, G=weight * solution.reshape(weight.shape)))

    return direction, float(K.trace()) / len(K)


def matrix_solver(point: Point) -> Steps:
    """Gauss-Newton steps through the P x P matrix."""
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
        with scipy_on_one_thread(len(shifted)):
            factor = linalg.cho_factor(shifted, lower=True, overwrite_a=True)
            return np.asarray(linalg.cho_solve(factor, right))
    except linalg.LinAlgError:
        return None


def hessian(point: Point) -> tl.Hessian:
    """Return the Hessian at a point."""
    return tl.Hessian(point.net, point.run.X, labels(point.run), point.run.loss)


def spectral_solver(point: Point) -> Steps:
    """Newton steps from all eigenvectors; at a saddle, where the gradient vanishes, down the lowest."""
    H = hessian(point)
    values, V = np.linalg.eigh(H.toarray())
    along = V.T @ point.gradient
    size = np.abs(values)
    if point.stationary and values[0] < -H.rounding_error():
        along[0] = np.copysign(SADDLE_STEP * size[0] * (1 + np.linalg.norm(point.net.theta)), along[0])

    def direction(damping: float) -> Array:
        return np.asarray(-V @ (along / (size + damping)))

    return direction, float(size.mean())


def conjugate_solver(point: Point) -> Steps:
    """Newton steps by conjugate gradients on Hessian-vector products."""
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


class Scaled:
    """Step directions in units of the parameters' own: inputs, outputs and biases alike (Marquardt 1963).

    Parameters
    ----------
    newton : bool
        Whether steps are Newton's, from the eigenvectors of H, or Gauss-Newton's.

    Notes
    -----
    Output weights, biases, and the weights of every input are each measured by the root of the largest G_jj
    among them on the way (Moré 1978): steps are the same in whatever units inputs, targets and parameters
    are. A unit that is saturated has no unit of its own, in which it would be sent off. O(P^3) time.
    """

    def __init__(self, newton: bool) -> None:
        self.newton, self.sizes = newton, np.zeros(0)

    def __call__(self, point: Point) -> Steps:
        """The step for a damping, and its scale."""
        H = hessian(point)
        G = H.gauss_newton.toarray()
        largest = _alike(point.net, np.sqrt(np.maximum(np.diag(G), 0.0)))
        self.sizes = np.maximum(self.sizes, largest) if self.sizes.size else largest
        sizes = np.where(self.sizes > 0, self.sizes, 1.0)
        M = (H.toarray() if self.newton else G) / np.multiply.outer(sizes, sizes)
        values, V = np.linalg.eigh(M)
        along, size = V.T @ (point.gradient / sizes), np.abs(values)

        def direction(damping: float) -> Array:
            return np.asarray(-(V @ (along / (size + damping))) / sizes)

        return direction, float(size.mean())


def _alike(net: tl.TwoLayer, sizes: Array) -> Array:
    """The largest of the `sizes` (P,) among output weights, biases, and the weights of each input."""
    found = np.empty_like(sizes)
    for name, where in net.layout.items():
        part = sizes[where]
        columns = part.reshape(net.W.shape) if name == "W" else part[:, None]
        found[where] = np.broadcast_to(columns.max(axis=0), columns.shape).ravel()
    return found
