"""Everything that is said about one minimum of a deep network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from numerics import volume
from numerics.deep.hessian import Hessian
from numerics.deep.matrices import product_error, tangent_kernel
from numerics.deep.network import Network
from numerics.deep.training import Trained
from numerics.deep_study.landscape import DeepLandscape
from numerics.files.images import one_hot
from numerics.minima_study.facts import log_product, plain, spectrum_facts
from numerics.volume.priors import Gaussian
from twolayer.arrays import Array

N_BETA, GAMMA = 1000.0, 100.0
"""Inverse temperature and localisation of the soft volumes."""

STEPS, WALKERS, RAYS = 100, 16, 100

LEADING = 10
"""Eigenvalues that Lanczos finds where the kernel's are only near those of H."""

PROBED = 500
"""Most samples over which an input gradient is averaged."""


@dataclass(frozen=True)
class Labelled:
    """Inputs (n, d), the number of their class (n,), and how many classes there are."""

    X: Array
    labels: np.ndarray
    classes: int

    def targets(self, loss: str) -> np.ndarray:
        """What the `loss` wants: classes (n,) for the softmax, else ones and zeros (n, classes)."""
        return self.labels if loss == "softmax" else one_hot(self.labels, self.classes)

    def accuracy(self, net: Network) -> float | None:
        """Share of samples whose largest output is that of their class; None if there are none."""
        return float(np.mean(net(self.X).argmax(axis=1) == self.labels)) if len(self.labels) else None

    def joined(self, other: Labelled) -> Labelled:
        """These samples followed by the others."""
        X, labels = (np.concatenate(pair) for pair in ((self.X, other.X), (self.labels, other.labels)))
        return Labelled(X, labels, self.classes)


def describe(
    trained: Trained, genuine: Labelled, attack: Labelled, test: Labelled, loss: str
) -> dict[str, Any]:
    """Measure one minimum: accuracies, exact curvature, input gradients and their bounds.

    Parameters
    ----------
    trained : Trained
    genuine, attack, test : Labelled
        Curvature is that of the genuine samples alone.
    loss : str

    Returns
    -------
    dict
        Plain data for JSON; every exact number as its value and rounding error.
    """
    net = trained.net
    H = Hessian(net, genuine.X, genuine.targets(loss), loss)
    return {
        "training": {"steps": trained.steps, "converged": trained.converged, "why": trained.why},
        "parameters": net.n_parameters,
        "accuracy": {
            "train": genuine.accuracy(net),
            "attack": attack.accuracy(net),
            "test": test.accuracy(net),
        },
        "risk": {"value": float(H.forward.L.mean()), "error": float(H.forward.L_error.max())},
        "gradient_norm": {"value": trained.gradient_norm, "error": None},
        "undecided_kinks": H.undecided_kinks,
        "forced_zeros": max(H.forward.n - H.forward.h[-1].shape[1] - 1, 0),
        **curvature(H),
        **input_gradients(net, H, test),
    }


def curvature(H: Hessian) -> dict[str, Any]:
    """Norms, trace, the eigenvalues through the tangent kernel, and what follows from them.

    Away from interpolation the eigenvalues are those of G, and ``|R|_F`` is in their error.
    """
    order = min(H.forward.F.size, H.shape[0])
    values = H.eigenvalues(method="kernel")
    kernel, _ = tangent_kernel(H.forward, H.scope, H.gauss_newton.bound)
    found = spectrum_facts(values, H.inertia(method="kernel"), order)
    if H.forward.loss.name != "squared" and H.shape[0] > 2 * LEADING:
        found = away_from_interpolation(H, found)
    return {
        "frobenius_norm": plain(H.frobenius_norm()),
        "residual_norm": plain(H.residual.frobenius_norm()),
        "trace": plain(H.trace()),
        **found,
        "eigenvalues": found["eigenvalues"][:order],
        "eigenvalue_errors": found["eigenvalue_errors"][:order],
        "non_uniformity": non_uniformity(kernel, H.forward.n),
        "log_volume": soft_volume(values.value[:order]),
    }


def away_from_interpolation(H: Hessian, found: dict[str, Any]) -> dict[str, Any]:
    """What the kernel says of a spectrum, `found`, its top replaced by eigenvalues of H itself.

    The largest and the smallest come by Lanczos; their errors are small where those of the kernel hold |R|_F.

    Parameters
    ----------
    H : Hessian
    found : dict
        From :func:`numerics.minima_study.facts.spectrum_facts`.
    """
    top = H.eigenvalues(LEADING, method="lanczos")
    products = {str(k): log_product(top, k) for k in (1, LEADING)}
    lowest = least_eigenvalue(H)
    negative = found["negative_eigenvalues"]
    certain = max(negative["certain"], int(lowest["value"] + lowest["error"] < 0))
    return {
        **found,
        "largest_eigenvalue": {"value": float(top.value[0]), "error": float(top.error[0])},
        "least_eigenvalue": lowest,
        "negative_eigenvalues": {**negative, "certain": certain},
        "log_products": found["log_products"]
        | {k: plain(-item) for k, item in products.items() if item is not None},
        "eigenvalues": [*top.value[:LEADING].tolist(), *found["eigenvalues"][LEADING:]],
        "eigenvalue_errors": [*top.error[:LEADING].tolist(), *found["eigenvalue_errors"][LEADING:]],
    }


