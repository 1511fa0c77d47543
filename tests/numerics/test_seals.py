"""Results that were edited are seen to be."""

import json

import pytest

from numerics.figures import FIGURES, Setting
from numerics.files.seals import sealed, unbroken

RESULTS = {"made_by": "twolayer reproduce", "minima": [{"risk": 1e-31, 3: None}], "timing": {"seconds": 3.0}}


def test_a_seal_survives_json_and_leaves_times_out():
    read = json.loads(json.dumps(sealed(RESULTS), indent=1))
    assert unbroken(read)
    read["timing"]["seconds"] = 4.0
    assert unbroken(read)
    assert not unbroken(RESULTS)


@pytest.mark.parametrize("change", ["number", "word", "key", "seal"])
def test_any_other_change_breaks_it(change):
    read = json.loads(json.dumps(sealed(RESULTS)))
    if change == "number":
        read["minima"][0]["risk"] = 2e-31
    elif change == "word":
        read["made_by"] = "twolayer basins"
    elif change == "key":
        read["more"] = 1
    else:
        read["sha256"] = "0" * 64
    assert not unbroken(read)


@pytest.mark.parametrize(
    ("study", "figure"),
    [("reproduce", "attack"), ("reproduce", "bounds"), ("basins", "starts"), ("deep", "depth")],
)
def test_a_figure_of_edited_results_is_refused(study, figure, tmp_path):
    results = {**sealed({"made_by": f"twolayer {study}", "minima": []}), "minima": [1]}
    (tmp_path / "results.json").write_text(json.dumps(results))
    with pytest.raises(ValueError, match=f"they were changed since.*run twolayer {study} again"):
        FIGURES[figure].data(Setting(folder=tmp_path))
