"""Fully connected networks of any depth, and their exact curvature."""

from numerics.deep.hessian import Hessian
from numerics.deep.network import Network, random_network

__all__ = ["Hessian", "Network", "random_network"]


def __dir__() -> list[str]:
    return __all__
