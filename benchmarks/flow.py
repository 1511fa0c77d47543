"""Gradient flow from a start to its minimum, with the exact Jacobian and without."""

from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp

from numerics.basin_problems import teacher_student
from numerics.flow import flow
from numerics.initialisations import starts
from numerics.landscape import NetworkLandscape

from .case import Case, Contender, Work


def cases(dry: bool) -> Iterator[Case]:
    """Ours ends at the minimum to rounding; scipy's stops where the gradient is a millionth."""
    net, X, y = teacher_student(0)
    landscape = NetworkLandscape(net, X, y)
    begin = starts(net, 1 if dry else 8, seed=0)

    def small(_: float, theta: np.ndarray) -> float:
        return float(np.linalg.norm(landscape.gradient(theta))) - 1e-6

    small.terminal = True  # type: ignore[attr-defined]

    def plain(method: str) -> Work:
        def follow(start: np.ndarray) -> float:
            def slope(_: float, theta: np.ndarray) -> np.ndarray:
                return -landscape.gradient(theta)

            horizon = (0.0, 1.0 if dry else 1e9)
            found = solve_ivp(slope, horizon, start, method=method, rtol=1e-5, atol=1e-8, events=small)
            return landscape.value(found.y[:, -1])

        return lambda: [follow(start) for start in begin]

    size = f"{len(begin)} starts, teacher-student, P={net.n_parameters}"
    ours = Contender("twolayer", 1.0, lambda: lambda: [flow(landscape, start).value for start in begin])
    peers = [
        Contender(f"solve_ivp {method}, no Jacobian", 5.0, lambda method=method: plain(method))
        for method in ("Radau", "BDF")
    ]
    yield Case("flow to a minimum", size, ours, peers)
