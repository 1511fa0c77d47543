"""Derivations, theorems and population formulas of two-layer networks.

``theory.derive`` shows the gradient, the Hessian and the norms of a network as formulas,
``theory.activation`` compiles an activation from an expression, ``theory.theorems`` maps the id of a
theorem to its record, and ``theory.claim`` makes a relation between quantities out of text.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: most uses need one part."""
    if name == "theorems":
        from theory.catalogue import theorems

        return theorems
    if name == "activation":
        from theory.bridge import activation

        return activation
    if name == "derive":
        from theory.derivation import derive

        return derive
    if name == "claim":
        from theory.inequality import claim

        return claim
    raise AttributeError(f"module 'theory' has no attribute {name!r}")