def least_eigenvalue(H: Hessian) -> dict[str, float]:
    """The Rayleigh quotient of a vector near the least eigenvalue, which is no larger; its rounding error.

    Parameters
    ----------
    H : Hessian
    """
    start = np.random.default_rng(0).standard_normal(H.shape[0])
    vector = eigsh(H, 1, which="SA", v0=start, tol=1e-3)[1][:, 0]
    error = 2 * product_error(H.forward, H.scope, H.bound.propagated)
    return {"value": float(vector @ (H @ vector) / (vector @ vector)), "error": float(error)}


def soft_volume(eigenvalues: Array) -> float:
    """ln of the mean of exp(-n beta x^T H x / 2) under the Gaussian of precision gamma: the quadratic's.

    Minus half the sum of ln(1 + n beta h / gamma) over the `eigenvalues`, shape (k,); exact for a quadratic.
    Directions without curvature add nothing, so that P is no obstacle.

    Examples
    --------
    >>> soft_volume(np.array([0.0, GAMMA / N_BETA * (np.e**2 - 1)]))
    -1.0
    """
    return float(-np.log1p(N_BETA * np.maximum(eigenvalues, 0.0) / GAMMA).sum() / 2)


def non_uniformity(kernel: Array, n: int) -> float:
    """Square root of the largest eigenvalue of E[G_i^2] - G^2, from the tangent kernel E E^T / n.

    With D the n diagonal blocks of the `kernel` M (n q, n q) times n, that matrix has the non-zero
    eigenvalues of S^T (D - M) S, M = S S^T. At interpolation G_i = H_i (Wu, Ma and E 2018). Plain arithmetic.

    Parameters
    ----------
    kernel : ndarray, shape (n q, n q)
    n : int

    Examples
    --------
    Two samples of curvatures 1 and 3 along one parameter: mean square 5, squared mean 4.

    >>> a = np.array([[1.0], [3.0**0.5]])
    >>> round(non_uniformity(a @ a.T / 2, 2), 6)
    1.0
    """
    q = len(kernel) // n
    values, V = np.linalg.eigh(kernel)
    S = V * np.sqrt(np.maximum(values, 0.0))
    blocks = np.array([kernel[i * q : (i + 1) * q, i * q : (i + 1) * q] for i in range(n)]) * n

    def apply(x: Array) -> Array:
        z = S @ x.ravel()
        return np.asarray(S.T @ ((blocks @ z.reshape(n, q, 1)).ravel() - kernel @ z))

    if len(kernel) < 20:
        formed = np.array([apply(e) for e in np.eye(len(S))])
        return math.sqrt(max(float(np.linalg.eigvalsh(formed)[-1]), 0.0))
    operator = LinearOperator(kernel.shape, matvec=apply, dtype=np.float64)
    largest = eigsh(operator, 1, which="LA", v0=np.ones(len(S)), return_eigenvectors=False)
    return math.sqrt(max(float(largest[0]), 0.0))


def input_gradients(net: Network, H: Hessian, test: Labelled) -> dict[str, Any]:
    """E|grad_x f|^2, over outputs summed, on training and test inputs, and its bounds by curvature.

    grad_x f = W_1^T df/db_1 at any depth, so that E|grad_x f|^2 = <W_1 W_1^T, G_bb> with G_bb the block of
    the first layer's biases of the squared loss's Gauss-Newton matrix.

    Parameters
    ----------
    net : Network
    H : Hessian
        On the training inputs.
    test : Labelled
    """
    W = net.layers[0][0]
    back = H.forward.J[0].reshape(-1, len(W))
    block, outer = back.T @ back / H.forward.n, W @ W.T
    top = float(np.linalg.norm(W, 2)) ** 2
    found = {
        "train": {"value": _mean_square(net, H.forward.h[0]), "error": None},
        "test": {"value": _mean_square(net, test.X), "error": None},
    }
    bounds = {
        "identity": float((outer * block).sum()),
        "spectral_times_trace": top * float(block.trace()),
        "frobenius_times_frobenius": float(np.linalg.norm(outer) * np.linalg.norm(block)),
    }
    if H.forward.loss.name == "squared":  # then G_bb is a block of G
        bounds["frobenius_times_all"] = float(np.linalg.norm(outer) * H.gauss_newton.frobenius_norm().value)
    return {"input_gradient": found, "input_gradient_bounds": bounds}


def _mean_square(net: Network, X: Array) -> float:
    gradients = net.input_gradient(X[:PROBED])
    return float((gradients**2).sum() / len(gradients))


def sampled_volumes(net: Network, genuine: Labelled, loss: str, rng: np.random.Generator) -> dict[str, Any]:
    """The soft volume by walkers and a radial one, with their verdicts: for small networks only.

    Parameters
    ----------
    net : Network
    genuine : Labelled
    loss : str
    rng : numpy Generator
    """
    place = DeepLandscape(net, genuine.X, genuine.targets(loss), loss)
    soft = volume.learning_coefficient(
        place, net.theta, n_beta=N_BETA, gamma=GAMMA, steps=STEPS, walkers=WALKERS, rng=rng
    )
    prior = Gaussian(GAMMA**-0.5, net.theta)
    rays = volume.radial(place, net.theta, threshold=1 / N_BETA, prior=prior, directions=RAYS, rng=rng)
    return {
        name: {
            "log_volume": each.log_volume if math.isfinite(each.log_volume) else None,
            "error": each.error if math.isfinite(each.error) else None,
            "verdict": each.verdict,
            "why": each.why,
        }
        for name, each in (("soft", soft), ("radial", rays))
    }
