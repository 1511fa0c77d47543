"""The pages of theorems are what the records make of themselves, and each has its figure."""

import pytest

from numerics.verify import tightness_figures
from theory import theorems
from theory.pages import __main__ as pages
from theory.pages.theorem import page
from theory.pages.typeset import PIECES, latex, sentence, words
from theory.records.theorem import PROVED, REFUTED


@pytest.fixture(scope="module")
def made():
    return pages.wanted(pages.present())


def test_the_pages_are_up_to_date(made):
    assert pages.present() == made, "python -m theory.pages --update"


@pytest.mark.parametrize("name", theorems)
def test_a_page_says_what_the_record_says(name, made):
    theorem = theorems[name]
    text = made[f"docs/theorems/{name}.md"]
    assert f"# {theorem.name}\n" in text
    assert f"**{theorem.status}**" in text
    for variant in theorem.variants.values():
        assert f"$${variant.latex()}$$" in text
    assert text.count("### Steps of ") == (len(theorem.variants) if theorem.status == PROVED else 0)
    assert ("## Refutation" in text) == (theorem.status == REFUTED)
    assert text.count("holds: True") == sum(len(example.variants) for example in theorem.equalities)


def test_every_theorem_has_a_figure_of_modest_size():
    figures = [pages.ROOT / "docs" / "theorems" / f"{name}.png" for name in theorems]
    assert [path.name for path in figures if not path.exists()] == []
    assert sum(path.stat().st_size for path in figures) < 1_500_000


def test_the_index_lists_every_theorem(made):
    text = made["docs/theorems.md"]
    for name, theorem in theorems.items():
        assert f"[{words(theorem.name)}](theorems/{name}.md) | `{name}` | {theorem.status}" in text


@pytest.mark.slow
def test_a_page_that_differs_is_shown_and_a_stale_one_removed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    stale = tmp_path / "docs" / "theorems" / "fermat.md"
    stale.parent.mkdir(parents=True)
    stale.write_text("# Fermat\n")
    (tmp_path / pages.ACTIVATIONS).write_text("# Activations\nold\n## Measured accuracy\n0.1\n")
    assert pages.main([]) == 1
    assert "+# Theorems" in capsys.readouterr().out
    assert pages.main(["--update"]) == 0
    assert not stale.exists()
    assert (tmp_path / pages.ACTIVATIONS).read_text().endswith("## Measured accuracy\n0.1\n")
    assert pages.main([]) == 0


def test_markup_is_escaped():
    assert words("|a_k| * 2") == r"\|a\_k\| \* 2"


def test_symbols_of_a_sentence_are_formulas_and_the_rest_is_text():
    said = sentence("E|grad_x f|^2 <= |W|_F^2, for w~_k * 2 and J J^T")
    assert said == (
        r"$\mathbb{E}\lvert\nabla_x f\rvert^2\le \lVert W\rVert_{F}^2$, "
        r"for $\tilde w_k$ \* 2 and $J J^{\top}$"
    )
    assert sentence("lmax of a_kj is a word_k") == r"lmax of a\_kj is a word\_k"
    with pytest.raises(ValueError, match="symbol must be one of PIECES"):
        latex("word")
    assert len({plain for plain, _ in PIECES}) == len(PIECES)


def test_a_page_names_the_hypotheses():
    assert "needs the squared loss" in page(theorems["input-gradient"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tangent-kernel-spectrum", "simple-but-curved", "radial-volume-bias"])
def test_a_figure_is_drawn(name, tmp_path):
    tightness_figures.main([str(tmp_path), name, "--samples", "5"])
    assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_what_is_drawn_of_relations():
    found = tightness_figures.attained(theorems["input-gradient"])
    assert all(value == pytest.approx(1, abs=1e-9) for values in found.values() for value in values)
    beyond = tightness_figures.attained(theorems["simple-but-curved"])
    assert all(value > 1 for values in beyond.values() for value in values)
    assert all(
        0 <= value <= 1 for value in tightness_figures.sampled(theorems["conservation"], 20, 0)["rate"]
    )
    assert all(
        0 < value <= 1 + 1e-9 for value in tightness_figures.sampled(theorems["norm-order"], 20, 0)["trace"]
    )
