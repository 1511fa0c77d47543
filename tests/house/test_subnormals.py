"""No kernel fuses the addition of a subnormal number with a product: some processors take 150 cycles."""

import ast

import pytest

from tests.house.tree import files

SMALLEST = {"SUBNORMAL", "TINY"}
UNFUSED = {"error_kernel", "scalar_error_kernel"}
PLANTED = "@kernel\ndef f(x):\n    return x * x + SUBNORMAL\n"


def fused(text):
    """Names of kernels of a source text that name a subnormal number and may be fused."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        kinds = {
            each.id for each in node.decorator_list if isinstance(each, ast.Name) and "kernel" in each.id
        }
        named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if kinds - UNFUSED and named & SMALLEST:
            found.append(node.name)
    return found


@pytest.mark.parametrize("path", list(files(".py", under="twolayer")), ids=lambda path: path.stem)
def test_subnormal_numbers_are_added_by_themselves(path):
    assert fused(path.read_text(encoding="utf-8")) == []


def test_a_fused_one_is_caught():
    assert fused(PLANTED) == ["f"]
    assert fused(PLANTED.replace("@kernel", "@error_kernel")) == []
