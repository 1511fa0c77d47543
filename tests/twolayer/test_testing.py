"""What users get for their own tests: strategies reach the hard cases, copies are copies, assertions bite."""

import numpy as np
import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

import twolayer as tl
from tests.house.probe import probe
from tests.house.tree import ROOT
from tests.oracle import oracle
from tests.oracle.oracle_jets import SERIES
from tests.oracle.problem import Problem as Raw
from theory import theorems
from twolayer import Measurement, testing

ACTIVATIONS = tuple(SERIES)
LOSSES = ("squared", "logistic", "pseudo_huber", "softmax")
SEARCH = settings(max_examples=3000, database=None, deadline=None, derandomize=True)
FIRST = settings(SEARCH, phases=[Phase.generate])  # the first example found, not the smallest


def raw(problem):
    """The same arrays for the oracle, which shares no code with the package."""
    net = problem.net
    return Raw(net.a, net.W, net.b, net.c, problem.X, problem.y, net.activation.name, problem.loss)


def reached(strategy, condition, search=FIRST):
    return find(strategy, condition, settings=search)


@given(testing.problems(losses=LOSSES))
def test_every_problem_is_accepted_by_the_package(p):
    assert np.isfinite(tl.risk(*p).value)
    assert p.y.shape[0] == p.X.shape[0]


@given(
    testing.problems(
        samples=(2, 5), inputs=3, units=(1, 2), outputs=(2, 4), hidden_bias=True, output_bias=False, decades=0
    )
)
def test_sizes_and_parts_are_those_asked_for(p):
    (q, m), (n, d) = p.net.a.shape, p.X.shape
    assert 2 <= n <= 5
    assert d == 3
    assert m in (1, 2)
    assert 2 <= q <= 4
    assert p.y.shape == (n, q)
    assert p.net.b is not None
    assert p.net.c is None


CASES = {
    "one sample": lambda p: len(p.X) == 1,
    "seven samples": lambda p: len(p.X) == 7,
    "one unit": lambda p: len(p.net.W) == 1,
    "fewer parameters than samples": lambda p: p.net.n_parameters < len(p.X),
    "more parameters than samples": lambda p: p.net.n_parameters > len(p.X),
    "large weights": lambda p: np.abs(p.net.W).max() > 1e4,
    "small inputs": lambda p: 0 < np.abs(p.X).max() < 1e-3,
    "equal units": lambda p: len(p.net.W) > 1 and (p.net.W[0] == p.net.W[-1]).all() and p.net.W.any(),
    "nearly equal units": lambda p: (
        0 < np.abs(p.net.W[0] - p.net.W[-1]).max() < 1e-5 * np.abs(p.net.W[0]).max()
    ),
    "orthogonal weights": lambda p: (
        len(p.net.W) == 2
        and abs(p.net.W[0] @ p.net.W[1]) < 1e-12 * (p.net.W[0] @ p.net.W[0])
        and (p.net.W != 0).all()
    ),
    "equal samples": lambda p: len(p.X) > 1 and (p.X[0] == p.X[-1]).all() and p.y[0] == p.y[-1] and p.X.any(),
    "a kink": lambda p: p.net.activation.name == "relu" and (p.net.preactivations(p.X) == 0).any(),
    "interpolation": lambda p: p.y.any() and (p.net(p.X) == p.y).all(),
    "zero outputs": lambda p: not p.net(p.X).any(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_hard_case_is_reached(name):
    assert CASES[name](reached(testing.problems(), CASES[name]))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["duplicated", "silent", "dead"])
def test_degenerate_problems_have_the_degeneracy_asked_for(name, loss):
    signs = {
        "duplicated": lambda p: (p.net.W[0] == p.net.W[-1]).all(),
        "silent": lambda p: not p.net.A[:, 0].any(),
        "dead": lambda p: not (p.net.A[:, 0].any() or p.net.W[0].any()),
    }

    @given(testing.degenerate(twists=(name,), losses=(loss,)))
    @settings(max_examples=20)
    def every(p):
        assert signs[name](p)

    every()


@given(testing.interpolating(activations=ACTIVATIONS))
def test_interpolating_pairs_have_residuals_at_rounding_level(p):
    truth = oracle.reference(raw(p))
    with oracle.balls:
        assert truth.risk <= oracle.arb(tl.risk(*p).upper)
    assert tl.risk(*p).value <= tl.risk(*p).error


@given(testing.symmetric_copies(activations=ACTIVATIONS))
def test_copies_are_the_same_function(pair):
    one, other = (oracle.reference(raw(p)).f for p in pair)
    with oracle.balls:
        for f, g in zip(one, other, strict=True):
            apart = [x - y for x, y in zip(f, g, strict=True)]
            assert all(each.contains(0) and each.rad() < oracle.arb(2) ** -200 for each in apart)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "changed"),
    [
        ("tanh", lambda p, q: (p.net.a == -q.net.a).all() and p.net.a.any()),
        ("square", lambda p, q: (p.net.W == -q.net.W).all() and p.net.W.any() and (p.net.a == q.net.a).all()),
        (
            "relu",
            lambda p, q: (4 * p.net.W == q.net.W).all() and p.net.W.any() and (p.net.a == 4 * q.net.a).all(),
        ),
        (
            "cube",
            lambda p, q: (2 * p.net.W == q.net.W).all() and (p.net.a == 8 * q.net.a).all() and p.net.a.all(),
        ),
        ("sigmoid", lambda p, q: (p.net.a == q.net.a[::-1]).all() and p.net.a[0] != p.net.a[1]),
    ],
)
def test_every_symmetry_is_drawn(activation, changed):
    pairs = testing.symmetric_copies(activations=(activation,), units=2, inputs=1, samples=1)
    assert changed(*reached(pairs, lambda pair: changed(*pair)))


