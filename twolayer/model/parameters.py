"""Named arrays of parameters as one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..arrays import Array


class Parameters(ABC):
    """What every network derives from `parts`, its arrays of parameters by name in the order of `theta`."""

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
