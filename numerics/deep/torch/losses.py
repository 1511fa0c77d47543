"""Losses of a module's outputs: the package's, whose derivatives are derived, or any function of torch."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from twolayer import arrays
from twolayer.forward.values import loss_values
from twolayer.model.loss import Loss
from twolayer.model.loss import loss as find_loss


@dataclass(frozen=True)
class OutputLoss:
    """A risk as a function of all outputs F (n, q), by its derivatives there.

    Parameters
    ----------
    G : tensor, shape (n, q)
        Derivative of the risk.
    Lam : tensor, shape (n, q, q), or None
        Blocks of its second derivative, sample by sample; None if `graph` gives it.
    graph : tuple of tensors, or None
        F, and the derivative as a function of it.
    convention : str
    """

    G: Any
    Lam: Any
    graph: Any
    convention: str

    def curved(self, T: Any, rows: slice) -> Any:
        """The second derivative of the risk times T, (rows, q) or (c, rows, q)."""
        import torch

        if self.graph is None:
            return torch.einsum("rop,...rp->...ro", self.Lam[rows], T)
        F, slope = self.graph
        if not slope.requires_grad:
            return torch.zeros_like(T)
        batched = T.dim() > F.dim()
        return torch.autograd.grad(slope, F, T, retain_graph=True, is_grads_batched=batched)[0]


def output_loss(loss: Any, F: Any, y: Any, names: list[str], flat: bool = False) -> OutputLoss:
    """The derivatives of a loss at the outputs F (n, q).

    Parameters
    ----------
    loss : str, Loss, or callable
        A loss of the package, averaged over the samples; or ``loss(outputs, y)``, one number for all.
    F : tensor, shape (n, q)
    y : tensor
    names : list of str
        Of the parameters, for the convention.
    flat : bool
        Whether the module's own outputs are (n,), as a function of them then gets them.

    Raises
    ------
    ValueError
        If the targets do not fit, or the loss is not one finite number.
    """
    theta = f"theta = ({', '.join(names)})"
    if isinstance(loss, (str, Loss)) or not callable(loss):
        rule, n = find_loss(loss), len(F)
        single = F.shape[1] == 1 and y.dim() == 1 and rule.labels != "classes"
        labels = arrays.targets(_numbers(y), rule.labels, n, F.shape[1], single, "the outputs")
        outputs = np.ascontiguousarray(_numbers(F))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            _, G, Lam = loss_values(rule, outputs, labels)
        arrays.require_representable("loss derivatives", Lam, "parameters, X and y")
        return OutputLoss(
            F.new_tensor(G / n), F.new_tensor(Lam / n), None, f"{rule.convention} (n = {n}); {theta}"
        )
    return _of_function(loss, F, y, theta, flat)


def _of_function(loss: Any, F: Any, y: Any, theta: str, flat: bool) -> OutputLoss:
    import torch

    leaf = F.detach().clone().requires_grad_()
    given = leaf[:, 0] if flat else leaf
    labels = y.to(leaf.device)
    labels = labels.to(leaf.dtype) if labels.is_floating_point() else labels
    state = torch.get_rng_state()
    try:
        risk, again = loss(given, labels), loss(given, labels)
    except Exception as reason:
        told = first_line(reason)
        raise ValueError(f"loss must take the outputs {tuple(F.shape)} and y; got {told}") from reason
    one = isinstance(risk, torch.Tensor) and risk.numel() == 1 and not risk.is_complex()
    if not one or not torch.isfinite(risk).all():
        many = isinstance(risk, torch.Tensor) and risk.numel() != 1
        got = f"numbers of shape {tuple(risk.shape)}" if many else " ".join(f"{risk!r:.60}".split())
        raise ValueError(f"loss must return one finite real number for all samples; got {got}")
    if not torch.equal(state, torch.get_rng_state()) or not torch.allclose(risk, again):
        torch.set_rng_state(state)
        raise ValueError("loss must be deterministic; got one that draws random numbers or changes")
    if not risk.requires_grad:
        raise ValueError("loss must be differentiable by the outputs; got one that torch cannot follow")
    slope = torch.autograd.grad(risk.reshape(()), leaf, create_graph=True)[0]
    name = getattr(loss, "__name__", None) or repr(loss)
    return OutputLoss(slope.detach(), None, (leaf, slope), f"{name} of all {len(F)} samples at once; {theta}")


def _numbers(tensor: Any) -> Any:
    return tensor.detach().cpu().double().numpy()


def first_line(reason: Exception) -> str:
    """What an exception says, in one short line.

    Examples
    --------
    >>> first_line(KeyError("a")), first_line(ValueError("no.\\nWhy")), first_line(AssertionError())
    ("KeyError: 'a'", 'no.', 'AssertionError')
    """
    lines = str(reason).strip().splitlines() or [""]
    plain = isinstance(reason, (RuntimeError, TypeError, ValueError)) and lines[0]
    kind = "" if plain else type(reason).__name__ + (": " if lines[0] else "")
    return kind + textwrap.shorten(lines[0], 200, placeholder=" ...")
