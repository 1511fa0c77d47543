"""The jets of every activation hold their accuracy contract over the whole range of floats."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import jet_accuracy
from theory.expressions.activations import ACTIVATIONS
from twolayer.generated.activations import gelu, tanh
from twolayer.model.activation import activation, available

POINTS = jet_accuracy.grid(40)
RECORDS = [activation(name) for name in ACTIVATIONS]


def having(field: str) -> pytest.MarkDecorator:
    """One test for each activation whose `field` says something."""
    chosen = [record for record in RECORDS if getattr(record, field) not in ("", None, ())]
    return pytest.mark.parametrize("record", chosen, ids=lambda record: record.name)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_errors_are_within_the_contract(name):
    for row in jet_accuracy.worst(name, POINTS):
        assert row["mixed"] <= 1
        assert row["relative"] <= 1e-14


def test_every_activation_is_generated_and_none_else():
    assert set(available()) == set(ACTIVATIONS)


@pytest.mark.parametrize(("order", "error"), [(0, 1e-13), (1, 1e-13), (2, 1e-13), (2, np.nan)])
def test_the_checker_sees_a_planted_error(order, error, monkeypatch):
    def planted(Z, *outputs):
        tanh.jets(Z, *outputs)
        outputs[order][Z > 1] *= 1 + error

    wrong = replace(activation("tanh"), jets=planted)
    monkeypatch.setattr(jet_accuracy, "activation", lambda name: wrong)
    rows = jet_accuracy.worst("tanh", np.array([0.5, 2.0]))
    assert [not row["mixed"] <= 1 for row in rows] == [k == order for k in range(3)]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 7, 8, 9, 13, 31, 64, 67])
def test_a_loop_of_any_length_is_a_loop_over_the_scalar_kernel(name, size):
    Z = np.random.default_rng(size).normal(scale=4.0, size=size)
    Z[size // 2 :] *= 1e7
    outputs, slopes = ([np.full(size + 1, 7.0) for _ in range(count)] for count in (3, 2))
    activation(name).jets(Z, *(output[:size] for output in outputs))
    activation(name).slopes(Z, *(output[:size] for output in slopes))
    expected = np.array([activation(name).jet(float(z)) for z in Z]).reshape(-1, 3).T
    for found, wanted in zip([*outputs, *slopes], [*expected, *expected[:2]], strict=True):
        np.testing.assert_allclose(found[:size], wanted, rtol=1e-14, atol=1e-320)
        assert found[size] == 7.0


@having("parity")
@pytest.mark.parametrize("z", [1e-310, 0.3, 2.5, 40.0])
def test_parity_holds_to_the_last_bit(record, z):
    sign = {"odd": -1.0, "even": 1.0}[record.parity]
    s, s1, s2 = record.jet(z)
    assert record.jet(-z) == (sign * s, -sign * s1, sign * s2)


@having("homogeneity")
@pytest.mark.parametrize("z", [-3.0, 0.7])
def test_homogeneity_holds_for_powers_of_two(record, z):
    jet, larger = record.jet(z), record.jet(4 * z)
    assert larger == pytest.approx([4.0 ** (record.homogeneity - k) * jet[k] for k in range(3)], rel=1e-15)


@having("kinks")
def test_at_a_kink_the_value_is_the_limit_from_the_left(record):
    for location, jump1, jump2 in record.kinks:
        at = record.jet(location)
        left, right = (record.jet(location + step) for step in (-1e-300, 1e-300))
        assert at == pytest.approx(left, abs=1e-290)
        assert [right[k] - left[k] for k in (1, 2)] == pytest.approx([jump1, jump2], abs=1e-290)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_suprema_bound_the_derivatives_and_are_reached(name, order):
    bound = getattr(activation(name), f"sup{order}")
    z = np.concatenate([np.linspace(-12, 12, 200_001), [1e300]])
    outputs = [np.empty_like(z) for _ in range(3)]
    activation(name).jets(z, *outputs)
    largest = np.abs(outputs[order]).max()
    assert largest <= bound * (1 + 2**-49)
    assert largest >= min(bound, 1e300) * (1 - 1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_and_infinity_pass_through(name):
    Z = np.array([np.nan, np.inf, -np.inf, 1.0])
    outputs = [np.empty_like(Z) for _ in range(3)]
    activation(name).jets(Z, *outputs)
    assert np.isnan(outputs[0][0])
    assert all(np.isfinite(output[3]) for output in outputs)


def test_far_tails_by_hand():
    """tanh'' = -8 e^(-2z) (1 + O(e^(-2z))), gelu'' = (2 - z^2) e^(-z^2/2) / sqrt(2 pi)."""
    assert tanh.jet(300.0)[2] == pytest.approx(-8 * np.exp(-600.0), rel=1e-13)
    z = -30.0
    expected = (2 - z * z) * np.exp(-450.0) / np.sqrt(2 * np.pi)
    assert gelu.jet(z)[2] == pytest.approx(expected, rel=1e-12)
