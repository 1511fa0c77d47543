"""Named arrays of parameters as one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
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

    def _parts_of(self, theta: ArrayLike) -> dict[str, Array]:
        """A copy of `theta` (P,), once checked, as read-only parts of the shapes of these."""
        own = arrays.real_array("theta", theta).copy()
        own.setflags(write=False)
        parts, start = self.parts, 0
        if own.shape != (self.n_parameters,):
            arrays.require_shape("theta", own, (self.n_parameters,), f" = (P,), laid out {list(parts)}")
        for name, part in parts.items():
            parts[name] = own[start : start + part.size].reshape(part.shape)
            start += part.size
        return parts

    @classmethod
    def _made_of(cls, **fields: Any) -> Self:
        """A network of all its `fields`, known to be right: iterations make one a step."""
        made = object.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(made, name, value)
        return made

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Copies and pickles are made anew from the fields: checked, and read-only as the original."""
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)
