"""Modules that are fully connected networks: they are read, and measured exactly."""

from __future__ import annotations

from typing import Any

from numerics.deep.network import Network
from twolayer import arrays
from twolayer.arrays import Array

ACTIVATIONS = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "GELU": "gelu",
    "LeakyReLU": "leaky_relu",
}
OPTIONS: dict[str, dict[str, Any]] = {
    "Softplus": {"beta": 1.0, "threshold": 40.0},
    "GELU": {"approximate": "none"},
    "LeakyReLU": {"negative_slope": 0.01},
    "Flatten": {"start_dim": 1, "end_dim": -1},
}
"""What a module must be set to; torch's Softplus is the identity above its threshold, 20 by default."""

SKIPPED = ("Identity", "Dropout", "Flatten")  # in evaluation, for inputs that are vectors or made so


def network_of(module: Any) -> Network | None:
    """The network that a Sequential of Linear and activation layers is, or None if it is none.

    Parameters
    ----------
    module : torch.nn.Module
        Recognised is a plain ``torch.nn.Sequential``, nested or not, of ``Linear`` layers with one and the
        same activation of the package between them; flattening, and dropout in evaluation, are skipped.

    Notes
    -----
    Weights in single precision become float64 without rounding. Layers that share parameters, and modules
    with hooks, a forward of their own or further parameters, are not recognised.

    Examples
    --------
    >>> network_of("no module") is None
    True
    """
    leaves = _leaves(module)
    if leaves is None or any(_altered(leaf) for leaf in leaves):
        return None
    if any(type(leaf).__name__ == "Dropout" and leaf.training for leaf in leaves):
        return None
    kept = [leaf for leaf in leaves if type(leaf).__name__ not in SKIPPED or not _set(leaf)]
    linear, between = kept[::2], kept[1::2]
    if not kept or len(kept) % 2 == 0 or any(type(leaf).__name__ != "Linear" for leaf in linear):
        return None
    names = {_activation(leaf) for leaf in between}
    own = [each for leaf in linear for each in (leaf.weight, leaf.bias) if each is not None]
    if len(names) > 1 or None in names or _shared(own) or len(own) < len(list(module.parameters())):
        return None
    weights = [_numbers(leaf.weight) for leaf in linear]
    biases = [None if leaf.bias is None else _numbers(leaf.bias) for leaf in linear]
    return Network(weights, biases, names.pop() if names else "identity")


def _leaves(module: Any) -> list[Any] | None:
    """The layers in order, or None where something other than Sequential holds them together."""
    if not type(module).__module__.startswith("torch.nn.modules."):  # and no other class of that name
        return None
    if type(module).__name__ != "Sequential":
        return [module]
    if _altered(module):
        return None
    found: list[Any] = []
    for child in module:
        inside = _leaves(child)
        if inside is None:
            return None
        found += inside
    return found


def _altered(module: Any) -> bool:
    """Whether a module computes something else than others of its class."""
    hooked = module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
    return bool(hooked) or "forward" in vars(module)


def _activation(leaf: Any) -> str | None:
    return ACTIVATIONS.get(type(leaf).__name__) if _set(leaf) else None


def _set(leaf: Any) -> bool:
    """Whether a module is set to what its name stands for here."""
    return all(
        getattr(leaf, key) == value if key != "threshold" else getattr(leaf, key) >= value
        for key, value in OPTIONS.get(type(leaf).__name__, {}).items()
    )


def _shared(parameters: list[Any]) -> bool:
    """Whether two of them have memory in common."""
    return len({each.untyped_storage().data_ptr() for each in parameters}) < len(parameters)


def _numbers(tensor: Any) -> Array:
    """A parameter as float64, of the same shape."""
    return arrays.real_array("parameters", tensor)
