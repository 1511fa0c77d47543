"""The quantities that theorems at any depth speak of, each with its rounding bound, at a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from numerics.deep.curvature import Curvature
from numerics.deep.hessian import Hessian
from numerics.deep.input_gradient import bias_curvature
from numerics.deep.network import Network
from theory import theorems_at_any_depth
from theory.expressions.names import require_known
from theory.quantities.check import Check
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, SUBNORMAL, gamma, scaled_norm
from twolayer.errors.uncertain import Uncertain, known
from twolayer.spectrum.lapack import verified_eigenvalues, verified_singular_values


@dataclass(frozen=True)
class DeepSituation:
    """A deep network, data and a loss, and what theorems ask of them.

    Parameters
    ----------
    net : Network
    X : array_like, shape (n, d)
    y : array_like
    loss : str

    Examples
    --------
    >>> at = DeepSituation(Network([[[3.0]], [2.0]], activation="identity"), [[1.0]], [6.0])
    >>> at.quantity("input_gradient").value, at.quantity("frobenius(W1)").value
    (36.0, 3.0)
    """

    net: Network
    X: Any
    y: Any
    loss: str = "squared"
    kept: dict[str, Uncertain] = field(default_factory=dict, repr=False)

    @cached_property
    def hessian(self) -> Hessian:
        """The exact operator."""
        return Hessian(self.net, self.X, self.y, self.loss)

    @staticmethod
    def constant(number: int) -> Uncertain:
        """A whole number as one without error."""
        return known(number)

    def quantity(self, name: str) -> Uncertain:
        """The quantity called `name`, computed once."""
        if name not in self.kept:
            self.kept[name] = QUANTITIES[name](self)
        return self.kept[name]

    def failure(self, key: str) -> str:
        """What is wrong with the hypothesis called `key`, or ""."""
        return HYPOTHESES[key](self)


def check(theorem: str, net: Network, X: Any, y: Any, loss: str = "squared") -> Check:
    """Check a theorem at any depth at a network, aware of rounding.

    Parameters
    ----------
    theorem : str
        An id out of ``theory.theorems_at_any_depth``.
    net, X, y, loss
        As for :class:`numerics.deep.Hessian`; `X` has shape (n, d).

    Raises
    ------
    ValueError
        If no theorem has that id, or the data does not fit.

    Examples
    --------
    >>> net = Network([[[3.0]], [[1.0]], [2.0]], activation="identity")
    >>> check("homogeneous-any-depth", net, [[1.0]], [0.0]).holds
    True
    """
    require_known("theorem", [theorem], theorems_at_any_depth)
    return theorems_at_any_depth[theorem].check_at(DeepSituation(net, X, y, loss))  # type: ignore[arg-type]


def _plain(found: Any) -> Uncertain:
    return Uncertain(float(found.value), float(found.error))


def _counted(found: Any) -> Uncertain:
    """A count that lies in value ... value + error."""
    return Uncertain(float(found.value) + 0.5 * float(found.error), 0.5 * float(found.error))


def _of(part: Callable[[DeepSituation], Curvature]) -> dict[str, Callable[[DeepSituation], Uncertain]]:
    return {
        "trace": lambda at: _plain(part(at).trace()),
        "frobenius": lambda at: _plain(part(at).frobenius_norm()),
        "lmax": lambda at: _largest(part(at)),
        "rank": lambda at: _counted(part(at).rank()),
        "negative": lambda at: _counted(part(at).inertia()),
    }


def _largest(M: Curvature) -> Uncertain:
    found = M.eigenvalues()
    return Uncertain(float(found.value[0]), float(found.error[0]))


def _first_weights(at: DeepSituation) -> Array:
    return at.net.layers[0][0]


def _spectral(at: DeepSituation) -> Uncertain:
    values, error = verified_singular_values(_first_weights(at))
    return Uncertain(float(values[0]), error)


def _squares(at: DeepSituation) -> list[Uncertain]:
    """|W_l|_F^2 of every layer."""
    return [_norm(W, 0.0) ** 2 for W, _ in at.net.layers]


def _bias_block(at: DeepSituation) -> tuple[Array, float]:
    return bias_curvature(at.hessian.forward)


def _norm(M: Array, error: float) -> Uncertain:
    size = scaled_norm(M)
    return Uncertain(size, SLACK * (error + gamma(M.size + 8) * size) + SUBNORMAL * (size > 0))


def _block_trace(at: DeepSituation) -> Uncertain:
    B, off = _bias_block(at)
    value = math.fsum(B.diagonal())
    return Uncertain(value, SLACK * (math.sqrt(len(B)) * off + gamma(4) * value))


def _block_largest(at: DeepSituation) -> Uncertain:
    B, off = _bias_block(at)
    values, error = verified_eigenvalues(B)
    return Uncertain(max(float(values[0]), 0.0), SLACK * (error + off))


def _gram(at: DeepSituation) -> tuple[Array, float]:
    W = _first_weights(at)
    return W @ W.T, SLACK * gamma(W.shape[1] + 2) * scaled_norm(W) ** 2


def _inner(at: DeepSituation) -> Uncertain:
    (M, skew), (B, off) = _gram(at), _bias_block(at)
    one, two = _norm(M, skew).upper, _norm(B, off).upper
    return Uncertain(float(np.sum(M * B)), SLACK * (one * off + two * skew + gamma(M.size + 4) * one * two))


def _paths(at: DeepSituation) -> Uncertain:
    B, off = _bias_block(at)
    lengths = np.linalg.norm(_first_weights(at), axis=1)
    parts = [
        Uncertain(float(length), gamma(_first_weights(at).shape[1] + 4) * float(length))
        * Uncertain(float(square), off).sqrt()
        for length, square in zip(lengths, B.diagonal(), strict=True)
    ]
    total: Uncertain = sum(parts, known(0))
    return total


def _mean_square(at: DeepSituation) -> Uncertain:
    run = at.hessian.forward
    parts = [_norm(f, float(error)) ** 2 for f, error in zip(run.F, run.F_error, strict=True)]
    total: Uncertain = sum(parts, known(0)) / run.n
    return total


def _kernel_rank(at: DeepSituation) -> Uncertain:
    return _counted(at.hessian.gauss_newton.rank("kernel"))


QUANTITIES: dict[str, Callable[[DeepSituation], Uncertain]] = {
    "n": lambda at: known(at.hessian.forward.n),
    "q": lambda at: known(at.net.n_outputs),
    "depth": lambda at: known(at.net.depth),
    "input_gradient": lambda at: _plain(at.hessian.input_gradient()),
    "inner(W1*W1', G_b1b1)": _inner,
    "spectral(W1)": _spectral,
    "frobenius(W1)": lambda at: _norm(_first_weights(at), 0.0),
    "frobenius(W1*W1')": lambda at: _norm(*_gram(at)),
    "trace(G_b1b1)": _block_trace,
    "lmax(G_b1b1)": _block_largest,
    "frobenius(G_b1b1)": lambda at: _norm(*_bias_block(at)),
    "sum(|w|sqrt(G_b1b1))": _paths,
    "mean_square_output": _mean_square,
    "inverse_squares": lambda at: sum((known(1) / each for each in _squares(at)), known(0)),
    "norm(theta)": lambda at: sum(_squares(at), known(0)).sqrt(),
    "rank(K)": _kernel_rank,
    **{f"{head}(H)": of for head, of in _of(lambda at: at.hessian).items()},
    **{f"{head}(G)": of for head, of in _of(lambda at: at.hessian.gauss_newton).items()},
    **{f"{head}(H_b1b1)": of for head, of in _of(lambda at: at.hessian.principal(("b1",))).items()},
}
"""By name, as the records write them; |theta| is of networks without biases."""


def _residuals(at: DeepSituation) -> str:
    run = at.hessian.forward
    count = int((np.linalg.norm(run.G, axis=1) > run.G_error).sum())
    return f"{count} of {run.n} that are not" if count else ""


def _kinks(at: DeepSituation) -> str:
    run = at.hessian.forward
    return f"{run.n_kinks + run.undecided} that may" if run.n_kinks + run.undecided else ""


def _not_homogeneous(at: DeepSituation) -> str:
    if any(b is not None for b in at.net.biases):
        return "a network with biases"
    return "" if at.net.activation.homogeneity == 1 or at.net.depth == 1 else at.net.activation.name


def _not_full(at: DeepSituation) -> str:
    certain = _kernel_rank(at).lower
    return "" if certain >= at.hessian.forward.F.size else f"{certain:.0f} eigenvalues certainly positive"


HYPOTHESES: dict[str, Callable[[DeepSituation], str]] = {
    "squared": lambda at: "" if at.loss == "squared" else f"the {at.loss} loss",
    "interpolation": _residuals,
    "kinks": _kinks,
    "first biases": lambda at: "" if at.net.biases[0] is not None else "a layer without them",
    "homogeneous": _not_homogeneous,
    "weights": lambda at: "" if all(W.any() for W, _ in at.net.layers) else "one",
    "kernel": _not_full,
}
"""What fails, by the key of a hypothesis."""
