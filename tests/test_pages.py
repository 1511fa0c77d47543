"""The page of theorems is what the records make of themselves."""

from theory import pages, theorems


def test_the_page_is_up_to_date():
    assert pages.PAGE.read_text() == pages.page(), "python -m theory.pages --update"


def test_every_theorem_and_relation_is_on_it():
    text = pages.page()
    for theorem in theorems.values():
        assert f"## {theorem.name}\n" in text
        for variant in theorem.variants.values():
            assert f"$${variant.latex()}$$" in text


def test_markup_is_escaped():
    assert pages.words("|a_k| * 2") == r"\|a\_k\| \* 2"
