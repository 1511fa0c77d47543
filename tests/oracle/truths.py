"""What theorems speak of, once more from the definitions: the truth that a certificate is held against.

Balls of 120 digits, as in :mod:`tests.oracle.oracle`; nothing of ``theory`` is used. What is not defined at a
network raises :class:`Undefined`: a certificate that states a value for it lies, whatever the value.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from flint import arb, arb_mat, fmpq

from tests.oracle import oracle
from tests.oracle.oracle_jets import SERIES, Jet, balls, jet, loss_jet
from tests.oracle.problem import Problem

STRETCH = 100
DEGREES = {"relu": 1, "leaky_relu": 1, "identity": 1, "relu_squared": 2, "square": 2, "cube": 3, "abs(z)": 1}
DEGREES |= {"max(z, z/3)": 1, "max(0, z)**3": 3}
KINKED = ("relu", "leaky_relu", "relu_squared", "abs(z)", "max(z, z/3)")
UNBOUNDED = {1: ("relu_squared", "square", "cube", "max(0, z)**3", "z**2/4 + z"), 2: ("cube", "max(0, z)**3")}


class Undefined(ArithmeticError):
    """A quantity has no value at a network."""


def _powers(left: tuple[int, ...], right: tuple[int, ...], by: int = 1) -> Callable[[fmpq], Jet]:
    """The jet of two polynomials that meet at 0, each by its coefficients from the constant, over `by`."""

    def at(z: fmpq) -> Jet:
        c = [arb(fmpq(number, by)) for number in (right if z > 0 else left)]
        powers = [arb(z) ** k for k in range(len(c))]
        s = total(v * p for v, p in zip(c, powers, strict=True))
        s1 = total(k * c[k] * powers[k - 1] for k in range(1, len(c)))
        return s, s1, total(k * (k - 1) * c[k] * powers[k - 2] for k in range(2, len(c)))

    return at


def _root(z: fmpq) -> Jet:
    root = (1 + arb(z * z)).sqrt()
    return root, arb(z) / root, 1 / root**3


FORMULAS: dict[str, Callable[[fmpq], Jet]] = {
    "abs(z)": _powers((0, -1), (0, 1)),
    "max(z, z/3)": _powers((0, 1), (0, 3), 3),
    "max(0, z)**3": _powers((0,), (0, 0, 0, 1)),
    "z**2/4 + z": _powers((0, 4, 1), (0, 4, 1), 4),
    "sqrt(1 + z**2)": _root,
}
"""Formulas that the grammar of activations can write, with s, s' and s''; from the left at a kink."""

ACTIVATIONS = (*SERIES, *FORMULAS)


def total(numbers: Iterable[arb]) -> arb:
    return sum(numbers, arb(0))


def length(numbers: Iterable[arb]) -> arb:
    return total(v * v for v in numbers).nonnegative_part().sqrt()


def root(number: arb) -> arb:
    """The root, where it is defined."""
    if number < 0:
        raise Undefined("the root of a negative number")
    return number.nonnegative_part().sqrt()


