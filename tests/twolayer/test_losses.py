"""Generated losses against balls, at outputs of every size."""

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from tests.oracle import oracle_jets
from twolayer.errors.rounding import JET_ERROR, SUBNORMAL
from twolayer.model.loss import available, loss

SIZES = np.concatenate([10.0 ** np.arange(-320, 309, 12), np.linspace(0, 3, 16), [36.0, 40.0, 700.0, 745.5]])
OUTPUTS = np.unique(np.concatenate([-SIZES, SIZES]))
TARGETS = {"real": (0.0, 0.7, -1e6), "binary": (0.0, 1.0)}


def ball(value: float) -> arb:
    return arb(fmpq(*float(value).as_integer_ratio()))


def close(found: float, true: arb, bound: float) -> bool:
    """Relatively within `bound` JET_ERRORs, up to one subnormal; infinite where the truth overflows."""
    if not np.isfinite(found):
        return bool(abs(true) > np.finfo(float).max)
    return bool(abs(ball(found) - true) <= bound * JET_ERROR * abs(true) + SUBNORMAL)


@pytest.mark.parametrize("name", ["squared", "logistic", "pseudo_huber"])
def test_separable_losses_are_relatively_accurate(name):
    record = loss(name)
    for target in TARGETS[record.labels]:
        L, G, LAM = (np.empty_like(OUTPUTS) for _ in range(3))
        record.losses(OUTPUTS, np.full_like(OUTPUTS, target), L, G, LAM)
        with ctx.workprec(2400):
            for f, *found in zip(OUTPUTS, L, G, LAM, strict=True):
                residual = f - target  # one rounding, which every loss of f - y inherits
                exact = (ball(residual), arb(0)) if record.labels == "real" else (ball(f), ball(target))
                truth = oracle_jets.SEPARABLE[name](*exact)
                assert all(close(value, true, 2) for value, true in zip(found, truth, strict=True)), (
                    f,
                    target,
                )


@pytest.mark.parametrize("outputs", [2, 3, 10])
@pytest.mark.parametrize("spread", [1e-8, 1.0, 50.0, 2000.0])
def test_softmax_is_relatively_accurate(outputs, spread):
    rng = np.random.default_rng(outputs)
    F = rng.normal(scale=spread, size=(7, outputs))
    Y = rng.integers(outputs, size=7)
    L, G, LAM = np.empty(7), np.empty((7, outputs)), np.empty((7, outputs, outputs))
    loss("softmax").losses(F, Y, L, G, LAM)
    room = 2 + spread  # an error of a rounding in f_o - f_p is one of its size in the probabilities
    with ctx.workprec(8000):
        for i in range(7):
            value, slope, second = oracle_jets.loss_jet("softmax", [ball(f) for f in F[i]], Y[i])
            assert close(L[i], value, room)
            assert all(close(G[i, o], slope[o], room) for o in range(outputs))
            pairs = [(o, p) for o in range(outputs) for p in range(outputs)]
            assert all(close(LAM[i, o, p], second[o, p], room) for o, p in pairs)


def test_softmax_of_two_outputs_is_the_logistic_loss():
    f = np.linspace(-800, 800, 201)
    scalar = [np.empty_like(f) for _ in range(3)]
    loss("logistic").losses(f, np.ones_like(f), *scalar)
    F = np.column_stack([np.zeros_like(f), f])
    L, G, LAM = np.empty(201), np.empty((201, 2)), np.empty((201, 2, 2))
    loss("softmax").losses(F, np.ones(201, np.int64), L, G, LAM)
    for found, expected in zip((L, G[:, 1], LAM[:, 1, 1]), scalar, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-320)


def test_softmax_does_not_change_its_inputs_and_its_curvature_has_no_direction_of_ones():
    F, Y = np.array([[1.0, 2.0, 4.0]]), np.array([1])
    L, G, LAM = np.empty(1), np.empty((1, 3)), np.empty((1, 3, 3))
    loss("softmax").losses(F, Y, L, G, LAM)
    assert F.tolist() == [[1.0, 2.0, 4.0]]
    np.testing.assert_allclose(LAM[0].sum(axis=0), 0, atol=1e-16)
    np.testing.assert_allclose(G.sum(), 0, atol=1e-16)


@pytest.mark.parametrize("name", ["squared", "logistic", "pseudo_huber"])
def test_the_third_derivative_stays_below_its_supremum(name):
    f = np.linspace(-10, 10, 20_001)
    L, G, LAM = (np.empty_like(f) for _ in range(3))
    loss(name).losses(f, np.zeros_like(f), L, G, LAM)
    largest = np.abs(np.diff(LAM) / np.diff(f)).max()
    assert largest <= loss(name).sup3 + 1e-12
    assert largest >= loss(name).sup3 * (1 - 1e-5)


@pytest.mark.parametrize(("name", "exact"), [("squared", 0), ("logistic", 1), ("pseudo_huber", 1.5)])
def test_the_curvature_changes_by_no_larger_factor_than_the_concordance_allows(name, exact):
    f = np.linspace(-40, 40, 20_001)
    L, G, LAM = (np.empty_like(f) for _ in range(3))
    loss(name).losses(f, np.zeros_like(f), L, G, LAM)
    largest = np.abs(np.diff(np.log(LAM)) / np.diff(f)).max()
    assert loss(name).concordance == exact
    assert exact * (1 - 1e-5) <= largest <= exact + 1e-10


def test_the_curvature_of_softmax_changes_by_no_larger_factor_than_the_concordance_allows():
    rng = np.random.default_rng(0)
    reached = 0.0
    for _ in range(500):
        f, step = rng.normal(scale=3, size=4), rng.normal(size=4) * rng.choice([0.01, 1.0])
        L, G, LAM = np.empty(2), np.empty((2, 4)), np.empty((2, 4, 4))
        loss("softmax").losses(np.stack([f, f + step]), np.zeros(2, np.int64), L, G, LAM)
        before, after = (lam[:3, :3] for lam in LAM)  # positive definite without the direction of ones
        ratios = np.log(np.linalg.eigvals(np.linalg.solve(before, after)).real)
        reached = max(reached, np.abs(ratios).max() / np.linalg.norm(step))
    assert 1.0 <= reached <= loss("softmax").concordance


def test_every_loss_says_its_convention():
    for name in available():
        assert "mean over samples" in loss(name).convention
    assert "delta = 1" in loss("pseudo_huber").convention


def test_an_unknown_loss_is_refused_with_names():
    with pytest.raises(ValueError, match=r"one of .*softmax, squared; got 'squard' \(nearest: squared\)"):
        loss("squard")
    with pytest.raises(ValueError, match=r"one of .*softmax, squared; got 'xyz'$"):
        loss("xyz")
    with pytest.raises(TypeError, match="loss must be a name or a Loss; got int"):
        loss(3)
