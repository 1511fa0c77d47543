"""The part of the support table on deep networks and torch modules, made as the part on two layers is."""

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
from flint import arb, arb_mat

from numerics import deep
from tests.oracle import deep as oracle
from tests.oracle import support

LOSSES = ("squared", "logistic", "softmax")
TORCH_LOSSES = (*LOSSES, "pseudo_huber")
SIZES = ([2, 2, 2, 2], [2, 2, 2, 2, 2])
TWO_LAYERS_ALONE = ("pairs", "dense", "structured", "kernel", "block(")

HEAD = """
## Deep networks

The same for the Hessian $H$ of fully connected networks of two and three hidden layers, tanh and relu, with
and without biases (`numerics.deep.Hessian`). Its truth is differentiated number by number, by code that
shares nothing with the package.

"""
ASKED: tuple[tuple[str, Callable[[Any], Any], Callable[..., Any], Callable[..., bool]], ...] = (
    *(
        (quantity.text, quantity.ask, quantity.truth, support.agrees)
        for quantity in support.ROUNDED
        if not quantity.text.startswith(TWO_LAYERS_ALONE)
    ),
    *(
        (quantity.text, quantity.ask, quantity.truth, support.within)
        for quantity in support.EXACT
        if not any(word in quantity.text for word in TWO_LAYERS_ALONE)
    ),
    ("frobenius_norm()", lambda H: H.frobenius_norm(), support.frobenius, support.within),
)

TORCH = """
## Modules of torch

Of any other `torch.nn.Module`, differentiated by torch (`numerics.deep.torch.module_hessian`), nothing is
called exact. What is asked for is compared with the exact Hessian of a network that computes the same, in
double precision, for $H$, $G$ and $R$.

- **estimated**: the two differ by less than the errors that both state, and the answer says that it is not
  exact.

"""
OF_MODULES = ("trace", "frobenius_norm", "spectral_norm", "nuclear_norm", "eigenvalues", "toarray")


def data(outputs: int, loss: str, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of two numbers, and targets that the loss accepts."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, 2))
    if loss == "softmax":
        return X, np.arange(n) % outputs
    y = rng.standard_normal((n, outputs))
    return X, (y > 0) * 1.0 if loss == "logistic" else y


def in_balls(matrix: np.ndarray) -> arb_mat:
    """A matrix of many digits as one of balls of no radius."""
    with mp.workdps(oracle.DIGITS):
        return arb_mat([[arb(mp.nstr(entry, oracle.DIGITS - 10)) for entry in row] for row in matrix])


def by_loss() -> str:
    """Quantities against losses."""
    rows = {text: [f"`{text}`"] for text, *_ in ASKED}
    for loss in LOSSES:
        found = problems(loss)
        for text, ask, truth, check in ASKED:
            good = all(check(ask(H), truth(M, None)) for H, M in found)
            word = "rounded" if check is support.agrees else "exact"
            rows[text].append(word if good else "no")
    return support.table(["quantity", *(f"`{loss}`" for loss in LOSSES)], list(rows.values()))


def problems(loss: str) -> list[tuple[deep.Hessian, arb_mat]]:
    """Hessians of some networks beside their truths."""
    found = []
    for seed, sizes in enumerate(SIZES):
        for activation, biases in (("tanh", True), ("relu", False)):
            net = deep.random_network(sizes, activation, seed=seed, biases=biases)
            X, y = data(sizes[-1], loss)
            bend = oracle.reference(net, X, y, loss)[1]
            found.append((deep.Hessian(net, X, y, loss), in_balls(bend)))
    return found


def modules() -> str:
    """The table on modules; it needs torch."""
    rows = []
    for name in OF_MODULES:
        cells = ["estimated" if agree(name, loss) else "no" for loss in TORCH_LOSSES]
        rows.append([f"`{name}()`", *cells])
    return support.table(["quantity", *(f"`{loss}`" for loss in TORCH_LOSSES)], rows)


def agree(name: str, loss: str) -> bool:
    """Whether a module that is differentiated and the network that it is agree within their errors."""
    import torch

    from numerics.deep.torch import module_hessian

    torch.manual_seed(0)
    inner = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)).double()

    class Hidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)  # type: ignore[no-any-return]

    X, y = data(2, loss)
    exact, found = module_hessian(inner, X, y, loss), module_hessian(Hidden(), X, y, loss)
    parts = (lambda H: H, lambda H: H.gauss_newton, lambda H: H.residual)
    return all(one(name, part(exact), part(found)) for part in parts)


def one(name: str, H: Any, M: Any) -> bool:
    """Whether one quantity of the exact `H` and of the estimated `M` agree."""
    a, b = getattr(H, name)(), getattr(M, name)()
    if name == "toarray":
        return bool(np.linalg.norm(a - b) <= H.rounding_error() + M.rounding_error())
    return not b.exact and bool((np.abs(a.value - b.value) <= a.error + b.error).all())
