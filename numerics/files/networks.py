"""A saved network, from an npz or safetensors file: with our names, or with those of torch."""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

import twolayer as tl
from numerics.files.npz import read_arrays
from numerics.files.safetensors import read_safetensors
from twolayer.model.activation import activation
from twolayer.model.conversion import DEEPER

NAME = re.compile(r"[A-Za-z_]\w*")
PARTS = ("a", "W", "b", "c")
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib")
SKLEARN = re.compile(r"(?P<kind>coefs|intercepts)_(?P<layer>\d+)$")


def read_model(path: str | Path, activation_name: str | None = None) -> tl.TwoLayer:
    """Return the network of an npz or safetensors file; nothing in it is unpickled or trusted.

    Parameters
    ----------
    path : str or Path
        Holds a, W, optionally b, c and (npz) activation, a text, by default tanh; or the state of
        ``torch.nn.Sequential(Linear, activation, Linear)``: two arrays called ``*.weight``, with or without
        ``*.bias``, whose names are in the order of the layers. Or ``coefs_0``, ``intercepts_0``, ``coefs_1``
        and ``intercepts_1`` of a scikit-learn MLP.
    activation_name : str, optional
        A name or a formula; demanded with the names of torch and scikit-learn, whose arrays do not say it.

    Raises
    ------
    ValueError
        If the file cannot be read, an array does not fit, or the activation is unknown.
    """
    if Path(path).suffix.lower() in PICKLES:
        raise ValueError(
            f"a model must be an npz or safetensors file; got {path}, a pickle, which could run any program: "
            "save the state with safetensors or np.savez"
        )
    safe = Path(path).suffix.lower() == ".safetensors"
    arrays = read_safetensors(path) if safe else _of_npz(path)
    if any(name.endswith((".weight", "coefs_0")) for name in arrays):
        arrays = _of_state(_as_state(arrays), path)
        if activation_name is None:
            raise ValueError(f"the activation of {path} must be given, as in --activation relu; got none")
    unknown = set(arrays) - {*PARTS, "activation"}
    if unknown or not {"a", "W"} <= set(arrays):
        raise ValueError(
            f"{path} must hold a and W, or two *.weight (torch), or coefs_0 and coefs_1 (scikit-learn); got "
            f"{', '.join(sorted(arrays)) or 'none'}"
        )
    name = arrays.pop("activation", np.array("tanh"))
    if name.dtype.kind != "U" or name.size != 1:
        raise ValueError(f"activation in {path} must be one text; got {name.dtype} {name.shape}")
    try:
        chosen = activation_name or str(name.reshape(-1)[0])
        return tl.TwoLayer(**arrays, activation=activation_of(chosen))
    except ValueError as reason:
        raise ValueError(f"{path}: {reason}") from reason


def _of_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Our arrays or, if there are any, those of torch's names."""
    state: list[str] = []
    if Path(path).is_file() and zipfile.is_zipfile(path):
        with suppress(Exception), zipfile.ZipFile(path) as archive:  # what is damaged is said below
            names = (name.removesuffix(".npy") for name in archive.namelist())
            state = [name for name in names if name.endswith((".weight", ".bias")) or SKLEARN.match(name)]
    if state:
        return read_arrays(path, required=state)
    return read_arrays(path, required=("a", "W"), optional=("b", "c", "activation"))


def _as_state(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of scikit-learn under the names of torch, which keeps weights as (outputs, inputs)."""
    renamed = {}
    for name, array in arrays.items():
        found = SKLEARN.match(name)
        kind = "" if found is None else ".weight" if found["kind"] == "coefs" else ".bias"
        renamed[f"{found['layer']}{kind}" if found else name] = array.T if kind == ".weight" else array
    return renamed


def _of_state(arrays: dict[str, np.ndarray], path: str | Path) -> dict[str, np.ndarray]:
    """The parts a, W, b, c of a state of torch."""
    layers = sorted({name.rpartition(".")[0] for name in arrays}, key=_natural)
    if len(layers) != 2 or not all(f"{layer}.weight" in arrays for layer in layers):
        raise ValueError(f"{path} must hold a model of {DEEPER}; got the layers {', '.join(layers)}")
    hidden, output = layers
    a, c = arrays[f"{output}.weight"], arrays.get(f"{output}.bias")
    single = a.ndim == 2 and len(a) == 1
    parts = {
        "a": a[0] if single else a,
        "W": arrays[f"{hidden}.weight"],
        "b": arrays.get(f"{hidden}.bias"),
        "c": c[0] if single and c is not None and c.shape == (1,) else c,
    }
    return {name: array for name, array in parts.items() if array is not None}


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts layer.2 before layer.10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


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
