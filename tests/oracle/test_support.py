"""The documentation claims what a test has seen, and nothing else."""

import dataclasses

import pytest

from tests.house.tree import ROOT
from tests.oracle import support


@pytest.mark.slow
def test_the_page_is_what_the_answers_say():
    page = (ROOT / "docs" / "support.md").read_text()
    assert page == support.page(), "python -m tests.oracle.support > docs/support.md"


def test_a_wrong_answer_is_not_called_exact():
    trace = next(quantity for quantity in support.EXACT if quantity.text == "trace()")
    assert support.grade(trace, "squared") == "exact"
    off = dataclasses.replace(
        trace, ask=lambda H: dataclasses.replace(H.trace(), value=H.trace().value + 1e-9)
    )
    assert support.grade(off, "squared") == "no"
