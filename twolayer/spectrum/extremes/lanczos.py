r"""A few extreme eigenpairs of a large symmetric operator, with residual bounds and the proved prefix.

Lanczos (:mod:`.thick_restart`) may omit members of a cluster and still converge, so its vectors are only
candidates. Their images are formed again and bound the residuals; how many of them are the first of the whole
spectrum is then proved in one of two ways, by the theorem of :mod:`.prefix`:

- by the norm: what the pairs leave of the exact |H|_F bounds every other eigenvalue;
- by counting: the inertia of H - x I, x in a gap, says that no more are beyond x than were found.

Where neither decides, the search goes on in the complement for as long as it finds more, and what was found
is returned with how much of it is proved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT
from .chance import ENOUGH, Complement, missed
from .clusters import CLUSTER, MORE, cluster_end, cluster_said
from .prefix import NOTHING, Proof, allowed, outside, proved_prefix, remainders
from .rayleigh_ritz import residual_bounds
from .records import Operator, Pairs
from .thick_restart import Basis
from .watch import Watch

SPARE = 32  # columns of the basis beyond the pairs sought
AHEAD = 6  # pairs beyond those sought that are kept where they have nearly converged
PROBE = 24  # products in the complement that look for an omitted member of a cluster
MOST = 128  # pairs beyond those sought that are looked for because a count asks for them
LARGE = 1000  # order from which a sample of the norm can tell that it is of no use
MARGIN = 4.0  # how far such a sample has to exceed what could prove something
DEAR, DEAR_ENOUGH = 50_000, 1e-6  # order from which the test ends at this probability
ROOM = 0.3  # share of the way to what is tested by which the complement is taken to be larger than it seems
BELOW = 0.1  # the same at its other end, of its width
SEED = 0  # of the starting vector: the same operator gives the same answer
TOLERANCE = 1e-13  # of a residual, over the largest eigenvalue in absolute value
NEARLY = 1e-3  # residual up to which a further pair is of use to a proof


def extreme_pairs(
    operator: Operator,
    k: int,
    which: str = "largest",
    tolerance: float | None = None,
    watch: Watch | None = None,
    start: Array | None = None,
) -> Pairs:
    """The `k` extreme eigenpairs of an operator, or as many as were found before time was out.

    Parameters
    ----------
    operator : Operator
    k : int
        At most the order.
    which : {"largest", "smallest", "magnitude"}
        Algebraically largest, smallest, or largest by absolute value.
    tolerance : float, optional
        The residual that ends the search; by default what rounding leaves of it, or 1e-13 of the largest.
    watch : Watch, optional
        Progress, and a limit of time.
    start : ndarray, shape (P, at least k), optional
        Candidates for the vectors, with which the search begins; orthonormal.

    Returns
    -------
    Pairs
        Fewer than `k` only if time was out; more where the last belongs to a cluster, which is returned whole
        if it has at most 32 members beyond.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before anything was found; later, what was found is returned.

    Notes
    -----
    Memory: k + 32 vectors of the basis and some 3 k more. Source: page "spectrum".

    Examples
    --------
    >>> diagonal = np.append([5.0, 4.0], np.linspace(0.1, 0.2, 98))
    >>> norm = float(np.linalg.norm(diagonal)) * (1 + 1e-14)
    >>> found = extreme_pairs(Operator(100, lambda v: diagonal * v, 1e-15, norm), 2)
    >>> found.values.round(12), found.proved, found.proof
    (array([5., 4.]), 2, 'the Frobenius norm')
    """
    search = _Search(operator, k, which, tolerance, watch or Watch())
    if start is not None:
        search.merge(start)
    return search.run()


def candidates(operator: Operator, k: int, which: str, tolerance: float) -> Array:
    """Ritz values (k,) whose residuals seem to be at most `tolerance`: nothing is proved."""
    search = _Search(operator, k, which, tolerance, Watch())
    search.add(k)
    return search.values[:k]


@dataclass
class _Search:
    """The vectors found so far with their images, and what is known of them."""

    operator: Operator
    k: int
    which: str
    tolerance: float | None
    watch: Watch
    values: Array = field(init=False)
    vectors: Array = field(init=False)
    images: Array = field(init=False)
    residuals: Array = field(init=False)
    mixed: float = 0.0
    products: int = 0
    chance: float = 1.0
    ends: tuple[float, float] = (0.0, 0.0)
    first: tuple[Array, float] | None = None

    def __post_init__(self) -> None:
        self.vectors = self.images = np.zeros((self.operator.order, 0))
        self.values = self.residuals = np.zeros(0)

    def sizes(self, values: Array) -> Array:
        """What the largest are sought by."""
        return {"largest": values, "smallest": -values, "magnitude": np.abs(values)}[self.which]

    def run(self) -> Pairs:
        if len(self.values) < self.k:
            self.add(self.k - len(self.values))
        while True:
            proof = self._by_norm()
            if self.watch.over() or (proof.prefix >= self._end() and self._apart(proof.beyond)):
                break
            counted = self._by_count()
            if self.watch.over():
                break
            if counted is not None:
                proof, absent = counted
                if absent > MORE:
                    proof, absent = self._before_cluster() or counted
                if not absent or len(self.values) > self.k + MOST or not self.add(min(absent, MORE)):
                    break
            elif len(self.values) > self.k + MOST or not self.add(1, self._kth() - self._room()):
                break
        if proof.prefix < self.k <= len(self.values) and not self.watch.over():
            self._by_chance()
        return self._pairs(proof)

    def _kth(self) -> float:
        return float(self.sizes(self.values)[min(self.k, len(self.values)) - 1])

    def _room(self) -> float:
        """How far a member of the k-th pair's cluster may seem to be from it."""
        width = CLUSTER * float(np.abs(self.values).max(initial=0.0))
        return 16 * min(float(self.residuals[: self.k].max(initial=0.0)) + self.mixed, width)

    def _end(self) -> int:  # of the k-th pair's cluster among those found
        return cluster_end(self.sizes(self.values), self.residuals + self.mixed, self.k)

    def _apart(self, beyond: float) -> bool:
        """Whether no other eigenvalue is in the cluster of the k-th, all others being at most `beyond`."""
        return len(self.values) == self.operator.order or beyond < self._kth() - self._room()

    def add(self, count: int, above: float | None = None) -> bool:
        """Look for `count` more pairs in the complement, of sizes `above` if given; whether any was found."""
        free = self.operator.order - self.vectors.shape[1]
        if free <= 0:
            return False
        count = min(count, free)
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
        ritz = basis.ritz()[0]
        self.ends = (float(ritz[0]), float(ritz[-1])) if len(ritz) else self.ends
        self.first = self.first or basis.first
        self.products += basis.products
        if Y is None or Y.shape[1] == 0:
            return False
        self.merge(basis.vectors(Y))
        return True

    def _sorted(self, basis: Basis) -> tuple[Array, Array, Array]:
        values, Y, residuals = basis.ritz()
        order = np.argsort(-self.sizes(values), kind="stable")
        return values[order], Y[:, order], residuals[order]

    def _iterate(self, basis: Basis, count: int, above: float | None) -> Array | None:
        """Step and restart until `count` pairs have converged; coordinates of these and the next few."""
        steps, longest = 0, 10 * basis.room + 1000
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
        """Rayleigh and Ritz over all vectors, and bounds of their residuals."""
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

    @cached_property
    def norm(self) -> float:
        """The upper bound of |H|_F; inf where it is dear and proves nothing."""
        given = self.operator.norm
        if not callable(given):
            return given
        return math.inf if self._hopeless() else given()

    def _hopeless(self) -> bool:
        """Whether the others are so many that their squares far exceed what a proof by the norm allows.

        The first vector is random, so that its image outside the pairs found estimates what they leave.
        """
        if self.first is None or self.operator.order < LARGE or not len(self.values):
            return False
        start, square = self.first
        known = float(((self.values * (start @ self.vectors)) ** 2).sum())
        return (square - known) * self.operator.order > (MARGIN * self._kth()) ** 2

    def _by_norm(self) -> Proof:
        """What the Frobenius norm proves."""
        if math.isinf(self.norm):
            return NOTHING
        sizes = self.sizes(self.values)
        left = remainders(self.values, self.norm, self.mixed)
        prefix = proved_prefix(sizes, left, self.residuals, self.mixed)
        beyond = outside(sizes, self.residuals, left, prefix, self.mixed)
        return Proof(prefix, beyond, "the Frobenius norm", prefix)

    def _by_chance(self) -> None:
        """Test by random vectors that nothing outside the pairs is so large that one of the k is missing."""
        operator, values = self.operator, self.values
        if operator.norm == math.inf or self.ends[0] == self.ends[1]:
            return
        largest = float(np.abs(values).max())
        rounding = max(operator.product_error - operator.matrix_error, 0.0) + UNIT * largest
        size = SLACK * (largest + float(np.linalg.norm(self.residuals)) + self.mixed)
        sign = -1.0 if self.which == "smallest" else 1.0
        C = Complement(lambda v: sign * operator.product(v), rounding, self.vectors, size)
        low, high = sorted(sign * end for end in self.ends)
        if self.which == "magnitude":
            low, high = -max(-low, high), max(-low, high)
        x = allowed(self.sizes(values), self.residuals, self.mixed, self.k, high)
        wide = ROOM * (x - high)
        low -= wide if self.which == "magnitude" else BELOW * (high - low)
        self.watch.tell(1.0, "testing that none is missing by random vectors")
        most, enough = 500 + 4 * self.products, ENOUGH if operator.order < DEAR else DEAR_ENOUGH
        self.chance, taken = missed(C, (low, high + wide), x - operator.matrix_error, most, enough)
        self.products += taken

    def _by_count(self) -> tuple[Proof, int] | None:
        """The same by counting beyond the widest gap after the k-th; with how many are absent."""
        sizes, k = self.sizes(self.values), self.k
        if self.operator.beyond is None or len(sizes) < k:
            return None
        return self._counted(*self._gap(sizes, k))

    def _counted(self, known: int, x: float, prefix: int | None = None) -> tuple[Proof, int] | None:
        """What a count beyond x proves, before which `known` pairs were found; and how many are absent."""
        least = math.inf
        if known:
            least = self.sizes(self.values)[known - 1] - self.residuals[:known].max() - self.mixed
        counted = self._count(x)
        if counted is None or not x + counted[1] < least:
            return None
        count, error = counted
        if count > known:
            return NOTHING, count - known
        return Proof(prefix or known, x + error, "inertia", known), 0

    def _count(self, x: float) -> tuple[int, float] | None:
        """How many eigenvalues are beyond x, and the error of x; None if that is broken off."""
        self.watch.tell(1.0, "counting eigenvalues beyond those found")
        try:
            return self.operator.beyond(x) if self.operator.beyond else None
        except TimeoutError:
            return None
        except KeyboardInterrupt:
            self.watch.stopped = "interrupted"
            return None

    def _before_cluster(self) -> tuple[Proof, int] | None:
        """A proof for k values by counting before the cluster of the last, however many are in it."""
        x = self._kth() + self._room()
        return self._counted(int((self.sizes(self.values) > x).sum()), x, self.k)

    def _gap(self, sizes: Array, k: int) -> tuple[int, float]:
        """How many pairs are before the widest gap after the k-th, and a point in it."""
        ends = np.append(sizes[k:], 2 * sizes[-1] - sizes[0] if len(sizes) > k else sizes[-1])
        widths = sizes[k - 1 : -1] - sizes[k:] if len(sizes) > k else np.zeros(0)
        if len(widths) and widths.max() > 8 * self.residuals[:k].max() + 8 * self.mixed:
            known = k + int(np.argmax(widths))
            return known, 0.5 * float(sizes[known - 1] + ends[known - k])
        room = 16 * (float(self.residuals.max()) + self.mixed)
        return len(sizes), float(sizes[-1]) - room

    def _pairs(self, proof: Proof) -> Pairs:
        sizes, end = self.sizes(self.values), self._end()
        if proof.strict != proof.prefix:  # counted before a cluster that is not whole
            end = self.k + MORE + 1
        k = min(self.k, len(sizes)) if end > self.k + MORE else end
        proved = min(proof.prefix, k)
        return Pairs(
            self.values[:k],
            self.vectors[:, :k],
            self.residuals[:k],
            proof.errors(sizes, self.residuals, self.mixed)[:k],
            proved,
            self._upper(sizes),
            proof.name if proved else "",
            "" if proved >= max(self.k, k) else self._missing(proved, k),
            0.0 if proved >= max(self.k, k) else self.chance,
            cluster_said(self.k, end),
        )

    def _upper(self, sizes: Array) -> float:
        if math.isinf(self.norm):
            return math.inf
        left = remainders(self.values, self.norm, self.mixed)
        return outside(sizes, self.residuals, left, 0, self.mixed)

    def _missing(self, proved: int, k: int) -> str:
        stopped = (
            f"stopped by {self.watch.stopped} with {k} of {self.k} pairs; " if self.watch.stopped else ""
        )
        said = "the pairs found leave far too much of |H|_F to the others for a proof"
        if not math.isinf(self.norm):
            left = float(remainders(self.values, self.norm, self.mixed)[-1]) / (self.norm or 1.0)
            said = f"the pairs found leave {left:.3g} times |H|_F to the others, which proves {proved}"
        if self.chance < 1:
            return (
                f"{stopped}{said}; by a test with random vectors one is missing with a probability of at "
                f"most {self.chance:.1g}"
            )
        return f"{stopped}{said}; a count of the eigenvalues beyond value number {k} would prove the rest"
