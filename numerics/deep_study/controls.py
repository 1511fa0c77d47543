"""What flatness does not show: step sizes, numbers of samples, rescaled layers, a confident softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.deep.hessian import Hessian
from numerics.deep.network import Network
from numerics.deep.training import DIVERGED, Trained, gauss_newton, gradient_descent, lbfgs
from numerics.deep_study.arms import DeepArm
from numerics.deep_study.facts import Labelled
from numerics.deep_study.run import as_shard, attacking, begin, ground
from numerics.files.images import Images
from numerics.sweeps.store import Shard

Row = dict[str, Any]

RATES = (0.3, 0.4, 0.5)
"""Learning rates of full-batch descent at the edge of stability, for the squared loss with its 1/2."""

EDGE_STEPS, EDGE_RISK = 10_000, 1e-4
SAMPLES = (15, 30, 60, 120)
FACTORS = (1.0, 2.0, 4.0, 8.0)
CONFIDENCE = (1e-1, 1e-2, 1e-3, 1e-4)

ARM = DeepArm("control", hidden=(32, 32))
RELU = DeepArm("control, relu", activation="relu", hidden=(64, 64))
SOFTMAX = DeepArm("control, softmax", loss="softmax", hidden=(32, 32))


MEASURED: Row = dict.fromkeys(
    ("train_accuracy", "test_accuracy", "risk", "frobenius_norm", "trace", "largest_eigenvalue")
)
"""What a network that diverged has of the numbers of `measured`."""


@dataclass(frozen=True)
class Control:
    """The task of one repeat of one control, for a sweep.

    Parameters
    ----------
    data : Images
    seed : int
    """

    data: Images
    seed: int

    def __call__(self, piece: tuple[str, int]) -> Shard:
        name, repeat = piece
        rows = CONTROLS[name](self.data, repeat, self.seed)
        return as_shard({"control": name, "repeat": repeat, "rows": rows})


def measured(net: Network, on: Labelled, test: Labelled, loss: str = "squared") -> Row:
    """Accuracies and exact norms of a network on the samples `on`; None where a kink leaves H unknown."""
    H = Hessian(net, on.X, on.targets(loss), loss)
    norm = H.frobenius_norm()
    curvature: Row = {"frobenius_norm": None, "trace": None, "largest_eigenvalue": None}
    if norm.error < norm.value:
        curvature["frobenius_norm"], curvature["trace"] = float(norm), float(H.trace())
        curvature["largest_eigenvalue"] = float(H.eigenvalues(method="kernel").value[0])
    return {
        "train_accuracy": on.accuracy(net),
        "test_accuracy": test.accuracy(net),
        "risk": float(H.forward.L.mean()),
        **curvature,
    }


def edge(data: Images, repeat: int, seed: int) -> list[Row]:
    """Descent with fixed learning rates, with and without an attack set, on all samples it is given.

    The largest eigenvalue is that of the Hessian of all these samples, which is held near 2 / rate.

    Parameters
    ----------
    data : Images
    repeat, seed : int
    """
    place, rows = _ground(data, ARM, repeat, seed), []
    for size in (0, len(place.genuine.labels)):
        extra = attacking(place.reserve, size, ARM, np.random.default_rng([seed, repeat, 1]))
        both = place.genuine.joined(extra)
        for rate in RATES:
            found = gradient_descent(
                begin(ARM, data, seed, repeat),
                both.X,
                both.targets("squared"),
                learning_rate=rate,
                steps=EDGE_STEPS,
                target=EDGE_RISK,
            )
            names = {"attack": size, "rate": rate, "edge": 2 / rate, "steps": found.steps, "why": found.why}
            numbers = MEASURED if found.why == DIVERGED else measured(found.net, both, place.test)
            rows.append({**names, **numbers})
    return rows


def sample_sizes(data: Images, repeat: int, seed: int) -> list[Row]:
    """Minima on more and more samples, measured on their own and in the landscape of the fewest.

    Parameters
    ----------
    data : Images
    repeat, seed : int
    """
    place = _ground(data, ARM, repeat, seed)
    pool, rows = place.genuine.joined(place.reserve), []
    fewest = _first(pool, SAMPLES[0])
    for count in (size for size in SAMPLES if size <= len(pool.labels)):
        own = _first(pool, count)
        found = _interpolated(begin(ARM, data, seed, repeat), own)
        small = measured(found.net, fewest, place.test)
        rows.append(
            {
                "samples": count,
                "why": found.why,
                **measured(found.net, own, place.test),
                "frobenius_norm_on_fewest": small["frobenius_norm"],
                "trace_on_fewest": small["trace"],
            }
        )
    return rows


def rescaled(data: Images, repeat: int, seed: int) -> list[Row]:
    """One ReLU minimum, its first layer multiplied and its last divided by a factor: one function.

    Parameters
    ----------
    data : Images
    repeat, seed : int
    """
    place = _ground(data, RELU, repeat, seed)
    found = _interpolated(begin(RELU, data, seed, repeat), place.genuine)
    outputs, rows = found.net(place.test.X), []
    for factor in FACTORS:
        net = balanced_otherwise(found.net, factor)
        moved = float(np.abs(net(place.test.X) - outputs).max())
        rows.append({"factor": factor, "moved": moved, **measured(net, place.genuine, place.test)})
    return rows


def balanced_otherwise(net: Network, factor: float) -> Network:
    """The same function of a ReLU network: W_1 times `factor`, the last weights divided by it.

    Biases of every layer but the last grow with the signals that they are added to.

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], [[3.0], 4.0], activation="relu")
    >>> balanced_otherwise(net, 2.0).theta.tolist()
    [2.0, 6.0, 1.0, 4.0]
    """
    weights = [W.copy() for W in net.weights]
    weights[0], weights[-1] = weights[0] * factor, weights[-1] / factor
    biases = [b if b is None or l == net.depth - 1 else b * factor for l, b in enumerate(net.biases)]
    return Network(weights, biases, net.activation)


def confidence(data: Images, repeat: int, seed: int) -> list[Row]:
    """One softmax classifier on its way to ever smaller risks: the Hessian fades, the accuracy stays.

    Parameters
    ----------
    data : Images
    repeat, seed : int
    """
    place = _ground(data, SOFTMAX, repeat, seed)
    net, rows = begin(SOFTMAX, data, seed, repeat), []
    for target in CONFIDENCE:
        found = gauss_newton(net, place.genuine.X, place.genuine.labels, loss="softmax", target=target)
        net = found.net
        row = measured(net, place.genuine, place.test, "softmax")
        rows.append({"target": target, "why": found.why, **row})
    return rows


CONTROLS: dict[str, Callable[[Images, int, int], list[Row]]] = {
    "edge of stability": edge,
    "numbers of samples": sample_sizes,
    "rescaled layers": rescaled,
    "confidence of the softmax": confidence,
}


def _ground(data: Images, arm: DeepArm, repeat: int, seed: int) -> Any:
    return ground(data, min(arm.genuine, (len(data.labels) - data.tests) // 5), repeat, seed)


def _first(pool: Labelled, count: int) -> Labelled:
    return Labelled(pool.X[:count], pool.labels[:count], pool.classes)


def _interpolated(net: Network, on: Labelled) -> Trained:
    y = on.targets("squared")
    return gauss_newton(lbfgs(net, on.X, y, steps=2000, target=1e-3).net, on.X, y)
