"""The quantities of theorems once more, with their exact derivatives by every weight, input and target.

:mod:`theory.quantities.registry` says what each is; the values here are the same but carry no rounding bound,
and may only steer a search. The derivative of curvature takes third derivatives of the activation and of the
loss.
"""

from __future__ import annotations

from collections.abc import Callable

from numerics.falsify.dual.arrays import Dual, contract, dual
from numerics.falsify.dual.matrices import MATRICES, matrix, spectrum
from numerics.falsify.dual.network import DualNetwork
from numerics.falsify.dual.norms import NORMS, diagonal, norm
from theory.quantities.registry import HEADS


def _column_norms(at: DualNetwork) -> Dual:
    return (at.A * at.A).sum(0).sqrt()


def _row_norms(rows: Dual) -> Dual:
    return (rows * rows).sum(1).sqrt()


def _square_inputs(at: DualNetwork) -> Dual:
    X = at.parts["X"]
    return (X * X).sum(1)


def _input_gradient(at: DualNetwork) -> Dual:
    rows = contract("iok,kj->ioj", at.U, at.W)
    return (rows * rows).sum() / at.sizes[0]


def _smallest_input(at: DualNetwork) -> Dual:
    return -(-_square_inputs(at)).largest()


def _paths(name: str) -> Callable[[DualNetwork], Dual]:
    return lambda at: (_row_norms(at.W) * diagonal(matrix(name, at)).sqrt()).sum()


def _hidden_trace(biases: bool) -> Callable[[DualNetwork], Dual]:
    return lambda at: (
        ((at.U * at.weighed(at.U)).sum(1, 2) * (_square_inputs(at) + biases)).sum() / at.sizes[0]
    )


def _gradient(at: DualNetwork) -> Dual:
    return contract("io,iop->p", at.g, at.jacobian) / at.sizes[0]


def _quadratic_gradient(at: DualNetwork) -> Dual:
    M = contract("kj,kl->jl", at.A.reshape(-1, 1) * at.W, at.W)
    images = 2 * contract("ij,jl->il", at.parts["X"], M)
    return (images * images).sum() / at.sizes[0]


def _mean_jacobian(at: DualNetwork) -> Dual:
    mean = at.jacobian.sum(0) / at.sizes[0]
    return (mean * mean).sum()


def _weights(*names: str) -> Callable[[DualNetwork], Dual]:
    def evaluate(at: DualNetwork) -> Dual:
        squares = [(at.parts[name] * at.parts[name]).sum() for name in names if name in at.parts]
        return sum(squares, dual(0.0)).sqrt()

    return evaluate


def _means(array: Dual, weights: Dual | None = None) -> Dual:
    squares = array * array
    weighed = squares if weights is None else squares * weights.reshape(-1, 1)
    return weighed.sum(0) / len(array.value)


def _reaches(at: DualNetwork) -> Dual:
    return _means(at.jets[1], (at.inputs * at.inputs).sum(1))


def _least_trace(at: DualNetwork) -> Dual:
    roots = (at.sizes[3] * _means(at.jets[0]) * _reaches(at)).sqrt()
    return 2 * (_column_norms(at) * roots).sum()


def _balanced_trace(at: DualNetwork) -> Dual:
    a, w = _column_norms(at), _row_norms(at.rows)
    offset = at.sizes[3] if "c" in at.parts else 0
    return (at.sizes[3] * a / w * _means(at.jets[0]) + a * w * _reaches(at)).sum() + offset


def _mean_square(array: Callable[[DualNetwork], Dual]) -> Callable[[DualNetwork], Dual]:
    return lambda at: (array(at) * array(at)).sum() / at.sizes[0]


def _of_matrix(taken: Callable[[DualNetwork, str], Dual], name: str) -> Callable[[DualNetwork], Dual]:
    return lambda at: taken(at, name)


def _size(index: int) -> Callable[[DualNetwork], Dual]:
    return lambda at: dual(float(at.sizes[index]))


NUMBERS: dict[str, Callable[[DualNetwork], Dual]] = {
    "n": _size(0),
    "d": _size(1),
    "m": _size(2),
    "q": _size(3),
    "degree": lambda at: dual(float(at.activation.homogeneity)),
    "C1": lambda at: dual(at.activation.sup1),
    "C2": lambda at: dual(at.activation.sup2),
    "slope_at_zero": lambda at: dual(abs(at.activation.jet(0.0)[1])),
    "risk": lambda at: at.loss_jets[0].sum() / at.sizes[0],
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
    "spectral(W)": lambda at: spectrum("W*W'", at)[-1].sqrt(),
    "frobenius(W)": _weights("W"),
    "inner(W*W', G_bb)": lambda at: (matrix("W*W'", at) * matrix("G_bb", at)).sum(),
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
    "unit_gradient": lambda at: norm(_gradient(at)[: at.sizes[2] * (at.sizes[3] + at.inputs.shape[1])]),
    "correlation": lambda at: norm(contract("io,ij->oj", at.g, at.inputs)) / at.sizes[0],
    "quadratic_gradient": _quadratic_gradient,
    "kernel_energy": lambda at: (_gradient(at) * _gradient(at)).sum(),
    **{
        f"{head}({name})": _of_matrix(taken, name)
        for head, taken in NORMS.items()
        if head in HEADS
        for name in MATRICES
    },
}
"""The quantities that have derivatives here, by name."""
