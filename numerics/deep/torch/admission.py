"""Which modules have a Hessian that can be measured; the others are refused, each with its reason."""

from __future__ import annotations

import math
from typing import Any

from numerics.deep.torch.losses import first_line
from numerics.deep.torch.model import SAFETY, UnfitOutputs

STEP = 1e-7  # of such differences, in norms of all parameters
SETTLED = 0.01  # share of a slope within which differences agree with it, or with each other
RUNS = 2  # of the same inputs that must give the same outputs


def require_module(module: Any) -> None:
    """Refuse what can be seen without running the module.

    Raises
    ------
    TypeError
        If it is no ``torch.nn.Module``.
    ValueError
        If dropout or batch normalisation is in training mode, a layer works in place, or the parameters are
        not all real, of one precision, on one device, finite, and with gradients.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module must be a torch.nn.Module; got {type(module).__name__}")
    for name, layer in module.named_modules():
        why = _objection(layer)
        if why:
            raise ValueError(
                f"module must {why}; got {type(layer).__name__}{f' at {name!r}' if name else ''}"
            )
    named = dict(module.named_parameters())
    if not named:
        raise ValueError("module must have parameters; got none")
    for name, parameter in named.items():
        if isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            raise ValueError(f"module must be run once before; got the uninitialised parameter {name!r}")
        if not parameter.requires_grad:
            raise ValueError(f"every parameter must have a gradient; got {name!r} with requires_grad=False")
        if parameter.is_meta:
            raise ValueError(f"parameters must have values; got {name!r} on the device meta")
        if not torch.isfinite(parameter.detach()).all():
            raise ValueError(f"parameters must be finite; got NaN or infinity in {name!r}")
    kinds = {(str(parameter.dtype), str(parameter.device)) for parameter in named.values()}
    if len(kinds) > 1 or next(iter(kinds))[0] not in ("torch.float32", "torch.float64"):
        raise ValueError(
            "parameters must all be float32 or all float64, on one device; got "
            + ", ".join(" on ".join(kind) for kind in sorted(kinds))
        )


def _objection(layer: Any) -> str:
    """What a layer stands in the way of, or ""."""
    import torch

    nn = torch.nn
    if isinstance(layer, nn.RReLU) and layer.training:
        return "have no random slopes in training mode: call module.eval()"
    if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p > 0:
        return "have no dropout in training mode: call module.eval()"
    shared = isinstance(layer, (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm))
    if shared and layer.training and layer.track_running_stats:
        return "have no normalisation by batches in training mode: call module.eval()"
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is None:
        return "not normalise by the batch, which makes samples depend on each other"
    if getattr(layer, "inplace", False):
        return "not work in place: set inplace=False"
    inner = getattr(layer, "dropout", 0.0)
    if isinstance(inner, float) and inner > 0 and layer.training:
        return "have no dropout in training mode: call module.eval()"
    return ""


def require_outputs(model: Any) -> None:
    """Refuse a model whose outputs are not a function of each sample and all parameters.

    Raises
    ------
    ValueError
        If outputs are random, depend on other samples, are changed in place, have a wrong shape or are not
        finite; or if a parameter does not reach them.
    """
    import torch

    first = _outputs(model)
    _require_same(model, first)
    if model.n > 1:
        half = _run(model, [slice(0, 1), slice(1, model.n)])
        close = torch.allclose(half, first, rtol=_tolerance(first), atol=_tolerance(first))
        if not close and float((half - first).abs().max()) > _noise(model, first):
            raise ValueError(
                "outputs of a sample must not depend on other samples; got others for one sample alone"
            )
    _require_reached(model)


def _tolerance(tensor: Any) -> float:
    import torch

    return float(torch.finfo(tensor.dtype).eps ** 0.7 * max(1.0, float(tensor.abs().max())))


def _noise(model: Any, first: Any) -> float:
    """How much rounding may change an output, by what units in the last place of parameters and inputs do."""
    others = (_run(other, model.chunks) for other in model.nearby())
    return SAFETY * max(float((other - first).abs().max()) for other in others)


def _outputs(model: Any) -> Any:
    """All outputs of a run that must leave the inputs, the buffers and the random numbers alone."""
    import torch

    versions = [tensor._version for tensor in (model.X, *model.parameters.values())]
    buffers = {name: buffer.clone() for name, buffer in model.buffers.items()}
    state = torch.get_rng_state()
    found = _run(model, model.chunks)
    if not torch.equal(state, torch.get_rng_state()):
        torch.set_rng_state(state)
        raise ValueError("module must be deterministic; got one that draws random numbers")
    if versions != [tensor._version for tensor in (model.X, *model.parameters.values())]:
        raise ValueError("module must not work in place; got one that changes its inputs or parameters")
    for name, buffer in model.buffers.items():
        if buffer.shape != buffers[name].shape or not torch.equal(buffer, buffers[name]):
            raise ValueError(f"module must not change when it is run; got another buffer {name!r}")
    if not torch.isfinite(found).all():
        raise ValueError("outputs must be finite; got NaN or infinity")
    return found


def _run(model: Any, chunks: list[slice]) -> Any:
    """Outputs of the samples, some at once; what goes wrong in a module, which is anybody's, in one line."""
    import torch

    try:
        return torch.cat([model.part(rows) for rows in chunks])
    except UnfitOutputs:
        raise
    except Exception as reason:
        shape = tuple(model.X[chunks[0]].shape)
        raise ValueError(f"module must take inputs {shape}; got {first_line(reason)}") from reason


