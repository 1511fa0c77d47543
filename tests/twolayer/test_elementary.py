"""The elementary functions against 240 bits, and the promises that generated code relies on."""

import json
import math
import os
import re
import subprocess
import sys

import mpmath as mp
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.tree import ROOT
from tests.oracle.elementary_cases import BITS, CASES, LARGEST, grid, units
from theory.emit import elementary_tables
from twolayer import elementary

PROMISED = 8.0  # units of 2^-53, so 2^-50
reals = st.floats(allow_nan=False, allow_infinity=False)


def parts(name: str, x: float) -> tuple[float, ...]:
    """The results of a kernel as a tuple."""
    result = getattr(elementary, name)(x)
    return result if isinstance(result, tuple) else (result,)


def worst(name: str) -> list[float]:
    """The largest error of each result of a kernel over its grid."""
    case = CASES[name]
    with mp.workprec(BITS):
        errors = [
            [units(got, truth(mp.mpf(x))) for got, truth in zip(parts(name, x), case.truths, strict=True)]
            for x in grid(case)
        ]
    return [max(column) for column in zip(*errors, strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_the_true_value_is_near(name):
    allowed = CASES[name].errors
    assert max(allowed) < PROMISED
    assert all(error <= bound for error, bound in zip(worst(name), allowed, strict=True)), worst(name)


@pytest.mark.slow
def test_without_the_compiler_too():
    """Python fuses no product with a sum, so this is also the arithmetic of machines that cannot."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", __file__, "-k", "true_value or limits or signs"],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_an_error_would_be_seen():
    """exp(-x * x) loses what x^2 does; rounding x / sqrt 2 costs the normal tail as much."""
    x = 25.3
    with mp.workprec(BITS):
        assert units(math.exp(-x * x), CASES["exp_neg_square"].truths[0](mp.mpf(x))) > PROMISED
        assert units(math.erfc(x / math.sqrt(2)) / 2, CASES["normal_cdf"].truths[0](mp.mpf(-x))) > PROMISED


LIMITS = {
    "exp": ((0.0,), (math.inf,)),
    "expm1": ((-1.0,), (math.inf,)),
    "exp_neg_square": ((0.0,), (0.0,)),
    "exp_neg_half_square": ((0.0,), (0.0,)),
    "log": ((math.nan,), (math.inf,)),
    "log1p": ((math.nan,), (math.inf,)),
    "tanh_parts": ((-1.0, 0.0), (1.0, 0.0)),
    "sigmoid_parts": ((0.0, 1.0), (1.0, 0.0)),
    "sigmoid_tanh_parts": ((0.0, 1.0, -1.0), (1.0, 0.0, 1.0)),
    "softplus": ((0.0,), (math.inf,)),
    "softplus_parts": ((0.0, 0.0, 1.0), (math.inf, 1.0, 0.0)),
    "erf": ((-1.0,), (1.0,)),
    "erf_parts": ((-1.0, 0.0), (1.0, 0.0)),
    "erfc": ((2.0,), (0.0,)),
    "normal_cdf": ((0.0,), (1.0,)),
    "normal_parts": ((0.0, 0.0), (1.0, 0.0)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_reached_and_nan_passes(name):
    below, above = LIMITS[name]
    np.testing.assert_equal(parts(name, -math.inf), below)
    np.testing.assert_equal(parts(name, math.inf), above)
    assert all(math.isnan(part) for part in parts(name, math.nan))


def test_limits_of_logarithms_at_the_edge():
    assert elementary.log(0.0) == elementary.log1p(-1.0) == -math.inf
    assert math.isnan(elementary.log(-5e-324))
    assert math.isnan(elementary.log1p(-1.0 - 2.0**-52))


@given(reals)
def test_odd_and_even_to_the_last_bit(x):
    t, slope = elementary.tanh_parts(x)
    assert elementary.tanh_parts(-x) == (-t, slope)
    value, density = elementary.erf_parts(x)
    assert elementary.erf_parts(-x) == (-value, density)
    plus, minus, half = elementary.sigmoid_tanh_parts(x)
    assert elementary.sigmoid_tanh_parts(-x) == (minus, plus, -half)


@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh_parts", "erf", "erf_parts"])
def test_signs_of_zero_are_kept(name):
    assert [math.copysign(1.0, parts(name, x)[0]) for x in (0.0, -0.0)] == [1.0, -1.0]


@given(st.floats(-elementary.SIN_COS_BOUND, elementary.SIN_COS_BOUND))
def test_sine_and_cosine_lie_on_the_circle_and_near_and_far_agree(x):
    sine, cosine = elementary.sin_cos(x)
    assert sine * sine + cosine * cosine == pytest.approx(1.0, abs=1e-15)
    assert elementary.sin_cos(-x) == (-sine, cosine)
    assert elementary.sin_cos_far(x) == pytest.approx((sine, cosine), rel=1e-15)


def test_far_sine_is_right_at_the_largest_float():
    with mp.workprec(1200):
        truths = float(mp.sin(LARGEST)), float(mp.cos(LARGEST))
    assert elementary.sin_cos_far(LARGEST) == pytest.approx(truths, rel=1e-15)


def loops(function, count):
    """A function that applies a kernel of `count` results to an array, into `count` arrays."""

    def one(X, A):
        for i in range(X.size):
            A[i] = function(X[i])

    def two(X, A, B):
        for i in range(X.size):
            A[i], B[i] = function(X[i])

    def three(X, A, B, C):
        for i in range(X.size):
            A[i], B[i], C[i] = function(X[i])

    return numba.njit(error_model="numpy", fastmath={"contract"})((one, two, three)[count - 1])


@pytest.mark.parametrize("name", CASES)
def test_a_loop_over_it_becomes_vectors(name):
    """Whatever the machine's width; a call left in the loop would keep it scalar."""
    loop = loops(getattr(elementary, name), len(CASES[name].truths))
    X = np.linspace(0.1, 3.0, 37)
    columns = [np.empty_like(X) for _ in CASES[name].truths]
    loop(X, *columns)
    assert re.search(r"f(mul|add|sub)[a-z ]* <\d+ x double>", loop.inspect_llvm(loop.signatures[0]))
    np.testing.assert_allclose(np.transpose(columns), [parts(name, x) for x in X], rtol=1e-15)


def test_a_loop_with_a_call_stays_scalar():
    loop = loops(elementary.sin_cos_far, 2)
    loop(np.ones(9), np.ones(9), np.ones(9))
    assert not re.search(r"f(mul|add|sub)[a-z ]* <\d+ x double>", loop.inspect_llvm(loop.signatures[0]))


@pytest.mark.slow
def test_the_benchmark_runs():
    run = [sys.executable, "-m", "benchmarks.bench_elementary", "--size", "64", "--repeats", "1", "--json"]
    rows = json.loads(subprocess.run(run, cwd=ROOT, capture_output=True, check=True).stdout)["rows"]
    assert {*CASES, "tanh_jet", "gelu_jet"} <= rows.keys()


def test_the_constants_are_what_their_script_gives():
    assert elementary_tables.TARGET.read_text() == elementary_tables.source()


def test_an_edited_constant_is_noticed_and_update_mends_it(tmp_path, monkeypatch, capsys):
    edited = tmp_path / "tables.py"
    edited.write_text(elementary_tables.source().replace("1.44", "1.45"))
    monkeypatch.setattr(elementary_tables, "TARGET", edited)
    assert elementary_tables.main([]) == 1
    assert "stale" in capsys.readouterr().out
    assert elementary_tables.main(["--update"]) == 0
    assert elementary_tables.main([]) == 0


@pytest.mark.parametrize("name", elementary_tables.polynomials())
def test_polynomials_follow_their_functions_between_the_nodes(name):
    function, _, low, high, degree = elementary_tables.polynomials()[name]
    with mp.workprec(BITS):
        coefficients = elementary_tables.interpolant(function, low, high, degree)
        points = [low + (high - low) * share for share in mp.linspace(0, 1, 42)[1:-1]]
        scale = max(abs(function(x)) for x in points)
        assert all(abs(mp.polyval(coefficients, x) - function(x)) < scale * 2.0**-50 for x in points)
