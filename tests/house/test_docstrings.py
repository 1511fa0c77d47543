"""Every public name explains itself, and every example in a docstring is true."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
from types import ModuleType

import pytest

from tests.house.tree import PACKAGES

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n(.*?)(?=^\w[\w ]*\n-{3,}\n|\Z)", re.MULTILINE | re.DOTALL)


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
    """`thing`, and its public methods and properties if it is a class (a lambda is data, not a method)."""
    inside = vars(thing).items() if inspect.isclass(thing) else ()
    methods = {
        key: value
        for key, value in inside
        if not key.startswith("_")
        and (isinstance(value, property) or (callable(value) and value.__name__ == key))
    }
    return {name: thing} | {f"{name}.{key}": value for key, value in methods.items()}


def public(name: str) -> dict[str, object]:
    """What the module called `name` defines for others, members of classes included."""
    things = own(importlib.import_module(name))
    return {key: item for label, thing in things.items() for key, item in members(label, thing).items()}


def sections(text: str) -> dict[str, str]:
    """The numpydoc sections of a docstring."""
    return dict(SECTION.findall(inspect.cleandoc(text) + "\n"))


def parameters(thing: object) -> set[str]:
    """Names of the parameters of a function or of a class's constructor."""
    plain = inspect.isclass(thing) and issubclass(thing, BaseException) and "__init__" not in vars(thing)
    if plain or isinstance(thing, property):
        return set()
    return {name.lstrip("*") for name in inspect.signature(thing).parameters} - {"self", "cls"}


def described(text: str) -> set[str]:
    """The names that the section Parameters describes."""
    heads = re.findall(r"^(\S.*?)(?: :.*)?$", sections(text).get("Parameters", ""), re.MULTILINE)
    return {name.strip("*` ") for head in heads for name in head.split(",")}


def unsaid(thing: object) -> set[str]:
    """Parameters that a docstring neither describes nor names in its text."""
    text = inspect.getdoc(thing) or ""
    return {name for name in parameters(thing) - described(text) if f"`{name}`" not in text}


def raises(thing: object) -> bool:
    """Whether the source of a function has a `raise` (one that passes an error on does not count)."""
    if not inspect.isfunction(thing):
        return False
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree))


def warns(thing: object) -> bool:
    """Whether a docstring speaks of errors."""
    text = inspect.getdoc(thing) or ""
    return "Raises" in sections(text) or bool(
        re.search(r"[A-Z]\w*Error|refuse|raise|the error|an error|errors as", text, re.I)
    )


def exported(package: str) -> list[str]:
    """The names that a package offers its users."""
    return list(getattr(importlib.import_module(package), "__all__", ()))


@pytest.mark.parametrize("name", modules())
def test_the_examples_are_true(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


@pytest.mark.parametrize("name", modules())
def test_every_public_name_has_a_docstring(name):
    assert importlib.import_module(name).__doc__
    assert [key for key, item in public(name).items() if not inspect.getdoc(item)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", modules())
def test_no_docstring_describes_a_parameter_that_is_not_there(name):
    extra = {
        key: described(inspect.getdoc(item) or "") - parameters(item) for key, item in public(name).items()
    }
    assert {key: names for key, names in extra.items() if names} == {}


EXPORTED = {
    f"{package}.{name}"
    for package in ("twolayer", "theory")
    for name in exported(package)
    if callable(getattr(importlib.import_module(package), name))
}


@pytest.mark.parametrize("name", sorted(EXPORTED))
def test_what_users_call_says_what_it_takes_and_shows_an_example(name):
    package, _, label = name.partition(".")
    thing = getattr(importlib.import_module(package), label)
    assert ">>>" in (inspect.getdoc(thing) or "")
    silent = {key: unsaid(item) for key, item in members(label, thing).items()}
    assert {key: names for key, names in silent.items() if names} == {}


@pytest.mark.parametrize("name", modules())
def test_what_raises_says_so(name):
    """A public function with a `raise` of its own has a section on it."""
    quiet = [key for key, item in public(name).items() if raises(item) and not warns(item)]
    assert quiet == []


SHAPE = re.compile(r"\b[Ss]hapes?\b|\((?:[\w~+ *]+,[^()\n]*|rows?|lanes)\)")
ARRAYS = re.compile(r"\b(Array|NDArray|ArrayLike|ndarray)\b")


def arrays(thing: object) -> bool:
    """Whether a function, method or property takes or gives arrays."""
    function = thing.fget if isinstance(thing, property) else thing
    said = getattr(inspect.unwrap(function), "__annotations__", {}) if callable(function) else {}
    return any(ARRAYS.search(str(annotation)) for annotation in said.values())


@pytest.mark.parametrize("name", modules())
def test_array_functions_say_shapes(name):
    if ".generated." in name:  # their arrays are flat and of one length: the package says so
        return
    things = {key: item for key, item in public(name).items() if not inspect.isclass(item) and arrays(item)}
    assert [key for key, item in things.items() if not SHAPE.search(inspect.getdoc(item) or "")] == []


def test_a_docstring_without_shapes_is_caught():
    def double(x: "Array") -> "Array":  # noqa: F821
        """Twice `x`."""

    assert arrays(double)
    assert not SHAPE.search(double.__doc__)
    assert SHAPE.search("Twice `x`, shape (n, d).")
    assert SHAPE.search("Twice `x` (n, d).")
