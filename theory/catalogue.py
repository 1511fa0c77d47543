"""All theorems, by id, each with its proofs: of two layers, and of any depth."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from theory.proofs import any_depth as any_depth_proofs
from theory.proofs import input_gradient as input_gradient_proofs
from theory.proofs import rescaling as rescaling_proofs
from theory.proofs import spectral as spectral_proofs
from theory.records import any_depth, converses, input_gradient, literature, rescaling, spectral
from theory.records.theorem import PROVED, Theorem

GROUPS = (input_gradient, converses, rescaling, spectral, literature)
PROOFS = input_gradient_proofs.CHAINS | rescaling_proofs.CHAINS | spectral_proofs.CHAINS


def with_proof(theorem: Theorem) -> Theorem:
    """The record with the proofs of its variants.

    Raises
    ------
    KeyError
        If the record says that it is proved and a variant has no proof.
    """
    chains: Any = (PROOFS | any_depth_proofs.CHAINS).get(theorem.id, {})
    if theorem.status == PROVED and chains.keys() != theorem.variants.keys():
        missing = ", ".join(sorted(theorem.variants.keys() - chains.keys()))
        raise KeyError(f"{theorem.id} must have a proof of every variant; got none of {missing}")
    return replace(theorem, proof=chains)


theorems: MappingProxyType[str, Theorem] = MappingProxyType(
    {theorem.id: with_proof(theorem) for group in GROUPS for theorem in group.THEOREMS}
)
"""The record of every theorem on two-layer networks, by its id, in the order of the pages; read-only."""

theorems_at_any_depth: MappingProxyType[str, Theorem] = MappingProxyType(
    {theorem.id: with_proof(theorem) for theorem in any_depth.THEOREMS}
)
"""The record of every theorem on networks of any depth, by its id; read-only."""
