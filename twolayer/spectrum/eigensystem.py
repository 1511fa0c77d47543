"""The public face of the spectrum: each quantity takes the cheapest road that proves its value.

========== ========================================================================================
dense      forms the matrix, compressed (:mod:`.compression`), and verifies LAPACK (:mod:`.verified`)
kernel     the n q x n q tangent kernel has the spectrum of G (:mod:`.kernel`, theorem T10)
structured blocks over hidden units, and a matrix of rank n q (:mod:`.units`, :mod:`.shifted`)
lanczos    a few extreme eigenvalues, none missed (:mod:`.lanczos`)
trace      the nuclear norm of a positive semidefinite matrix
========== ========================================================================================

What each costs, and which is taken, is in :mod:`.roads`. The functions here serve the methods of
:class:`.Spectral`, which describe them.
"""

from __future__ import annotations

import math
import operator as operators
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..curvature.dense import dense_error
from ..curvature.frobenius import frobenius
from ..errors.measurement import Measurement
from ..errors.rounding import SLACK, gamma
from . import lanczos, methods
from .complete import dense_spectrum, kernel_spectrum, newton_road, trace_norm, unit_spectrum
from .compressed import Matrix, compress
from .enclosed import Spectrum
from .inertia import count
from .lapack import verified_singular_values
from .logdet import factored_logdet

if TYPE_CHECKING:
    from ..operators.spectral import Spectral

WHOLE = 600  # order up to which all eigenvalues are sought even where a count would do


def eigenvalues(operator: Spectral, k: int | None, method: str | None) -> Measurement:
    """All eigenvalues, or the k algebraically largest, descending; a ValueError if k is out of range."""
    if k is None:
        found = _spectrum(operator, _road(operator, "eigenvalues", method))
        return _measured(operator, found.values, found.errors, found.method)
    P = operator.shape[0]
    if isinstance(k, bool) or not hasattr(k, "__index__") or not 1 <= operators.index(k) <= P:
        raise ValueError(f"k must be None or in 1..{P}; got {k!r}")
    found = _extreme(operator, operators.index(k), False, method)
    return _measured(operator, found.values[:k], found.errors[:k], found.method)


def spectral_norm(operator: Spectral, method: str | None) -> Measurement:
    """Largest absolute eigenvalue."""
    found = _extreme(operator, 1, True, method)
    return _measured(operator, *found.spectral_norm(), found.method)


def nuclear_norm(operator: Spectral, method: str | None) -> Measurement:
    """Sum of the absolute eigenvalues."""
    whole = _matrix(operator)
    offered = methods.spectrum_roads(whole, _small(operator))
    if whole.scope.gauss_newton:
        offered["trace"] = methods.Road("trace")
    forced = () if methods.nearly_gauss_newton(whole) else ("trace", "kernel")
    road = methods.choose("the nuclear norm", offered, method, forced)
    if road.name == "trace":
        return _measured(operator, *trace_norm(whole), newton_road(whole, "trace"))
    found = _spectrum(operator, road)
    return _measured(operator, *found.nuclear_norm(), found.method)


def rank(operator: Spectral, method: str | None) -> Measurement:
    """Number of eigenvalues certainly not zero; the error counts the undecided."""
    road = _counting_road(operator, "the rank", method)
    if not road.counts:
        found = _spectrum(operator, road)
        return _measured(operator, *found.rank(), found.method)
    small = _small(operator)
    undecided = count(small, 0.0, road.name)[1]
    return _measured(operator, small.order - undecided, undecided, f"{road.name}, inertia")


def inertia(operator: Spectral, shift: float, method: str | None) -> Measurement:
    """Number of eigenvalues of H + shift I below zero; the error counts the undecided."""
    shift = _finite(shift)
    road = _counting_road(operator, "the inertia", method)
    if not road.counts:
        found = _spectrum(operator, road)
        return _measured(operator, *found.inertia(shift), found.method)
    small = _small(operator)
    certain, undecided = count(small, shift, road.name)
    return _measured(operator, certain + small.zeros * (shift < 0), undecided, f"{road.name}, inertia")


def logdet(operator: Spectral, shift: float, method: str | None) -> Measurement:
    """log det(H + shift I), H + shift I positive definite."""
    shift = _finite(shift)
    road = _counting_road(operator, "the log-determinant", method)
    if not road.counts:
        found = _spectrum(operator, road)
        return _measured(operator, *found.logdet(shift), found.method)
    value, error = factored_logdet(_small(operator), shift, road.name)
    return _measured(operator, value, error, f"{road.name}, factored")


