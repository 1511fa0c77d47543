"""Candidates for the extreme eigenpairs of an operator, in the complement of those found before.

Nothing is proved here but the bounds of their residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Array
from ...errors.rounding import UNIT
from .rayleigh_ritz import residual_bounds
from .records import Operator
from .thick_restart import Basis
from .watch import Watch

SPARE = 32  # columns of the basis beyond the pairs sought
AHEAD = 6  # pairs beyond those sought that are kept where they have nearly converged
PROBE = 24  # products in the complement that look for an omitted member of a cluster
SEED = 0  # of the starting vector: the same operator gives the same answer
TOLERANCE = 1e-13  # of a residual, over the largest eigenvalue in absolute value
NEARLY = 1e-3  # residual up to which a further pair is of use to a proof


def candidates(operator: Operator, k: int, which: str, tolerance: float, watch: Watch) -> Array:
    """Ritz values (k,) whose residuals seem to be at most `tolerance`: nothing is proved.

    Raises
    ------
    TimeoutError, KeyboardInterrupt
        If the search was broken off.
    """
    search = Candidates(operator, k, which, tolerance, watch)
    search.add(k)
    if watch.stopped == "interrupted":
        raise KeyboardInterrupt
    watch.require_time("an estimate of an eigenvalue")
    return search.values[:k]


@dataclass
class Candidates:
    """The vectors found so far with their images, and what is known of them.

    Attributes
    ----------
    values, vectors, images, residuals, mixed
        As :func:`.rayleigh_ritz.residual_bounds` has them, those sought first.
    products : int
        Products taken so far.
    most : float
        Products after which no more are taken.
    ends : (float, float)
        Between what the eigenvalues seem to lie that were not found.
    seen : (float, float)
        The least and the largest Ritz value of the latest search, whether kept or not.
    first : tuple of (ndarray, float)
        A random vector and the squared length of its image.
    """

    operator: Operator
    k: int
    which: str
    tolerance: float | None
    watch: Watch
    most: float = np.inf
    values: Array = field(init=False)
    vectors: Array = field(init=False)
    images: Array = field(init=False)
    residuals: Array = field(init=False)
    mixed: float = 0.0
    products: int = 0
    ends: tuple[float, float] = (0.0, 0.0)
    seen: tuple[float, float] = (np.inf, -np.inf)
    first: tuple[Array, float] | None = None

    def __post_init__(self) -> None:
        self.vectors = self.images = np.zeros((self.operator.order, 0))
        self.values = self.residuals = np.zeros(0)

    def sizes(self, values: Array) -> Array:
        """What the largest are sought by, of values of any shape."""
        return {"largest": values, "smallest": -values, "magnitude": np.abs(values)}[self.which]

    def add(self, count: int, above: float | None = None) -> bool:
        """Look for `count` more pairs in the complement, of sizes `above` if given; whether any was found."""
        free = self.operator.order - self.vectors.shape[1]
        if free <= 0:
            return False
        count, self.seen = min(count, free), (np.inf, -np.inf)
        basis = Basis(
            self.operator.product, self.vectors, max(count + SPARE, 2), SEED + self.vectors.shape[1]
        )
        try:
            Y = self._iterate(basis, count, above)
        except KeyboardInterrupt:
            if basis.filled == 0 and not len(self.values):
                raise
            self.watch.stopped = "interrupted"
            Y = self._sorted(basis)[1][:, :count] if above is None else None
        found = 0 if Y is None else Y.shape[1]
        self.ends = self._of_others(self._sorted(basis)[0][found:])
        self.first = self.first or basis.first
        self.products += basis.products
        if Y is None or not found:
            return False
        self.merge(basis.vectors(Y))
        return True

    def _of_others(self, rest: Array) -> tuple[float, float]:
        """Between what the eigenvalues lie that were not found, from Ritz values (r,) that are left.

        At the end where nothing is sought, a restart keeps none: there it is the farthest one ever seen.
        """
        if not len(rest):
            return 0.0, 0.0
        low, high = float(rest.min()), float(rest.max())
        far = {"largest": (self.seen[0], high), "smallest": (low, self.seen[1])}
        return far.get(self.which, (low, high))

    def _sorted(self, basis: Basis) -> tuple[Array, Array, Array]:
        values, Y, residuals = basis.ritz()
        if len(values):
            self.seen = min(self.seen[0], float(values[0])), max(self.seen[1], float(values[-1]))
        order = np.argsort(-self.sizes(values), kind="stable")
        return values[order], Y[:, order], residuals[order]

    def _iterate(self, basis: Basis, count: int, above: float | None) -> Array | None:
        """Step and restart until `count` pairs have converged; coordinates of these and the next few."""
        steps, longest = 0, min(10 * basis.room + 1000, self.most - self.products)
        while True:
            if basis.filled < basis.room:
                basis.step()
                steps += 1
            full = basis.filled == basis.room
            over = self.watch.over() and basis.filled >= min(count, basis.room)
            probing = above is not None and steps == PROBE
            if not (full or over or probing or basis.last == 0.0 or steps % 8 == 0):
                continue
            values, Y, residuals = self._sorted(basis)
            scale = max(np.abs(values).max(initial=0.0), np.abs(self.values).max(initial=0.0))
            done = residuals <= max(self._target(scale), UNIT * scale)
            converged = int(np.cumprod(done[:count]).sum()) if len(done) >= count else 0
            decided = full or probing or over or converged == count
            if above is not None and decided and not self._worth(values, residuals, above):
                return None
            self.watch.tell(
                converged / count, f"{self.products + steps} products, {converged} of {count} pairs"
            )
            if converged == count or over or basis.filled == len(basis.Q) - basis.locked.shape[1]:
                return Y[:, : self._useful(values, residuals, count, scale)]
            if steps > longest:
                return Y[:, :count]
            if full:
                kept = min(count + max((basis.room - count) // 2, 1), basis.room - 1)
                basis.restart(values[:kept], Y[:, :kept])

    def _worth(self, values: Array, residuals: Array, above: float) -> bool:
        """Whether the complement seems to hold an eigenvalue of a size above those that were found."""
        spread, left = float(np.ptp(values)), float(residuals[0])
        return bool(self.sizes(values)[0] >= above - max(left * 1e-3, left**2 / spread if spread else 0.0))

    def _target(self, scale: float) -> float:
        if self.tolerance is not None:
            return self.tolerance
        return max(TOLERANCE * scale, 0.5 * self.operator.product_error)

    def _useful(self, values: Array, residuals: Array, count: int, scale: float) -> int:
        """How many pairs to keep: those sought, and next ones that are near convergence, and no cluster."""
        sizes = self.sizes(values)
        near = residuals[count : count + AHEAD] <= NEARLY * scale
        apart = sizes[count : count + AHEAD] < sizes[count - 1] - NEARLY * scale
        return min(count + int(np.cumprod(near & apart).sum()), len(values))

    def merge(self, vectors: Array) -> None:
        """Rayleigh and Ritz over those found and new ones (P, k), and bounds of their residuals."""
        operator, first = self.operator, self.vectors.shape[1]
        V = np.linalg.qr(np.hstack([self.vectors, vectors]))[0]
        if first:
            V[:, :first] = self.vectors
        new = [np.asarray(operator.product(np.ascontiguousarray(v))) for v in V[:, first:].T]
        self.products += len(new)
        AV = np.hstack([self.images, np.stack(new, axis=1)])
        S = V.T @ AV
        values, turn = np.linalg.eigh(0.5 * (S + S.T))
        order = np.argsort(-self.sizes(values), kind="stable")
        self.values, turn = values[order], turn[:, order]
        self.vectors, self.images = V @ turn, AV @ turn
        self.residuals, self.mixed = residual_bounds(
            self.values, self.vectors, self.images, operator.product_error
        )
