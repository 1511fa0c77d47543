"""The matrices of theorems, in arrays with derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numerics.falsify.dual.arrays import Dual, constant, contract, eigenvalues, joined
from numerics.falsify.dual.network import DualNetwork
from theory.quantities.rescaling import FACTOR


def _residual_part(at: DualNetwork) -> Dual:
    """R: every unit couples its own weights only."""
    n, _, m, q = at.sizes
    width = at.inputs.shape[1]
    slopes = contract("io,ik->iok", at.g, at.jets[1])
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


def _kernel(at: DualNetwork) -> Dual:
    n, _, _, q = at.sizes
    J = at.jacobian.reshape(n * q, -1)
    return contract("ip,jp->ij", J, J) / n


def _rescaled(name: str, factors: Callable[[DualNetwork], Dual]) -> Callable[[DualNetwork], Dual]:
    """The matrix `name` where every unit's input weights are multiplied by its factor, outputs divided."""

    def evaluate(at: DualNetwork) -> Dual:
        _, _, m, q = at.sizes
        t, width = factors(at), at.inputs.shape[1]
        by_outputs = contract("k,ok->ok", t, constant(np.ones((q, m)))).reshape(q * m)
        by_inputs = contract("k,kj->kj", 1 / t, constant(np.ones((m, width)))).reshape(m * width)
        scale = joined([by_outputs, by_inputs, constant(np.ones(q if "c" in at.parts else 0))], 0)
        return contract("i,j->ij", scale, scale) * matrix(name, at)

    return evaluate


def _balancing(at: DualNetwork) -> Dual:
    return ((at.A * at.A).sum(0) / (at.rows * at.rows).sum(1)).sqrt().sqrt()


def _stretching(at: DualNetwork) -> Dual:
    return constant(np.where(np.arange(at.sizes[2]) == 0, FACTOR, 1.0))


MATRICES: dict[str, Callable[[DualNetwork], Dual]] = {
    "G_bb": lambda at: contract("iok,iol->kl", at.U, at.weighed(at.U)) / at.sizes[0],
    "H_bb": lambda at: matrix("G_bb", at) + at.bends.sum(0) * constant(np.eye(at.sizes[2])) / at.sizes[0],
    "W*W'": lambda at: contract("kj,lj->kl", at.W, at.W),
    "G": lambda at: contract("iop,ior->pr", at.jacobian, at.weighed(at.jacobian)) / at.sizes[0],
    "R": _residual_part,
    "H": lambda at: matrix("G", at) + matrix("R", at),
    "K": _kernel,
    "balanced H": _rescaled("H", _balancing),
    "stretched H": _rescaled("H", _stretching),
    "stretched G": _rescaled("G", _stretching),
}
"""The matrices, by name."""


def matrix(name: str, at: DualNetwork) -> Dual:
    """The matrix that a theorem calls `name`, rows and columns in some order."""
    return at.once(name, MATRICES[name])


def spectrum(name: str, at: DualNetwork) -> Dual:
    """The eigenvalues of the matrix `name`, ascending."""
    return at.once(f"spectrum {name}", lambda at: eigenvalues(matrix(name, at)))
