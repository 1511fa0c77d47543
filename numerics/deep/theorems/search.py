"""Trying the theorems at any depth on random and adversarial networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numerics.deep.network import Network, random_network
from numerics.deep.theorems.quantities import DeepSituation
from numerics.verify.search import Tally, search
from theory import theorems_at_any_depth
from theory.expressions.names import require_known
from theory.records.any_depth import FIRST_BIASES, FULL_KERNEL, HOMOGENEOUS, INTERPOLATION
from twolayer.model.activation import available

DECADES = 3  # scales of every layer and of the inputs run from 10^-DECADES to 10^DECADES
FIRST_DEGREE = ("relu", "leaky_relu", "identity")


def verify(
    ids: Sequence[str] = (),
    samples: int = 200,
    seed: int = 0,
    progress: Callable[[int], Any] | None = None,
) -> tuple[list[Tally], bool]:
    """Check theorems at any depth on random and adversarial networks of depth 1 to 6.

    Parameters
    ----------
    ids : sequence of str
        Which theorems; none means all.
    samples : int
        Networks at which every theorem is checked at least; each of its variants at a tenth of them.
    seed : int
        Determines every network.
    progress : callable, optional
        Called with the number of checks just made.

    Returns
    -------
    tallies : list of Tally
    partial : bool
        Whether the user interrupted the search.

    Raises
    ------
    ValueError
        If an id is unknown.

    Examples
    --------
    >>> (tally,), partial = verify(["input-gradient-identity-any-depth"], samples=5)
    >>> tally.cases >= 5, tally.violations, partial
    (True, 0, False)
    """
    require_known("IDS", ids, theorems_at_any_depth)
    tallies = [Tally(theorems_at_any_depth[name]) for name in ids or theorems_at_any_depth]
    rng = np.random.default_rng(seed)
    return tallies, search(tallies, samples, rng, progress, lambda _, wanted, drawn: case(drawn, wanted))


def case(rng: np.random.Generator, wanted: tuple[Any, ...] = ()) -> DeepSituation:
    """A network with data at which the hypotheses in `wanted` mostly hold.

    One in two has layers and inputs of extreme scales, one in three a degeneracy: dead units, equal units, a
    layer of one unit, equal samples, an input that is zero, or numbers that coincide.

    Examples
    --------
    >>> case(np.random.default_rng(0), (HOMOGENEOUS,)).net.biases[0] is None
    True
    """
    while True:
        try:
            return _drawn(rng, wanted)
        except ValueError:  # a value beyond the floating-point range
            continue


def _drawn(rng: np.random.Generator, wanted: tuple[Any, ...]) -> DeepSituation:
    depth, n = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    sizes = [int(rng.integers(1, 5)) for _ in range(depth + 1)]
    if FULL_KERNEL in wanted:
        sizes, n = [3, *[6] * (depth - 1), 1], int(rng.integers(1, 3))
    activation = str(rng.choice(FIRST_DEGREE if HOMOGENEOUS in wanted else available()))
    biased = bool(rng.random() < 0.7) if FIRST_BIASES not in wanted else True
    net = random_network(
        sizes,
        activation,
        seed=int(rng.integers(2**32)),
        kind="gaussian",
        biases=biased and HOMOGENEOUS not in wanted,
    )
    X = rng.standard_normal((n, sizes[0]))
    if rng.random() < 0.5:
        net, X = _rescaled(net, rng), X * 10.0 ** rng.uniform(-DECADES, DECADES)
    if rng.random() < 0.33:
        net, X = _degenerate(net, X, rng)
    fit = INTERPOLATION in wanted or rng.random() < 0.2
    y = net(X) if fit else rng.standard_normal((n, sizes[-1]))
    return DeepSituation(net, X, y)


def _rescaled(net: Network, rng: np.random.Generator) -> Network:
    powers = 10.0 ** rng.uniform(-DECADES, DECADES, net.depth)
    return Network([c * W for c, W in zip(powers, net.weights, strict=True)], net.biases, net.activation)


def _degenerate(net: Network, X: Any, rng: np.random.Generator) -> tuple[Network, Any]:
    weights = [np.array(W) for W in net.weights]
    layer = weights[int(rng.integers(len(weights)))]
    kind = int(rng.integers(5))
    if kind == 0:
        layer[0] = 0.0
    elif kind == 1:
        layer[-1] = layer[0]
    elif kind == 2:
        X = np.repeat(X[:1], len(X), axis=0)
    elif kind == 3:
        X = np.where(np.arange(len(X))[:, None] == 0, 0.0, X)
    else:
        weights, X = [np.round(2 * W) / 2 for W in weights], np.round(2 * X) / 2
    return Network(weights, net.biases, net.activation), X
