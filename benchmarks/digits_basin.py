"""One basin of a network on digits: its prior mass by integration with the exact Hessian, and by rays.

``python -m benchmarks.digits_basin --write docs/volumes-digits.md`` makes the page.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

import twolayer as tl
from numerics import volume
from numerics.files.images import images
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape, Points
from numerics.sweeps.threads import one_thread
from numerics.volume.annealing import Annealing, log_mean, tuned
from numerics.volume.priors import Gaussian
from twolayer.arrays import Array

from .digits_page import page

SCALE = 0.125
"""Standard deviation of the prior: of every parameter, one over the root of 64 inputs."""


@dataclass(frozen=True)
class Size:
    """How much is done: of the network, the data, both paths, the walkers on them, and the rays.

    `beta` is the inverse temperature of the risk, n times that of the sum of losses.
    """

    units: int = 64
    samples: int = 1024
    beta: float = 1e4
    levels: int = 60
    far_levels: int = 300
    walkers: int = 8
    settling: int = 80
    rays: int = 200


def told(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


class DigitBasin:
    """The posterior exp(-beta (R - R*)) under the Gaussian prior, its mode theta*, and the Hessian there.

    Parameters
    ----------
    size : Size
    seed : int
        Draws samples and the start of the search for the mode.
    """

    def __init__(self, size: Size, seed: int) -> None:
        self.size, self.seed = size, seed
        rng, data = self.rng(20), images("digits")
        chosen = rng.permutation(len(data.labels))[: size.samples]
        X = data.X[chosen].astype(float)
        X = (X - X.mean(axis=0)) / X.std()
        m = size.units
        net = tl.TwoLayer(np.zeros((10, m)), np.zeros((m, 64)), np.zeros(m), np.zeros(10), "gelu")
        self.place = NetworkLandscape(net, X, data.labels[chosen], "softmax")
        self.start = SCALE * rng.normal(size=self.place.dimension)
        self.labels = data.labels[chosen]

    def rng(self, *words: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *words])

    @cached_property
    def mode(self) -> Array:
        """theta*: the minimum of beta R + |theta|^2 / (2 scale^2) that L-BFGS finds from a random start."""
        beta = self.size.beta

        def energy(theta: Array) -> tuple[float, Array]:
            value = beta * self.place.value(theta) + theta @ theta / (2 * SCALE**2)
            return value, beta * self.place.gradient(theta) + theta / SCALE**2

        options = {"maxiter": 5000, "maxfun": 10000, "ftol": 0.0, "gtol": 1e-9 * beta, "maxcor": 30}
        return np.asarray(minimize(energy, self.start, jac=True, method="L-BFGS-B", options=options).x)

    @cached_property
    def bottom(self) -> float:
        """R(theta*)."""
        return self.place.value(self.mode)

    @cached_property
    def hessian(self) -> Array:
        """The exact Hessian of R at the mode."""
        return self.place.hessian(self.mode)

    @cached_property
    def eigen(self) -> tuple[Array, Array]:
        """Its eigenvalues, and vectors as columns.

        Of the mode, not of a minimum of R: a little negative curvature is held by the prior.
        """
        values, Q = np.linalg.eigh(self.hessian)
        return values, Q

    @cached_property
    def precision(self) -> Array:
        """Of the posterior's quadratic part, along the eigenvectors; negative curvature counts as none."""
        return np.asarray(self.size.beta * np.maximum(self.eigen[0], 0.0) + SCALE**-2)

    @property
    def laplace(self) -> float:
        """ln of the integral of the quadratic part."""
        return (
            -float(self.mode @ self.mode) / (2 * SCALE**2)
            - float(np.log(self.precision * SCALE**2).sum()) / 2
        )

    def steps(self, z: Points) -> Points:
        """theta - theta* at coordinates z (k, P) in which the quadratic part is a standard Gaussian."""
        return np.asarray((z / np.sqrt(self.precision)) @ self.eigen[1].T)

    def excess(self, z: Points) -> tuple[Array, Points]:
        """beta (R - R*) at `z` (k, P); and nothing."""
        points = self.mode + self.steps(z)
        values = np.array([self.place.value(one) for one in points])
        return self.size.beta * (values - self.bottom), z

    def near(self, z: Points) -> tuple[Array, Points]:
        """What the posterior's energy has beyond |z|^2 / 2, and its gradient, at `z` (k, P)."""
        points, beta = self.mode + self.steps(z), self.size.beta
        values = np.array([self.place.value(one) for one in points]) - self.bottom
        slopes = np.array([beta * self.place.gradient(one) for one in points]) + points / SCALE**2
        prior = ((points**2).sum(axis=1) - self.mode @ self.mode) / (2 * SCALE**2)
        slope = (slopes @ self.eigen[1]) / np.sqrt(self.precision) - z
        return beta * values + prior - (z**2).sum(axis=1) / 2, slope

    def far(self, z: Points) -> tuple[Array, Points]:
        """beta (R - R*) and its gradient where theta = scale z (k, P): from the whole prior."""
        beta = self.size.beta
        values = np.array([self.place.value(SCALE * one) for one in z]) - self.bottom
        return beta * values, beta * SCALE * np.array([self.place.gradient(SCALE * one) for one in z])


