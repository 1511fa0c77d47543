"""A network with data in balls: the forward pass and the derivatives of every sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from theory.certify.balls.activation import BallActivation, activation
from theory.certify.balls.balls import EXACT, Rows, arb, arb_mat, ctx, matrix, precision, total
from theory.certify.balls.loss import LossJet, loss_jet
from theory.certify.balls.programs import Program
from theory.certify.quantities.exact_network import Subject
from theory.derivation.unit_templates import unit_kernels


@dataclass
class BallNetwork:
    """Where quantities are enclosed: the numbers of `subject`, weights widened by `radius`.

    Everything is computed once, at the precision in force when it is first asked for.

    Parameters
    ----------
    subject : Subject
    radius : float
        Every parameter ranges over a ball of this radius about its number.
    """

    subject: Subject
    radius: float = 0.0
    found: dict[str, Any] = field(default_factory=dict)
    bits: int = field(default_factory=lambda: ctx.prec)

    def once(self, name: str, evaluate: Callable[[BallNetwork], Any]) -> Any:
        """Return ``evaluate(self)``, from memory the second time."""
        if name not in self.found:
            self.found[name] = evaluate(self)
        return self.found[name]

    def weights(self, name: str) -> arb_mat:
        """The part `name` of theta as a matrix: a (q, m), W (m, d), b (1, m), c (1, q)."""
        return self.once(f"weights {name}", lambda at: at._weights(name))

    def _weights(self, name: str) -> arb_mat:
        part = np.atleast_2d(self.subject.parts[name])
        return matrix([[arb(number, self.radius) for number in row] for row in part.tolist()])

    @property
    def activation(self) -> BallActivation:
        """The activation in balls."""
        return activation(self.subject.activation)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """n, d, m, q."""
        (m, d), q = self.subject.W.shape, len(self.subject.A)
        return len(self.subject.X), d, m, q

    @property
    def X(self) -> arb_mat:
        """Inputs (n, d)."""
        return self.once("X", lambda at: matrix(at.subject.X.tolist()))

    @property
    def augmented(self) -> arb_mat:
        """x~: the inputs, with a 1 appended where there are hidden biases."""
        rows = self.subject.X.tolist()
        return self.once("x~", lambda at: matrix([[*row, 1] for row in rows]) if at.biased else at.X)

    @property
    def biased(self) -> bool:
        """Whether there are hidden biases."""
        return self.subject.b is not None

    @property
    def units(self) -> Units:
        """s, s' and s'' at every sample and unit."""
        return self.once("units", _units)

    @property
    def outputs(self) -> arb_mat:
        """F, (n, q)."""
        return self.once("F", _outputs)

    @property
    def losses(self) -> list[LossJet]:
        """The loss and its derivatives at every sample."""
        return self.once("losses", _losses)


@dataclass(frozen=True)
class Units:
    """Balls around s, s' and s'', each (n, m), and how many pre-activations sit exactly at a kink."""

    S: Rows
    S1: Rows
    S2: Rows
    kinks: int


def _preactivations(at: BallNetwork) -> arb_mat:
    Z = at.X * at.weights("W").transpose()
    return Z + matrix([[1]] * at.sizes[0]) * at.weights("b") if at.biased else Z


def _exactly(at: BallNetwork, i: int, k: int) -> arb:
    """The pre-activation itself: float64 numbers multiplied and added without rounding."""
    subject = at.subject
    with precision(EXACT):
        products = (
            arb(w) * arb(x) for w, x in zip(subject.W[k].tolist(), subject.X[i].tolist(), strict=True)
        )
        return total([*products, arb(0 if subject.b is None else float(subject.b[k]))])


def _units(at: BallNetwork) -> Units:
    n, _, m, _ = at.sizes
    Z, rule, kinks = _preactivations(at).tolist(), at.activation, 0
    jets: list[list[list[arb]]] = []
    for i in range(n):
        jets.append([])
        for k in range(m):
            exact = None if at.radius else (lambda i=i, k=k: _exactly(at, i, k))
            jets[-1].append(rule.jet(Z[i][k], exact))
            kinks += rule.at_kink(Z[i][k], exact)
    S, S1, S2 = ([[jet[order] for jet in row] for row in jets] for order in range(3))
    return Units(S, S1, S2, kinks)


def _outputs(at: BallNetwork) -> arb_mat:
    F = arb_mat(at.units.S) * at.weights("a").transpose()
    return F if at.subject.c is None else F + matrix([[1]] * at.sizes[0]) * at.weights("c")


def _losses(at: BallNetwork) -> list[LossJet]:
    y = at.subject.y
    targets: list[Any] = [None] * at.sizes[0] if y is None else y.tolist()
    if y is not None and y.ndim == 2:
        targets = [[arb(number) for number in row] for row in targets]
    if y is None and at.radius:  # the targets are the outputs at the middle, not those at every point
        targets = BallNetwork(at.subject).outputs.tolist()
    return [loss_jet(at.subject.loss, f, t) for f, t in zip(at.outputs.tolist(), targets, strict=True)]


@cache
def _template(head: str) -> Program:
    """One of the derived templates of one unit, by its signature."""
    import sympy as sp

    letters = head.partition("(")[2].rstrip(")").split(", ")
    return Program(list(unit_kernels()[head].values()), [sp.Symbol(letter) for letter in letters])


def slopes(at: BallNetwork) -> list[list[Rows]]:
    """The derivatives of output o of sample i by a_ok and by z_k: entry [i][o][k] is that pair."""
    jacobian, A, units = _template("jacobian(a, s, s1)"), at.weights("a").tolist(), at.units
    return [
        [[jacobian(*each) for each in zip(row, S, S1, strict=True)] for row in A]
        for S, S1 in zip(units.S, units.S1, strict=True)
    ]


def bends(at: BallNetwork) -> list[list[Rows]]:
    """The second derivatives by (a_ok, z_k) and by (z_k, z_k): entry [i][o][k] is that pair."""
    second, A, units = _template("second(a, s1, s2)"), at.weights("a").tolist(), at.units
    return [
        [[second(*each) for each in zip(row, S1, S2, strict=True)] for row in A]
        for S1, S2 in zip(units.S1, units.S2, strict=True)
    ]
