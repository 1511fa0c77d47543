"""Comparing what the package says with the oracle's balls: right, wrong, never a matter of tolerance."""

from typing import Any

import numpy as np
from flint import arb, arb_mat

from tests.oracle import oracle
from tests.oracle.oracle_jets import balls
from twolayer import Measurement


@balls
def distance(value: float, truth: arb) -> arb:
    """Upper end of |value - truth|; infinite when `value` is not a finite number."""
    if not np.isfinite(value):
        return arb.pos_inf()
    return abs(arb(float(value)) - truth).abs_upper()


@balls
def matrix_distance(values: np.ndarray, truth: arb_mat) -> arb:
    """Upper end of the Frobenius norm of values - truth."""
    assert values.shape == (truth.nrows(), truth.ncols())
    if not np.isfinite(values).all():
        return arb.pos_inf()
    return oracle.frobenius_norm(
        arb_mat([[arb(v) for v in row] for row in values.tolist()]) - truth
    ).abs_upper()


@balls
def vector_distance(values: np.ndarray, truth: list[arb]) -> arb:
    """Upper end of the Euclidean norm of values - truth."""
    return matrix_distance(np.reshape(values, (-1, 1)), arb_mat([[v] for v in truth]))


def assert_within(distance: arb, error: float, what: str = "value") -> None:
    """Fail unless `distance` is at most `error`, a finite number that is not negative."""
    assert np.isfinite(error), f"the bound of {what} must be finite; got {error}"
    assert distance <= arb(float(error)), (
        f"{what} is off by {float(distance)}, which its bound {error} excludes"
    )


def assert_holds(measured: Measurement, truth: arb, what: str = "value") -> None:
    """Fail unless the exact `measured` holds `truth` within its bound."""
    assert measured.exact
    assert_within(distance(measured.value, truth), measured.error, what)


def assert_all_hold(measured: Measurement, truth: list[arb], what: str = "value") -> None:
    """The same for an array of values, in the order of `truth`."""
    errors = np.broadcast_to(measured.error, np.shape(measured.value))
    for value, error, t in zip(measured.value, errors, truth, strict=True):
        assert_within(distance(value, t), error, what)


@balls
def relative(distance: arb, truth: Any) -> float:
    """`distance` as a share of `truth`; 0 if both vanish."""
    return float(distance / abs(truth)) if distance != 0 else 0.0


PARTS = {"H": lambda H: H, "G": lambda H: H.gauss_newton, "R": lambda H: H.residual}


@balls
def descending(M):
    """All eigenvalues; where no ball tells one from zero it is zero, as those beyond the rank are."""
    return [oracle.arb(0) if v.contains(0) else v for v in oracle.eigenvalues(M)[::-1]]
