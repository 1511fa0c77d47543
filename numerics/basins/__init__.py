"""Which minimum a start leads to, and how often starts lead where."""

from numerics.basins.classes import by_interpolation, by_outputs
from numerics.basins.map import NO_MINIMUM, NOT_DECIDED, BasinMap, land_piece
from numerics.basins.sampling import BasinSample, sample
from numerics.descents.membership import FlowBasin
from numerics.landscape.minima import Minimum, described

__all__ = [
    "NOT_DECIDED",
    "NO_MINIMUM",
    "BasinMap",
    "BasinSample",
    "FlowBasin",
    "Minimum",
    "by_interpolation",
    "by_outputs",
    "described",
    "land_piece",
    "sample",
]


def __dir__() -> list[str]:
    return __all__
