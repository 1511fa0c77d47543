"""Gradient flow from a start to its minimum: with the exact Jacobian, without, and by diffrax."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import twolayer as tl
from numerics.descents.flow import flow
from numerics.landscape.landscape import NetworkLandscape
from numerics.training.starts import starts

from .case import Case, Contender, Work
from .peers import jax_risk

SMALL = 1e-6
HORIZON = 1e9
TOLERANCES = {"rtol": 1e-5, "atol": 1e-8}


def student() -> NetworkLandscape:
    """Three tanh units that learn from five: P = 9, isolated minima at a finite distance."""
    rng = np.random.default_rng([0, 3])
    W = 1.5 * rng.normal(size=(5, 2))
    a = rng.choice([-1.0, 1.0], size=5) * rng.uniform(0.5, 1.5, size=5)
    X = rng.normal(size=(100, 2))
    return NetworkLandscape(tl.TwoLayer(np.ones(3), np.ones((3, 2))), X, tl.TwoLayer(a, W)(X))


def cases(dry: bool) -> Iterator[Case]:
    """Ours ends at the minimum to rounding; the peers stop where the gradient is a millionth."""
    landscape = student()
    begin = starts(landscape.net, 1 if dry else 8, seed=0)
    horizon = 1.0 if dry else HORIZON

    def ours() -> Work:
        return lambda: [flow(landscape, start).value for start in begin]

    peers = [
        Contender(
            f"solve_ivp {name}, no Jacobian",
            5.0,
            lambda name=name: lambda: [by_scipy(landscape, start, name, horizon) for start in begin],
        )
        for name in ("Radau", "BDF", "LSODA")
    ]
    peers += [
        Contender(f"diffrax {name}", 2.0, lambda name=name: by_diffrax(landscape, begin, name, horizon))
        for name in ("Kvaerno5", "Kvaerno3")
    ]
    size = f"{len(begin)} starts, {landscape.net!r}, n = {len(landscape.X)}"
    yield Case("flow to a minimum", size, Contender("twolayer", 1.0, ours), peers)


def by_scipy(landscape: NetworkLandscape, start: np.ndarray, method: str, horizon: float) -> float:
    """The risk at the end of scipy's integration, our gradient being its right-hand side."""

    def small(_: float, theta: np.ndarray) -> float:
        return float(np.linalg.norm(landscape.gradient(theta))) - SMALL

    def slope(_: float, theta: np.ndarray) -> np.ndarray:
        return -landscape.gradient(theta)

    small.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(slope, (0.0, horizon), start, method=method, events=small, **TOLERANCES)
    return landscape.value(found.y[:, -1])


def by_diffrax(landscape: NetworkLandscape, begin: np.ndarray, method: str, horizon: float) -> Work:
    """An implicit solver of diffrax, compiled with its right-hand side, Jacobian and event."""
    import diffrax

    jax, risk, _ = jax_risk(landscape.net, landscape.X, landscape.risk.y[:, 0])
    slope, norm = jax.grad(risk), jax.numpy.linalg.norm

    def small(t: Any, theta: Any, args: Any, **_: Any) -> Any:
        return norm(slope(theta)) < SMALL

    @jax.jit
    def end(start: Any) -> Any:
        solved = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, theta, args: -slope(theta)),
            getattr(diffrax, method)(),
            0.0,
            horizon,
            None,
            start,
            stepsize_controller=diffrax.PIDController(**TOLERANCES),
            event=diffrax.Event(small),
            max_steps=20_000,
            throw=False,
        )
        return risk(solved.ys[-1])

    return lambda: [end(start).block_until_ready() for start in begin]