class Truth:
    """One network with data; `interpolating` puts the outputs in place of the targets."""

    def __init__(self, problem: Problem, interpolating: bool = False) -> None:
        given = problem.but(y=[[0.0] * problem.outputs] * len(problem.X)) if interpolating else problem
        self.problem, self.interpolating = problem, interpolating
        self.net = oracle.Network(given)
        (self.m, self.d), self.n, self.q = self.net.W.shape, len(self.net.X), len(self.net.a)
        self.P, self.layout = self.net.layout.size, self.net.layout

    @cached_property
    def Z(self) -> list[list[fmpq]]:
        return [[self.net.preactivation(i, k) for k in range(self.m)] for i in range(self.n)]

    @cached_property
    def jets(self) -> list[list[Jet]]:
        name = self.problem.activation
        unit = FORMULAS[name] if name in FORMULAS else lambda z: jet(name, z)
        return [[unit(z) for z in row] for row in self.Z]

    @cached_property
    def x(self) -> list[list[arb]]:
        """x~ of every sample."""
        return [[arb(v) for v in self.net.inputs(i)] for i in range(self.n)]

    @cached_property
    def f(self) -> list[list[arb]]:
        return [[self.net.output(o, units) for o in range(self.q)] for units in self.jets]

    @cached_property
    def losses(self) -> list[tuple[arb, list[arb], arb_mat]]:
        nothing = [arb(0)] * self.q
        if self.interpolating:
            return [loss_jet(self.problem.loss, nothing, nothing)] * self.n
        return [loss_jet(self.problem.loss, f, y) for f, y in zip(self.f, self.net.y, strict=True)]

    @cached_property
    def a(self) -> list[list[arb]]:
        """A as balls, (q, m)."""
        return [[arb(v) for v in row] for row in self.net.a]

    @cached_property
    def w(self) -> list[list[arb]]:
        """W as balls, (m, d)."""
        return [[arb(v) for v in row] for row in self.net.W]

    @cached_property
    def tilted(self) -> list[list[arb]]:
        """(w_k, b_k) of every unit, or w_k without biases."""
        return [[*row, arb(self.net.b[k])] if self.layout.biased else row for k, row in enumerate(self.w)]

    @cached_property
    def u(self) -> list[arb_mat]:
        """The derivatives of the outputs by the pre-activations, (q, m) of every sample."""
        return [
            arb_mat([[self.a[o][k] * units[k][1] for k in range(self.m)] for o in range(self.q)])
            for units in self.jets
        ]

    @cached_property
    def J(self) -> list[arb_mat]:
        found = []
        for i in range(self.n):
            rows = [[arb(0)] * self.P for _ in range(self.q)]
            for o in range(self.q):
                for p, value in self.net.first(o, self.jets[i], self.net.inputs(i)):
                    rows[o][p] = value
            found.append(arb_mat(rows))
        return found

    def mean(self, each: Callable[[int], Any], zero: Any = 0) -> Any:
        """The mean over samples of ``each(i)``."""
        return sum((each(i) for i in range(self.n)), zero) / self.n

    @cached_property
    def gradient(self) -> list[arb]:
        column = lambda i: self.J[i].transpose() * arb_mat([[v] for v in self.losses[i][1]])  # noqa: E731
        return self.mean(column, arb_mat(self.P, 1)).entries()

    @cached_property
    def blocks(self) -> dict[str, arb_mat]:
        """The matrices themselves."""
        R = [[arb(0)] * self.P for _ in range(self.P)]
        for i in range(self.n):
            for o in range(self.q):
                for p, r, value in self.net.second(o, self.jets[i], self.net.inputs(i)):
                    R[p][r] += self.losses[i][1][o] * value / self.n
        G = self.mean(
            lambda i: self.J[i].transpose() * self.losses[i][2] * self.J[i], arb_mat(self.P, self.P)
        )
        small = self.mean(
            lambda i: self.u[i].transpose() * self.losses[i][2] * self.u[i], arb_mat(self.m, self.m)
        )
        bent = arb_mat(self.m, self.m)
        for k in range(self.m):
            bent[k, k] = self.mean(
                lambda i, k=k: total(
                    self.losses[i][1][o] * self.a[o][k] * self.jets[i][k][2] for o in range(self.q)
                )
            )
        rows = arb_mat([row for J in self.J for row in J.tolist()])
        gram, kernel = arb_mat(self.w) * arb_mat(self.w).transpose(), rows * rows.transpose() / self.n
        H = G + arb_mat(R)
        return {
            "G": G,
            "H": H,
            "R": arb_mat(R),
            "G_bb": small,
            "H_bb": small + bent,
            "W*W'": gram,
            "K": kernel,
        }

    def matrix(self, name: str) -> arb_mat:
        """The matrix called `name`."""
        head, _, part = name.rpartition(" ")
        if not head:
            return self.blocks[part]
        if DEGREES.get(self.problem.activation) != 1:
            raise Undefined("a rescaling of what is not homogeneous of the first degree")
        factors = [arb(STRETCH if k == 0 else 1) for k in range(self.m)]
        if head == "balanced":
            outer, inner = self.outer, [length(row) for row in self.tilted]
            if any(v == 0 for v in [*outer, *inner]):
                raise Undefined("a unit without weights cannot be balanced")
            factors = [root(a / w) for a, w in zip(outer, inner, strict=True)]
        scale = [arb(1)] * self.P
        for k, t in enumerate(factors):
            for o in range(self.q):
                scale[self.layout.a(o, k)] = t
            for j in range(self.d + self.layout.biased):
                scale[self.layout.w(k, j)] = 1 / t
        M = self.blocks[part].tolist()
        return arb_mat([[scale[p] * M[p][r] * scale[r] for r in range(self.P)] for p in range(self.P)])

    @property
    def outer(self) -> list[arb]:
        """|a_k| of every unit."""
        return [length(self.a[o][k] for o in range(self.q)) for k in range(self.m)]

    def spectrum(self, name: str) -> list[arb]:
        """All eigenvalues, ascending."""
        kept = self.__dict__.setdefault("spectra", {})
        if name not in kept:
            kept[name] = oracle.eigenvalues(self.matrix(name))
        return kept[name]

    @balls
    def value(self, name: str) -> arb:
        """The quantity called `name`."""
        from tests.oracle.quantities import HEADS, NUMBERS

        if name in NUMBERS:
            return NUMBERS[name](self)
        head, _, inside = name.partition("(")
        return HEADS[head](self, inside[:-1])


def truth_of(plain: dict[str, Any]) -> Truth:
    """The truth of the network in a certificate's plain data, its numbers read as they are written."""
    import numpy as np

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return np.array([read(each) for each in value])
        return float.fromhex(value) if isinstance(value, str) else value

    parts = [read(plain[name]) for name in ("a", "W", "b", "c", "X", "y")]
    return Truth(Problem(*parts, plain["activation"], plain["loss"]), plain["y"] is None)
