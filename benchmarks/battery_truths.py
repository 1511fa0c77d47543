"""Integrals of singular posteriors by quadrature; no code is shared with the estimators that are tested."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, ndtr

Array = NDArray[np.float64]

FARTHEST = 9.0
"""Standard deviations of the localising Gaussian beyond which nothing is counted."""

AGREED = 2e-3
"""Nats within which two resolutions of a quadrature have to agree."""

CHUNK = 200_000

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "identity": lambda z: z,
    "gelu": lambda z: z * ndtr(z),
    "erf": lambda z: erf(z / math.sqrt(2)),
}


def graded(
    centre: float, gamma: float, special: Sequence[float], finest: float, nodes: int, coarse: bool = False
) -> Any:
    """Gauss-Legendre nodes and weights on a line, in panels that shrink towards the `special` values.

    Parameters
    ----------
    centre, gamma : float
        Of the localising Gaussian, which says where the line ends.
    special : sequence of float
        Where the integrand may be narrow.
    finest : float
        The smallest panel.
    nodes : int
        On every panel.
    coarse : bool
        Fewer panels, for three dimensions.

    Returns
    -------
    (ndarray, ndarray)
    """
    reach = FARTHEST / math.sqrt(gamma)
    low, high = centre - reach, centre + reach
    ratio = 4.0 if coarse else 2.0
    steps = finest * ratio ** np.arange(0, math.ceil(math.log(2 * reach / finest, ratio)))
    edges = {low, high, *np.linspace(low, high, 13 if coarse else 25)}
    for s in special:
        edges |= {s, *(s + steps), *(s - steps)}
    kept = np.unique([edge for edge in edges if low <= edge <= high])
    x, w = np.polynomial.legendre.leggauss(nodes)
    pairs = [(one, two) for one, two in pairwise(kept) if two - one > 1e-3 * finest]
    places = [(one + two) / 2 + (two - one) / 2 * x for one, two in pairs]
    return np.concatenate(places), np.concatenate([(two - one) / 2 * w for one, two in pairs])


def integrated(log_density: Callable[[Array], Array], lines: Sequence[Any]) -> float:
    """ln of the integral of exp(`log_density`) over the product of `lines`, in pieces.

    Parameters
    ----------
    log_density : callable
        ``log_density(points (k, D)) -> (k,)``.
    lines : sequence of (nodes, weights)
    """
    sizes = [len(nodes) for nodes, _ in lines]
    total, pieces = math.prod(sizes), []
    for first in range(0, total, CHUNK):
        index = np.unravel_index(np.arange(first, min(first + CHUNK, total)), sizes)
        points = np.stack([nodes[i] for (nodes, _), i in zip(lines, index, strict=True)], axis=1)
        weight = sum(np.log(w[i]) for (_, w), i in zip(lines, index, strict=True))
        pieces.append(float(np.logaddexp.reduce(log_density(points) + weight)))
    return float(np.logaddexp.reduce(pieces))


def agreed(integral: Callable[[int], float], first: int = 4) -> float:
    """The `integral` with so many nodes a panel that two more change it by less than AGREED.

    Raises
    ------
    ArithmeticError
        If the quadrature does not settle.
    """
    found = [integral(first)]
    for nodes in range(first + 2, first + 9, 2):
        found.append(integral(nodes))
        if abs(found[-1] - found[-2]) < AGREED:
            return found[-1]
    raise ArithmeticError(f"a quadrature must settle to {AGREED} nats; got {found}")


def soft(
    potential: Callable[[Array], Array],
    centre: Array,
    n_beta: float,
    gamma: float,
    special: Any,
    finest: float,
) -> float:
    """ln of the integral of exp(-n_beta (V - V(centre))) over the Gaussian N(`centre`, 1/gamma).

    Parameters
    ----------
    potential : callable
        V at points (k, D).
    centre : ndarray, shape (D,)
    n_beta, gamma : float
    special : sequence of sequences
        For each coordinate, where the integrand may be narrow.
    finest : float
        The smallest panel.
    """
    bottom = float(potential(centre[None])[0])

    def log_density(points: Array) -> Array:
        squares = gamma * ((points - centre) ** 2).sum(axis=1) - len(centre) * math.log(gamma / 2 / math.pi)
        return np.asarray(-n_beta * (potential(points) - bottom) - squares / 2)

    def integral(nodes: int) -> float:
        pairs = zip(centre, special, strict=True)
        lines = [graded(c, gamma, s, finest, nodes, len(centre) > 2) for c, s in pairs]
        return integrated(log_density, lines)

    return agreed(integral)


@dataclass(frozen=True)
class Student:
    """A small network, its data and a point of it; output weights are integrated in closed form.

    The risk is that of mean squares with the factor 1/2. Given the inner parameters the exponent is quadratic
    in the outer ones, a (and c): with e the residuals at the centre's and F the (n, r) features,

    ln = -ln det(1 + t F^T F) / 2 - s (e.e - t e.F (1 + t F^T F)^-1 F.e) / 2 + n_beta V(centre),

    s = n_beta / n and t = s / gamma.

    Parameters
    ----------
    activation : str
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,)
    outer : ndarray, shape (m,) or (m + 1,)
        a, and c after it if there is one.
    inner : ndarray, shape (m, d) or (m, d + 1)
        w, and b after it if there is one.
    special : tuple of float
        Inner parameters about which the posterior may be narrow, beside 0.
    """

    activation: str
    X: Array
    y: Array
    outer: Array
    inner: Array
    special: tuple[float, ...] = ()

    def features(self, inner: Array) -> Array:
        """Features (k, n, r) of inner parameters (k, m, d or d + 1)."""
        inputs = self.X
        if inner.shape[2] > inputs.shape[1]:
            inputs = np.column_stack([inputs, np.ones(len(inputs))])
        found = ACTIVATIONS[self.activation](np.einsum("nd,kmd->knm", inputs, inner))
        if len(self.outer) > inner.shape[1]:
            found = np.concatenate([found, np.ones((*found.shape[:2], 1))], axis=2)
        return found

    def log_marginal(self, flat: Array, n_beta: float, gamma: float) -> Array:
        """The logarithm above, with the Gaussian of the inner parameters, at `flat` (k, inner.size)."""
        F = self.features(flat.reshape(-1, *self.inner.shape))
        own = self.features(self.inner[None])[0] @ self.outer - self.y
        s = n_beta / len(self.y)
        e = F @ self.outer - self.y
        M = np.eye(F.shape[2]) + s / gamma * np.einsum("knr,kns->krs", F, F)
        Fe = np.einsum("knr,kn->kr", F, e)
        solved = np.linalg.solve(M, Fe[..., None])[..., 0]
        quadratic = (e**2).sum(axis=1) - s / gamma * (Fe * solved).sum(axis=1) - float(own @ own)
        away = gamma * ((flat - self.inner.ravel()) ** 2).sum(axis=1)
        away -= flat.shape[1] * math.log(gamma / 2 / math.pi)
        return np.asarray(-np.linalg.slogdet(M)[1] / 2 - s * quadratic / 2 - away / 2)

    def soft(self, n_beta: float, gamma: float) -> float:
        """ln of the integral of exp(-n_beta (V - V(centre))) over the Gaussian of precision gamma."""
        flat = self.inner.ravel()
        finest = min(0.25, 0.5 * n_beta**-0.5)
        special = {0.0, *flat, *(-flat), *self.special, *(-v for v in self.special)}

        def integral(nodes: int) -> float:
            lines = [graded(c, gamma, sorted(special), finest, nodes, len(flat) > 2) for c in flat]
            return integrated(lambda points: self.log_marginal(points, n_beta, gamma), lines)

        return agreed(integral, 3 if len(flat) > 2 else 4)
