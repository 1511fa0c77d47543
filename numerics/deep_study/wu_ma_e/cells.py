"""One run of the tables: its samples, its descent, and what is measured where it ends."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from numerics.deep.hessian import Hessian
from numerics.deep.network import Network, random_network
from numerics.deep_study.wu_ma_e import published
from numerics.deep_study.wu_ma_e.descent import REACHED, Descent, descend
from numerics.deep_study.wu_ma_e.spread import Spread
from numerics.files.images import Images, one_hot
from numerics.sweeps.halfway import Halfway
from numerics.sweeps.store import Shard
from twolayer.arrays import Array

LEADING = 10
"""Eigenvalues whose logarithms are summed."""

SEARCH = 1e-6
"""Relative accuracy that Lanczos is asked for; what it reaches is measured."""


@dataclass(frozen=True)
class Cell:
    """One run: the `step`, the size `wrong` of the attack set, the number `repeat`, where it ends."""

    step: float
    wrong: int
    repeat: int
    target: float

    @property
    def cost(self) -> float:
        """Roughly proportional to the work: images times steps."""
        return (published.GENUINE + self.wrong) / self.step


def cells(quick: bool) -> list[Cell]:
    """The runs of both tables, the cheap ones first; if `quick`, those of an hour.

    Examples
    --------
    >>> len(cells(False)), len(cells(True))
    (40, 19)
    """
    steps = published.HOUR_STEPS if quick else tuple(published.STEPS)
    sizes = published.HOUR_ATTACKS if quick else tuple(published.ATTACKS)
    first = [
        Cell(step, 0, repeat, published.STEP_TARGET) for step in steps for repeat in range(published.REPEATS)
    ]
    second = [Cell(published.ATTACK_STEP, size, 0, published.ATTACK_TARGET) for size in sizes]
    return sorted(first + second, key=lambda cell: (cell.cost, cell.repeat))


@dataclass(frozen=True)
class Run:
    """The task of one cell, for a sweep.

    Parameters
    ----------
    data : Images
        Fashion-MNIST in its own order, with its own test set.
    seed : int
        Of the starts.
    hidden : tuple of int
    genuine : int
    halfway : Halfway, optional
        Where unfinished descents are kept.
    """

    data: Images
    seed: int
    hidden: tuple[int, ...] = published.HIDDEN
    genuine: int = published.GENUINE
    halfway: Halfway = field(default_factory=Halfway)

    def __call__(self, cell: Cell) -> Shard:
        X, labels = self.samples(cell.wrong)
        start = self.start(cell.repeat)
        Y = one_hot(labels, self.data.classes)
        begun, keep = self.halfway.read(cell), self.halfway.keeper(cell)
        ended = descend(
            start,
            X.astype(np.float32),
            Y.astype(np.float32),
            step=cell.step,
            target=cell.target,
            smoothing=published.SMOOTHING,
            most=published.MOST_STEPS,
            begun=None if begun is None else from_shard(begun),
            keep=lambda here: keep(lambda: as_shard(here())),
        )
        facts = {**vars(cell), "steps": ended.steps, "why": ended.why, "loss": None}
        if np.isfinite(ended.theta).all():
            facts |= self.measured(start.replace(ended.theta.astype(float)), X, labels)
        return {"facts": np.array(json.dumps(facts, allow_nan=False)), "theta": ended.theta}

    def start(self, repeat: int) -> Network:
        """The random start of a `repeat`, as torch draws it; the same for every step and attack set."""
        sizes = (self.data.X.shape[1], *self.hidden, self.data.classes)
        drawn = int(np.random.default_rng([self.seed, repeat]).integers(2**31))
        return random_network(sizes, "relu", seed=drawn, kind="torch")

    def samples(self, wrong: int) -> tuple[Array, np.ndarray]:
        """The first images over 255, (n, d), and their labels (n,): wrong ones beyond the genuine."""
        count = self.genuine + wrong
        labels = self.data.labels[:count].copy()
        labels[self.genuine :] = attacked(labels[self.genuine :], self.data.classes)
        return self.data.X[:count] / 255.0, labels

    def measured(self, net: Network, X: Array, labels: np.ndarray) -> dict[str, Any]:
        """Accuracies, and the curvature on the samples that the network was trained on.

        Parameters
        ----------
        net : Network
        X : ndarray, shape (n, d)
        labels : ndarray of int, shape (n,)
        """
        Y, first = one_hot(labels, self.data.classes), self.genuine
        right = net(X).argmax(axis=1) == labels
        tests = len(self.data.labels) - self.data.tests
        test = net(self.data.X[tests:] / 255.0).argmax(axis=1) == self.data.labels[tests:]
        return {
            "loss": float(np.mean((net(X) - Y) ** 2)),
            "train_accuracy": float(right[:first].mean()),
            "attack_accuracy": float(right[first:].mean()) if len(right) > first else None,
            "test_accuracy": float(test.mean()),
            **curvature(Hessian(net, X, Y)),
        }


def attacked(labels: np.ndarray, classes: int) -> np.ndarray:
    """Wrong labels in place of `labels` (k,): uniform over all classes but the last and the true one.

    They are the very labels of the published runs: the same generator, seed and order.

    Examples
    --------
    >>> attacked(np.array([2, 2, 0]), 10).tolist()
    [5, 1, 4]
    """
    rng = np.random.RandomState(published.LABEL_SEED)
    found = []
    for label in labels:
        drawn = label
        while drawn == label:
            drawn = rng.randint(0, classes - 1)
        found.append(drawn)
    return np.array(found, dtype=labels.dtype)


def curvature(H: Hessian) -> dict[str, Any]:
    """Numbers of the Hessian of the mean over samples and outputs of (f - y)^2, 2 / q times `H`.

    Eigenvalues carry the residual norm of their eigenvector: that near, there is an eigenvalue.

    Parameters
    ----------
    H : Hessian
        Of the squared loss with its factor 1/2, summed over outputs.
    """
    scale = 2 / H.forward.F.shape[1]
    k = min(LEADING, H.shape[0] - 1)
    values, errors = leading(H, k)
    spread, missed = leading(Spread(H), 1)
    root = math.sqrt(max(float(spread[0]), 0.0))
    positive = bool(values[-1] > errors[-1])
    return {
        "largest_eigenvalue": {"value": scale * float(values[0]), "error": scale * float(errors[0])},
        "non_uniformity": {"value": scale * root, "error": scale * float(missed[0]) / max(root, 1e-300)},
        "trace": scale * gauss_newton_trace(H),
        "gauss_newton_norm": scale * float(H.gauss_newton.frobenius_norm()),
        "log_product": float(np.log(scale * values).sum()) if positive else None,
    }


def gauss_newton_trace(H: Hessian) -> float:
    """tr G, which is tr H for a ReLU network: its second derivatives lie between layers alone."""
    run = H.forward
    weighted = [np.einsum("iop,ipa->ioa", run.Lam, J) for J in run.J]
    each = [
        (run.augmented(l) ** 2).sum(axis=1) * np.einsum("ioa,ioa->i", run.J[l], weighted[l])
        for l in range(run.net.depth)
    ]
    return float(sum(each).mean())


def leading(operator: LinearOperator, k: int) -> tuple[Array, Array]:
    """The `k` largest eigenvalues by Lanczos, descending, and the norms of their residuals; both (k,)."""
    start = np.random.default_rng(0).standard_normal(operator.shape[0])
    values, vectors = eigsh(operator, k, which="LA", v0=start, tol=SEARCH)
    order = np.argsort(-values)
    values, vectors = values[order], vectors[:, order]
    images = np.stack([operator @ column for column in vectors.T], axis=1)
    return values, np.linalg.norm(images - vectors * values, axis=0)


def as_shard(descent: Descent) -> Shard:
    """A `descent` on its way, to be kept."""
    return {name: np.array(getattr(descent, name)) for name in ("theta", "steps", "mean")}


def from_shard(shard: Shard) -> Descent:
    """What :func:`as_shard` made a `shard` of."""
    return Descent(shard["theta"], int(shard["steps"]), float(shard["mean"]))


def as_facts(shard: Shard) -> dict[str, Any]:
    """The plain data of a shard."""
    found: dict[str, Any] = json.loads(str(shard["facts"]))
    return found


def settled(facts: dict[str, Any]) -> bool:
    """Whether a run reached its target."""
    return bool(facts["why"] == REACHED)