def _require_same(model: Any, first: Any) -> None:
    import torch

    for _ in range(RUNS - 1):
        again = _outputs(model)
        same = torch.equal(first, again) if first.device.type == "cpu" else torch.allclose(first, again)
        if not same:
            raise ValueError("module must be deterministic; got other outputs for the same inputs")


def _require_reached(model: Any) -> None:
    """Every parameter must have a path to the outputs: one that was detached has none."""
    import torch

    F = model.outputs(model.chunks[0])
    parameters = model.parameters
    if not F.requires_grad:
        raise ValueError("outputs must depend on the parameters; got none that torch can follow")
    try:
        found = torch.autograd.grad(F.sum(), list(parameters.values()), allow_unused=True)
    except Exception as reason:
        raise ValueError(f"module must be differentiable by torch; got: {first_line(reason)}") from reason
    lost = [name for name, slope in zip(parameters, found, strict=True) if slope is None]
    if lost:
        raise ValueError(
            f"every parameter must reach the outputs; got no path from {', '.join(map(repr, lost))}"
        )


def require_derivatives(model: Any) -> None:
    """Refuse a model, its loss included, that torch cannot differentiate twice.

    Raises
    ------
    ValueError
        If it cannot, or second derivatives are not finite or not those of the gradients.
    """
    import torch

    source = torch.Generator().manual_seed(0)
    V = torch.randn(3, model.order, generator=source).to(model.X.device, model.dtype)
    V[0] = 1.0
    try:
        with torch.random.fork_rng(devices=[]):
            found = torch.cat([model.products(v[None], True, True) for v in V])
    except Exception as reason:
        raise ValueError(
            f"module must be twice differentiable by torch; got: {first_line(reason)}"
        ) from reason
    if not torch.isfinite(found).all():
        raise ValueError("second derivatives must be finite; got NaN or infinity")
    _require_symmetry(V, found)
    _require_slopes(model)
    if _own_functions(model.outputs(model.chunks[0]).grad_fn):
        _require_differences(model, found)


def _require_symmetry(V: Any, HV: Any) -> None:
    """Second derivatives that are not those of the first are seldom symmetric."""
    import torch

    products = V.double() @ HV.double().T
    gap = float((products - products.T).abs().max())
    size = float(V.double().norm(dim=1).max() * HV.double().norm(dim=1).max())
    if gap > torch.finfo(V.dtype).eps ** 0.5 * size:
        raise ValueError(
            "module must be twice differentiable by torch; got second derivatives that are not symmetric, "
            "as those of torch's weight_norm are not"
        )


def _require_slopes(given: Any) -> None:
    """A hook, or a detached part, may give other slopes than those of the outputs in silence.

    Along the steepest direction of one mixture of the outputs, differences say what the slope is; but where
    they have not settled, or differ from side to side as at a kink, nothing. They are taken in double
    precision; of a module that is written for single precision alone nothing is said.
    """
    import torch

    model, rows = given.in_double(), given.chunks[0]
    try:
        F = model.outputs(rows)
    except Exception:
        return
    source = torch.Generator().manual_seed(1)
    mix = torch.randn(F.shape, generator=source).to(F.device, F.dtype)
    found = torch.autograd.grad(F, model.wanted, mix, allow_unused=True)
    slopes = [torch.zeros_like(p) if w is None else w for w, p in zip(found, model.wanted, strict=True)]
    size, length = (
        float(torch.cat([each.detach().ravel() for each in parts]).norm()) for parts in (slopes, model.wanted)
    )
    if not 0 < size < math.inf:
        return

    def mixed(step: float) -> float:
        there = model.along([step / size * slope for slope in slopes]).part(rows)
        return float((mix * there).sum())

    here, steps = mixed(0.0), [STEP * max(length, 1.0) / part for part in (1, 4)]
    ends = [[(mixed(sign * step) - here) * sign / step for sign in (1, -1)] for step in steps]
    wide, near = (sum(sides) / 2 for sides in ends)
    settled = max(abs(near - wide), abs(ends[1][0] - ends[1][1])) <= SETTLED * abs(near)
    noise = 100 * torch.finfo(F.dtype).eps * float(mix.norm() * F.detach().norm()) / steps[1]
    larger = max(size, abs(near))
    if settled and abs(near - size) > SETTLED * larger + noise:
        raise ValueError(
            "module must be differentiable by torch; got slopes that are off by "
            f"{abs(near - size) / larger:.0%} of differences of the outputs: has it hooks, or detached parts?"
        )


def _own_functions(node: Any) -> bool:
    """Whether a function written in Python, whose derivatives are its author's, is part of the graph."""
    import torch

    seen, todo = set(), [node]
    while todo:
        here = todo.pop()
        if here is None or here in seen:
            continue
        seen.add(here)
        if isinstance(here, torch.autograd.function.BackwardCFunction):
            return True
        todo += [below for below, _ in here.next_functions]
    return False


def _require_differences(model: Any, found: Any) -> None:
    """A derivative that was written without a derivative of its own gives wrong products in silence."""
    import torch

    h = torch.finfo(model.dtype).eps ** (1 / 3)
    ends = [model.moved(sign * h).gradient() for sign in (1.0, -1.0)]
    wanted = (ends[0] - ends[1]) / (2 * h)
    noise = 100 * torch.finfo(model.dtype).eps / h * sum(float(end.norm()) for end in ends)
    gap, size = float((found[0] - wanted).norm()), max(float(wanted.norm()), float(found.norm()))
    if gap > 0.1 * size + noise:
        raise ValueError(
            "module must be twice differentiable by torch; got a function whose second derivatives are "
            f"off by {gap / size:.0%} of differences of gradients"
        )
