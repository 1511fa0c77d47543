"""Volumes about a minimum: five estimators that say how far they may be believed.

Each is a function of a landscape and a minimum and returns a
:class:`~numerics.volume.estimate.VolumeEstimate` with a value, an error, an effective sample size, a verdict
and its reason. They answer different questions:

- :func:`log_product`: the paper's proxy, no volume;
- :func:`ellipsoid`: the quadratic part's sublevel set, in closed form;
- :func:`radial`: a star-shaped region about the minimum;
- :func:`tempering`: any region, a basin of attraction for instance;
- :func:`learning_coefficient`: the exponent of the volume, and a soft volume under a Gaussian.

>>> import numpy as np
>>> from numerics import potentials, volume
>>> bowl = potentials.ellipsoid(np.geomspace(1, 1e3, 100))
>>> rng = np.random.default_rng(0)
>>> good = volume.radial(bowl, np.zeros(100), threshold=1.0, rng=rng)
>>> bad = volume.radial(bowl, np.zeros(100), threshold=1.0, preconditioner=None, directions=100, rng=rng)
>>> bool(abs(good.log_volume - bowl.log_volume(1.0)) < good.error), good.verdict
(True, 'trusted')
>>> bool(bad.log_volume < bowl.log_volume(1.0) - 30), bad.verdict
(True, 'refused')
"""

from numerics.volume.by_eigenvalues import ellipsoid, log_product
from numerics.volume.by_learning import learning_coefficient
from numerics.volume.by_rays import radial
from numerics.volume.by_tempering import tempering
from numerics.volume.estimate import LearningCoefficient, VolumeEstimate

__all__ = [
    "LearningCoefficient",
    "VolumeEstimate",
    "ellipsoid",
    "learning_coefficient",
    "log_product",
    "radial",
    "tempering",
]


def __dir__() -> list[str]:
    return __all__
