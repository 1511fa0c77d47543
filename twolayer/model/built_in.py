"""What is built in: the generated modules of one kind, by name."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[1] / "generated"


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of the modules of a kind, "activations" or "losses", in alphabetical order."""
    return tuple(sorted(path.stem for path in (FOLDER / kind).glob("*.py") if path.stem != "__init__"))


def module(kind: str, name: str) -> ModuleType:
    """The generated module of a kind that is called `name`."""
    return import_module(f"twolayer.generated.{kind}.{name}")
