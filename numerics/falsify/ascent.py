"""Climbing the ratio of two sides of a relation by exact derivatives by every array and its scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import minimize

import twolayer as tl
from numerics.falsify.dual.arrays import Dual, constant, dual, variables
from numerics.falsify.dual.network import DualNetwork
from numerics.falsify.dual.norms import norm
from numerics.falsify.dual.numbers import NUMBERS
from theory.quantities.check import arithmetic
from theory.quantities.network import Situation
from theory.quantities.registry import QUANTITIES
from twolayer.arrays import Array

ENOUGH = math.log(30.0)  # a ratio worth climbing to: it leaves room for rounder numbers
CROSSED = 0.1  # likewise for a gap, in units of the sides at the start
WIDEST = math.log(1e4)  # how far the logarithm of a scale may move
HOPELESS = 1e12  # what is minimised where it is not defined


class _Arrived(Exception):
    """The relation is violated widely enough."""


class Ascent:
    """The way up from one network with data, by the left side over the right one.

    Where both sides are positive the logarithm of their ratio is climbed, and the scale of every array is
    free; else their difference, with the norm of every array kept.

    Parameters
    ----------
    relation : sympy.Le or sympy.Lt
    start : Situation
    third : callable
        The third derivative of its activation, see ``numerics.falsify.dual.third.third_derivative``.
    fitted : bool
        Whether every residual is to stay zero, with y the network's own outputs.

    Attributes
    ----------
    evaluations : int
        How often the derivatives were evaluated so far.
    """

    def __init__(
        self, relation: sp.Basic, start: Situation, third: Callable[[Array], Array], fitted: bool = False
    ) -> None:
        self.relation, self.start, self.third, self.evaluations = relation, start, third, 0
        self.arrays = arrays_of(start, fitted)
        self.scales = {name: float(np.abs(array).max()) or 1.0 for name, array in self.arrays.items()}
        self.ratios = True
        with np.errstate(all="ignore"):
            left, right = (float(side.value) for side in self.sides(constant(self.beginning())))
        self.ratios = left > 0 and right > 0
        self.unit = abs(left) + abs(right) or 1.0
        self.best: tuple[float, Array] = (-math.inf, self.beginning())

    def beginning(self) -> Array:
        """The start as one vector: entries over the scale of their array, then logarithms of scales.

        Shape (variables,).
        """
        entries = [array.ravel() / self.scales[name] for name, array in self.arrays.items()]
        return np.concatenate([*entries, np.zeros(len(self.arrays))])

    def unpacked(self, vector: Dual) -> dict[str, Dual]:
        """The arrays that a `vector` stands for."""
        found, place, logarithms = {}, 0, vector.shape[0] - len(self.arrays)
        for number, (name, array) in enumerate(self.arrays.items(), logarithms):
            part = vector[place : place + array.size].reshape(*array.shape)
            grown = np.exp(vector.value[number])
            found[name] = part * vector[number].through(grown, grown) if self.ratios else _kept(part, array)
            found[name] *= self.scales[name] if self.ratios else 1.0
            place += array.size
        return found

    def sides(self, vector: Dual) -> tuple[Dual, Dual]:
        """Both sides of the relation where `vector` says."""
        run = self.start.forward
        at = DualNetwork(self.unpacked(vector), run.net.activation, self.third, run.loss, labels_of(run))
        known: dict[str, Dual] = {}

        def quantity(name: str) -> Dual:
            if name not in known:
                known[name] = NUMBERS[name](at)
            return known[name]

        left, right = (
            arithmetic(side, quantity, lambda number: dual(float(number))) for side in self.relation.args
        )
        return left, right

    def height(self, vector: Array) -> tuple[float, Array]:
        """What is climbed, and its gradient, at a `vector`. Shapes () and (variables,)."""
        left, right = self.sides(variables(vector))
        if self.ratios and left.value > 0 >= right.value:
            return math.inf, np.zeros_like(vector)
        found = left.log() - right.log() if self.ratios else (left - right) / self.unit
        return float(found.value), np.broadcast_to(found.slope, vector.shape)

    def climb(self, steps: int) -> Situation:
        """The highest network met in a number of `steps` of L-BFGS."""
        start = self.beginning()
        room = [(-1e3, 1e3)] * (len(start) - len(self.arrays)) + [(-WIDEST, WIDEST)] * len(self.arrays)
        options = {"maxiter": steps, "maxfun": 2 * steps}
        with np.errstate(all="ignore"):
            with suppress(_Arrived, np.linalg.LinAlgError):
                minimize(self._depth, start, jac=True, method="L-BFGS-B", bounds=room, options=options)
            parts = {name: part.value for name, part in self.unpacked(constant(self.best[1])).items()}
        return situation_of(parts, self.start)

    def _depth(self, vector: Array) -> tuple[float, Array]:
        self.evaluations += 1
        height, slope = self.height(vector)
        if height > self.best[0]:
            self.best = height, vector.copy()
        if height >= (ENOUGH if self.ratios else CROSSED):
            raise _Arrived
        if not (math.isfinite(height) and np.isfinite(slope).all()):
            return HOPELESS, np.zeros_like(vector)
        return -height, -slope


def _kept(part: Dual, array: Array) -> Dual:
    """`part` with the norm of `array`."""
    length = float(np.linalg.norm(array))
    return part * (length / norm(part)) if length else part


def arrays_of(at: Situation, fitted: bool) -> dict[str, Array]:
    """Everything that may vary at a network with data, outputs as a last axis; no targets if `fitted`.

    Shapes (q, m), (m, d), (m,), (q,), (n, d), (n, q).
    """
    net, X = at.net, np.asarray(at.X, dtype=float)
    found = {"A": net.A, "W": net.W, "X": X}
    found |= {} if net.b is None else {"b": net.b}
    found |= {} if net.c is None else {"c": np.atleast_1d(net.c)}
    fixed = fitted or labels_of(at.forward) is not None
    return found if fixed else {**found, "y": np.asarray(at.y, dtype=float).reshape(len(X), -1)}


def labels_of(run: Any) -> Any:
    """The targets of a forward pass if they are labels: (n, q), or (n,) for softmax; else None."""
    if run.loss.labels == "real":
        return None
    return run.y if run.loss.labels == "classes" else np.asarray(run.y, dtype=float).reshape(run.F.shape)


def situation_of(parts: dict[str, Array], like: Situation) -> Situation:
    """The network with the data of `parts`, of the shapes that another one has; without targets it fits."""
    net = like.net
    shaped = {name: parts[name].reshape(part.shape) for name, part in net.parts.items() if name in parts}
    made = tl.TwoLayer(parts["A"].reshape(net.a.shape), **shaped, activation=net.activation)
    y = parts["y"].reshape(np.shape(like.y)) if "y" in parts else made(parts["X"])
    y = y if labels_of(like.forward) is None else like.y
    return Situation(made, parts["X"], y, like.loss)


CONSTANT = {name for name, quantity in QUANTITIES.items() if quantity.fixed}
