"""The eigenvalues that were asked for, some of them with vectors, and how much of them is proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors.measurement import Measurement


@dataclass(frozen=True, eq=False, repr=False)
class Eigenvalues(Measurement):
    """A few eigenvalues: a measurement whose entries are proved one by one.

    Attributes
    ----------
    value, error : ndarray, shape (k,)
        More than the k asked for where the last is in a cluster, which is returned whole, as `method` says.
        Where `proved`, the true eigenvalue of the same rank lies within ``value +- error``. Elsewhere some
        eigenvalue does, but others may have been omitted before it.
    exact : bool
        Whether all are proved.
    proved : ndarray of bool, shape (k,)
        True for a prefix: no eigenvalue is missing among these.
    residual : ndarray, shape (k,), optional
        Bounds of ``|H v - value v|`` for the unit vectors v found; None where values came without them.
    vectors : ndarray, shape (P, k), optional
        The eigenvectors, orthonormal but for rounding, if asked for.
    missing : str
        Why some are not proved, and what would prove them; empty if all are.
    chance : float
        0 where all are proved. Else a bound of the probability, over the random vectors of a test, that an
        eigenvalue is missing, and 1 where no test was passed.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> found = tl.Hessian(net, [[1.0]], [2.0]).eigenvalues(1, return_vectors=True)  # [[1, 2], [2, 4]]
    >>> abs(found.vectors[:, 0]).round(6).tolist(), found.proved.tolist()
    ([0.447214, 0.894427], [True])
    """

    proved: Any = None
    residual: Any = None
    vectors: Any = None
    missing: str = ""
    chance: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: a measurement's, what is proved, missing, and how likely; no vectors."""
        proved = np.asarray(self.proved).tolist()
        return super().as_dict() | {"proved": proved, "missing": self.missing, "chance": self.chance}
