r"""A few extreme eigenpairs of a large symmetric operator, with residual bounds and the proved prefix.

Lanczos (:mod:`.thick_restart`) may omit members of a cluster and still converge, so its vectors are only
candidates. Their images are formed again and bound the residuals; how many of them are the first of the whole
spectrum is then proved in one of two ways, by the theorem of :mod:`.prefix`:

- by the norm: what the pairs leave of the exact |H|_F bounds every other eigenvalue;
- by counting: the inertia of H - x I, x in a gap, says that no more are beyond x than were found
  (:mod:`.counting`).

Where neither decides, the search goes on in the complement for as long as it finds more, and what was found
is returned with how much of it is proved.
"""

from __future__ import annotations

import math
from contextlib import suppress
from functools import cached_property

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT, times_power
from .candidates import Candidates
from .chance import ENOUGH, Complement, missed
from .clusters import CLUSTER, MORE, cluster_end, cluster_said
from .prefix import NOTHING, Proof, allowed, outside, proved_prefix, remainders
from .records import Operator, Pairs
from .watch import Watch

MOST = 128  # pairs beyond those sought that are looked for because a count asks for them
LARGE = 1000  # order from which a sample of the norm can tell that it is of no use
MARGIN = 4.0  # how far such a sample has to exceed what could prove something
DEAR, DEAR_ENOUGH = 50_000, 1e-5  # order from which the test ends at this probability
ROOM = 0.3  # share of the way to what is tested by which the complement is taken to be larger than it seems
BELOW = 0.1  # the same at its other end, of its width
PATIENCE = 2.0  # how many times the products it should take the first such test may take


