"""Which method to a spectrum: a model of time and memory, and what a caller may force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..forward.scope import unit_inputs
from ..memory import available
from .compressed import Matrix

LIMIT = 2e13  # multiplications that are begun without being asked for: minutes on two cores
MEMORY_SHARE = 0.6  # of the machine's memory that may be used
# times in multiplications of a matrix product:
EIGEN, EIGEN_ENTRY = 3.2, 500.0  # all eigenvalues and their proof, over P^3 and over P^2
FACTOR = 2.0  # a verified factorization, over P^3
START = 3e8  # what Lanczos costs before it does anything
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


def counting_methods(small: Matrix) -> dict[str, Method]:
    """The methods to the inertia at one point, without all eigenvalues."""
    m, n, p, r = _unit_shape(small)
    order = n * small.forward.net.n_outputs if small.scope.gauss_newton else 0
    whole = 2 * (0.5 * small.costs["dense"] + FACTOR * small.order**3)
    unit = n * r * r + FACTOR * p**3 + 1.5 * p * p * order + 0.5 * p * order**2
    by_units = 2 * (m * unit + FACTOR * order**3)
    return {
        "dense": Method("dense", whole, 48.0 * small.order**2, counts=True),
        "structured": Method("structured", by_units, 8.0 * (6.0 * order**2 + n * r), counts=True),
    }


def lanczos_method(whole: Matrix, k: int) -> Method:
    """The method to k extreme eigenvalues: products, and the Frobenius norm that proves them complete."""
    products = (200.0 + 30.0 * k) * product_flops(whole)
    norm = 0.5 * min(whole.costs.values())
    return Method("lanczos", START + products + norm, 8.0 * whole.order * (4 * k + 60))


def _eigen(order: float) -> float:
    """All eigenvalues of a matrix of this order, and their proof."""
    return order**2 * (EIGEN * order + EIGEN_ENTRY)


def product_flops(matrix: Matrix) -> float:
    """Operations of one product with a vector."""
    (n, d), (q, m) = matrix.forward.X.shape, matrix.forward.net.A.shape
    return float(n * m * (4.0 * d + 60.0 * q))


def _unit_shape(matrix: Matrix) -> tuple[int, int, float, float]:
    """m, n, and the numbers of weights and of inputs of one unit."""
    n, r = unit_inputs(matrix.forward, matrix.scope).shape
    q, m = matrix.forward.net.A.shape
    return m, n, float(r + q * matrix.scope.has("a")), float(r)


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


def obvious(whole: Matrix, small: Matrix) -> Method | None:
    """The method that is taken without a model of time: of few parameters the Hessian is formed."""
    both = whole.scope.gauss_newton and whole.scope.residual
    formed = both and small.order <= FEW and not nearly_gauss_newton(whole)
    return Method("dense") if formed else None


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
