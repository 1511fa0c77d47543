"""Derivations and theorems of two-layer networks.

``theory.derive`` shows the gradient, the Hessian and the norms of a network as formulas,
``theory.activation`` compiles an activation from an expression, ``theory.theorems`` maps the id of a
theorem to its record, ``theory.theorems_at_any_depth`` those on deep networks, and ``theory.claim`` makes
a relation between quantities out of text.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from theory.clashes import tell_of_hidden

if TYPE_CHECKING:
    from theory.bridge.activation import activation
    from theory.catalogue import theorems, theorems_at_any_depth
    from theory.claims import Claim, claim
    from theory.derivation.derive import derive

__all__ = ["Claim", "activation", "claim", "derive", "theorems", "theorems_at_any_depth"]

HOMES = {
    "Claim": "theory.claims",
    "activation": "theory.bridge.activation",
    "claim": "theory.claims",
    "derive": "theory.derivation.derive",
    "theorems": "theory.catalogue",
    "theorems_at_any_depth": "theory.catalogue",
}

tell_of_hidden("theory", __file__)


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: most uses need one part."""
    if name not in HOMES:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    globals()[name] = getattr(import_module(HOMES[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return __all__
