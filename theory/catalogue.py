"""All theorems, by id."""

from types import MappingProxyType

from theory import input_gradient

theorems = MappingProxyType({theorem.id: theorem for theorem in input_gradient.THEOREMS})
