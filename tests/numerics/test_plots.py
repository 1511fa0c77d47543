"""Figures take an axes, return it, and show the numbers they were given."""

import matplotlib as mpl
import numpy as np
import pytest

import twolayer as tl
from numerics import plots
from numerics.figures.basins import frequency

mpl.use("Agg")
from matplotlib import pyplot

RNG = np.random.default_rng(0)
NET = tl.TwoLayer(RNG.standard_normal(3), RNG.standard_normal((3, 2)), RNG.standard_normal(3))
X, Y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_each_takes_an_axes_and_returns_it():
    values = tl.Hessian(NET, X, Y).eigenvalues()
    other = NET.replace(NET.theta + 1)
    for draw in (
        lambda ax: plots.spectrum(values, ax),
        lambda ax: plots.cumulative(values, ax),
        lambda ax: plots.slice_between(NET, other, X, Y, ax=ax),
        lambda ax: plots.per_unit(NET, X, Y, ax=ax),
    ):
        ax = pyplot.subplots()[1]
        assert draw(ax) is ax
        ax.figure.canvas.draw()
        assert draw(None) is not ax


def test_what_is_drawn_is_what_was_given():
    values = tl.Hessian(NET, X, Y).eigenvalues()
    drawn = np.concatenate([box.lines[0].get_ydata() for box in plots.spectrum(values).containers])
    np.testing.assert_allclose(np.sort(drawn), np.sort(np.abs(values.value)))
    other = NET.replace(NET.theta + 1)
    line = plots.slice_between(NET, other, X, Y).lines[0]
    places, risks = line.get_data()
    at = np.interp([0.0, 1.0], places, risks)
    ends = [tl.risk(net, X, Y).value for net in (NET, other)]
    np.testing.assert_allclose(at, ends, rtol=0.2)
    bars = [patch.get_height() for patch in plots.per_unit(NET, X, Y).patches]
    assert sum(bars) == pytest.approx(tl.Hessian(NET, X, Y).trace().value)


def test_networks_of_unlike_shape_have_no_line_between_them():
    with pytest.raises(ValueError, match="one shape and activation"):
        plots.slice_between(NET, tl.TwoLayer([1.0], [[1.0, 1.0]]), X, Y)


@pytest.mark.parametrize("draw", [plots.spectrum, plots.cumulative])
def test_what_is_no_measurement_is_refused(draw):
    H = tl.Hessian(tl.TwoLayer([1.0], [[1.0]]), [[1.0]], [1.0])
    with pytest.raises(
        TypeError, match=r"must be a Measurement, as H.eigenvalues\(\) returns it; got Hessian"
    ):
        draw(H)


@pytest.mark.parametrize("defined", [True, False])
def test_a_panel_without_points_says_why(defined):
    """Ellipsoids about degenerate minima have no volume; the panel of frequencies is not left blank."""
    rows = np.array([[0, 0.2, 0.1, 0.3, -12.0, -3.0 if defined else np.nan]])
    names = {"problems": np.array(["0"]), "ranks": np.array([["none", "none"]])}
    panels = frequency.draw({"rows": rows, **names}).axes
    assert [bool(axes.texts) for axes in panels] == [False, not defined]
