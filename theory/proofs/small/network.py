"""A small network in symbols, in which the quantities of theorems are written out.

The activation is a generic function (:class:`theory.derivation.letters.Act`), or stands for one of a class;
all derivatives are taken by sympy from f and from the risk themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from theory.derivation.letters import Act, Loss


@dataclass(frozen=True)
class SmallNetwork:
    """A network of symbols.

    Parameters
    ----------
    n, d, m, q : int
    biased, offset : bool
        Whether there are hidden biases and an output bias.
    fitted : bool
        Whether the targets are the outputs.
    activation : callable or None
        z -> expression; None for a generic function.
    degree : sympy.Expr or None
        Of homogeneity: Euler's z s' = p s is used to write s and s'' in terms of s'.
    squared : bool
        Whether the loss is the squared one; else it is a generic function of the outputs, whose values and
        derivatives at different samples have nothing to do with each other.
    linear : bool
        Whether s(z) is z times a number that depends on the side of a kink, another one for every z.
    """

    n: int
    d: int
    m: int
    q: int = 1
    biased: bool = True
    offset: bool = False
    fitted: bool = False
    activation: Callable[[sp.Expr], sp.Expr] | None = None
    degree: sp.Expr | None = None
    linear: bool = False
    squared: bool = True

    def euler(self, expression: sp.Expr) -> sp.Expr:
        """The expression with s = z s' / p and s^(j) = (p - 1) ... s' / z^(j - 1), if s has degree p."""
        if self.degree is None:
            return expression
        rules = {}
        for each in expression.atoms(Act):
            order, z = each.args
            if order != 1:
                falling = 1 / self.degree if order == 0 else sp.ff(self.degree - 1, order - 1)
                rules[each] = falling * Act(1, z) * z ** (1 - order)
        return expression.xreplace(rules)

    def letters(self, name: str, rows: int, columns: int) -> sp.Matrix:
        """A matrix of real symbols."""
        return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i}{j}", real=True))

    @cached_property
    def A(self) -> sp.Matrix:
        """Output weights (q, m)."""
        return self.letters("a", self.q, self.m)

    @cached_property
    def W(self) -> sp.Matrix:
        """Hidden weights (m, d)."""
        return self.letters("w", self.m, self.d)

    @cached_property
    def b(self) -> sp.Matrix:
        """Hidden biases (m, 1)."""
        return self.letters("b", self.m, 1)

    @cached_property
    def c(self) -> sp.Matrix:
        """Output biases (q, 1), zero without them."""
        return self.letters("c", self.q, 1) if self.offset else sp.zeros(self.q, 1)

    @cached_property
    def X(self) -> sp.Matrix:
        """Inputs (n, d)."""
        return self.letters("x", self.n, self.d)

    @cached_property
    def theta(self) -> list[sp.Symbol]:
        """All parameters."""
        parts = [*self.A, *self.W, *(self.b if self.biased else []), *(self.c if self.offset else [])]
        return parts

    def z(self, i: int, k: int) -> sp.Expr:
        """The pre-activation of unit k at sample i."""
        products = sum(self.W[k, j] * self.X[i, j] for j in range(self.d))
        return products + (self.b[k] if self.biased else 0)

    def s(self, z: sp.Expr) -> sp.Expr:
        """The activation."""
        if self.linear:
            return self.slope(z) * z
        return Act(0, z) if self.activation is None else self.activation(z)

    def slope(self, z: sp.Expr, order: int = 1) -> sp.Expr:
        """A derivative of the activation."""
        if self.linear:
            return sp.Symbol(f"slope at {z}", real=True) if order == 1 else sp.S.Zero
        if self.activation is None:
            return Act(order, z)
        t = sp.Dummy("t", real=True)
        return sp.diff(self.activation(t), t, order).subs(t, z)

    @cached_property
    def f(self) -> sp.Matrix:
        """Outputs (n, q)."""
        return sp.Matrix(
            self.n,
            self.q,
            lambda i, o: sum(self.A[o, k] * self.s(self.z(i, k)) for k in range(self.m)) + self.c[o],
        )

    @cached_property
    def r(self) -> sp.Matrix:
        """Derivatives of the loss by the outputs, (n, q): residuals, f minus targets, if it is squared."""
        if self.fitted:
            return sp.zeros(self.n, self.q)
        if self.squared:
            return self.f - self.letters("y", self.n, self.q)
        return sp.Matrix(self.n, self.q, lambda i, o: self.loss(i, o))

    def loss(self, i: int, *outputs: int) -> sp.Expr:
        """The derivative of the generic loss at sample i by some outputs."""
        orders = [outputs.count(o) for o in range(self.q)]
        return Loss(*orders, *self.f.row(i))

    def curvature(self, i: int) -> sp.Matrix:
        """The second derivatives of the loss of sample i by its outputs, (q, q)."""
        if self.squared:
            return sp.eye(self.q)
        return sp.Matrix(self.q, self.q, lambda o, r: self.loss(i, o, r))

    def gauss_newton(self, rows: sp.Matrix) -> sp.Matrix:
        """E[F^T Lam F] of derivatives F of the outputs, (n q, anything)."""
        each = (rows[i * self.q : (i + 1) * self.q, :] for i in range(self.n))
        return (
            sum(
                (part.T * self.curvature(i) * part for i, part in enumerate(each)),
                sp.zeros(rows.cols, rows.cols),
            )
            / self.n
        )

    @cached_property
    def u(self) -> sp.Matrix:
        """Derivatives of the outputs by the hidden biases, (n q, m), whether there are any or not."""
        rows = [
            [self.A[o, k] * self.slope(self.z(i, k)) for k in range(self.m)]
            for i in range(self.n)
            for o in range(self.q)
        ]
        return sp.Matrix(rows)

    @cached_property
    def risk(self) -> sp.Expr:
        """The risk."""
        if self.squared:
            return sum(r**2 for r in self.r) / (2 * self.n)
        return sum(self.loss(i) for i in range(self.n)) / self.n

    @cached_property
    def J(self) -> sp.Matrix:
        """Derivatives of the outputs by the parameters, (n q, P)."""
        return sp.Matrix([[sp.diff(output, each) for each in self.theta] for output in self.f])

    @cached_property
    def R(self) -> sp.Matrix:
        """The residual part, (P, P)."""
        P = len(self.theta)
        pairs = list(zip(self.r, self.f, strict=True))

        def entry(i: int, j: int) -> sp.Expr:
            return sum(r * sp.diff(f, self.theta[i], self.theta[j]) for r, f in pairs) / self.n

        return sp.Matrix(P, P, lambda i, j: entry(i, j) if i <= j else entry(j, i))

    @cached_property
    def H(self) -> sp.Matrix:
        """The Hessian: of the risk itself; at zero residuals by the derivatives of (f - y)^2 / 2 at y = f."""
        if not self.fitted:
            return sp.hessian(self.risk, self.theta)
        targets = list(self.letters("y", self.n, self.q))
        risk = sum((f - y) ** 2 for f, y in zip(self.f, targets, strict=True)) / (2 * self.n)
        return sp.hessian(risk, self.theta).subs(dict(zip(targets, self.f, strict=True)))

    @cached_property
    def delta(self) -> sp.Matrix:
        """E[sum_o r_o a_ok s''(z_k)] of every unit, (m, 1)."""

        def entry(k: int) -> sp.Expr:
            terms = (
                self.r[i, o] * self.A[o, k] * self.slope(self.z(i, k), 2)
                for i in range(self.n)
                for o in range(self.q)
            )
            return sum(terms) / self.n

        return sp.Matrix([entry(k) for k in range(self.m)])

    def block(self, whole: sp.Matrix, names: list[Any]) -> sp.Matrix:
        """The principal block of a (P, P) matrix by some parameters."""
        rows = [self.theta.index(name) for name in names]
        return whole.extract(rows, rows)
