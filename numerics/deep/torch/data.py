"""Data for a module: arrays, tensors, or a loader that always gives the same samples in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np

from twolayer.arrays import require_finite


def samples(X: Any, y: Any) -> tuple[Any, Any]:
    """Inputs and targets as tensors, each sample once.

    Parameters
    ----------
    X : array_like, tensor, or iterable
        Inputs, the first axis the samples; or a ``DataLoader`` or list of batches (inputs, targets).
    y : array_like, tensor or None
        Targets; None with a loader.

    Raises
    ------
    ValueError
        If a loader shuffles, or gives other data in a second pass or no batches of two; or if numbers are not
        finite.
    TypeError
        If targets are missing, or given beside a loader.
    """
    import torch
    from torch.utils.data import DataLoader

    batches = isinstance(X, DataLoader) or (y is None and isinstance(X, (list, tuple)))
    if batches and y is not None:
        raise TypeError("y must be None beside a loader, which holds the targets; got both")
    if y is None and not batches:
        raise TypeError("y must be the targets; got None, and X is no loader")
    inputs, targets = _read(X) if batches else (_tensor("X", X), _tensor("y", y))
    if not inputs.dim() or len(inputs) == 0 or len(inputs) != len(targets):
        raise ValueError(
            f"X and y must be of n >= 1 samples; got shapes {tuple(inputs.shape)} and {tuple(targets.shape)}"
        )
    for name, tensor in (("X", inputs), ("y", targets)):
        if tensor.is_complex():
            raise ValueError(f"{name} must be real; got {tensor.dtype}")
        if tensor.is_meta or tensor.layout is not torch.strided:
            kind = "a tensor without values" if tensor.is_meta else f"one of layout {tensor.layout}"
            raise ValueError(f"{name} must be a dense tensor with values; got {kind}")
        require_finite(name, tensor.detach().cpu().double().numpy())
    return inputs.detach(), targets.detach()


def _tensor(name: str, values: Any) -> Any:
    import torch

    if isinstance(values, torch.Tensor):
        return values.detach().clone()  # which its owner may change afterwards
    array = np.asarray(values)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must be an array of real numbers; got dtype {array.dtype}")
    return torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))


def _read(loader: Any) -> tuple[Any, Any]:
    import torch

    sampler = getattr(loader, "sampler", None)
    if isinstance(sampler, (torch.utils.data.RandomSampler, torch.utils.data.WeightedRandomSampler)):
        raise ValueError(
            "X must give the same order in every pass; got a loader that shuffles "
            f"({type(sampler).__name__}): make it with shuffle=False"
        )
    first, second = _pass(loader), _pass(loader)
    for one, two in zip(first, second, strict=True):
        if one.shape != two.shape or not torch.equal(one, two):
            raise ValueError(
                "X must give the same data in every pass; got a loader that shuffles or alters its samples"
            )
    return first


def _pass(loader: Any) -> tuple[Any, Any]:
    import torch

    batches = list(loader)
    if not batches or any(not isinstance(each, (list, tuple)) or len(each) != 2 for each in batches):
        raise ValueError(
            "X must be a loader of batches (inputs, targets); got batches of another form, or none"
        )
    inputs, targets = zip(*batches, strict=True)
    return torch.cat([_tensor("X", part) for part in inputs]), torch.cat(
        [_tensor("y", part) for part in targets]
    )
