"""Looking activations up."""

import subprocess
import sys

import pytest

from tests.house.tree import ROOT
from twolayer.model.activation import activation, available


def test_a_record_is_its_own_lookup():
    assert activation(activation("tanh")) is activation("tanh")


@pytest.mark.parametrize("name", available())
def test_a_record_tells_what_it_is(name):
    record = activation(name)
    assert record.name == name
    assert record.expression
    assert record.latex


@pytest.mark.parametrize(
    ("name", "nearest"), [("tahn", "tanh"), ("ReLU", "relu"), ("leaky-relu", "leaky_relu")]
)
def test_an_unknown_name_is_refused_with_near_ones_and_the_way_to_an_expression(name, nearest):
    message = rf"activation must be .*; got '{name}'.* \(nearest: {nearest}"
    with pytest.raises(ValueError, match=message) as refused:
        activation(name)
    assert "a formula in z such as" in str(refused.value)


@pytest.mark.parametrize("name", ["__init__", "../jit", "tanh.py", "", "tanh\0", "a" * 10**6])
def test_a_name_is_never_a_path(name):
    with pytest.raises(ValueError, match=r"activation must be (one of|a formula in z)") as refused:
        activation(name)
    assert len(str(refused.value)) < 500


def test_neither_name_nor_record_is_refused():
    with pytest.raises(TypeError, match="activation must be a name or an Activation; got float"):
        activation(1.0)


def test_only_the_module_asked_for_is_imported():
    code = (
        "import sys; from twolayer.model.activation import activation; activation('sin'); "
        "print([name for name in sys.modules if name.startswith('twolayer.generated.activations.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['twolayer.generated.activations.sin']"
