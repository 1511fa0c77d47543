"""The quantities of theorems once more, with their exact derivatives by every weight, input and target.

:mod:`theory.quantities` says what each is; the values here are the same but carry no rounding bound, and may
only steer a search. Squared loss. The derivative of curvature takes the third derivative of the activation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numerics.dual import Array, Dual, constant, contract, dual, eigenvalues, joined
from theory.quantities import HEADS


@dataclass(frozen=True, eq=False)
class Varied:
    """A network with data, as arrays with derivatives.

    Parameters
    ----------
    parts : mapping of str to Dual
        A (q, m), W (m, d), X (n, d), y (n, q), and b (m,) and c (q,) where they are there. Without y every
        residual is zero.
    activation : twolayer.Activation
    third : callable
        Its third derivative, as ``theory.third.third_derivative`` makes it.
    """

    parts: Mapping[str, Dual]
    activation: Any
    third: Callable[[Array], Array]

    @property
    def A(self) -> Dual:
        """Output weights, (q, m)."""
        return self.parts["A"]

    @property
    def W(self) -> Dual:
        """Hidden weights, (m, d)."""
        return self.parts["W"]

    @cached_property
    def sizes(self) -> tuple[int, int, int, int]:
        """n, d, m, q."""
        (n, d), (q, m) = self.parts["X"].shape, self.A.shape
        return n, d, m, q

    @cached_property
    def inputs(self) -> Dual:
        """X, with a column of ones where there are hidden biases: x~, (n, d~)."""
        X = self.parts["X"]
        return joined([X, constant(np.ones((len(X.value), 1)))], 1) if "b" in self.parts else X

    @cached_property
    def rows(self) -> Dual:
        """W, with b as a last column where there are hidden biases: w~, (m, d~)."""
        m = len(self.W.value)
        return joined([self.W, self.parts["b"].reshape(m, 1)], 1) if "b" in self.parts else self.W

    @cached_property
    def jets(self) -> tuple[Dual, Dual, Dual]:
        """S, S1, S2 at the pre-activations, (n, m) each."""
        Z = contract("ij,kj->ik", self.inputs, self.rows)
        flat = np.ascontiguousarray(Z.value).ravel()
        values = [np.empty_like(flat) for _ in range(3)]
        self.activation.jets(flat, *values)
        values.append(self.third(flat))
        S, S1, S2, S3 = (each.reshape(Z.shape) for each in values)
        return Z.through(S, S1), Z.through(S1, S2), Z.through(S2, S3)

    @cached_property
    def outputs(self) -> Dual:
        """F, (n, q)."""
        F = contract("ik,ok->io", self.jets[0], self.A)
        return F + self.parts["c"] if "c" in self.parts else F

    @cached_property
    def residuals(self) -> Dual:
        """F - y, (n, q)."""
        y = self.parts.get("y")
        return constant(np.zeros(self.outputs.shape)) if y is None else self.outputs - y

    @cached_property
    def U(self) -> Dual:
        """u, the derivative of the outputs by the hidden biases, (n, q, m)."""
        return contract("ik,ok->iok", self.jets[1], self.A)

    @cached_property
    def bends(self) -> Dual:
        """(A^T r)_k s''(z_k), (n, m)."""
        return contract("io,ok->ik", self.residuals, self.A) * self.jets[2]

    @cached_property
    def jacobian(self) -> Dual:
        """J, (n, q, P), with the parameters in the order A, w~ unit by unit, c."""
        n, _, m, q = self.sizes
        eye = constant(np.eye(q))
        by_outputs = contract("ik,op->iopk", self.jets[0], eye).reshape(n, q, q * m)
        by_inputs = contract("iok,ij->iokj", self.U, self.inputs).reshape(n, q, -1)
        parts = [by_outputs, by_inputs]
        if "c" in self.parts:
            parts.append(constant(np.broadcast_to(np.eye(q), (n, q, q))))
        return joined(parts, 2)

    def matrix(self, name: str) -> Dual:
        """The matrix that a theorem calls `name`, rows and columns in some order."""
        if name not in self._found:
            self._found[name] = BUILT[name](self)
        return self._found[name]

    def spectrum(self, name: str) -> Dual:
        """The eigenvalues of the matrix `name`, ascending."""
        key = f"spectrum {name}"
        if key not in self._found:
            self._found[key] = eigenvalues(self.matrix(name))
        return self._found[key]

    @cached_property
    def _found(self) -> dict[str, Dual]:
        return {}


def _residual_part(at: Varied) -> Dual:
    """R: every unit couples its own weights only."""
    n, _, m, q = at.sizes
    width = at.inputs.shape[1]
    slopes = contract("io,ik->iok", at.residuals, at.jets[1])
    by_both = contract("iok,ij->okj", slopes, at.inputs) / n
    eye = constant(np.eye(m))
    corner = contract("okj,kl->oklj", by_both, eye).reshape(q * m, m * width)
    squares = contract("ij,ih->ijh", at.inputs, at.inputs)
    by_inputs = contract("ik,ijh->kjh", at.bends, squares) / n
    block = contract("kjh,kl->kjlh", by_inputs, eye).reshape(m * width, m * width)
    turned = Dual(corner.value.T, np.swapaxes(corner.slope, 1, 2))
    upper = joined([constant(np.zeros((q * m, q * m))), corner], 1)
    whole = joined([upper, joined([turned, block], 1)], 0)
    return _bordered(whole, q) if "c" in at.parts else whole


def _bordered(matrix: Dual, count: int) -> Dual:
    """The matrix with rows and columns of zeros after its own."""
    size = len(matrix.value)
    wide = joined([matrix, constant(np.zeros((size, count)))], 1)
    return joined([wide, constant(np.zeros((count, size + count)))], 0)


def _kernel(at: Varied) -> Dual:
    n, _, _, q = at.sizes
    J = at.jacobian.reshape(n * q, -1)
    return contract("ip,jp->ij", J, J) / n


BUILT: dict[str, Callable[[Varied], Dual]] = {
    "G_bb": lambda at: contract("iok,iol->kl", at.U, at.U) / at.sizes[0],
    "H_bb": lambda at: at.matrix("G_bb") + at.bends.sum(0) * constant(np.eye(at.sizes[2])) / at.sizes[0],
    "W*W'": lambda at: contract("kj,lj->kl", at.W, at.W),
    "G": lambda at: contract("iop,ior->pr", at.jacobian, at.jacobian) / at.sizes[0],
    "R": _residual_part,
    "H": lambda at: at.matrix("G") + at.matrix("R"),
    "K": _kernel,
}
"""The matrices, by name."""


def norm(array: Dual) -> Dual:
    """Root of the sum of squares."""
    return (array * array).sum().sqrt()


def diagonal(matrix: Dual) -> Dual:
    """The diagonal of a square `matrix`."""
    return Dual(np.diagonal(matrix.value).copy(), np.diagonal(matrix.slope, axis1=1, axis2=2).copy())


TAKEN: dict[str, Callable[[Varied, str], Dual]] = {
    "trace": lambda at, name: diagonal(at.matrix(name)).sum(),
    "frobenius": lambda at, name: norm(at.matrix(name)),
    "lmax": lambda at, name: at.spectrum(name)[-1],
    "least": lambda at, name: at.spectrum(name)[0],
    "spectral": lambda at, name: abs(at.spectrum(name)).largest(),
    "nuclear": lambda at, name: abs(at.spectrum(name)).sum(),
    "logdet": lambda at, name: at.spectrum(name).log().sum(),
    "diagonal_logs": lambda at, name: diagonal(at.matrix(name)).log().sum(),
    "mean_log": lambda at, name: (
        len(at.matrix(name).value) * (diagonal(at.matrix(name)).sum() / len(at.matrix(name).value)).log()
    ),
}
"""What is taken of a matrix."""


def _column_norms(at: Varied) -> Dual:
    return (at.A * at.A).sum(0).sqrt()


def _row_norms(rows: Dual) -> Dual:
    return (rows * rows).sum(1).sqrt()


def _square_inputs(at: Varied) -> Dual:
    X = at.parts["X"]
    return (X * X).sum(1)


def _input_gradient(at: Varied) -> Dual:
    rows = contract("iok,kj->ioj", at.U, at.W)
    return (rows * rows).sum() / at.sizes[0]


def _smallest_input(at: Varied) -> Dual:
    return -(-_square_inputs(at)).largest()


def _paths(name: str) -> Callable[[Varied], Dual]:
    return lambda at: (_row_norms(at.W) * diagonal(at.matrix(name)).sqrt()).sum()


def _hidden_trace(biases: bool) -> Callable[[Varied], Dual]:
    return lambda at: ((at.U * at.U).sum(1, 2) * (_square_inputs(at) + biases)).sum() / at.sizes[0]


def _gradient(at: Varied) -> Dual:
    return contract("io,iop->p", at.residuals, at.jacobian) / at.sizes[0]


def _mean_jacobian(at: Varied) -> Dual:
    mean = at.jacobian.sum(0) / at.sizes[0]
    return (mean * mean).sum()


def _weights(*names: str) -> Callable[[Varied], Dual]:
    def evaluate(at: Varied) -> Dual:
        squares = [(at.parts[name] * at.parts[name]).sum() for name in names if name in at.parts]
        return sum(squares, dual(0.0)).sqrt()

    return evaluate


def _means(array: Dual, weights: Dual | None = None) -> Dual:
    squares = array * array
    weighed = squares if weights is None else squares * weights.reshape(-1, 1)
    return weighed.sum(0) / len(array.value)


def _reaches(at: Varied) -> Dual:
    return _means(at.jets[1], (at.inputs * at.inputs).sum(1))


def _least_trace(at: Varied) -> Dual:
    roots = (at.sizes[3] * _means(at.jets[0]) * _reaches(at)).sqrt()
    return 2 * (_column_norms(at) * roots).sum()


def _balanced_trace(at: Varied) -> Dual:
    a, w = _column_norms(at), _row_norms(at.rows)
    return (at.sizes[3] * a / w * _means(at.jets[0]) + a * w * _reaches(at)).sum()


def _mean_square(array: Callable[[Varied], Dual]) -> Callable[[Varied], Dual]:
    return lambda at: (array(at) * array(at)).sum() / at.sizes[0]


def _of_matrix(taken: Callable[[Varied, str], Dual], name: str) -> Callable[[Varied], Dual]:
    return lambda at: taken(at, name)


def _size(index: int) -> Callable[[Varied], Dual]:
    return lambda at: dual(float(at.sizes[index]))


SLOPES: dict[str, Callable[[Varied], Dual]] = {
    "n": _size(0),
    "d": _size(1),
    "m": _size(2),
    "q": _size(3),
    "degree": lambda at: dual(float(at.activation.homogeneity)),
    "C1": lambda at: dual(at.activation.sup1),
    "C2": lambda at: dual(at.activation.sup2),
    "slope_at_zero": lambda at: dual(abs(at.activation.jet(0.0)[1])),
    "risk": lambda at: _mean_square(lambda here: here.residuals)(at) / 2,
    "input_gradient": _input_gradient,
    "mean_square_output": _mean_square(lambda at: at.outputs),
    "mean_square_input": _mean_square(lambda at: at.inputs),
    "mean_square_jacobian": _mean_square(lambda at: at.jacobian),
    "mean_jacobian^2": _mean_jacobian,
    "smallest_input": _smallest_input,
    "norm(theta)": _weights("A", "W", "b", "c"),
    "norm(a)": _weights("A"),
    "norm(a, c)": _weights("A", "c"),
    "norm1(a)": lambda at: _column_norms(at).sum(),
    "norm_inf(a)": lambda at: _column_norms(at).largest(),
    "spectral(W)": lambda at: at.spectrum("W*W'")[-1].sqrt(),
    "frobenius(W)": _weights("W"),
    "inner(W*W', G_bb)": lambda at: (at.matrix("W*W'") * at.matrix("G_bb")).sum(),
    "sum(|a||w|)": lambda at: (_column_norms(at) * _row_norms(at.W)).sum(),
    "sum(|a||w|^2)": lambda at: (_column_norms(at) * (at.W * at.W).sum(1)).sum(),
    "sum(|a||w~|)": lambda at: (_column_norms(at) * _row_norms(at.rows)).sum(),
    "sum(|w|sqrt(G_bb))": _paths("G_bb"),
    "sum(|w|sqrt(H_bb))": _paths("H_bb"),
    "trace(G_W)": _hidden_trace(biases=False),
    "trace(G_Wb)": _hidden_trace(biases=True),
    "trace(balanced G)": _balanced_trace,
    "least_trace": _least_trace,
    "first_activity": lambda at: _means(at.jets[0])[0],
    "gradient_norm": lambda at: norm(_gradient(at)),
    "kernel_energy": lambda at: (_gradient(at) * _gradient(at)).sum(),
    **{
        f"{head}({name})": _of_matrix(taken, name)
        for head, taken in TAKEN.items()
        if head in HEADS
        for name in BUILT
    },
}
"""The quantities that have derivatives here, by name."""