def below(log_integral: float, excess: Array, height: float) -> tuple[float, float]:
    """ln of the prior's mass of {beta (R - R*) < height}, and a standard error of this second step.

    The mass is the posterior's weight times its mean of exp(excess) below the height; excess
    has shape (walkers, moves).
    """
    logs = np.where(excess < height, excess - height, -np.inf)
    value, error = log_mean(np.logaddexp.reduce(logs, axis=1) - np.log(excess.shape[1]))
    return log_integral + height + value, error


def integrated(basin: DigitBasin) -> dict[str, Any]:
    """ln of the integral about the mode, from the quadratic part's Gaussian to the posterior and back."""
    size, rng = basin.size, basin.rng(21)
    levels = np.linspace(0.0, 1.0, size.levels + 1)
    shape = (size.walkers, basin.place.dimension)
    path = tuned(Annealing(basin.near, levels, levels), rng.normal(size=shape), rng, moves=1)
    told("path tuned")
    z, down = path.down(rng.normal(size=shape), rng)
    told("walkers at the posterior")
    z, _ = path.settle(z, -1, size.settling // 2, rng)
    z, excess = path.settle(z, -1, size.settling, rng, basin.excess)
    told("walkers settled")
    up = path.up(z, rng)[1]
    lower, lower_error = log_mean(down)
    upper, upper_error = log_mean(up)
    return {
        "lower": basin.laplace + lower,
        "lower_error": lower_error,
        "upper": basin.laplace - upper,
        "upper_error": upper_error,
        "excess": excess,
    }


def from_prior(basin: DigitBasin) -> dict[str, Any]:
    """ln of the integral over all theta, from the whole prior to the posterior and back."""
    size, rng = basin.size, basin.rng(22)
    levels = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, size.far_levels)])
    shape = (size.walkers, basin.place.dimension)
    path = tuned(Annealing(basin.far, levels, levels), rng.normal(size=shape)[:2], rng)
    z, down = path.down(rng.normal(size=shape), rng)
    told("walkers from the prior arrived")
    z, _ = path.settle(z, -1, size.settling // 2, rng)
    z, excess = path.settle(z, -1, size.settling, rng)
    up = path.up(z, rng)[1]
    told("walkers back at the prior")
    lower, lower_error = log_mean(down)
    upper, upper_error = log_mean(up)
    return {
        "all_lower": lower,
        "all_lower_error": lower_error,
        "all_upper": -upper,
        "all_upper_error": upper_error,
        "all_excess": excess,
    }


def preconditioners(basin: DigitBasin) -> dict[str, Any]:
    """Axes along which rays are drawn, by name; None is isotropic."""
    beta, n = basin.size.beta, basin.size.samples
    values, Q = basin.eigen
    squares = np.zeros(len(values))
    for x, label in zip(basin.place.X, basin.labels, strict=True):
        one = NetworkLandscape(basin.place.net, x[None], label[None], "softmax")
        squares += one.gradient(basin.mode) ** 2 / n

    def along(curvature: Array) -> Array:
        return np.diag((beta * np.maximum(curvature, 0) + SCALE**-2) ** -0.5)

    root = np.sqrt(squares)
    return {
        "none (isotropic)": None,
        "root of squared gradients (as Adam)": along(root * basin.hessian.trace() / root.sum()),
        "diagonal of the Hessian": along(basin.hessian.diagonal()),
        "exact Hessian": Q / np.sqrt(basin.precision),
    }


def rays(basin: DigitBasin, height: float) -> list[dict[str, Any]]:
    """Radial estimates of {R < R* + height}, by every preconditioner, and of its quadratic part."""
    values, Q = np.maximum(basin.eigen[0], 0.0), basin.eigen[1]
    slope = Q.T @ basin.place.gradient(basin.mode)
    model = FunctionLandscape(
        lambda e: float(slope @ e + values @ e**2 / 2),
        lambda e: slope + values * e,
        hessian_product=lambda e, v: values * v,
        values=lambda points: points @ slope + points**2 @ values / 2,
        dimension=len(values),
    )
    found = []
    for name, axes in preconditioners(basin).items():
        row: dict[str, Any] = {"preconditioner": name}
        turned = None if axes is None else Q.T @ axes
        there = Gaussian(SCALE, -Q.T @ basin.mode)
        for kind, place, centre, A, prior in (
            ("network", basin.place, basin.mode, axes, Gaussian(SCALE)),
            ("quadratic", model, 0 * values, turned, there),
        ):
            options: dict[str, Any] = {
                "directions": basin.size.rays,
                "resolution": 1e-7,
                "rng": basin.rng(24),
            }
            one = volume.radial(place, centre, threshold=height, prior=prior, preconditioner=A, **options)
            row |= {f"{kind}_{key}": item for key, item in one.as_dict().items()}
        told(f"rays: {name}")
        found.append(row)
    return found


def measured(size: Size, seed: int) -> dict[str, Any]:
    """Everything about one basin, as plain data."""
    basin = DigitBasin(size, seed)
    told(f"mode found, risk {basin.bottom:.4g}; its Hessian")
    values, _ = basin.eigen
    told("eigenvalues known")
    found = integrated(basin) | from_prior(basin)
    near, excess = found.pop("excess"), found.pop("all_excess")
    height = float(f"{np.quantile(excess.mean(axis=1), 0.75) / size.beta:.3g}")  # most walkers go below it
    draws = np.concatenate([model_excess(basin, 200, seed) for seed in range(8)]).reshape(8, -1)
    middle = (found["all_lower"] + found["all_upper"]) / 2
    mass = below(middle, excess, size.beta * height)
    apart = abs(found["all_upper"] - found["all_lower"]) / 2
    errors = found["all_lower_error"] + found["all_upper_error"] + mass[1]
    return {
        **found,
        "parameters": basin.place.dimension,
        "samples": size.samples,
        "beta": size.beta,
        "seed": seed,
        "risk": basin.bottom,
        "height": height,
        "eigenvalues": (float(values[0]), float(values[-1]), int((size.beta * values > SCALE**-2).sum())),
        "prior_at_mode": -float(basin.mode @ basin.mode) / (2 * SCALE**2),
        "units": size.units,
        "images": float(gammaln(size.units + 1)),
        "laplace": basin.laplace,
        "model": below(basin.laplace, draws, size.beta * height),
        "mass": mass[0],
        "mass_error": apart + 1.96 * errors,
        "excess": float(near.mean()),
        "all_excess": float(excess.mean()),
        "model_excess": float(draws.mean()),
        "halves": [float(part.mean()) for part in np.array_split(excess, 2, axis=1)],
        "rays": rays(basin, height),
    }


def model_excess(basin: DigitBasin, count: int, seed: int) -> Array:
    """beta times the quadratic part of R - R*, at `count` draws of its Gaussian."""
    values, Q = np.maximum(basin.eigen[0], 0.0), basin.eigen[1]
    e = basin.rng(25, seed).normal(size=(count, len(values))) / np.sqrt(basin.precision)
    slope = Q.T @ basin.place.gradient(basin.mode)
    return np.asarray(basin.size.beta * (e @ slope + e**2 @ values / 2))


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digits_basin", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the samples, the start and the walkers")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE as well")
    chosen = parser.parse_args(sys.argv[1:] if words is None else words)
    with one_thread():
        text = page(measured(Size(), chosen.seed))
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
