"""Networks out of trained models of torch and scikit-learn, neither of which is imported.

What is read are attributes that these libraries document (``children()``, ``weight``, ``coefs_``), and what
was understood is checked: the network must give the model's own outputs at a few inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from .network import TwoLayer

DEEPER = "one hidden layer; for more see numerics.deep"
TORCH_NAMES = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ReLU": "relu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "Identity": "identity",
    **{name: name.lower() for name in ("ReLU6", "SELU", "Mish", "Softsign", "Tanhshrink", "Hardswish")},
    **{name: name.lower() for name in ("LogSigmoid", "Hardsigmoid")},
}
FORMULAS = {  # by the names of torch's attributes
    "LeakyReLU": "leaky_relu(z, {negative_slope!r})",
    "Softplus": "softplus(z, {beta!r})",
    "ELU": "elu(z, {alpha!r})",
    "CELU": "celu(z, {alpha!r})",
    "Hardtanh": "hardtanh(z, {min_val!r}, {max_val!r})",
    "Softshrink": "softshrink(z, {lambd!r})",
}
ENDS = {"Sigmoid": "logistic", "Softmax": "softmax", "LogSoftmax": "softmax"}
SKIPPED = ("Dropout", "Flatten")  # identities in evaluation, for inputs (n, d)
SKLEARN_NAMES = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
SKLEARN_OUTPUTS = {"identity": "squared", "logistic": "logistic", "softmax": "softmax"}
TOLERANCES = {2: 0.1, 4: 1e-4, 8: 1e-11}  # of the model's own outputs, by the bytes of its numbers


def from_torch(module: Any, activation: Any = None) -> TwoLayer:
    """The network that a torch module computes, as :meth:`TwoLayer.from_torch` returns it.

    Parameters
    ----------
    module : torch.nn.Module
    activation : str or Activation, optional
        What stands between the layers, if that is no submodule.

    Raises
    ------
    ValueError
        If the module is anything else, with the reason.
    TypeError
        If it is no torch module.
    """
    _require_module(module)
    module = getattr(module, "_orig_mod", module)  # of torch.compile: what it computes is not compiled here
    leaves = [leaf for leaf in _leaves(module) if not _kind(leaf).startswith(SKIPPED)]
    linear = [leaf for leaf in leaves if _kind(leaf) == "Linear"]
    between = [leaf for leaf in leaves if _kind(leaf) != "Linear"]
    if any(_kind(leaf).startswith("Lazy") for leaf in leaves):
        raise ValueError("module must have its sizes; got a lazy layer: call the module on inputs once")
    _require_two_layers(len(linear), [_kind(leaf) for leaf in leaves])
    if between and leaves[-1] is between[-1]:
        _refuse_end(_kind(leaves[-1]))
    if len(between) > 1 or (between and leaves.index(between[0]) != 1):
        raise ValueError(f"module must be Linear, activation, Linear; got {_names(leaves)}")
    if activation is None:
        if not between:
            raise ValueError(
                f"activation must be given (such as activation='relu') for a module whose submodules do not "
                f"show it; got {_names(leaves)}"
            )
        activation = _torch_activation(between[0])
    fits = linear[0].weight.shape[0] == linear[1].weight.shape[1]
    hidden, output = linear if fits or between else linear[::-1]  # as a forward of one's own may call them
    a = arrays.real_array("a", output.weight)
    single = len(a) == 1
    c = None if output.bias is None else arrays.real_array("c", output.bias)
    net = TwoLayer(
        a[0] if single else a,
        arrays.real_array("W", hidden.weight),
        None if hidden.bias is None else arrays.real_array("b", hidden.bias),
        c[0] if single and c is not None else c,
        activation,
    )
    _require_same_outputs(net, module, hidden.weight)
    return net


def from_sklearn(estimator: Any) -> TwoLayer:
    """The network of a fitted MLPRegressor or MLPClassifier, as :meth:`TwoLayer.from_sklearn` returns it.

    Raises
    ------
    ValueError
        If it is not fitted, or has not one hidden layer.
    TypeError
        If `estimator` is anything else.
    """
    if hasattr(estimator, "steps"):
        raise TypeError(
            "estimator must be an MLPRegressor or MLPClassifier; got a Pipeline: pass its last step, "
            "pipeline[-1], with inputs pipeline[:-1].transform(X)"
        )
    if not type(estimator).__name__.startswith("MLP"):
        kind = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        cure = ": pass its best_estimator_" if kind.endswith("SearchCV") else ""
        cure = ": fit one, and pass that" if isinstance(estimator, type) else cure
        raise TypeError(f"estimator must be an MLPRegressor or MLPClassifier; got {kind}{cure}")
    if not hasattr(estimator, "coefs_"):
        raise ValueError("estimator must be fitted; got one without coefs_")
    weights, biases = estimator.coefs_, estimator.intercepts_
    _require_two_layers(len(weights), ["Linear"] * len(weights))
    if estimator.activation not in SKLEARN_NAMES:
        raise ValueError(
            f"activation must be one of {', '.join(SKLEARN_NAMES)}; got {estimator.activation!r}"
        )
    single = weights[1].shape[1] == 1
    return TwoLayer(
        weights[1][:, 0] if single else weights[1].T,
        weights[0].T,
        biases[0],
        biases[1][0] if single else biases[1],
        SKLEARN_NAMES[estimator.activation],
    )


def sklearn_loss(estimator: Any) -> str:
    """The loss that a fitted MLPRegressor or MLPClassifier minimises, by the name it has here.

    Raises
    ------
    ValueError
        If it has no twin here.
    """
    end = estimator.out_activation_
    if end not in SKLEARN_OUTPUTS or getattr(estimator, "loss", None) == "poisson":
        raise ValueError(
            f"estimator must minimise squared error, log-loss or cross-entropy; got loss {estimator.loss!r} "
            f"of outputs through {end!r}"
        )
    return SKLEARN_OUTPUTS[end]


def sklearn_targets(estimator: Any, y: Any) -> np.ndarray:
    """Targets as the network wants them: classes (n,) become their places in ``classes_``.

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if not hasattr(estimator, "classes_") or labels.ndim != 1:
        return labels
    classes = np.asarray(estimator.classes_)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise ValueError(
            f"y must be among the estimator's classes {classes}; got {labels[unknown][:1].tolist()[0]!r}"
        )
    return np.searchsorted(classes, labels)


