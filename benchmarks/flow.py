"""Gradient flow from a start to its minimum: with the exact Jacobian, without, and by diffrax."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import twolayer as tl
from numerics.descents.flow import flow
from numerics.landscape.landscape import NetworkLandscape
from numerics.training.starts import starts

from .case import Case, Contender, Work

SMALL = 1e-6
HORIZON = 1e9
PATIENCE = {"P = 9": 1.0, "ten outputs": 3.0, "P = 500": 25.0}
"""Seconds a start after which scipy, which chatters at kinks, is stopped; a ratio is then a least one."""

MOST_STEPS = {"P = 9": 20_000, "ten outputs": 5_000, "P = 500": 500}
"""The same for diffrax, in steps."""

BUDGET = 3.0

TOLERANCES = {"rtol": 1e-5, "atol": 1e-8}


def student(activation: str = "tanh", m: int = 3, d: int = 2, q: int = 1, n: int = 100) -> NetworkLandscape:
    """Units that learn from a teacher with two more: with m = 3, d = 2, q = 1 P = 9, isolated minima."""
    rng = np.random.default_rng([0, m])
    W = 1.5 * rng.normal(size=(m + 2, d)) / np.sqrt(d / 2)
    size = (m + 2,) if q == 1 else (q, m + 2)
    a = rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.5, 1.5, size=size)
    X = rng.normal(size=(n, d))
    net = tl.TwoLayer(np.ones((*size[:-1], m)), np.ones((m, d)), activation=activation)
    return NetworkLandscape(net, X, tl.TwoLayer(a, W, activation=activation)(X))


SHAPES = {"P = 9": (3, 2, 1, 100), "ten outputs": (4, 2, 10, 100), "P = 500": (50, 9, 1, 100)}
"""Units, inputs, outputs and samples. With P = 500 the network interpolates."""


def cases(dry: bool) -> Iterator[Case]:
    """Ours ends at the minimum to rounding; the peers stop where the gradient is a millionth."""
    for activation in ("tanh", "relu"):
        for name, (m, d, q, n) in SHAPES.items():
            if dry and name != "P = 9":
                continue
            count = 1 if dry or name != "P = 9" else 8
            samples, horizon = (8, 1e-2) if dry else (n, HORIZON)
            yield _case(student(activation, m, d, q, samples), activation, name, count, horizon)


def _case(landscape: NetworkLandscape, activation: str, name: str, count: int, horizon: float) -> Case:
    begin = starts(landscape.net, count, seed=0)

    def ours() -> Work:
        return lambda: [flow(landscape, start).value for start in begin]

    peers = [
        Contender(
            f"solve_ivp {method}, no Jacobian",
            5.0,
            lambda method=method: (
                lambda: [by_scipy(landscape, start, method, horizon, PATIENCE[name]) for start in begin]
            ),
        )
        for method in ("Radau", "BDF", "LSODA")
    ]
    peers += [
        Contender(
            f"diffrax {method}",
            2.0,
            lambda method=method: by_diffrax(landscape, begin, method, horizon, MOST_STEPS[name]),
        )
        for method in ("Kvaerno5", "Kvaerno3")
    ]
    size = f"{len(begin)} starts, {landscape.net!r}, n = {len(landscape.X)}"
    return Case(f"flow to a minimum, {activation}", size, Contender("twolayer", 1.0, ours), peers, BUDGET)


class Late(Exception):
    """The time is up."""


def by_scipy(
    landscape: NetworkLandscape, start: np.ndarray, method: str, horizon: float, patience: float
) -> float:
    """The risk at the end of scipy's integration, or where it is after `patience` seconds.

    Our gradient is its right-hand side.
    """
    began, last = perf_counter(), start

    def small(_: float, theta: np.ndarray) -> float:
        return float(np.linalg.norm(landscape.gradient(theta))) - SMALL

    def slope(_: float, theta: np.ndarray) -> np.ndarray:
        nonlocal last
        last = theta
        if perf_counter() - began > patience:
            raise Late
        return -landscape.gradient(theta)

    small.terminal = True  # type: ignore[attr-defined]
    try:
        found = solve_ivp(slope, (0.0, horizon), start, method=method, events=small, **TOLERANCES)
    except Late:
        return landscape.value(last)
    return landscape.value(found.y[:, -1])


def by_diffrax(
    landscape: NetworkLandscape, begin: np.ndarray, method: str, horizon: float, most: int
) -> Work:
    """An implicit solver of diffrax, compiled with its right-hand side, Jacobian and event."""
    import diffrax

    jax, risk = risk_by_jax(landscape)
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
            max_steps=most,
            throw=False,
        )
        return risk(solved.ys[-1])

    return lambda: [end(start).block_until_ready() for start in begin]


def risk_by_jax(landscape: NetworkLandscape) -> tuple[Any, Any]:
    """The module jax, and the risk of a network without biases as a function of theta."""
    import jax

    jax.config.update("jax_enable_x64", True)
    net, X, y = landscape.net, jax.numpy.asarray(landscape.X), jax.numpy.asarray(landscape.risk.y)
    unit = jax.numpy.tanh if net.activation.name == "tanh" else jax.nn.relu

    def risk(theta: Any) -> Any:
        A = theta[net.layout["a"]].reshape(net.A.shape)
        hidden = unit(X @ theta[net.layout["W"]].reshape(net.W.shape).T)
        return jax.numpy.mean(jax.numpy.sum((hidden @ A.T - y) ** 2, axis=1)) / 2

    return jax, risk
