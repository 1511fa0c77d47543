"""Singular and symmetric posteriors whose integrals are known: what soft volumes are tried on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

import twolayer as tl
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape

from .battery_truths import Student, soft

Array = NDArray[np.float64]

STEP = 0.05
"""Of ln n_beta, in the central difference of ln Z."""


@dataclass(frozen=True)
class Case:
    """A posterior about a point, and ln of its integral as a function of the inverse temperature.

    Parameters
    ----------
    kind, name : str
    landscape : Landscape
    centre : ndarray, shape (D,)
    n_beta, gamma : float
    log_integral : callable
        ``log_integral(n_beta) -> float``.
    short : bool
        Whether the short run has it.
    """

    kind: str
    name: str
    landscape: Any
    centre: Array
    n_beta: float
    gamma: float
    log_integral: Callable[[float], float]
    short: bool = False

    @cached_property
    def truth(self) -> float:
        """ln of the integral."""
        return self.log_integral(self.n_beta)

    @property
    def slope(self) -> float:
        """The learning coefficient, -d ln Z / d ln n_beta; NaN where ln Z is known at one n_beta alone."""
        up, down = (self.log_integral(self.n_beta * math.exp(step)) for step in (STEP, -STEP))
        return (down - up) / (2 * STEP)


def function(values: Callable[[Array], Array], hessian: Callable[[Array], Array], dimension: int) -> Any:
    """A landscape of `values` at points (k, D) and its Hessian; its gradient is by central differences."""

    def gradient(x: Array) -> Array:
        step = 1e-5 * np.eye(dimension)
        return np.asarray(values(x + step) - values(x - step)) / 2e-5

    return FunctionLandscape(
        lambda x: float(values(x[None])[0]),
        gradient,
        hessian,
        values=values,
        dimension=dimension,
    )


def by_differences(values: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The Hessian of `values` by central differences, exact for polynomials up to rounding and O(step^2)."""

    def hessian(x: Array) -> Array:
        step, D = 1e-4, len(x)
        e = step * np.eye(D)
        corners = [s * e[i] + t * e[j] for i in range(D) for j in range(D) for s in (1, -1) for t in (1, -1)]
        found = values(x + np.array(corners)).reshape(D, D, 4)
        return np.asarray((found[..., 0] - found[..., 1] - found[..., 2] + found[..., 3]) / (4 * step**2))

    return hessian


def polynomials() -> Iterator[Case]:
    """Products of powers and crossing curves, in two and three dimensions, by quadrature."""
    table: list[tuple[str, str, Callable[[Array], Array], list[tuple[float, ...]], Any]] = [
        ("product of powers", "x^2 y^2", lambda p: (p**2).prod(axis=1), [(0, 0), (0, 2), (0.5, 0)], None),
        (
            "product of powers",
            "x^2 y^4",
            lambda p: p[:, 0] ** 2 * p[:, 1] ** 4,
            [(0, 1), (2, 0), (0, 0)],
            None,
        ),
        ("product of powers", "x^4 y^4", lambda p: (p**4).prod(axis=1), [(0, 1), (0, 0)], None),
        ("product of powers", "x^2 y^2 z^2", lambda p: (p**2).prod(axis=1), [(0, 1, 1), (0, 0, 2)], None),
        (
            "crossing curves",
            "(x^2 - y^2)^2",
            lambda p: (p[:, 0] ** 2 - p[:, 1] ** 2) ** 2,
            [(1, 1), (0, 0)],
            1,
        ),
        (
            "crossing curves",
            "(y (y - x^2))^2",
            lambda p: (p[:, 1] * (p[:, 1] - p[:, 0] ** 2)) ** 2,
            [(1, 0)],
            2,
        ),
        ("crossing curves", "(x^2 + y^2 - 1)^2 y^2", ring, [(1, 0), (0, 1)], 1),
        ("powers", "x^4 + y^2", lambda p: p[:, 0] ** 4 + p[:, 1] ** 2, [(0, 0)], None),
        ("powers", "(x^2 - 1)^2 + y^4", lambda p: (p[:, 0] ** 2 - 1) ** 2 + p[:, 1] ** 4, [(1, 0)], 1),
    ]
    for kind, name, values, centres, curved in table:
        for centre in centres:
            for n_beta in (1e2, 1e3) if curved or len(centre) > 2 else (1e2, 1e4, 1e6):
                yield _polynomial(kind, name, values, np.array(centre, dtype=float), n_beta, curved)


