"""Fully connected networks of any depth and their exact curvature; torch modules; theorems at any depth."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from numerics.deep.hessian import Hessian
from numerics.deep.network import Network, random_network

if TYPE_CHECKING:
    from numerics.deep import theorems, torch

__all__ = ["Hessian", "Network", "random_network", "theorems", "torch"]


def __getattr__(name: str) -> ModuleType:
    """The rooms `theorems` and `torch`, when they are asked for."""
    if name not in ("theorems", "torch"):
        raise AttributeError(f"module 'numerics.deep' has no attribute {name!r}")
    return import_module(f"numerics.deep.{name}")


def __dir__() -> list[str]:
    return __all__
