"""Coordinates about a minimum in which its region is nearly a ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.landscape.landscape import Points, hessian_at
from numerics.volume.estimate import Refusal
from numerics.volume.region import FLAT, SADDLE, Region, _probe
from twolayer import arrays
from twolayer.arrays import Array


@dataclass(frozen=True)
class Frame:
    """Coordinates z in which the region is near a ball: theta = centre + map z.

    Attributes
    ----------
    map : ndarray, shape (D, D)
    log_det : float
        Logarithm of |det map|.
    """

    centre: Array
    map: Array
    log_det: float

    def points(self, z: Points) -> Points:
        """theta (k, D) of the coordinates `z` (k, D)."""
        return np.asarray(self.centre + z @ self.map.T)


def frame(where: Region, preconditioner: str | Array | None) -> Frame:
    """The frame of a preconditioner: "hessian", None (isotropic) or a (D, D) matrix of axes as columns.

    With "hessian" the axes are those of the ellipsoid of the quadratic part, {quadratic < T}; along
    directions without curvature, or where the prior ends first, the distance to the region's end. A region
    given by its membership has the Hessian's axes, and its own extent along each.

    Raises
    ------
    Refusal
        If a direction has no end, or the point is a saddle.
    ValueError
        If `preconditioner` is something else, or singular.
    """
    D = where.dimension
    if (where.exits(np.eye(D)) <= 0).any():
        raise Refusal("the minimum lies where the prior has no mass to speak of")
    if preconditioner is None:
        axes = np.eye(D) * _probe(where, np.ones((1, D)) / np.sqrt(D))[0]
    elif isinstance(preconditioner, str) and preconditioner == "hessian":
        axes = _hessian_axes(where)
    else:
        text = isinstance(preconditioner, str)
        axes = np.zeros(0) if text else arrays.real_array("preconditioner", preconditioner)
        if axes.shape != (D, D):
            raise ValueError(
                f"preconditioner must be 'hessian', None or a ({D}, {D}) matrix; got {preconditioner!r}"
            )
    sign, log_det = np.linalg.slogdet(axes)
    if sign == 0 or not np.isfinite(log_det):
        raise ValueError("preconditioner must be an invertible matrix; got a singular one")
    return Frame(where.centre, axes, float(log_det))


def _hessian_axes(where: Region) -> Array:
    values, Q = np.linalg.eigh(hessian_at(where.landscape, where.centre))
    reach = np.full(len(values), np.inf)
    if where.prior is not None:
        reach = np.minimum(where.exits(Q.T), where.exits(-Q.T))
        reach = np.clip(reach, 1e-3 * where.prior.reach(1), where.prior.reach(len(values)))
    if where.threshold is None:
        return np.asarray(Q * np.minimum(_probe(where, Q.T), reach))
    largest = max(abs(values).max(), 1e-300)
    if values[0] < -SADDLE * largest:
        raise Refusal(f"the point is no minimum: its Hessian has the eigenvalue {values[0]:.3g}")
    curved = values > FLAT * largest
    lengths = np.sqrt(2 * where.threshold / np.where(curved, values, np.inf))
    curved &= lengths < reach
    lengths = np.minimum(lengths, reach)
    if not curved.all():
        lengths[~curved] = np.minimum(_probe(where, Q.T[~curved]), reach[~curved])
    return np.asarray(Q * lengths)
