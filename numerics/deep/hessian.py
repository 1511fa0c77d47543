"""The Hessian of a deep network's risk, made from the network and the data."""

from __future__ import annotations

from numpy.typing import ArrayLike

from numerics.deep import input_gradient
from numerics.deep.curvature import Curvature
from numerics.deep.forward import forward
from numerics.deep.network import Network
from numerics.deep.norms import Scope
from twolayer.errors.measurement import Measurement
from twolayer.model.loss import Loss
from twolayer.spectrum.extremes.watch import Progress, Watch


class Hessian(Curvature):
    r"""Hessian of the risk of a deep network, :math:`H = \nabla^2_\theta \frac1n \sum_i l(f(x_i), y_i)`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (n, d)
    y : array_like
        Targets (n,) or (n, q); labels 0 or 1 for "logistic"; integers 0..q-1, shape (n,), for "softmax".
    loss : str or Loss
        "squared" (with its factor 1/2), "logistic", "pseudo_huber" or "softmax".

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or a value overflows.

    Notes
    -----
    Every norm is a :class:`twolayer.Measurement` whose error bounds rounding, the inputs taken as exact. The
    order of the parameters is torch's: W_1 row by row, b_1, W_2, ...

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # f = w_2 w_1 x = 2, r = 2, theta = (w_1, w_2)
    >>> H.toarray()
    array([[4., 4.],
           [4., 1.]])
    """

    def __init__(self, net: Network, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> None:
        if not isinstance(net, Network):
            raise TypeError(f"net must be a deep.Network; got {type(net).__name__}: see deep.Network.of")
        super().__init__(forward(net, X, y, loss), Scope(tuple(range(net.depth))))

    def input_gradient(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> Measurement:
        """E|grad_x f|^2 over the samples, summed over outputs: the left side of theorem T2, at any depth.

        `progress` and `max_seconds` are as for :meth:`eigenvalues`.

        Examples
        --------
        >>> net = Network([[[3.0]], [2.0]], activation="identity")
        >>> float(Hessian(net, [[1.0]], [0.0]).input_gradient())
        36.0
        """
        Watch(progress, max_seconds).stage(0.0, "input gradients")
        return input_gradient.mean_square(self.forward)

    def input_gradient_bounds(
        self, *, progress: Progress | None = None, max_seconds: float | None = None
    ) -> dict[str, Measurement]:
        """The right sides of theorem T2 by the curvature in the first layer's biases, by name.

        See :func:`numerics.deep.input_gradient.bounds`. For the squared loss at interpolation that curvature
        is the Hessian's own block (theorem T3). `progress` and `max_seconds` are as for :meth:`eigenvalues`.
        """
        return input_gradient.bounds(self.forward, Watch(progress, max_seconds))

    def __repr__(self) -> str:
        return f"Hessian(P = {self.shape[0]}; {self.convention})"
