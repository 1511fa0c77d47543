"""Exact derivatives: of arrays against the complex step, of quantities against differences of high order."""

import numpy as np
import pytest
import sympy as sp
from mpmath import mp

import twolayer as tl
from numerics.falsify.ascent import Ascent, arrays_of, labels_of, situation_of
from numerics.falsify.dual.arrays import Dual, constant, contract, eigenvalues, joined, variables
from numerics.falsify.dual.network import DualNetwork
from numerics.falsify.dual.numbers import NUMBERS
from numerics.falsify.dual.third import third_derivative
from theory.claims import claim
from theory.expressions.activations import ACTIVATIONS, z
from theory.quantities.network import Situation
from theory.quantities.registry import value

SMOOTH = ("tanh", "erf", "sigmoid", "softplus", "sin", "gelu", "square", "silu")
ONE_OUTPUT = {"mean_jacobian^2"}
HOMOGENEOUS = {"degree"}
STENCIL = {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
STEP = 1e-4
ROUNDING = 1e-15


def problem(seed, activation="tanh", q=None, b=True, c=True, n=5, d=3, m=2):
    rng = np.random.default_rng(seed)
    shape = () if q is None else (q,)
    net = tl.TwoLayer(
        rng.normal(size=(*shape, m)),
        rng.normal(size=(m, d)),
        rng.normal(size=m) if b else None,
        rng.normal(size=shape) if c else None,
        activation=activation,
    )
    return Situation(net, rng.normal(size=(n, d)), rng.normal(size=(n, *shape)))


def varied(at, fitted=False, third=None):
    """The network with one variable for every entry, and how many there are of each array."""
    arrays = arrays_of(at, fitted)
    vector = variables(np.concatenate([array.ravel() for array in arrays.values()]))
    parts, place = {}, 0
    for name, array in arrays.items():
        parts[name] = vector[place : place + array.size].reshape(*array.shape)
        place += array.size
    third = third or third_derivative(ACTIVATIONS[at.net.activation.name])
    run = at.forward
    return DualNetwork(parts, at.net.activation, third, run.loss, labels_of(run)), arrays


def moved(at, arrays, direction, step):
    """The situation after a step along a direction of all its entries."""
    place, parts = 0, {}
    for name, array in arrays.items():
        parts[name] = array + step * direction[place : place + array.size].reshape(array.shape)
        place += array.size
    return situation_of(parts, at)


def slope_along(name, at, arrays, direction):
    """The derivative by differences of sixth order, from the bounds-carrying evaluation of theory."""
    values = {k: value(name, moved(at, arrays, direction, k * STEP)).value for k in STENCIL}
    return sum(weight * values[k] for k, weight in STENCIL.items()) / STEP


def agrees(name, at, fitted=False, third=None):
    with np.errstate(all="ignore"):
        at_slopes, arrays = varied(at, fitted, third)
        found = NUMBERS[name](at_slopes)
    size = sum(array.size for array in arrays.values())
    direction = np.random.default_rng(1).normal(size=size)
    right = value(name, at)
    rounding = 2 * right.error if right.value else ROUNDING  # a zero found exactly is one of rounding here
    assert found.value == pytest.approx(right.value, rel=1e-9, abs=rounding)
    exact = float(np.broadcast_to(found.slope, (size,)) @ direction)
    return exact == pytest.approx(slope_along(name, at, arrays, direction), rel=1e-6, abs=1e-7)


def defined(name, at):
    return np.isfinite(value(name, at).error)


@pytest.mark.parametrize("name", sorted(NUMBERS.keys() - HOMOGENEOUS))
def test_a_quantity_has_its_own_value_and_slope(name):
    for seed, activation in enumerate(SMOOTH[:3]):
        at = problem(seed, activation, c=bool(seed))
        if name.startswith("logdet(W") or defined(name, at):
            assert agrees(name, at), activation


@pytest.mark.slow
@pytest.mark.parametrize("activation", SMOOTH)
def test_curvature_has_its_slope_for_every_activation(activation):
    assert agrees("lmax(H)", problem(3, activation))
    assert agrees("frobenius(H_bb)", problem(4, activation, b=False, c=False))


@pytest.mark.parametrize("q", [1, 2, 3])
@pytest.mark.parametrize(
    "name", ["trace(H)", "lmax(H_bb)", "input_gradient", "risk", "nuclear(G)", "norm1(a)"]
)
def test_several_outputs(name, q):
    assert agrees(name, problem(5, q=q))
    at = problem(6, q=q, b=False, c=False)
    assert agrees(name, Situation(at.net, at.X, at.net(at.X)), fitted=True)


@pytest.mark.parametrize("loss", ["logistic", "softmax", "pseudo_huber"])
@pytest.mark.parametrize("q", [2, 3])
@pytest.mark.parametrize(
    "name", ["risk", "lmax(H)", "frobenius(H_bb)", "trace(G_Wb)", "gradient_norm", "nuclear(G)"]
)
def test_other_losses(name, q, loss):
    at = problem(7, q=q)
    labels = {"logistic": (at.y > 0).astype(int), "softmax": np.argmax(at.y, axis=1)}
    assert agrees(name, Situation(at.net, at.X, labels.get(loss, at.y), loss))


@pytest.mark.parametrize(("n", "d", "m"), [(1, 1, 1), (7, 1, 1), (1, 4, 3), (2, 2, 5)])
def test_shapes(n, d, m):
    for name in ("frobenius(H)", "trace(G_Wb)", "smallest_input", "sum(|a||w|^2)", "gradient_norm"):
        assert agrees(name, problem(8, n=n, d=d, m=m))


def test_a_mistaken_third_derivative_is_caught():
    assert not agrees("frobenius(H_bb)", problem(0), third=lambda Z: np.zeros_like(Z))
    assert agrees("frobenius(G_bb)", problem(0), third=lambda Z: np.zeros_like(Z))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_third_derivatives_against_many_digits(name):
    points = np.array([-40.0, -3.3, -1.0, -0.2, 0.3, 1.0, 2.5, 40.0])
    found = third_derivative(ACTIVATIONS[name])(points)
    exact = sp.lambdify(z, sp.diff(ACTIVATIONS[name].rewrite(sp.Piecewise), z, 3), "mpmath")
    with mp.workdps(60):
        wanted = [float(exact(mp.mpf(point))) for point in points]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=0)


