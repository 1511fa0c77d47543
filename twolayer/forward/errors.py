"""The forward pass, with bounds of the rounding errors of its values, found once they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import arrays
from ..arrays import Array, all_finite, require_representable
from ..errors.rounding import NOTHING, SLACK, SUBNORMAL, exponent_above, gamma, largest_size, scaled_norms
from ..jit import error_kernel, kernel
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from .inputs import Inputs, taken
from .loss_errors import loss_errors
from .norms import SampleNorms, sample_norms
from .values import Units, Values, evaluated, loss_values

ABSENT = 100 * NOTHING  # the exponent of zero in a sum, whatever is added to it
FACTORS = ("S", "S1", "S2", "X", "A", "Lam", "G")


class Known(Protocol):
    """Bounds of the errors of a forward pass, or what they are found from."""

    @property
    def lengths(self) -> Array:
        """Bounds of the inputs' norms, (n,)."""

    def errors(self, passed: Forward) -> Errors:
        """The bounds, for the pass that they are of."""


@dataclass(frozen=True)
class Forward(Values):
    """Values with bounds of their errors.

    Attributes
    ----------
    n_kinks : int
        How many pre-activations sit exactly at a kink of the activation.
    known : Known
        The bounds, or what they are found from.
    """

    n_kinks: int
    known: Known

    @cached_property
    def errors(self) -> Errors:
        """The bounds.

        Raises
        ------
        ValueError
            If one overflows.
        """
        return self.known.errors(self)

    @property
    def norms(self) -> SampleNorms:
        """Norms over units, and bounds of the errors of S, S1 and S2, of each sample."""
        return self.errors.norms

    @property
    def F_error(self) -> Array:
        """Bounds of the errors' norms over outputs, (n,)."""
        return self.errors.F_error

    @property
    def L_error(self) -> Array:
        """Bounds of the errors of L, (n,)."""
        return self.errors.L_error

    @property
    def G_error(self) -> Array:
        """Bounds of the errors' norms over outputs, (n,)."""
        return self.errors.G_error

    @property
    def Lam_error(self) -> Array:
        """Bounds of the errors' Frobenius norms over outputs, (n,)."""
        return self.errors.Lam_error

    @property
    def beyond(self) -> float:
        """What neither errors of factors nor products of theirs show; see :class:`Errors`."""
        return self.errors.beyond

    @property
    def lengths(self) -> Array:
        """Bounds of the inputs' norms, (n,)."""
        return self.known.lengths

    def changed(self, **parts: Any) -> Forward:
        """The same with some values and some attributes of `errors` replaced."""
        mine = {name: parts.pop(name) for name in vars(self.errors) if name in parts}
        return replace(self, known=replace(self.errors, **mine), **parts)

    @cached_property
    def product_bound(self) -> float:
        """A number above every product of some factors of one term, errors included; infinite if one is none.

        Two of A, S, S' and X, and one of S'', Lam and G.
        """
        norms, (g, lam) = self.norms, self.loss_norms
        units = norms.S, norms.dS, norms.S1, norms.dS1, norms.S2, norms.dS2, norms.X
        losses = g, self.G_error, lam, self.Lam_error
        return float(largest_product(units, losses, largest_size(self.net.A.ravel())))

    @cached_property
    def factor_exponents(self) -> dict[str, int]:
        """Exponents of the largest of X (rows' norms), A, S, S1, S2, Lam and G, or of their errors.

        `NOTHING` for what is zero, without an error, at every sample.
        """
        each = self.norms
        factors = each.S, each.S1, each.S2, each.dS, each.dS1, each.dS2, each.X, self.Lam_error, self.G_error
        weights = self.net.A.ravel(), self.Lam.ravel(), self.G.ravel()
        found = zip(FACTORS, largest_factors(factors, weights), strict=True)
        return {name: exponent_above(size) for name, size in found}

    @cached_property
    def counted_exponents(self) -> dict[str, int]:
        """These such that a sum of some is above every product of some of the factors, or `ABSENT`."""
        return {name: ABSENT if e == NOTHING else max(e, 0) for name, e in self.factor_exponents.items()}

    @cached_property
    def loss_norms(self) -> tuple[Array, Array]:
        """Bounds of |g_i| and |Lam_i|_F, each (n,)."""
        return scaled_norms(self.G), scaled_norms(self.Lam.reshape(self.n, -1))

    @property
    def convention(self) -> str:
        """What a reader must know to reproduce a number."""
        return convention(self.net, self.loss, self.n)


def convention(net: TwoLayer, loss: Loss, n: int) -> str:
    """What a reader must know to reproduce a number of `n` samples."""
    return f"{loss.convention} (n = {n}); theta = ({', '.join(net.parts)})"


@dataclass(frozen=True)
class Errors:
    """Bounds of the errors of a forward pass.

    Attributes
    ----------
    norms : SampleNorms
    F_error, L_error, G_error, Lam_error : ndarray, shape (n,)
        Euclidean or Frobenius norm over outputs.
    beyond : float
        Bound of what neither errors of factors nor products of theirs show of the whole curvature, and of the
        whole gradient: that of values which have faded to nothing that any product tells.
    """

    norms: SampleNorms
    F_error: Array
    L_error: Array
    G_error: Array
    Lam_error: Array
    beyond: float

    @property
    def lengths(self) -> Array:
        """Bounds of the inputs' norms, (n,)."""
        return self.norms.X

    def errors(self, passed: Forward) -> Errors:
        """These."""
        return self


