"""Networks sought at which a claim fails."""

from numerics.falsify.result import Falsification
from numerics.falsify.search import falsify

__all__ = ["Falsification", "falsify"]


def __dir__() -> list[str]:
    return __all__
