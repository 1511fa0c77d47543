"""Optimisers that return a trained network, and what they start from."""

from numerics.training.many import descend
from numerics.training.newton import gauss_newton, newton
from numerics.training.starts import starts
from numerics.training.trainers import gradient_descent, lbfgs, random_network, sgd, to_minimum

__all__ = [
    "descend",
    "gauss_newton",
    "gradient_descent",
    "lbfgs",
    "newton",
    "random_network",
    "sgd",
    "starts",
    "to_minimum",
]


def __dir__() -> list[str]:
    return __all__