def extreme_pairs(
    operator: Operator,
    k: int,
    which: str = "largest",
    tolerance: float | None = None,
    watch: Watch | None = None,
    start: Array | None = None,
    most: float = math.inf,
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
    most : float, optional
        Products after which the search gives up, with nothing proved, where there is another way: then it
        does without the test by random vectors, too.

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
    moved, exponent = operator.levelled(operator.product_error)
    if tolerance is not None:
        tolerance = times_power(tolerance, -exponent)
    search = _Search(moved, k, which, tolerance, watch or Watch(), most)
    if start is not None:
        search.merge(start)
    return search.run().times_power(exponent)


class _Search(Candidates):
    """The candidates, how much of them is proved, and what their proofs ask the search for."""

    chance = 1.0

    def run(self) -> Pairs:
        if len(self.values) < self.k:
            self.add(self.k - len(self.values))
        while True:
            if self.products > self.most:
                return self._pairs(NOTHING)
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
            elif self.most < math.inf or not self._goes_on():
                break
        if (
            self.most == math.inf
            and proof.prefix < self.k <= len(self.values)
            and self.chance == 1.0
            and not self.watch.over()
        ):
            self._unlikely()
        return self._pairs(proof)

    def _goes_on(self) -> bool:
        """Whether a test leaves doubts, where nothing can be counted, and one more pair was found."""
        if self._unlikely(PATIENCE) or self.watch.over() or len(self.values) > self.k + MOST:
            return False
        return self.add(1, self._kth() - self._room())

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

    @cached_property
    def norm(self) -> float:
        """The upper bound of |H|_F; inf where it is dear and proves nothing."""
        given = self.operator.norm
        if not callable(given):
            return given
        if not self._hopeless():
            with suppress(TimeoutError):  # what was found is worth more than a proof that is late
                return given()
        return math.inf

    def _hopeless(self) -> bool:
        """Whether the others are so many that their squares far exceed what a proof by the norm allows.

        The first vector is random, so that its image outside the pairs found estimates what they leave. The
        dearer the norm is beside the search, the less far they need to exceed it.
        """
        if self.first is None or self.operator.order < LARGE or not len(self.values):
            return False
        start, square = self.first
        known = float(((self.values * (start @ self.vectors)) ** 2).sum())
        price = self.operator.norm_products / max(self.products, 1)
        margin = MARGIN / min(max(price, 1.0), MARGIN)
        return (square - known) * self.operator.order > (margin * self._kth()) ** 2

    def _by_norm(self) -> Proof:
        """What the Frobenius norm proves."""
        if math.isinf(self.norm):
            return NOTHING
        sizes = self.sizes(self.values)
        left = remainders(self.values, self.norm, self.mixed)
        prefix = proved_prefix(sizes, left, self.residuals, self.mixed)
        beyond = outside(sizes, self.residuals, left, prefix, self.mixed)
        return Proof(prefix, beyond, "the Frobenius norm", prefix)

    def _unlikely(self, patience: float = math.inf) -> bool:
        """Whether a test by random vectors makes it unlikely enough that one of the k pairs is missing.

        Or one of the cluster of the last. The `patience` is that of :func:`.chance.missed`.
        """
        operator, values = self.operator, self.values
        if operator.norm == math.inf or self.ends[0] == self.ends[1] or len(values) < self.k:
            return False
        largest = float(np.abs(values).max())
        rounding = max(operator.product_error - operator.matrix_error, 0.0) + UNIT * largest
        size = SLACK * (largest + float(np.linalg.norm(self.residuals)) + self.mixed)
        low, high = sorted(self._sign * end for end in self.ends)
        if self.which == "magnitude":
            low, high = -max(-low, high), max(-low, high)
        x = allowed(self.sizes(values), self.residuals, self.mixed, self.k, high)
        x = min(x, self._kth() - self._room()) - operator.matrix_error
        wide = ROOM * (x - high)
        low -= wide if self.which == "magnitude" else BELOW * (high - low)
        enough = ENOUGH if operator.order < DEAR else DEAR_ENOUGH
        C = Complement(self._watched, rounding, self.vectors, size)
        most = 500 + 4 * self.products if operator.order < DEAR else self.products
        try:
            self.chance, taken = missed(C, (low, high + wide), x, most, enough, patience)
            self.products += taken
        except TimeoutError:
            return False
        except KeyboardInterrupt:
            self.watch.stopped = "interrupted"
        return self.chance <= enough

    @property
    def _sign(self) -> float:
        return -1.0 if self.which == "smallest" else 1.0

    def _watched(self, vector: Array) -> Array:
        """The product for the test; with the sign of what is sought."""
        self.watch.require_time("a test")
        self.watch.tell(1.0, "testing that none is missing by random vectors")
        return np.asarray(self._sign * self.operator.product(vector))

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
        counted = self._count(x, known)
        if counted is None or not x + counted[1] < least:
            return None
        count, error = counted
        if count > known:
            return NOTHING, count - known
        return Proof(prefix or known, x + error, "inertia", known), 0

    def _count(self, x: float, known: int) -> tuple[int, float] | None:
        """How many eigenvalues are beyond x, and the error of x; None if that is broken off."""
        self.watch.tell(1.0, "counting eigenvalues beyond those found")
        try:
            if self.operator.beyond is None:
                return None
            return self.operator.beyond(x, self.values[:known], self.vectors[:, :known])
        except TimeoutError:
            return None
        except KeyboardInterrupt:
            self.watch.stopped = "interrupted"
            return None

    def _before_cluster(self) -> tuple[Proof, int] | None:
        """A proof for k values by counting before the cluster of the last, however many are in it."""
        x = self._kth() + self._room()
        return self._counted(int((self.sizes(self.values) > x).sum()), x, self.k)

    def _next(self) -> Array:
        """The largest size that those not found seem to have, (1,); (0,) if none was looked at."""
        looked = self.ends[0] != self.ends[1]
        return self.sizes(np.array(self.ends)).max(keepdims=True) if looked else np.zeros(0)

    def _gap(self, sizes: Array, k: int) -> tuple[int, float]:
        """How many pairs are before the widest gap after the k-th, and a point in it."""
        for ordered in (sizes, np.append(sizes, self._next())):  # what was found is surer than what was seen
            widths = ordered[k - 1 : -1] - ordered[k:]
            if len(widths) and widths.max() > 8 * self.residuals[:k].max() + 8 * self.mixed:
                known = k + int(np.argmax(widths))
                return known, 0.5 * float(ordered[known - 1] + ordered[known])
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
