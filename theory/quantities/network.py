"""A network with data: where theorems are evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from theory.bridge import network


@dataclass
class Situation:
    """A network with data and a loss, and the quantities evaluated there so far.

    Parameters
    ----------
    net, X, y, loss
        As for ``twolayer.Hessian``.
    """

    net: Any
    X: Any
    y: Any
    loss: Any = "squared"
    found: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, evaluate: Callable[[Situation], Any]) -> Any:
        """Return ``evaluate(self)``, from memory the second time."""
        if name not in self.found:
            self.found[name] = evaluate(self)
        return self.found[name]

    @property
    def forward(self) -> Any:
        """The forward pass with its error bounds."""
        return self.hessian.forward

    @property
    def hessian(self) -> Any:
        """The Hessian as an operator."""
        return self.once("hessian", lambda at: network.hessian(at.net, at.X, at.y, at.loss))
