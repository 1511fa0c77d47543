"""Certificates of each kind, made once for the tests of files and of commands."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np

import twolayer as tl
from theory.certify import certify_eigenvalues, certify_minimum, certify_quantity, certify_theorem
from theory.certify.file import document

X, Y = [[0.5, -1.0], [2.0, 0.25], [-1.5, 1.0]], [1.0, -0.5, 0.25]

NET = tl.TwoLayer([1.5, -0.5], [[1.0, 0.5], [-0.25, 2.0]], [0.1, -0.2], 0.3)

PARABOLA = tl.TwoLayer([1.0], [[1.0]], [0.5], activation="square")


def isolated() -> tuple[tl.TwoLayer, Any, Any]:
    """A network with as many samples as make its minimum, at which it interpolates, isolated."""
    inputs = np.linspace(-2, 2, 9)[:, None]
    net = tl.TwoLayer([1.0], [[0.75]], [0.5], 0.25)
    return net, inputs, None


CERTIFICATES = {
    "quantity": certify_quantity("frobenius(H)", NET, X, Y),
    "eigenvalues": certify_eigenvalues(NET, X, Y),
    "theorem": certify_theorem("input-gradient", "i", NET, X, Y),
    "unique minimum": certify_minimum(*isolated()),
}


def written(kind: str) -> dict[str, Any]:
    """The file of one certificate as plain data."""
    return json.loads(json.dumps(document([CERTIFICATES[kind]])))


def changed(plain: Any, where: tuple[Any, ...], value: Any) -> Any:
    """A copy of plain data with another value at one place."""
    other = copy.deepcopy(plain)
    inside = other
    for key in where[:-1]:
        inside = inside[key]
    inside[where[-1]] = value
    return other
