"""The theorems on networks of any depth, checked at networks and searched for violations."""

from numerics.deep.theorems.quantities import DeepSituation, check
from numerics.deep.theorems.search import verify

__all__ = ["DeepSituation", "check", "verify"]


def __dir__() -> list[str]:
    return __all__
