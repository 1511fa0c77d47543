"""Every public name explains itself, and every example in a docstring is true."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

from tests.tree import PACKAGES

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    found = []
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        found += [package, *(entry.name for entry in pkgutil.walk_packages(path, package + "."))]
    return [name for name in found if not name.endswith("__main__")]


def own(module: ModuleType) -> dict[str, object]:
    """The public functions and classes that `module` itself defines."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", "") == module.__name__
        and (inspect.isclass(thing) or inspect.isroutine(inspect.unwrap(thing)))
    }


def members(name: str, thing: object) -> dict[str, object]:
    """`thing`, and its public methods and properties if it is a class."""
    found = {name: thing}
    if inspect.isclass(thing):
        found |= {f"{name}.{key}": value for key, value in vars(thing).items() if not key.startswith("_")}
    return {key: value for key, value in found.items() if callable(value) or isinstance(value, property)}


@pytest.mark.parametrize("name", modules())
def test_the_examples_are_true(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


@pytest.mark.parametrize("name", modules())
def test_every_public_name_has_a_docstring(name):
    module = importlib.import_module(name)
    assert module.__doc__
    found = {key: item for label, thing in own(module).items() for key, item in members(label, thing).items()}
    assert [key for key, item in found.items() if not inspect.getdoc(item)] == []
