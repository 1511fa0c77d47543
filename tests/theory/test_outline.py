"""What the outline refuses, the parser refuses too; what the parser takes, the outline takes."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.tree import ROOT
from theory import theorems
from theory.claims import CLAIM
from theory.expressions.outline import check_outline
from theory.expressions.parser import parse_relation
from theory.quantities.registry import QUANTITIES

SLIPS = ["2*(risk <= 1", "risk) <= 1", "risk <=", "<= risk", "risk * <= 1", "risk + 1", "risk <= (1+)", "("]


def refused(text):
    try:
        check_outline(text, "INEQUALITY", "a relation")
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("text", SLIPS)
def test_slips_are_refused(text):
    assert refused(text)


@pytest.mark.parametrize("name", [*QUANTITIES])
def test_every_quantity_may_stand_in_a_relation(name):
    assert not refused(f"-{name} + 2*({name} - 1e-3)/(3) >= -abs({name})**-2")


@pytest.mark.parametrize("name", [*theorems])
def test_ids_of_theorems_pass(name):
    assert not refused(name)
    assert not refused(f" {name}/variant")


@given(
    st.lists(st.sampled_from([*"()+-*/<=> 12", "**", "risk", "trace(H)", "sqrt(", "<=", "=="]), max_size=12)
)
def test_what_the_parser_takes_is_never_refused(parts):
    text = "".join(parts)
    if refused(text):
        with pytest.raises(ValueError, match="INEQUALITY must be"):
            parse_relation(text, CLAIM)


def test_a_slip_is_told_before_packages_are_loaded():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom numerics.commands.main import main\n"
        "done = CliRunner().invoke(main, ['falsify', 'frobenius(H <= 2'])\n"
        "assert done.exit_code == 2, done\nassert 'never closed at position 10' in done.stderr, done.stderr\n"
        "assert not {'sympy', 'numba', 'twolayer'} & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
