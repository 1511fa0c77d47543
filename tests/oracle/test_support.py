"""The documentation claims what a test has seen, and nothing else."""

import dataclasses

import pytest

from tests.house.tree import ROOT
from tests.oracle import support, support_deep

PAGE = ROOT / "docs" / "support.md"
AGAIN = "python -m tests.oracle > docs/support.md"


@pytest.mark.slow
def test_the_page_is_what_the_answers_say():
    text = PAGE.read_text()
    assert text.startswith(support.page()), AGAIN
    assert support_deep.HEAD.lstrip() + support_deep.by_loss() in text, AGAIN


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_the_page_says_of_modules_what_is_seen():
    pytest.importorskip("torch")
    assert PAGE.read_text().endswith(support_deep.TORCH + support_deep.modules()), AGAIN


def test_a_wrong_answer_is_not_called_exact():
    trace = next(quantity for quantity in support.EXACT if quantity.text == "trace()")
    assert support.grade(trace, "squared") == "exact"
    off = dataclasses.replace(
        trace, ask=lambda H: dataclasses.replace(H.trace(), value=H.trace().value + 1e-9)
    )
    assert support.grade(off, "squared") == "no"