def rectangular_norm(block: Array, kind: Any, whole: Spectral) -> Measurement:
    """Frobenius ("fro"), spectral (2) or nuclear ("nuc") norm of an off-diagonal block of `whole`."""
    forming = dense_error(whole.forward, whole.bound)
    if kind == "fro":
        value = float(np.linalg.norm(block))
        return _measured(whole, value, SLACK * forming + gamma(block.size + 4) * value, "dense")
    values, error = verified_singular_values(block)
    if kind == "nuc":
        error = len(values) * error + math.sqrt(len(values)) * forming
        return _measured(whole, math.fsum(values), SLACK * error, "dense, verified")
    return _measured(whole, float(values[0]), SLACK * (error + forming), "dense, verified")


def _matrix(operator: Spectral) -> Matrix:
    whole = Matrix(operator.forward, operator.scope, operator.bound)
    whole.checked(np.zeros(0))
    return whole


def _small(operator: Spectral) -> Matrix:
    if operator.compressed is None:
        operator.compressed = compress(_matrix(operator))
    return operator.compressed


def _kept(operator: Spectral, method: str | None) -> methods.Road | None:
    """A road to all eigenvalues that has been taken already, unless another is demanded."""
    names = [name for name in ("dense", "structured", "kernel") if name in operator.spectra]
    return methods.Road(names[0]) if method is None and names else None


def _road(operator: Spectral, quantity: str, method: str | None) -> methods.Road:
    """A road to all eigenvalues."""
    whole = _matrix(operator)
    forced = () if methods.nearly_gauss_newton(whole) else ("kernel",)
    offered = methods.spectrum_roads(whole, _small(operator))
    return _kept(operator, method) or methods.choose(quantity, offered, method, forced)


def _counting_road(operator: Spectral, quantity: str, method: str | None) -> methods.Road:
    """A road to the inertia: all eigenvalues, which decide more, or a count."""
    whole, small = _matrix(operator), _small(operator)
    newton = methods.nearly_gauss_newton(whole)
    counts, spectra = methods.counting_roads(small), methods.spectrum_roads(whole, small)
    offered = counts | spectra | ({"dense": counts["dense"]} if small.order > WHOLE else {})
    better = (road for road in offered.values() if not road.counts and (newton or road.name != "kernel"))
    first = methods.affordable(better) if method is None else None
    forced = () if newton else ("kernel",)
    return _kept(operator, method) or first or methods.choose(quantity, offered, method, forced)


def _spectrum(operator: Spectral, road: methods.Road) -> Spectrum:
    """All eigenvalues by a road; kept, for the next question."""
    if road.name not in operator.spectra:
        if road.name == "kernel":
            made = kernel_spectrum(_matrix(operator))
        else:
            make = dense_spectrum if road.name == "dense" else unit_spectrum
            made = make(_small(operator))
        operator.spectra[road.name] = made
    return operator.spectra[road.name]


def _extreme(operator: Spectral, k: int, both: bool, method: str | None) -> Spectrum:
    """At least the k largest eigenvalues, by absolute value if `both`."""
    kept = _kept(operator, method)
    if kept:
        return _spectrum(operator, kept)
    whole, quantity = _matrix(operator), "the spectral norm" if both else "the largest eigenvalues"
    offered = methods.spectrum_roads(whole, _small(operator))
    forced = () if methods.nearly_gauss_newton(whole) else ("kernel",)
    if k + lanczos.SPARE < whole.order:
        offered["lanczos"] = methods.lanczos_road(whole, k)
    road = methods.choose(quantity, offered, method, forced)
    if road.name != "lanczos":
        return _spectrum(operator, road)
    try:
        return _lanczos_spectrum(operator, k, both)
    except ArithmeticError:
        if method is not None:
            raise
        return _spectrum(operator, methods.choose(quantity, offered, None, (*forced, "lanczos")))


def _lanczos_spectrum(operator: Spectral, k: int, both: bool) -> Spectrum:
    """The k largest alone."""
    whole, small = _matrix(operator), _small(operator)
    value, error, _ = frobenius(whole.forward, whole.scope, whole.bound)
    counting = methods.affordable(methods.counting_roads(small).values())
    name = counting.name if counting else None
    return lanczos.leading(lanczos.Search(whole, small, k, both, value + error, name))


def _finite(shift: Any) -> float:
    if isinstance(shift, (bool, str)) or not hasattr(shift, "__float__") or not math.isfinite(shift):
        raise ValueError(f"shift must be a finite number; got {shift!r}")
    return float(shift)


def _measured(operator: Spectral, value: Any, error: Any, method: str) -> Measurement:
    return Measurement(value, error, True, method, operator.convention)
