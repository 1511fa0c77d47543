"""Which method to a spectrum: a model of time and memory, and what a caller may force."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from ..forward.scope import unit_size
from ..memory import available
from .compressed import Matrix

LIMIT = 2e13  # multiplications that are begun without being asked for: minutes on two cores
MEMORY_SHARE = 0.6  # of the machine's memory that may be used
# times in multiplications of a matrix product:
EIGEN, EIGEN_ENTRY = 3.2, 1000.0  # all eigenvalues and their proof, over P^3 and over P^2
FACTOR = 2.0  # a verified factorization, over P^3
DEFINITE = 0.9  # the same of a positive definite matrix
UNIT, CAPACITANCE = 1.4e7, 7e3  # what a block and an entry of the capacitance matrix cost a count besides
START = 5e6  # what Lanczos costs before it does anything
STEP = 2e6  # a product of Lanczos, however small
FIRST, EACH = 10.0, 10.0  # how many products it takes: besides, and for every pair
PATIENCE = 2.0  # times what it is expected to take: until when Lanczos is never given up
OFTEN = 1.25  # times the two evaluations of a count: it often needs a third one
AGAIN = 5.0  # times what a count takes: what it takes to look again at the signs that it leaves undecided
NEAR = 8.0  # times what Lanczos takes: up to where all eigenvalues are sought if it proves nothing
BRIEF = 0.3  # of what all eigenvalues take: when Lanczos gives up in favour of these
FEW = 48  # order up to which no other method to the whole Hessian is cheaper than forming it
COPIES = 8  # matrices that the verification of one holds in memory
NEGLIGIBLE = 2.0**-40  # of the Gauss-Newton part: a residual part that is no larger than rounding errors


@dataclass(frozen=True)
class Method:
    """A method with its leading multiplications and bytes, and whether it counts without all eigenvalues."""

    name: str
    flops: float = 0.0
    bytes: float = 0.0
    counts: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.flops:.0e} multiplications, {self.bytes / 2**30:.1g} GiB)"


def spectrum_methods(whole: Matrix, small: Matrix) -> dict[str, Method]:
    """The methods to all eigenvalues; `small` is `whole` compressed."""
    formed, P = 0.5 * small.costs["dense"], small.order  # two operations are one multiplication
    options = [Method("dense", formed + _eigen(P), 8.0 * COPIES * P**2)]
    if whole.scope.gauss_newton:
        options.append(Method("kernel", *_kernel_cost(whole)))
    else:
        m, n, p, r = _unit_shape(small)
        options.append(Method("structured", m * (n * r * r + _eigen(p)), 8.0 * (n * r + COPIES * p * p)))
    return {option.name: option for option in options}


def counting_methods(small: Matrix, known: bool = False) -> dict[str, Method]:
    """The methods to the inertia at one point, without all eigenvalues.

    Two factorizations; one, where what is beyond the point is `known` and only to be proved all there is: of
    a matrix that is formed, a positive definite one (:mod:`.extremes.counting`).
    """
    m, n, p, r = _unit_shape(small)
    order = n * small.forward.net.n_outputs if small.scope.gauss_newton else 0
    times, factor, besides = (1, DEFINITE, 0.0) if known else (2, FACTOR, UNIT)
    whole = times * (0.5 * small.costs["dense"] + factor * small.order**3 + besides)
    unit = n * r * r + FACTOR * p**3 + 1.5 * p * p * order + 0.5 * p * order**2
    by_units = times * (m * (UNIT + unit) + order**2 * (CAPACITANCE + FACTOR * order))
    return {
        "dense": Method("dense", whole, 48.0 * small.order**2, counts=True),
        "structured": Method("structured", by_units, 8.0 * (6.0 * order**2 + n * r), counts=True),
    }


def lanczos_method(small: Matrix, k: int) -> Method:
    """The method to k extreme eigenvalues: products, and what proves them complete, if it is affordable.

    That is a count; or the norm, where that is cheap, and a count every other time. It is no reason not to
    begin: what products take may be affordable where both together are not.
    """
    products, norm = _products(k) * product_cost(small), 0.5 * min(small.costs.values())
    count = proving_method(small)
    proof = min(count.flops, norm + 0.5 * count.flops) if count else norm
    without = START + products + norm
    flops = min(START + products + proof, max(without, LIMIT))
    return Method("lanczos", flops, 8.0 * small.order * (4 * k + 60))


def proving_method(small: Matrix) -> Method | None:
    """The method to count what is beyond a point, where that is known and only to be proved all there is."""
    return affordable(counting_methods(small, known=True).values())


def _products(k: int) -> float:
    """How many of them Lanczos is expected to take."""
    return FIRST + EACH * k


def product_cost(matrix: Matrix) -> float:
    """One product with a vector, and what Lanczos does with it."""
    (n, d), (q, m) = matrix.forward.X.shape, matrix.forward.net.A.shape
    return float(STEP + n * m * (2.0 * d + 45.0 * q + 110.0))


def _eigen(order: float) -> float:
    """All eigenvalues of a matrix of this order, and their proof."""
    return order**2 * (EIGEN * order + EIGEN_ENTRY)


def _unit_shape(matrix: Matrix) -> tuple[int, int, float, float]:
    """m, n, and the numbers of weights and of inputs of one unit."""
    r = unit_size(matrix.forward, matrix.scope)
    q, m = matrix.forward.net.A.shape
    return m, matrix.forward.n, float(r + q * matrix.scope.has("a")), float(r)


def _kernel_cost(matrix: Matrix) -> tuple[float, float]:
    (n, d), (q, m) = matrix.forward.X.shape, matrix.forward.net.A.shape
    made = (q * (q + 1) / 2 + 1.0) * n * n * m + n * n * d
    return made + _eigen(n * q), 8.0 * COPIES * (n * q) ** 2


def nearly_gauss_newton(whole: Matrix) -> bool:
    """Whether the residual part is absent or no larger than rounding errors.

    Where every residual is zero within its own rounding, it is smaller than the error that any method
    inherits from the forward pass: then the method through G at most doubles the error.
    """
    bound = whole.bound
    return whole.scope.gauss_newton and bound.residual <= max(
        NEGLIGIBLE * bound.gauss_newton, bound.propagated
    )


class Choice:
    """The method to each question about the eigenvalues of one matrix; `small` is `whole` compressed."""

    def __init__(self, whole: Matrix, small: Matrix) -> None:
        self.whole, self.small = whole, small

    @cached_property
    def spectra(self) -> dict[str, Method]:
        """The methods to all eigenvalues."""
        return spectrum_methods(self.whole, self.small)

    @cached_property
    def forced(self) -> tuple[str, ...]:
        """Those that are taken only on demand."""
        return () if nearly_gauss_newton(self.whole) else ("kernel",)

    @property
    def _unforced(self) -> list[Method]:
        return [option for name, option in self.spectra.items() if name not in self.forced]

    @cached_property
    def formed(self) -> bool:
        """Whether no model of time is needed: of few parameters the Hessian is formed."""
        both = self.whole.scope.gauss_newton and self.whole.scope.residual
        return both and self.small.order <= FEW and not nearly_gauss_newton(self.whole)

    def to_all(self, quantity: str, method: str | None) -> Method:
        """To all eigenvalues."""
        if self.formed and method is None:
            return Method("dense")
        return choose(quantity, self.spectra, method, self.forced)

    def to_count(self, quantity: str, method: str | None, points: int = 1) -> Method:
        """To the inertia at so many `points`: counts, or all eigenvalues, which decide more, if no dearer."""
        if self.formed and method is None:
            return Method("dense")
        counting = counting_methods(self.small)
        offered = {name: replace(each, flops=OFTEN * points * each.flops) for name, each in counting.items()}
        for name, option in self.spectra.items():
            if name not in offered or option.flops <= offered[name].flops:
                offered[name] = option
        return choose(quantity, offered, method, self.forced)

    def instead_of_more(self, count: Method) -> Method | None:
        """To all eigenvalues, if they cost no more than to look again at what a `count` leaves undecided."""
        found = affordable(self._unforced)
        return found if found and found.flops <= AGAIN * count.flops else None

    def to_few(self, k: int, method: str | None) -> Method:
        """To k extreme eigenvalues: Lanczos, or all where that is cheaper."""
        if self.formed and method is None:
            return Method("dense")
        offered = self.spectra | {"lanczos": lanczos_method(self.small, k)}
        return choose("the extreme eigenvalues", offered, method, self.forced)

    def instead_of(self, lanczos: Method) -> Method | None:
        """To all eigenvalues, if that takes not much longer than what Lanczos is expected to."""
        found = affordable(self._unforced)
        return found if found and found.flops <= NEAR * lanczos.flops else None

    def patience(self, k: int, other: Method | None) -> float:
        """After how many products Lanczos gives up k eigenvalues in favour of the `other` method."""
        if other is None:
            return math.inf
        return max(PATIENCE * _products(k), BRIEF * other.flops / product_cost(self.small))


def choose(
    quantity: str, options: dict[str, Method], method: str | None, forced: Iterable[str] = ()
) -> Method:
    """The cheapest method, or the one called `method`.

    Parameters
    ----------
    quantity : str
        What is sought, for the messages.
    forced : iterable of str
        Methods that are taken only on demand.

    Raises
    ------
    ValueError
        If `method` is not among the methods, or every method takes longer than one would expect.
    MemoryError
        If the method demanded does not fit into memory.
    """
    if method is None:
        option = affordable(option for option in options.values() if option.name not in set(forced))
        if option is None:
            raise ValueError(
                f"method must be chosen by you for {quantity} of so large a matrix, among "
                f"{', '.join(map(str, options.values()))}; got None"
            )
        return option
    if method not in options:
        raise ValueError(f"method must be one of {', '.join(options)} or None for {quantity}; got {method!r}")
    if options[method].bytes > memory():
        raise MemoryError(f"method must fit into {memory() / 2**30:.0f} GiB; got {options[method]}")
    return options[method]


def affordable(options: Iterable[Method]) -> Method | None:
    """The cheapest method that fits into memory and takes minutes at most, if there is one."""
    room = memory()
    fitting = [option for option in options if option.bytes <= room and option.flops <= LIMIT]
    return min(fitting, key=lambda option: option.flops, default=None)


def memory() -> float:
    """Bytes that may be used."""
    return MEMORY_SHARE * available()
