"""What follows from the whole spectrum: its distribution, and functions of all eigenvalues."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import finite_number, real_array, real_number, require_shape
from ..errors.measurement import Measurement
from ..spectrum import functions
from ..spectrum.extremes.watch import Progress, Watch
from .spectral import Spectral


class SpectralFunctions(Spectral):
    """A curvature operator that is asked for functions of all its eigenvalues.

    Each takes all eigenvalues by the method that :meth:`eigenvalues` would take, and keeps them; the argument
    `method` forces one, as there. The error is a bound.
    """

    def spectral_distribution(
        self,
        grid: ArrayLike,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Number of eigenvalues below each point of a grid: exact counts, nothing smoothed.

        Parameters
        ----------
        grid : array_like, shape (g,)
        method : {None, "dense", "kernel", "structured"}
            As for :meth:`inertia`, which is asked at every point unless all eigenvalues are cheaper.
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Returns
        -------
        Measurement
            `value` (g,), and `error` (g,) counts the eigenvalues that rounding leaves undecided at the point:
            the true number lies in ``value ... value + error``.

        Raises
        ------
        ValueError
            If the grid is not a vector of finite numbers, or as :meth:`inertia` does.
        TimeoutError
            If `max_seconds` are over.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> R.spectral_distribution([-3.0, 0.0, 3.0]).value
        array([0, 1, 2])
        """
        points = real_array("grid", grid)
        require_shape("grid", points, ("g",))
        watch, found = Watch(progress, max_seconds), []
        for done, x in enumerate(points.tolist()):
            watch.tell(done / len(points), f"point {done} of {len(points)}")
            step = watch.step(done, len(points))
            found.append(self.eigensystem.inertia(-x, method, step, len(points)))
        values, errors = (np.array([getattr(one, name) for one in found]) for name in ("value", "error"))
        said = "; ".join(dict.fromkeys(one.method for one in found))
        return Measurement(values, errors, True, said, self.convention)

    def schatten_norm(
        self,
        p: float,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """(sum of ``|lambda|^p``)^(1/p), p >= 1: nuclear norm at 1, Frobenius at 2, spectral at infinity.

        Parameters
        ----------
        p : float
        method : {None, "dense", "kernel", "structured"}
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If `p` is below 1, or as :meth:`eigenvalues` does.
        MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(R.schatten_norm(3).value**3, 9)
        16.0
        """
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not p >= 1:
            raise ValueError(f"p must be a number of at least 1, or infinity; got {p!r}")
        return self._of_all(
            functions.schatten_norm, method, Watch(progress, max_seconds), real_number("p", p)
        )

    def condition_number(
        self,
        shift: float = 0.0,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Largest over smallest absolute eigenvalue of H + shift I.

        Parameters
        ----------
        shift : float
        method : {None, "dense", "kernel", "structured"}
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Returns
        -------
        Measurement
            With an infinite `error`, and a `value` from below, if an eigenvalue may be exactly -shift.

        Raises
        ------
        ValueError, MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> R = Hessian(net, [[1.0]], [0.0]).residual  # eigenvalues 2 and -2
        >>> round(R.condition_number(4.0).value, 9)  # 6 / 2
        3.0
        """
        return self._of_all(
            functions.condition_number, method, Watch(progress, max_seconds), finite_number("shift", shift)
        )

    def effective_dimension(
        self,
        ridge: float,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Sum of lambda / (lambda + ridge) over all eigenvalues, each of which must be above -ridge.

        Parameters
        ----------
        ridge : float
            Positive.
        method : {None, "dense", "kernel", "structured"}
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If the ridge is too small (the message names one that works), or as :meth:`eigenvalues` does.
        MemoryError
            As :meth:`eigenvalues` does.

        Notes
        -----
        D. MacKay's number of well-determined parameters (Neural Computation 4, 1992), if the ridge is the
        precision of the prior over n.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # eigenvalues 5 and 0
        >>> round(H.gauss_newton.effective_dimension(5.0).value, 12)
        0.5
        """
        ridge = finite_number("ridge", ridge)
        if not ridge > 0:
            raise ValueError(f"ridge must be positive; got {ridge!r}")
        return self._of_all(functions.effective_dimension, method, Watch(progress, max_seconds), ridge)

    def pseudo_logdet(
        self,
        threshold: float = 0.0,
        method: str | None = None,
        *,
        progress: Progress | None = None,
        max_seconds: float | None = None,
    ) -> Measurement:
        """Sum of ``log |lambda|`` over the eigenvalues with ``|lambda| > threshold``.

        Parameters
        ----------
        threshold : float
        method : {None, "dense", "kernel", "structured"}
        progress, max_seconds
            As for :meth:`eigenvalues`.

        Raises
        ------
        ValueError
            If rounding hides which eigenvalues these are (the message names a threshold that works), or as
            :meth:`eigenvalues` does.
        MemoryError
            As :meth:`eigenvalues` does.

        Examples
        --------
        >>> from twolayer import Hessian, TwoLayer
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> H = Hessian(net, [[1.0]], [2.0])  # eigenvalues 5 and 0
        >>> round(float(np.exp(H.gauss_newton.pseudo_logdet().value)), 12)
        5.0
        """
        threshold = finite_number("threshold", threshold)
        if threshold < 0:
            raise ValueError(f"threshold must not be negative; got {threshold!r}")
        found = self.eigensystem.spectrum(method, Watch(progress, max_seconds))
        value, error, rank = functions.pseudo_logdet(found, threshold)
        return self._measured(value, error, f"{found.method}; {rank} eigenvalues")

    def _of_all(self, function: Any, method: str | None, watch: Watch, *arguments: float) -> Measurement:
        found = self.eigensystem.spectrum(method, watch)
        value, error = function(found, *arguments)
        return self._measured(value, error, found.method)

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        return Measurement(value, error, True, method, self.convention)
