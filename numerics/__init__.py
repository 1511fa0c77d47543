"""Experiments with networks: training, basins, volumes, theorems tried and falsified, the command line.

Each name below is a room, loaded when it is first asked for.

>>> from numerics import attack, basins
>>> basins.sample.__name__
'sample'
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

try:
    from theory.clashes import tell_of_hidden
except ImportError as reason:
    raise ImportError(
        "theory must be the package that comes with twolayer; got "
        f"{getattr(sys.modules.get('theory'), '__file__', None) or 'a folder'}, which hides it: rename that"
    ) from reason

if TYPE_CHECKING:
    from numerics import basins, deep, falsify, landscape, plots, training, verify, volume
    from numerics.files import datasets
    from numerics.landscape import potentials
    from numerics.training import attack_sets as attack

__all__ = [
    "attack",
    "basins",
    "datasets",
    "deep",
    "falsify",
    "landscape",
    "plots",
    "potentials",
    "training",
    "verify",
    "volume",
]

ELSEWHERE = {
    "attack": "numerics.training.attack_sets",
    "datasets": "numerics.files.datasets",
    "potentials": "numerics.landscape.potentials",
}

tell_of_hidden("numerics", __file__)


def __getattr__(name: str) -> ModuleType:
    """Import what is asked for when it is asked for: the command line starts with none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'numerics' has no attribute {name!r}")
    globals()[name] = import_module(ELSEWHERE.get(name, f"numerics.{name}"))
    return globals()[name]  # type: ignore[no-any-return]


def __dir__() -> list[str]:
    return __all__