def test_an_activation_with_another_symmetry_is_left_alone():
    net = tl.TwoLayer([1.0], [[2.0]], activation="softplus")
    pairs = testing.symmetric_copies(activations=("softplus",), units=1)

    @given(pairs)
    @settings(max_examples=20)
    def every(pair):
        assert pair[0].net.theta.tolist() == pair[1].net.theta.tolist()

    every()
    assert net.activation.parity == ""


@given(testing.problems(losses=LOSSES))
def test_a_problem_prints_as_python_that_makes_it(p):
    again = eval(repr(p), {"tl": tl, "np": np, "Problem": testing.Problem})
    assert again.net.theta.tolist() == p.net.theta.tolist()
    assert again.net.activation is p.net.activation
    assert (again.X == p.X).all()
    assert (again.y == p.y).all()
    assert again.loss == p.loss


def test_a_false_theorem_shrinks_to_a_small_network():
    """T8, the refuted claim: curvature is not below the input gradient."""

    def violated(p):
        return theorems["simple-but-curved"].check(*p).variants["absolute"].holds is False

    smallest = reached(testing.problems(hidden_bias=True), violated, SEARCH)
    assert smallest.X.shape == (1, 1)
    assert smallest.net.n_parameters <= 6
    assert np.abs(smallest.net.theta).max() <= 10


def measured(value, error, exact=True):
    return Measurement(value, error, exact, "by hand")


def fails(assertion, *sides, **options):
    with pytest.raises(AssertionError) as caught:
        assertion(*sides, **options)
    return str(caught.value)


def test_errors_decide():
    testing.assert_at_most(measured(1.0, 0.1), measured(0.9, 0.05))
    testing.assert_at_most(1.0, 1.0)
    testing.assert_equal(measured(1.0, 0.1), measured(1.25, 0.25))
    testing.assert_equal(np.array([1.0, 2.0]), measured(np.array([1.0, 2.5]), 0.5))
    assert "by 0.25" in fails(testing.assert_at_most, measured(1.0, 0.125), 0.75)
    assert "!=" in fails(testing.assert_equal, 1.0, measured(1.25, 0.125))
    assert "at index [1]" in fails(testing.assert_equal, [1.0, 2.0], [1.0, 3.0])


@given(st.floats(0.1, 10), st.floats(1e-6, 1e-3))
def test_what_is_beyond_the_errors_fails(value, error):
    testing.assert_at_most(measured(value + 0.99 * error, error), value)
    fails(testing.assert_at_most, measured(value + 3 * error, error), value)
    fails(testing.assert_equal, measured(value - 3 * error, error), value)


def test_estimates_are_allowed_standard_errors():
    estimate = measured(1.0, 0.1, exact=False)
    testing.assert_at_most(estimate, 0.6)
    fails(testing.assert_at_most, estimate, 0.4)
    fails(testing.assert_at_most, estimate, 0.6, sigmas=3)


@pytest.mark.parametrize(
    "side", [np.nan, np.inf, measured(1.0, np.inf), measured(1.0, np.nan), measured(1.0, -1.0)]
)
def test_what_says_nothing_fails(side):
    for sides in ((side, 1.0), (1.0, side)):
        assert "must be finite" in fails(testing.assert_at_most, *sides)


