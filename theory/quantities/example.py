"""A network with data as plain numbers: an equality case or a counter-example that can be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.bridge import network
from theory.bridge.activation import activation as compiled
from theory.bridge.activation import built_in
from theory.quantities.network import Situation

Numbers = Any  # nested sequences of floats


@dataclass(frozen=True)
class Example:
    """A network with data.

    Parameters
    ----------
    note : str
        What it shows.
    a, W, X : sequences of float
        Weights and inputs, as for ``twolayer.TwoLayer``.
    y : sequence of float, optional
        Targets; without them the network's own outputs, so that it interpolates.
    b, c : optional
        Biases.
    activation, loss : str
        An activation that is not built in is an expression in z.
    variants : tuple of str
        The variants of the theorem it speaks of.

    Examples
    --------
    >>> print(Example("one unit", a=[2.0], W=[[1.0]], X=[[1.0]]).snippet())
    import twolayer as tl
    <BLANKLINE>
    net = tl.TwoLayer([2.0], [[1.0]], activation='tanh')
    X = [[1.0]]
    y = net(X)
    """

    note: str
    a: Numbers
    W: Numbers
    X: Numbers
    y: Numbers = None
    b: Numbers = None
    c: Numbers = None
    activation: str = "tanh"
    loss: str = "squared"
    variants: tuple[str, ...] = ()

    def situation(self) -> Situation:
        """The network with its data."""
        known = built_in(self.activation)
        activation = self.activation if known else compiled(self.activation)
        net = network.network(a=self.a, W=self.W, b=self.b, c=self.c, activation=activation)
        return Situation(net, self.X, net(self.X) if self.y is None else self.y, self.loss)

    def snippet(self) -> str:
        """Python that makes net, X and y."""
        parts = [repr(self.a), repr(self.W)]
        parts += [f"{name}={getattr(self, name)!r}" for name in "bc" if getattr(self, name) is not None]
        known = built_in(self.activation)
        made = f"{self.activation!r}" if known else f"activation({self.activation!r})"
        lines = [
            "import twolayer as tl",
            *([] if known else ["from theory import activation"]),
            "",
            f"net = tl.TwoLayer({', '.join(parts)}, activation={made})",
            f"X = {self.X!r}",
            f"y = {'net(X)' if self.y is None else repr(self.y)}",
        ]
        return "\n".join(lines)
