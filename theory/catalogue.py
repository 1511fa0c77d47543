"""All theorems, by id."""

from types import MappingProxyType

from theory import converses, homogeneous, input_gradient, literature, spectra
from theory.theorem import Theorem

GROUPS = (input_gradient, converses, homogeneous, spectra, literature)

theorems: MappingProxyType[str, Theorem] = MappingProxyType(
    {theorem.id: theorem for group in GROUPS for theorem in group.THEOREMS}
)