@dataclass(frozen=True)
class Unmeasured:
    """What the errors of a forward pass are found from."""

    inputs: Inputs
    units: Units

    @property
    def lengths(self) -> Array:
        """Bounds of the inputs' norms, (n,)."""
        return self.inputs.lengths

    def errors(self, passed: Forward) -> Errors:
        """Those of the pass, of which these are the inputs and units.

        Raises
        ------
        ValueError
            If a bound overflows.
        """
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            norms, faded = sample_norms(passed.net, self.inputs, self.units)
            F_error = output_error(passed.net, norms.S, norms.output)
            require_representable("rounding errors of the outputs", F_error)
            losses = passed.F, passed.y, passed.L, passed.G, passed.Lam
            L_error, G_error, Lam_error, gone = loss_errors(passed.loss, *losses, F_error)
        return Errors(norms, F_error, L_error, G_error, Lam_error, SUBNORMAL if faded or gone else 0.0)


def forward(net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Forward:
    """Validate the data and run the network and the loss on it. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an intermediate value overflows.
    """
    return _passed(net, *checked(net, X, y, loss, kept=True))  # it outlives the caller's next change of X


def checked(
    net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss, kept: bool = False
) -> tuple[Loss, Inputs, NDArray[Any]]:
    """The loss, the inputs (n, d), which are a copy if `kept`, and the targets as the loss takes them."""
    rule = find_loss(loss)
    inputs = taken(X, net.W.shape[1], kept)
    return rule, inputs, arrays.targets(y, rule.labels, len(inputs.X), net.n_outputs, net.scalar)


def _passed(net: TwoLayer, rule: Loss, inputs: Inputs, labels: NDArray[Any]) -> Forward:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        units = evaluated(net, inputs)
        F = units.S @ net.A.T
        if net.c is not None:
            add_to_rows(net.c.reshape(-1), F)
        if not all_finite(F):
            require_representable("activation values s(z)", units.S)
            require_representable("outputs", F)
        L, G, Lam = loss_values(rule, F, labels)
        require_representable("loss derivatives", G)  # a loss may overflow: only the risk needs it
    values = units.S, units.S1, units.S2, F, L, G, Lam
    return Forward(net, rule, inputs.X, labels, *values, units.n_kinks, Unmeasured(inputs, units))


@kernel
def add_to_rows(c, F):  # type: ignore[no-untyped-def]
    """Add c (q,) to every row of F (n, q)."""
    for i in range(F.shape[0]):
        for o in range(F.shape[1]):
            F[i, o] += c[o]


@kernel
def largest_product(units, losses, A):  # type: ignore[no-untyped-def]
    """The number of `product_bound` from norms by sample, each (n,), and the largest entry of A."""
    S, dS, S1, dS1, S2, dS2, x = units
    g, dg, lam, dlam = losses
    s = s1 = s2 = inputs = slope = curvature = 1.0
    strange = 0
    for i in range(x.size):
        parts = S[i] + dS[i], S1[i] + dS1[i], S2[i] + dS2[i], g[i] + dg[i], lam[i] + dlam[i]
        s, s1, s2 = max(s, parts[0]), max(s1, parts[1]), max(s2, parts[2])
        slope, curvature, inputs = max(slope, parts[3]), max(curvature, parts[4]), max(inputs, x[i])
        whole = parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + x[i]
        strange += 0 if whole < np.inf else 1
    outer = max(A, 1.0) * inputs
    return np.inf if strange else s * s * s1 * s1 * s2 * outer * outer * slope * curvature


@kernel
def largest_factors(norms, entries):  # type: ignore[no-untyped-def]
    """The largest absolute values of `FACTORS` or of their errors, infinity where one is no number."""
    S, S1, S2, dS, dS1, dS2, X, dLam, dG = norms
    A, Lam, G = entries
    return (
        max(largest_size(S), largest_size(dS)),
        max(largest_size(S1), largest_size(dS1)),
        max(largest_size(S2), largest_size(dS2)),
        largest_size(X),
        largest_size(A),
        max(largest_size(Lam), largest_size(dLam)),
        max(largest_size(G), largest_size(dG)),
    )


def output_error(net: TwoLayer, lengths: Array, moved: Array) -> Array:
    """Bounds of the errors' norms of the outputs from |S_i| and sum_k alpha_k |error of S_ik|, each (n,)."""
    found = np.empty(len(lengths))
    limits = *net.output_norms, gamma(len(net.W) + 2), net.A.size * SUBNORMAL
    add_sums(lengths, moved, limits, found)
    return found


@error_kernel
def add_sums(lengths, moved, limits, found):  # type: ignore[no-untyped-def]
    """Fill found (n,) with `moved` and the rounding of the sums over units and of what underflows there."""
    outer, shift, rounding, subnormal = limits
    for i in range(found.size):
        lost = subnormal if lengths[i] > 0.0 else 0.0
        found[i] = SLACK * (moved[i] + rounding * (outer * lengths[i] + shift)) + lost
