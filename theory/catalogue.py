"""All theorems, by id, each with its proofs."""

from dataclasses import replace
from types import MappingProxyType

from theory import (
    chains,
    chains_balanced,
    chains_spectra,
    converses,
    homogeneous,
    input_gradient,
    literature,
    spectra,
)
from theory.theorem import Theorem

GROUPS = (input_gradient, converses, homogeneous, spectra, literature)
PROOFS = chains.CHAINS | chains_balanced.CHAINS | chains_spectra.CHAINS

theorems: MappingProxyType[str, Theorem] = MappingProxyType(
    {
        theorem.id: replace(theorem, proof=PROOFS.get(theorem.id, {}))
        for group in GROUPS
        for theorem in group.THEOREMS
    }
)