def ring(p: Array) -> Array:
    """(x^2 + y^2 - 1)^2 y^2 at points (k, 2): a circle and a line."""
    return np.asarray(((p**2).sum(axis=1) - 1) ** 2 * p[:, 1] ** 2)


def _polynomial(
    kind: str, name: str, values: Callable[[Array], Array], centre: Array, n_beta: float, curved: Any
) -> Case:
    finest = 0.1 if curved else min(0.1, 0.3 * n_beta**-0.5)
    special: list[Any] = [{0.0, c, -c, 1.0, -1.0} for c in centre]
    if curved:  # the arms lie across the axes: even panels, narrower than the arms
        fine = 0.5 * n_beta**-0.5
        special = [set(np.arange(c - 9.0, c + 9.0, fine)) for c in centre]
        finest = fine
    truth = partial(soft, values, centre, gamma=1.0, special=special, finest=finest)
    place = function(values, by_differences(values), len(centre))
    at = ", ".join(f"{c:g}" for c in centre)
    return Case(
        kind, f"{name} at ({at})", place, centre, n_beta, 1.0, truth, n_beta == 1e2 and len(centre) == 2
    )


def separable() -> Iterator[Case]:
    """Sums over coordinates: the integral is a product of integrals on lines."""
    lines: list[tuple[str, str, Callable[[Array], Array], float, tuple[int, ...]]] = [
        ("quadratic", "50 x^2", lambda x: 50 * x**2, 0.0, (1, 5, 20, 50, 100)),
        ("quartic", "x^4", lambda x: x**4, 0.0, (1, 2, 5, 10, 20, 50)),
        ("double wells", "(x^2 - 1)^2", lambda x: (x**2 - 1) ** 2, 1.0, (1, 2, 5, 10, 20)),
        ("double wells", "uneven", lambda x: (x**2 - 1) ** 2 * (x + 2) ** 2, 1.0, (1, 2, 5, 10)),
        ("lattice", "1 - cos 2 pi x", lambda x: 1 - np.cos(2 * math.pi * x), 0.0, (1, 2, 5, 10, 20)),
    ]
    for kind, name, line, start, dimensions in lines:
        for D in dimensions:
            for n_beta in (1e1, 1e3):
                yield _separable(kind, name, line, start, D, n_beta)


def _separable(
    kind: str, name: str, line: Callable[[Array], Array], start: float, D: int, n_beta: float
) -> Case:
    def log_integral(at: float) -> float:
        one = soft(lambda p: line(p[:, 0]), np.array([start]), at, 1.0, [set(np.linspace(-9, 9, 37))], 1e-3)
        return D * one

    def values(p: Array) -> Array:
        return np.asarray(line(p).sum(axis=1))

    def hessian(x: Array) -> Array:
        step = 1e-4
        return np.diag((line(x + step) - 2 * line(x) + line(x - step)) / step**2)

    place = function(values, hessian, D)
    return Case(kind, f"{name}, D = {D}", place, np.full(D, start), n_beta, 1.0, log_integral, D <= 20)


def mixtures() -> Iterator[Case]:
    """Minus the logarithm of a sum of Gaussians, at n_beta = 1: the integral is a sum in closed form.

    The centre is the first Gaussian's; a second one, at a distance, has the same peak and may be wider.
    """
    for D in (1, 2, 5, 10, 20, 50):
        for distance in (1.0, 3.0):
            for wider in (1.0, 3.0):
                yield _mixture(D, distance, wider)


