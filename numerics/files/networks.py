"""A saved network, from an npz file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import twolayer as tl
from numerics.files.npz import read_arrays
from twolayer.model.activation import activation

NAME = re.compile(r"[A-Za-z_]\w*")


def read_model(path: str | Path) -> tl.TwoLayer:
    """Return the network of an npz file with a, W, optionally b, c and activation (a text, default tanh).

    Raises
    ------
    ValueError
        If the file cannot be read, an array does not fit, or the activation is unknown.
    """
    arrays = read_arrays(path, required=("a", "W"), optional=("b", "c", "activation"))
    name = arrays.pop("activation", np.array("tanh"))
    if name.dtype.kind != "U" or name.size != 1:
        raise ValueError(f"activation in {path} must be one text; got {name.dtype} {name.shape}")
    try:
        return tl.TwoLayer(**arrays, activation=activation_of(str(name.reshape(-1)[0])))
    except ValueError as reason:
        raise ValueError(f"{path}: {reason}") from reason


def activation_of(text: str) -> tl.Activation:
    """Return a built-in activation by name, or one made from an expression in z.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if NAME.fullmatch(text) and text != "z":
        return activation(text)
    from theory import activation as from_expression  # needs sympy: only where it is asked for

    made: tl.Activation = from_expression(text)
    return made
