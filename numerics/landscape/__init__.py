"""Anything with a value and a gradient, its minima and symmetries."""

from numerics.landscape.landscape import FunctionLandscape, Landscape, NetworkLandscape

__all__ = ["FunctionLandscape", "Landscape", "NetworkLandscape"]


def __dir__() -> list[str]:
    return __all__
