"""Theorems tried on random and adversarial networks, and certified there."""

from numerics.verify.certification import Certified, certified
from numerics.verify.search import Tally, verify

__all__ = ["Certified", "Tally", "certified", "verify"]


def __dir__() -> list[str]:
    return __all__
