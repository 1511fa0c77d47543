"""A module on data: outputs, gradients, and products with the Hessian of its risk by autodiff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from numerics.deep.torch.losses import OutputLoss, output_loss

NEARBY = 3  # modules that differ by units in the last place
SAFETY = 8.0  # of the rounding errors that they show

Given = ParamSpec("Given")
Found = TypeVar("Found")


class UnfitOutputs(ValueError):
    """What a module returns is not a row of outputs for every sample."""


def modes_of(module: Any) -> tuple[bool, ...]:
    """Whether each layer of a module is in training mode."""
    return tuple(layer.training for layer in module.modules())


def recorded(work: Callable[Given, Found]) -> Callable[Given, Found]:
    """Work that torch records for derivatives, though its caller may have told it not to."""

    @wraps(work)
    def inside(*args: Given.args, **words: Given.kwargs) -> Found:
        import torch

        with torch.inference_mode(False), torch.enable_grad():
            return work(*args, **words)

    return inside


@dataclass(frozen=True)
class Model:
    """A module, its parameters as they were when it was given, data, and a loss at the outputs.

    Parameters
    ----------
    module : torch.nn.Module
    parameters : dict of str to tensor
        All of them, by name, in torch's order.
    chosen : tuple of str
        Those by which is differentiated.
    X : tensor, shape (n, ...)
    y : tensor
    loss : str, Loss or callable
    rule : OutputLoss or None
    rows : int
        Samples run at once.
    buffers : dict of str to tensor
        As they were when the module was given.
    modes : tuple of bool
        Whether each of its layers was in training mode then.
    """

    module: Any
    parameters: dict[str, Any]
    chosen: tuple[str, ...]
    X: Any
    y: Any
    loss: Any
    rule: OutputLoss | None
    rows: int
    buffers: dict[str, Any] = field(default_factory=dict)
    modes: tuple[bool, ...] = ()

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.X)

    @property
    def dtype(self) -> Any:
        """That of the parameters."""
        return next(iter(self.parameters.values())).dtype

    @property
    def chunks(self) -> list[slice]:
        """The samples run at once; all of them, if the loss couples them."""
        step = self.n if self.rule is not None and self.rule.graph is not None else self.rows
        return [slice(start, min(start + step, self.n)) for start in range(0, self.n, step)]

    @property
    def wanted(self) -> list[Any]:
        """The parameters by which is differentiated."""
        return [self.parameters[name] for name in self.chosen]

    @property
    def order(self) -> int:
        """Their number P."""
        return sum(parameter.numel() for parameter in self.wanted)

    def outputs(self, rows: slice, X: Any = None) -> Any:
        """Outputs of some samples, (rows, q), which know how they were made.

        Raises
        ------
        UnfitOutputs
            If they are no rows of numbers, one for each sample.
        """
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel

        given = self.X[rows] if X is None else X
        if modes_of(self.module) != self.modes:
            raise ValueError("module must stay in the mode it was given in; got train() or eval() since then")
        with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivatives
            found = torch.func.functional_call(self.module, self.parameters | self.buffers, (given,))
        if not isinstance(found, torch.Tensor) or found.dim() not in (1, 2) or len(found) != len(given):
            shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
            raise UnfitOutputs(f"outputs must be (n, q) or (n,), n = {len(given)}; got {shape}")
        if not found.is_floating_point() or found.is_sparse:
            kind = "a sparse tensor" if found.is_sparse else str(found.dtype)
            raise UnfitOutputs(f"outputs must be dense floating-point numbers; got {kind}")
        return found[:, None] if found.dim() == 1 else found

    def part(self, rows: slice) -> Any:
        """The same as plain numbers."""
        return self.outputs(rows).detach()

    @recorded
    def with_loss(self) -> Model:
        """This model with the derivatives of its loss."""
        import torch

        F = torch.cat([self.part(rows) for rows in self.chunks])
        one = torch.func.functional_call(self.module, self.parameters | self.buffers, (self.X[:1],))
        return replace(self, rule=output_loss(self.loss, F, self.y, list(self.parameters), one.dim() == 1))

    @recorded
    def in_double(self) -> Model:
        """This model, without its loss, in double precision."""

        def wide(tensor: Any) -> Any:
            return tensor.detach().double() if tensor.is_floating_point() else tensor

        made = {name: wide(tensor) for name, tensor in self.parameters.items()}
        buffers = {name: wide(tensor) for name, tensor in self.buffers.items()}
        return replace(self, X=wide(self.X), buffers=buffers)._with(made, False)

    @recorded
    def along(self, steps: list[Any]) -> Model:
        """This model, without its loss, with `steps` added to the parameters that are differentiated by."""
        moved = {name: self.parameters[name] + step for name, step in zip(self.chosen, steps, strict=True)}
        return self._with(moved, False)

    @recorded
    def moved(self, step: float) -> Model:
        """This model with `step` added to every parameter that is differentiated by."""
        return self._with({name: self.parameters[name] + step for name in self.chosen})

    @recorded
    def rounded(self, seed: int) -> Model:
        """This model, without its loss, every parameter and input a unit in the last place up or down."""
        import torch

        source = torch.Generator().manual_seed(seed)
        eps = torch.finfo(self.dtype).eps

        def changed(tensor: Any) -> Any:
            if not tensor.is_floating_point():
                return tensor
            signs = torch.randint(0, 2, tensor.shape, generator=source) * 2 - 1
            return tensor.detach() * (1 + eps * signs.to(tensor.dtype).to(tensor.device))

        made = {name: changed(tensor) for name, tensor in self.parameters.items()}
        return replace(self, X=changed(self.X))._with(made, False)

    def nearby(self) -> Iterator[Model]:
        """Some that :meth:`rounded` makes: how much their results differ says what rounding may do."""
        return (self.rounded(seed) for seed in range(NEARBY))

    def _with(self, parameters: dict[str, Any], finish: bool = True) -> Model:
        made = {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}
        there = replace(self, parameters=self.parameters | made)
        return there.with_loss() if finish else there

    @recorded
    def gradient(self) -> Any:
        """The gradient of the risk, (P,)."""
        import torch

        assert self.rule is not None
        parts = [
            _flat(torch.autograd.grad(self.outputs(rows), self.wanted, self.rule.G[rows]), ())
            for rows in self.chunks
        ]
        return torch.stack(parts).sum(dim=0)

    @recorded
    def products(self, V: Any, newton: bool, residual: bool) -> Any:
        """The Hessian, or one of its parts, times the rows of V, (c, P), in three passes back.

        With u the derivative of the risk by the outputs and w = J^T u, the derivatives of <w, v> are J v by u
        and the residual part's product by theta; J^T Lam J v is one pass back.
        """
        import torch

        total = torch.zeros_like(V)
        for rows in self.chunks:
            total += self._products(rows, V, newton, residual)
        return total

    def _products(self, rows: slice, V: Any, newton: bool, residual: bool) -> Any:
        import torch

        assert self.rule is not None
        F, lead = self.outputs(rows), ((len(V),) if len(V) > 1 else ())
        u = self.rule.G[rows].clone().requires_grad_()
        w = torch.autograd.grad(F, self.wanted, u, create_graph=True)
        parts = torch.split(V.reshape(*lead, -1), [each.numel() for each in self.wanted], dim=-1)
        along = [part.reshape(*lead, *each.shape) for part, each in zip(parts, self.wanted, strict=True)]
        Jv, *second = _pulled(w, [u, *self.wanted], along, bool(lead))
        found = _flat(second, lead) if residual else torch.zeros_like(V.reshape(*lead, -1))
        if newton:
            curved = self.rule.curved(Jv, rows)
            found = found + _flat(_pulled([F], self.wanted, [curved], bool(lead)), lead)
        return found.reshape(V.shape)

    @recorded
    def input_gradient(self) -> float:
        """Mean over samples of |grad_x f|^2, summed over outputs: as many passes back as outputs."""
        import torch

        total = 0.0
        for rows in self.chunks:
            X = self.X[rows].clone().requires_grad_()
            F = self.outputs(rows, X)
            for o in range(F.shape[1]):
                slope = torch.autograd.grad(F[:, o].sum(), X, retain_graph=True)[0]
                total += float((slope.double() ** 2).sum())
        return total / self.n


def _pulled(outputs: Any, inputs: list[Any], along: Any, batched: bool) -> list[Any]:
    import torch

    found = torch.autograd.grad(
        outputs, inputs, along, retain_graph=True, allow_unused=True, is_grads_batched=batched
    )
    lead = (len(along[0]),) if batched else ()
    return [
        each.new_zeros(*lead, *each.shape) if slope is None else slope
        for slope, each in zip(found, inputs, strict=True)
    ]


def _flat(parts: Any, lead: tuple[int, ...]) -> Any:
    import torch

    return torch.cat([part.detach().reshape(*lead, -1) for part in parts], dim=-1)