def test_shapes_that_do_not_fit_fail():
    assert "one shape" in fails(testing.assert_equal, [1.0, 2.0], [1.0, 2.0, 3.0])


def test_a_theorem_that_does_not_apply_is_no_pass():
    p = testing.Problem(tl.TwoLayer([2.0], [[1.0]], activation="tanh"), np.ones((1, 1)), np.ones(1))
    assert "must apply; it needs every residual" in fails(
        testing.assert_holds, theorems["interpolation"].check(*p)
    )

    @given(st.just(p))
    def rejected(p):
        testing.assert_holds(theorems["interpolation"].check(*p))
        pytest.fail("what does not apply was let through")

    with pytest.raises(Exception, match=r"[Uu]nable to satisfy"):
        rejected()


def test_a_violated_theorem_fails():
    refuted = theorems["wu-zhu-e-unsquared"]
    at = refuted.refutation.situation()
    assert "must hold; got left exceeds right" in fails(testing.assert_holds, refuted.check_at(at))


def test_a_planted_error_in_a_user_s_theorem_is_found():
    """The trace of H is that of G plus that of R; with half of R it is not."""

    @given(testing.problems(activations=("tanh",), decades=0, twists=()))
    @settings(max_examples=100, database=None)
    def planted(p):
        H = tl.Hessian(*p)
        whole, residual = H.trace(), H.residual.trace()
        assume(residual.value)
        half = measured(H.gauss_newton.trace().value + residual.value / 2, whole.error + residual.error)
        testing.assert_equal(whole, half)

    with pytest.raises(AssertionError, match="left must be equal to right"):
        planted()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (
            {"losses": ("hinge",)},
            "losses must be among squared, logistic, pseudo_huber, softmax; got 'hinge'",
        ),
        ({"losses": "squared"}, "losses must be a list among .*; got 'squared'"),
        ({"twists": ("twisted",)}, "twists must be among"),
        ({"twists": [["dead"]]}, "twists must be among .*; got \\['dead'\\]"),
        ({"twists": np.array(3)}, "twists must be a list among"),
        ({"activations": ("tanhh",)}, "activation must be one of .*; got 'tanhh'"),
        ({"activations": np.array(3)}, "activations must be a list of one or more; got array\\(3\\)"),
        ({"samples": 10**400}, "samples must be at most 1000000; got 10{17}\\.\\.\\.0+$"),
        ({"units": "m" * 10**4}, "units must be an integer .*; got 'm{12}\\.\\.\\.m+'$"),
        ({"samples": 0}, "samples must be an integer of at least 1"),
        ({"units": (3, 2)}, "units must be an integer of at least 1"),
        ({"outputs": (0, 2)}, "outputs must be an integer of at least 1"),
        ({"activations": ()}, "activations must"),
        ({"decades": -1}, "decades must"),
        ({"least_twists": 3}, "least_twists must"),
        ({"least_twists": 1, "twists": ()}, "least_twists must"),
        ({"least_twists": 1.5}, "least_twists must be in 0..2 to match twists; got 1.5"),
        ({"decades": 2.5}, "decades must be in 0..30; got 2.5"),
        ({"losses": ()}, "losses must be a list of one or more"),
        ({"losses": None}, "losses must be a list among"),
        ({"twists": None}, "twists must be a list among"),
        ({"activations": 3}, "activations must be a list of one or more; got 3"),
        ({"hidden_bias": "no"}, "hidden_bias must be True, False or None; got 'no'"),
        ({"samples": 10**30}, "samples must be at most 1000000; got"),
        ({"samples": 2.5}, "samples must be an integer of at least 1"),
    ],
)
def test_a_wrong_choice_is_refused_at_once(choices, message):
    with pytest.raises(ValueError, match=message):
        testing.problems(**choices)


def test_labels_cannot_be_interpolated():
    with pytest.raises(ValueError, match="losses must be among squared, pseudo_huber; got 'logistic'"):
        testing.interpolating(losses=("logistic",))


DEADLINE = """
from datetime import timedelta
from hypothesis import settings
settings.register_profile("mine", deadline={before})
settings.load_profile("mine")
import twolayer.testing
print(settings().deadline)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [("200", "None"), ("500", "0:00:00.500000"), ("None", "None")])
def test_no_deadline_but_one_that_was_chosen(tmp_path, before, after):
    assert probe(ROOT, tmp_path, DEADLINE.format(before=before)) == after
