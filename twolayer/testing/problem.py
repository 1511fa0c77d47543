"""A network with data: what a property of curvature is tested at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.network import TwoLayer


@dataclass(frozen=True, eq=False)
class Problem:
    """A network, data and a loss, in the order in which the package's functions take them.

    Parameters
    ----------
    net : TwoLayer
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,) or (n, q)
    loss : str

    Notes
    -----
    ``tl.Hessian(*problem)``, ``tl.risk(*problem)`` and ``theorem.check(*problem)`` take it as it
    is. Printed, it is Python that makes it again, to the last digit: a failing example can be pasted.

    Examples
    --------
    >>> import twolayer as tl
    >>> problem = Problem(tl.TwoLayer([2.0], [[1.0]]), np.array([[1.0]]), np.array([0.5]))
    >>> problem
    Problem(tl.TwoLayer([2.0], [[1.0]], activation='tanh'), X=np.array([[1.0]]),
        y=np.array([0.5]), loss='squared')
    >>> round(2 * float(tl.risk(*problem)), 6) == round(float(2 * np.tanh(1) - 0.5) ** 2, 6)
    True
    """

    net: TwoLayer
    X: Any
    y: Any
    loss: str = "squared"

    def __iter__(self) -> Iterator[Any]:
        return iter((self.net, self.X, self.y, self.loss))

    def __repr__(self) -> str:
        arrays = {name: f"np.array({np.asarray(getattr(self, name)).tolist()!r})" for name in "Xy"}
        data = ", ".join(f"{name}={text}" for name, text in arrays.items())
        return f"Problem({network_code(self.net)}, {data}, loss={self.loss!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis and IPython print: the same."""
        printer.text(repr(self))


def network_code(net: TwoLayer) -> str:
    """Python that makes the network `net` of a built-in activation.

    Examples
    --------
    >>> network_code(TwoLayer([2.0], [[1.0]], b=[0.5], activation="relu"))
    "tl.TwoLayer([2.0], [[1.0]], b=[0.5], activation='relu')"
    """
    parts = [f"{net.a.tolist()}", f"{net.W.tolist()}"]
    parts += [f"{name}={part.tolist()}" for name, part in net.parts.items() if name in ("b", "c")]
    return f"tl.TwoLayer({', '.join(parts)}, activation={net.activation.name!r})"
