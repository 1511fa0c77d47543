"""Many two-layer networks of one shape, evaluated and trained at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import arrays
from ..arrays import Array
from ..model.activation import activation as find_activation
from ..model.loss import Loss
from ..model.network import TwoLayer
from ..spectrum.extremes.watch import Progress, Watch
from ..threads import in_threads
from .packing import Packing, risks, slopes, told

BLOCK = 64
"""Networks whose norms a thread finds in one call."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    r"""Networks :math:`f_e(x) = \sum_k a_{ek}\, s(w_{ek} \cdot x + b_{ek}) + c_e` of one shape.

    Parameters
    ----------
    a : array_like, shape (E, m) or (E, q, m)
    W : array_like, shape (E, m, d)
    b : array_like, shape (E, m), optional
    c : array_like, shape (E,) or (E, q), optional
    activation : str or Activation

    Attributes
    ----------
    theta : ndarray, shape (E, P)
        All parameters, each row laid out as ``TwoLayer.theta``.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, or the activation is unknown.

    Notes
    -----
    ``ensemble[e]`` is member e as a :class:`TwoLayer`. What the methods return are plain arrays without
    rounding bounds, which those of the members have. A member's numbers do not depend on the other members.

    Examples
    --------
    >>> pair = Ensemble(a=[[2.0], [3.0]], W=[[[1.0]], [[1.0]]], activation="identity")
    >>> pair.risk([[1.0]], [2.0])
    array([0. , 0.5])
    >>> float(pair.frobenius_norm([[1.0]], [2.0])[0])  # [[1, 2], [2, 4]]
    5.0
    """

    a: Any
    W: Any
    b: Any = None
    c: Any = None
    activation: Any = "tanh"

    def __post_init__(self) -> None:
        W = arrays.real_array("W", self.W)
        arrays.require_shape("W", W, ("E", "m", "d"))
        E, m, _ = W.shape
        a = arrays.real_array("a", self.a)
        arrays.require_shape("a", a, (E, m) if a.ndim == 2 else (E, "q", m), " to match W")
        parts = {"a": a, "W": W}
        wanted: dict[str, tuple[int | str, ...]] = {
            "b": (E, m),
            "c": (E,) if a.ndim == 2 else (E, a.shape[1]),
        }
        for name, shape in wanted.items():
            if getattr(self, name) is not None:
                parts[name] = arrays.real_array(name, getattr(self, name))
                arrays.require_shape(name, parts[name], shape, " to match a and W")
        for name, array in parts.items():
            own = array.copy()
            own.setflags(write=False)
            object.__setattr__(self, name, own)
        object.__setattr__(self, "activation", find_activation(self.activation))

    @classmethod
    def of(cls, net: TwoLayer, theta: ArrayLike) -> Ensemble:
        """The networks of the shape of `net` whose parameters are the rows of `theta`, shape (E, P).

        Raises
        ------
        ValueError
            If `theta` is not finite or does not fit.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]])
        >>> len(Ensemble.of(net, [[1.0, 2.0], [3.0, 4.0]]))
        2
        """
        rows = arrays.real_array("theta", theta)
        arrays.require_shape(
            "theta", rows, ("E", net.n_parameters), f" = (E, P), laid out {list(net.layout)}"
        )
        new = {
            name: rows[:, where].reshape(len(rows), *net.parts[name].shape)
            for name, where in net.layout.items()
        }
        return cls(new["a"], new["W"], new.get("b"), new.get("c"), net.activation)

    def __len__(self) -> int:
        return int(self.W.shape[0])

    def __getitem__(self, index: int) -> TwoLayer:
        b = None if self.b is None else self.b[index]
        c = None if self.c is None else self.c[index]
        return TwoLayer(self.a[index], self.W[index], b, c, self.activation)

    def __iter__(self) -> Iterator[TwoLayer]:
        return (self[index] for index in range(len(self)))

    @property
    def theta(self) -> Array:
        """All parameters, shape (E, P)."""
        parts = [part for part in (self.a, self.W, self.b, self.c) if part is not None]
        return np.concatenate([part.reshape(len(self), -1) for part in parts], axis=1)

    def replace(self, theta: ArrayLike) -> Ensemble:
        """The ensemble of the same shape of network with parameters `theta`, shape (any number, P).

        Raises
        ------
        ValueError
            If `theta` is not finite or does not fit.
        """
        return Ensemble.of(self[0], theta)

    def risk(self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Array:
        """Risk of every member, shape (E,).

        Parameters
        ----------
        X : array_like, shape (n, d)
        y : array_like
            Targets, as for :func:`twolayer.curvature.gradient`.
        loss : str or Loss

        Raises
        ------
        ValueError
            If the data does not fit the networks or the loss.
        """
        return risks(Packing(self[0], X, y, loss), self.theta)

    def gradient(self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Array:
        """Gradient of every member's risk, shape (E, P); `X`, `y`, `loss` and errors as for :meth:`risk`."""
        return slopes(Packing(self[0], X, y, loss), self.theta)

    def frobenius_norm(self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Array:
        """Frobenius norm of every member's Hessian, shape (E,), exact but for rounding.

        `X`, `y`, `loss` and errors as for :meth:`risk`. O(n^2 m) a member for scalar outputs; with several
        outputs one :class:`Hessian` a member.
        """
        return self._curvature("frobenius", X, y, loss)

    def trace(self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Array:
        """Trace of every member's Hessian, shape (E,); `X`, `y`, `loss` and errors as for :meth:`risk`."""
        return self._curvature("trace", X, y, loss)

    def eigenvalues(
        self,
        X: ArrayLike,
        y: ArrayLike,
        loss: str | Loss = "squared",
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Array:
        """All eigenvalues of every member's Hessian, descending, shape (E, P).

        `X`, `y`, `loss` and errors as for :meth:`risk`. O(n P^2 + P^3) a member, in compiled code for scalar
        outputs; with several outputs one :class:`Hessian` a member. The values are LAPACK's, without a bound
        of their errors; :meth:`Hessian.eigenvalues` of a member proves one. `progress` is called with the
        share done and what is being done; when `max_seconds` are over that is a TimeoutError.

        Examples
        --------
        >>> pair = Ensemble(a=[[2.0], [0.0]], W=[[[1.0]], [[0.0]]], activation="identity")
        >>> pair.eigenvalues([[1.0]], [2.0]).round(12) + 0.0  # [[1, 2], [2, 4]] and [[0, -2], [-2, 0]]
        array([[ 5.,  0.],
               [ 2., -2.]])
        """
        if self.a.ndim == 3:
            from ..operators.hessian import Hessian

            found = np.empty_like(self.theta)

            def of_one(at: int) -> None:
                found[at] = np.linalg.eigvalsh(Hessian(self[at], X, y, loss).toarray())

            in_threads(of_one, list(range(len(self))), told(Watch(progress, max_seconds)))
            return found[:, ::-1]
        from .spectra import eigenvalues

        data, theta = Packing(self[0], X, y, loss, "gemm"), self.theta
        values, targets = np.empty_like(theta), data.Y[:, 0].copy()
        fixed = data.m, data.has_b, data.has_c, data.X, targets

        def evaluate(block: slice) -> None:
            eigenvalues(data.jets, data.losses, theta[block], *fixed, values[block])

        blocks = [slice(first, first + BLOCK) for first in range(0, len(self), BLOCK)]
        in_threads(evaluate, blocks, told(Watch(progress, max_seconds)))
        return values[:, ::-1]

    def largest_eigenvalue(
        self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared", **watched: Any
    ) -> Array:
        """Algebraically largest eigenvalue of every member's Hessian, shape (E,).

        `X`, `y`, `loss`, errors and cost are those of :meth:`eigenvalues`, and so are `progress` and
        `max_seconds`, which `watched` may hold.
        """
        return self.eigenvalues(X, y, loss, **watched)[:, 0]

    def smallest_eigenvalue(
        self, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared", **watched: Any
    ) -> Array:
        """Algebraically smallest eigenvalue of every member's Hessian, shape (E,).

        `X`, `y`, `loss`, errors and cost are those of :meth:`eigenvalues`, and so are `progress` and
        `max_seconds`, which `watched` may hold.
        """
        return self.eigenvalues(X, y, loss, **watched)[:, -1]

    def negative_count(
        self,
        X: ArrayLike,
        y: ArrayLike,
        loss: str | Loss = "squared",
        tolerance: float = 1e-12,
        **watched: Any,
    ) -> NDArray[np.intp]:
        """Number of negative eigenvalues of every member's Hessian, shape (E,).

        `X`, `y`, `loss` and cost are those of :meth:`eigenvalues`, and so are `progress` and `max_seconds`,
        which `watched` may hold.
        An eigenvalue counts as zero up to `tolerance` times the largest absolute one. What rounding leaves
        undecided is told by :meth:`twolayer.Hessian.inertia` of a member.

        Raises
        ------
        ValueError
            If `tolerance` is not a number in 0..1, or as :meth:`risk` does.

        Examples
        --------
        >>> pair = Ensemble(a=[[2.0], [0.0]], W=[[[1.0]], [[0.0]]], activation="identity")
        >>> pair.negative_count([[1.0]], [2.0])
        array([0, 1])
        """
        if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance <= 1:
            raise ValueError(f"tolerance must be a number in 0..1; got {tolerance!r}")
        values = self.eigenvalues(X, y, loss, **watched)
        return np.asarray((values < -tolerance * np.abs(values).max(axis=1)[:, None]).sum(axis=1))

    def _curvature(self, what: str, X: ArrayLike, y: ArrayLike, loss: str | Loss) -> Array:
        if self.a.ndim == 3:
            from ..operators.hessian import Hessian

            name = {"frobenius": "frobenius_norm"}.get(what, what)
            return np.array([float(getattr(Hessian(net, X, y, loss), name)()) for net in self])
        from . import norms

        data, values, theta = Packing(self[0], X, y, loss, "gemm"), np.empty(len(self)), self.theta
        K, targets = data.X @ data.X.T + (self.b is not None), data.Y[:, 0].copy()
        fixed = data.m, data.has_b, data.has_c, data.X, targets, K, K * K
        kernel: Callable[..., None] = getattr(norms, what)

        def evaluate(block: slice) -> None:
            kernel(data.jets, data.losses, theta[block], *fixed, values[block])

        in_threads(evaluate, [slice(first, first + BLOCK) for first in range(0, len(self), BLOCK)])
        return values

    def __repr__(self) -> str:
        return f"Ensemble({len(self)} of {self[0]!r})"
