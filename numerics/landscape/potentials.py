"""Test potentials whose volumes are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from numerics.landscape.landscape import Points
from twolayer import arrays
from twolayer.arrays import Array

__all__ = [
    "CosineLattice",
    "Powers",
    "ellipsoid",
    "powers",
]


@dataclass(frozen=True)
class Powers:
    r"""The star-shaped potential :math:`V(x) = \sum_i c_i |x_i|^{p_i}`.

    With every p_i = 2 its sublevel sets are ellipsoids; p_i = 4 makes a direction without curvature.

    Parameters
    ----------
    coefficients : ndarray, shape (D,)
        c_i > 0.
    exponents : ndarray, shape (D,)
        p_i >= 2.

    Examples
    --------
    >>> disc = Powers(np.array([0.5, 0.5]), np.array([2.0, 2.0]))
    >>> bool(np.isclose(disc.log_volume(2.0), np.log(4 * np.pi)))  # radius 2
    True
    """

    coefficients: Array
    exponents: Array

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.coefficients)

    def value(self, theta: Array) -> float:
        """V at `theta`. `theta` has shape (D,)."""
        return float(self.values(_at(theta, self.dimension)[None])[0])

    def values(self, points: Points) -> Array:
        """V at each of the `points` (k, D)."""
        return np.asarray((np.abs(_at(points, self.dimension, "k")) ** self.exponents) @ self.coefficients)

    def gradient(self, theta: Array) -> Array:
        """Gradient at `theta`. Shape (D,)."""
        p, theta = self.exponents, _at(theta, self.dimension)
        return np.asarray(self.coefficients * p * np.abs(theta) ** (p - 1) * np.sign(theta))

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """Hessian at `theta` times `vector`; it is diagonal. Shape (D,)."""
        return np.asarray(self._curvature(theta) * _at(vector, self.dimension, name="vector"))

    def hessian(self, theta: Array) -> Array:
        """Hessian at `theta`, shape (D, D)."""
        return np.diag(self._curvature(theta))

    def _curvature(self, theta: Array) -> Array:
        p, theta = self.exponents, _at(theta, self.dimension)
        return np.asarray(self.coefficients * p * (p - 1) * np.abs(theta) ** (p - 2))

    def log_volume(self, threshold: float) -> float:
        r"""ln of the volume of {V < T}, T > 0 the `threshold`: Dirichlet's integral.

        :math:`\prod_i 2\Gamma(1 + 1/p_i)\,(T/c_i)^{1/p_i} \big/ \Gamma(1 + \sum_i 1/p_i)`.
        """
        inverse = 1 / self.exponents
        sides = np.log(2) + gammaln(1 + inverse) + inverse * np.log(threshold / self.coefficients)
        return float(sides.sum() - gammaln(1 + inverse.sum()))


def ellipsoid(eigenvalues: ArrayLike) -> Powers:
    """The quadratic V(x) = sum_i lam_i x_i^2 / 2.

    Parameters
    ----------
    eigenvalues : array_like, shape (D,)
        lam_i > 0.

    Examples
    --------
    >>> ellipsoid([1.0, 4.0]).value(np.array([1.0, 1.0]))
    2.5
    """
    return powers(arrays.real_array("eigenvalues", eigenvalues) / 2, 2.0)


def powers(coefficients: ArrayLike, exponents: ArrayLike) -> Powers:
    """The potential :class:`Powers`; one exponent serves for all.

    Raises
    ------
    ValueError
        If a coefficient is not positive or an exponent is below 2.

    Parameters
    ----------
    coefficients : array_like, shape (D,)
    exponents : float or array_like, shape (D,)

    Examples
    --------
    >>> powers([1.0, 1.0], 4).gradient(np.array([1.0, -1.0]))
    array([ 4., -4.])
    """
    c = arrays.real_array("coefficients", coefficients)
    arrays.require_shape("coefficients", c, ("D",))
    given = arrays.real_array("exponents", exponents)
    arrays.require_shape("exponents", given, c.shape if given.ndim else (), " to match the coefficients")
    p = np.broadcast_to(given, c.shape)
    if c.min() <= 0 or p.min() < 2:
        raise ValueError(
            f"coefficients must be positive and exponents at least 2; got {c.min():g} and {p.min():g}"
        )
    return Powers(c, np.array(p))


@dataclass(frozen=True)
class CosineLattice:
    r"""The lattice :math:`V(x) = -\sum_i \cos(2\pi x_i / L)`.

    Every lattice point is a minimum, and the basin of attraction of each under gradient flow is a cube of
    side L: the coordinates flow apart.

    Parameters
    ----------
    dimension : int
        D.
    side : float
        L.

    Examples
    --------
    >>> lattice = CosineLattice(3, 2.0)
    >>> lattice.value(np.zeros(3)), bool(np.isclose(lattice.log_basin_volume(), np.log(8)))
    (-3.0, True)
    """

    dimension: int
    side: float = 1.0

    def value(self, theta: Array) -> float:
        """V at `theta`. `theta` has shape (D,)."""
        return float(-np.cos(self._angles(_at(theta, self.dimension))).sum())

    def values(self, points: Points) -> Array:
        """V at each of the `points` (k, D)."""
        return np.asarray(-np.cos(self._angles(_at(points, self.dimension, "k"))).sum(axis=1))

    def gradient(self, theta: Array) -> Array:
        """Gradient at `theta`. Shape (D,)."""
        return np.asarray(2 * np.pi / self.side * np.sin(self._angles(_at(theta, self.dimension))))

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """Hessian at `theta` times `vector`; it is diagonal. Shape (D,)."""
        theta, vector = _at(theta, self.dimension), _at(vector, self.dimension, name="vector")
        return np.asarray((2 * np.pi / self.side) ** 2 * np.cos(self._angles(theta)) * vector)

    def hessian(self, theta: Array) -> Array:
        """Hessian at `theta`, shape (D, D)."""
        return np.diag(self.hessian_product(theta, np.ones(self.dimension)))

    def in_basin(self, points: Points) -> np.ndarray:
        """Whether each of the `points` (k, D) flows to the origin: membership in closed form."""
        return np.asarray((np.abs(points) < self.side / 2).all(axis=-1))

    def log_basin_volume(self) -> float:
        """D ln L."""
        return float(self.dimension * np.log(self.side))

    def _angles(self, x: Array) -> Array:
        return np.asarray(2 * np.pi / self.side * x)


def _at(given: ArrayLike, dimension: int, *rows: str, name: str = "theta") -> Array:
    """A point (D,), or one in each of some rows, of floats; those of an iteration may be infinite."""
    point = arrays.kept_array(name, given)
    if point.ndim != len(rows) + 1 or point.shape[-1] != dimension:
        arrays.require_shape(name, point, (*rows, dimension), " to match the landscape")
    return point


def __dir__() -> list[str]:
    return __all__