FUNCTIONS = {
    "product": lambda x: x * x[0] + 2,
    "quotient": lambda x: 1 / x - x / x[1],
    "power": lambda x: x**3 - x**-2,
    "root": lambda x: (x * x + 1).sqrt() if isinstance(x, Dual) else np.sqrt(x * x + 1),
    "logarithm": lambda x: (x * x).log() if isinstance(x, Dual) else np.log(x * x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arithmetic_against_the_complex_step(name):
    x, function = np.array([0.7, -1.3, 2.1]), FUNCTIONS[name]
    steps = np.stack([function(x + 1e-30j * row).imag / 1e-30 for row in np.eye(3)])
    np.testing.assert_allclose(function(variables(x)).slope, steps, rtol=1e-14, atol=1e-300)


def test_contraction_and_joining_against_the_complex_step():
    x = np.array([0.5, -1.5, 2.0, 0.25])

    def function(v, pair, join, reshape):
        A = reshape(v, 2, 2)
        return pair("ij,kj->ik", join([A, A], 0), A)

    found = function(variables(x), contract, joined, lambda v, *s: v.reshape(*s))
    for row, slope in zip(np.eye(4), found.slope, strict=True):
        moved_by = function(x + 1e-30j * row, np.einsum, np.concatenate, lambda v, *s: v.reshape(s))
        np.testing.assert_allclose(slope, moved_by.imag / 1e-30, rtol=1e-14)


def test_eigenvalues_of_a_plane_matrix():
    """Of [[p, r], [r, q]]: the mean of p and q, plus and minus the root of ((p - q) / 2)^2 + r^2."""
    p, q, r = 1.5, -0.5, 0.75
    v = variables(np.array([p, q, r]))
    rows = [joined([v[0].reshape(1), v[2].reshape(1)], 0), joined([v[2].reshape(1), v[1].reshape(1)], 0)]
    found = eigenvalues(joined([row.reshape(1, 2) for row in rows], 0))
    mean, root = np.array([0.5, 0.5, 0.0]), np.hypot((p - q) / 2, r)
    turn = np.array([(p - q) / 4 / root, -(p - q) / 4 / root, r / root])
    np.testing.assert_allclose(found.slope.T, [mean - turn, mean + turn], atol=1e-15)


def test_constants_have_no_slope():
    assert not (constant([1.0, 2.0]) * 3 + 1).slope.any()
    assert not eigenvalues(constant(np.eye(2))).slope.any()


@pytest.mark.parametrize("text", ["input_gradient <= spectral(W)*trace(G)", "0 <= trace(H)"])
def test_the_height_has_its_gradient(text):
    """By entries and by the logarithms of scales, where both sides are positive and where they are not."""
    at = problem(9)
    ascent = Ascent(claim(text).relation, at, third_derivative(ACTIVATIONS["tanh"]))
    assert ascent.ratios == ("spectral" in text)
    start = ascent.beginning()
    _, slope = ascent.height(start)
    direction = np.random.default_rng(2).normal(size=len(start))
    values = {k: ascent.height(start + k * STEP * direction)[0] for k in STENCIL}
    wanted = sum(weight * values[k] for k, weight in STENCIL.items()) / STEP
    assert slope @ direction == pytest.approx(wanted, rel=1e-7)
    ascent.climb(20)
    assert ascent.best[0] > ascent.height(start)[0]
