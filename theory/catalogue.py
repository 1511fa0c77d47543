"""All theorems, by id, each with its proofs."""

from dataclasses import replace
from types import MappingProxyType

from theory.proofs import input_gradient as input_gradient_proofs
from theory.proofs import rescaling as rescaling_proofs
from theory.proofs import spectral as spectral_proofs
from theory.records import converses, input_gradient, literature, rescaling, spectral
from theory.records.theorem import Theorem

GROUPS = (input_gradient, converses, rescaling, spectral, literature)
PROOFS = input_gradient_proofs.CHAINS | rescaling_proofs.CHAINS | spectral_proofs.CHAINS

theorems: MappingProxyType[str, Theorem] = MappingProxyType(
    {
        theorem.id: replace(theorem, proof=PROOFS.get(theorem.id, {}))
        for group in GROUPS
        for theorem in group.THEOREMS
    }
)
