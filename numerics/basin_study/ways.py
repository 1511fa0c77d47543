"""The ways down that the study compares, under the names that its results give them."""

from __future__ import annotations

WAYS = {"flow": "flow", "gradient descent": "gradient_descent", "sgd": "sgd", "l-bfgs": "lbfgs"}
"""Each with its name among :data:`numerics.descents.methods.METHODS`."""

LABELS = {"flow": "gradient flow", "gradient descent": "gradient descent", "sgd": "SGD", "l-bfgs": "L-BFGS"}
"""How figures write them."""