def _mixture(D: int, distance: float, wider: float) -> Case:
    centres, scales = np.zeros((2, D)), np.array([0.05, 0.05 * wider])
    centres[1] = distance / math.sqrt(D)

    def parts(p: Array) -> Array:
        return np.stack(
            [-((p - c) ** 2).sum(axis=1) / (2 * s * s) for c, s in zip(centres, scales, strict=True)]
        )

    def values(p: Array) -> Array:
        return np.asarray(-logsumexp(parts(p), axis=0))

    def log_integral(n_beta: float) -> float:
        if n_beta != 1:
            return math.nan
        spread = 1 + scales**2
        each = D / 2 * np.log(scales**2 / spread) - (centres**2).sum(axis=1) / (2 * spread)
        return float(logsumexp(each) + values(np.zeros((1, D)))[0])

    def hessian(x: Array) -> Array:
        logs = parts(x[None])[:, 0]
        share = np.exp(logs - logsumexp(logs))
        slopes = (x - centres) / scales[:, None] ** 2
        mean = share @ slopes
        bend = sum(
            w * (np.eye(D) / s**2 - np.outer(g, g)) for w, s, g in zip(share, scales, slopes, strict=True)
        )
        return np.asarray(bend + np.outer(mean, mean))

    name = f"second Gaussian at {distance:g}, {wider:g} times as wide, D = {D}"
    return Case("mixture", name, function(values, hessian, D), np.zeros(D), 1.0, 1.0, log_integral, D <= 20)


SHAPES = [(1, 1, False, False), (1, 2, False, False), (1, 3, False, False), (1, 1, True, False)]
SHAPES += [
    (1, 2, True, False),
    (1, 1, False, True),
    (1, 1, True, True),
    (1, 2, False, True),
    (2, 1, False, False),
]
"""(units, inputs, hidden bias, output bias) of every two-layer network with at most four parameters."""


def students() -> Iterator[Case]:
    """Every two-layer student with at most four parameters: teacher zero, and a teacher of its own kind."""
    for m, d, bias, output in SHAPES:
        for activation in ("tanh", "relu", "gelu", "identity"):
            for teacher in ("zero", "own"):
                ridge = (activation, teacher, d) == ("identity", "own", 2)  # its quadrature ends earlier
                for n_beta in (1e2, 1e3 if ridge else 1e4) if m * (d + bias) < 3 else (1e2,):
                    yield _student(m, d, bias, output, activation, teacher, n_beta)
    for n_beta in (1e3, 1e5, 1e7):
        yield _student(1, 1, False, False, "tanh", "zero", n_beta)


def _student(m: int, d: int, bias: bool, output: bool, activation: str, teacher: str, n_beta: float) -> Case:
    rng = np.random.default_rng([m, d, bias, output])
    X = np.random.default_rng(0).normal(size=(20, d))
    inner = np.round(rng.uniform(0.7, 1.3, size=(m, d + bias)) * rng.choice([-1, 1], size=(m, d + bias)), 1)
    outer = np.round(rng.uniform(0.7, 1.3, size=m), 1)
    if teacher == "zero":
        outer[:] = 0
        inner = 2.0 * np.sign(inner)
    c = np.array([0.0 if teacher == "zero" else 0.3]) if output else np.empty(0)
    known = Student(activation, X, np.zeros(20), np.concatenate([outer, c]), inner)
    y = known.features(inner[None])[0] @ known.outer
    known = Student(activation, X, y, known.outer, inner)
    b, last = inner[:, d] if bias else None, float(c[0]) if output else None
    net = tl.TwoLayer(outer, inner[:, :d], b, last, activation)
    name = (
        f"{activation}, {m} unit{'s' * (m > 1)}, {d} inputs{', b' * bias}{', c' * output}, teacher {teacher}"
    )
    truth = partial(known.soft, gamma=1.0)
    few = {1e2: m == 2 and activation in ("tanh", "relu"), 1e4: m == d == 1 and not bias and not output}
    short = few.get(n_beta, d == 1)
    return Case("student", name, NetworkLandscape(net, X, y), net.theta, n_beta, 1.0, truth, short)


def cases(short: bool = False) -> list[Case]:
    """All of the battery, or its `short` part."""
    found = [*polynomials(), *separable(), *mixtures(), *students()]
    return [case for case in found if case.short or not short]
