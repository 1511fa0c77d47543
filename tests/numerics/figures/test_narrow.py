"""Figures of one column: all that stood in two is there, and nothing is cut off."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from numerics.commands.main import main
from numerics.figures import FIGURES
from numerics.figures.narrow import narrowed
from numerics.plotting import ONE_COLUMN, STYLE, TWO_COLUMNS

DATA = Path(__file__).parent / "data"
SLACK = 0.06
"""Inches by which a letter may stand out of the picture's edge."""


def drawn(name):
    with np.load(DATA / f"{name}.npz") as data:
        return FIGURES[name].draw(dict(data))


def beyond(figure):
    """Inches by which words or marks stand out at the left and at the right."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())
    return max(-box.x0, box.x1 - figure.get_size_inches()[0])


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off_at_either_width(name):
    with mpl.style.context(STYLE):
        wide = drawn(name)
        assert wide.get_size_inches()[0] <= TWO_COLUMNS
        assert beyond(wide) < SLACK
        slim = narrowed(drawn(name))
        assert slim.get_size_inches()[0] == ONE_COLUMN
        assert beyond(slim) < SLACK


@pytest.mark.parametrize("name", FIGURES)
def test_panels_and_legends_are_all_there(name):
    with mpl.style.context(STYLE):
        wide, slim = drawn(name), narrowed(drawn(name))
    assert len(slim.axes) == len(wide.axes)
    words = [
        [text.get_text() for legend in one.legends for text in legend.get_texts()] for one in (wide, slim)
    ]
    assert words[0] == words[1]
    assert all(panel.get_ylabel() for panel in slim.axes if wide.axes[slim.axes.index(panel)].get_ylabel())


def test_what_is_cut_off_is_found():
    figure = Figure(figsize=(ONE_COLUMN, 2.0))
    figure.subplots().set_xlabel("a label that is far too long for a single column of any page " * 2)
    assert beyond(figure) > SLACK


@pytest.mark.slow
def test_the_command_makes_either_width(tmp_path):
    sizes = []
    for columns in ("1", "2"):
        out = tmp_path / columns
        done = CliRunner().invoke(
            main, ["figures", "labels", "--quick", "--columns", columns, "--out", str(out)]
        )
        assert done.exit_code == 0, done.output
        sizes.append(int.from_bytes((out / "labels.png").read_bytes()[16:20], "big"))
    assert sizes[0] < 0.6 * sizes[1]
    assert CliRunner().invoke(main, ["figures", "labels", "--columns", "3"]).exit_code == 2
