"""Named arrays of parameters as one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from ..arrays import Array


class Parameters(ABC):
    """What every network derives from `parts`, its arrays of parameters by name in the order of `theta`."""

    __match_args__: ClassVar[tuple[str, ...]] = ()  # a dataclass's: what it is made from

    @property
    @abstractmethod
    def parts(self) -> dict[str, Array]:
        """The arrays of parameters that are present, of any shapes."""

    @property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(array.size for array in self.parts.values())

    @property
    def layout(self) -> dict[str, slice]:
        """Where each part stands in `theta`."""
        start, slices = 0, {}
        for name, array in self.parts.items():
            slices[name] = slice(start, start + array.size)
            start += array.size
        return slices

    @property
    def theta(self) -> Array:
        """All parameters as one vector, shape (P,): the parts after each other, each row by row."""
        return np.concatenate([array.ravel() for array in self.parts.values()])

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Copies and pickles are made anew from the fields: checked, and read-only as the original."""
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)
