"""Every figure, drawn from small stored data, beside the picture that was looked at.

After a change that is meant, ``python -m pytest tests/numerics/figures/test_images.py --mpl-generate-path
tests/numerics/figures/baseline`` makes the pictures anew; look at each, and write the version of matplotlib
into ``baseline/matplotlib.txt``.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

from numerics.figures import FIGURES
from numerics.plotting import STYLE

pytest.importorskip("pytest_mpl")

HERE = Path(__file__).parent
SAVED = {"dpi": 60, "metadata": {"Software": None}}
DRAWN_BY = (HERE / "baseline" / "matplotlib.txt").read_text().split(".")[:2]
LEAST = 3.0
TOLERANCE = (
    LEAST if mpl.__version__.split(".")[:2] == DRAWN_BY else 30.0
)  # another version sets text otherwise


def stored(name):
    with np.load(HERE / "data" / f"{name}.npz") as data:
        return dict(data)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline", tolerance=TOLERANCE, style=STYLE, savefig_kwargs=SAVED
)
def test_figure(name):
    return FIGURES[name].draw(stored(name))


def test_a_figure_that_shows_other_data_is_told(tmp_path):
    data = stored("edge")
    data["values"] = data["values"][::-1]
    with mpl.style.context(STYLE):
        FIGURES["edge"].draw(data).savefig(tmp_path / "edge.png", **SAVED)
    assert compare_images(HERE / "baseline" / "test_figure_edge.png", tmp_path / "edge.png", LEAST)


def test_there_is_a_picture_of_every_figure_and_no_other():
    pictures = {path.stem.removeprefix("test_figure_") for path in (HERE / "baseline").glob("*.png")}
    assert pictures == set(FIGURES) == {path.stem for path in (HERE / "data").glob("*.npz")}
