"""One risk to take the curvature of: the raw arrays, before any of our code has seen them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import twolayer as tl


@dataclass(frozen=True, eq=False)
class Problem:
    """The arguments of ``tl.TwoLayer`` and ``tl.Hessian``.

    Printing one gives Python that builds it again, so that a failing example can be pasted.
    """

    a: Any
    W: Any
    b: Any
    c: Any
    X: Any
    y: Any
    activation: str = "tanh"
    loss: str = "squared"

    @property
    def outputs(self) -> int:
        return 1 if np.ndim(self.a) == 1 else len(self.a)

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return sum(np.size(part) for part in (self.a, self.W, self.b, self.c) if part is not None)

    @property
    def net(self) -> Any:
        return tl.TwoLayer(self.a, self.W, self.b, self.c, activation=self.activation)

    @property
    def hessian(self) -> Any:
        return tl.Hessian(self.net, self.X, self.y, loss=self.loss)

    def but(self, **changes: Any) -> "Problem":
        return replace(self, **changes)

    def __repr__(self) -> str:
        def text(value: Any) -> str:
            return f"np.array({value.tolist()!r})" if isinstance(value, np.ndarray) else repr(value)

        return f"Problem({', '.join(f'{name}={text(value)}' for name, value in vars(self).items())})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis prints: every digit."""
        printer.text(repr(self))
