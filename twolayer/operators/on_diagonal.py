"""What is read off the diagonal of a curvature, or added to it, whatever the depth of the network."""

from __future__ import annotations

from ..errors.measurement import Measurement, measured
from ..errors.rounding import SLACK, gamma, scaled_norm
from ..forward.scope import sizes
from .functions import SpectralFunctions
from .ridge import Regularised, strengths


class OnDiagonal(SpectralFunctions):
    """A curvature whose diagonal is asked for; the diagonal itself and its parts are said by subclasses."""

    @property
    def part_sizes(self) -> dict[str, int]:
        """Number of parameters in each of these parts."""
        return sizes(self.forward, self.scope)

    def diagonal_norm(self) -> Measurement:
        """Euclidean norm of the diagonal: the root of the sum of its squares. O(n m (q^2 + d)) time.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> round(Hessian(net, [[1.0]], [2.0]).diagonal_norm().value ** 2, 9)  # 1 + 16
        17.0
        """
        diagonal = self.diagonal()
        value = scaled_norm(diagonal)
        error = self.rounding_error() + gamma(len(diagonal) + 4) * value
        return measured(value, SLACK * error, "closed form", self.convention)

    def with_ridge(self, ridge: float, parts: tuple[str, ...] | list[str] | str | None = None) -> Regularised:
        """This curvature with `ridge` added on its diagonal: that of the risk + (ridge / 2) ``|theta|^2``.

        Parameters
        ----------
        ridge : float
            At least 0. torch's `weight_decay` is a ridge on all parameters; scikit-learn's `alpha`, divided
            by the number of samples, is one on the weights: "a" and "W", at any depth "W1", "W2", ....
        parts : sequence of str, optional
            On which parts of the parameters; by default on all.

        Raises
        ------
        ValueError
            If `ridge` is negative or not finite, or a part is not among this operator's.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> Hessian(net, [[1.0]], [2.0]).with_ridge(0.5).toarray()
        array([[1.5, 2. ],
               [2. , 4.5]])
        """
        return Regularised(self, strengths(tuple(self.part_sizes), ridge, parts))