def torch_order(net: TwoLayer) -> np.ndarray:
    """Where each parameter of torch's order stands in theta: (P,) integers.

    See :attr:`TwoLayer.torch_order`.
    """
    places = {name: np.arange(where.start, where.stop) for name, where in net.layout.items()}
    return np.concatenate([places[name] for name in ("W", "b", "a", "c") if name in places])


def _require_module(module: Any) -> None:
    """Refuse what is no torch module, with what to pass instead."""
    if isinstance(module, type):
        raise TypeError(f"module must be a torch module; got the class {module.__name__}: pass one it made")
    if callable(getattr(module, "children", None)) and callable(getattr(module, "parameters", None)):
        return
    cure = ""
    if hasattr(module, "keys"):
        cure = ": load the state into its module (load_state_dict), or name its arrays a, W, b, c"
    elif hasattr(module, "module_"):
        cure = ": pass its module_"
    raise TypeError(f"module must be a torch module; got {type(module).__name__}{cure}")


def _kind(leaf: Any) -> str:
    """The class of a leaf as it was written, before torch scripted or parametrized it."""
    return str(getattr(leaf, "original_name", type(leaf).__name__)).removeprefix("Parametrized")


def _leaves(module: Any) -> list[Any]:
    if hasattr(module, "in_features") and hasattr(module, "weight"):
        return [module]  # a parametrized layer has submodules, which make its weight
    children = list(module.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [module]


def _names(leaves: list[Any]) -> str:
    return ", ".join(map(_kind, leaves)) or "no submodules"


def _require_two_layers(count: int, names: list[str]) -> None:
    if count != 2:
        layers = f"{count} linear layer{'' if count == 1 else 's'}"
        raise ValueError(f"a model must have {DEEPER}; got {layers} ({', '.join(names)})")


def _refuse_end(name: str) -> None:
    if name in ENDS:
        raise ValueError(
            f"module must end with its linear layer; got {name} at the end: pass module[:-1], and the loss "
            f"{ENDS[name]!r}, which holds the {name.lower()}"
        )
    raise ValueError(f"module must end with its linear layer; got {name} at the end")


class _Attributes(dict[str, Any]):
    """The attributes of a leaf by name, for a format; a scripted leaf has none among its ``vars``."""

    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf

    def __missing__(self, name: str) -> Any:
        return getattr(self.leaf, name)


def _torch_activation(leaf: Any) -> str:
    """The activation of a torch module, by name or as a formula with its own numbers."""
    name = _kind(leaf)
    if name == "PReLU":
        if leaf.weight.numel() > 1:
            raise ValueError("the activation must be one for all units; got PReLU with a slope for each")
        return f"leaky_relu(z, {float(leaf.weight.detach())!r})"
    if name == "GELU":
        return "gelu" if leaf.approximate == "none" else "z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2"
    usual = {"LeakyReLU": 0.01, "Softplus": 1}.get(name)
    if usual is not None and usual == getattr(leaf, "negative_slope", getattr(leaf, "beta", None)):
        return "leaky_relu" if name == "LeakyReLU" else "softplus"
    if name in FORMULAS:
        return FORMULAS[name].format_map(_Attributes(leaf))
    if name in TORCH_NAMES:
        return TORCH_NAMES[name]
    known = ", ".join(sorted({*TORCH_NAMES, *FORMULAS, "GELU"}))
    raise ValueError(
        f"the activation must be one of {known}, or be given as a formula in activation=; got {name}"
    )


def _numbers(tensor: Any) -> Array:
    """A torch tensor as float64: half and single precision convert without rounding. Of the same shape."""
    return np.array(tensor.detach().cpu().double().numpy())


def _require_same_outputs(net: TwoLayer, module: Any, weight: Any) -> None:
    """Refuse a module that does something else to its inputs than its submodules, in order, do."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((5, net.W.shape[1]))
    tensor = weight.detach().new_tensor(inputs.tolist())
    rounded = _numbers(tensor)
    training = bool(module.training)
    module.eval()
    try:
        theirs = _numbers(module(tensor)).reshape(len(inputs), -1)
    except Exception as reason:  # whatever a stranger's forward raises
        raise ValueError(f"module must take inputs (n, {net.W.shape[1]}); got {reason}") from reason
    finally:
        module.train(training)
    ours = np.asarray(net(rounded)).reshape(len(inputs), -1)
    precision = TOLERANCES[int(weight.element_size())]
    scale = np.abs(net.A).sum() + np.abs(ours).max()
    if theirs.shape != ours.shape or not np.abs(theirs - ours).max() <= precision * scale:
        raise ValueError(
            "module must compute its last layer of the activation of its first; got outputs that differ from "
            f"that with {net.activation.name}: name the activation it applies with activation="
        )
