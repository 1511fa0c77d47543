"""The eigenvalues of a Hessian near interpolation, from the small tangent kernel."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import twolayer as tl
from numerics.training.directions import tangent_kernel
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, gamma
from twolayer.spectrum.lapack import verified_eigenvalues

NEAR = 1e-10


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues with one error bound for all.

    Parameters
    ----------
    values : ndarray, descending
        All eigenvalues but those counted by `zeros`.
    zeros : int
        How many more there are, zero within `error`.
    error : float
        Every eigenvalue is this close to its computed value.
    method : str
    """

    values: Array = field(repr=False)
    zeros: int
    error: float
    method: str

    @property
    def negative(self) -> int:
        """Number of eigenvalues that are negative beyond rounding."""
        return int((self.values < -self.error).sum())

    @property
    def undecided(self) -> int:
        """Number of eigenvalues that are zero within rounding."""
        return self.zeros + int((np.abs(self.values) <= self.error).sum())

    def log_product(self, k: int) -> tl.Measurement | None:
        """Sum of the logarithms of the `k` largest eigenvalues; None unless these are certainly positive.

        Examples
        --------
        >>> found = Spectrum(np.array([4.0, 2.0, 1.0]), 0, 0.0, "by hand").log_product(2)
        >>> round(found.value, 6)  # log 8
        2.079442
        """
        top = self.values[:k]
        if len(top) < k or top.min() <= self.error:
            return None
        value = float(np.log(top).sum())
        spread = float(-np.log1p(-self.error / top).sum())
        rounding = gamma(k + 4) * float(np.abs(np.log(top)).sum())
        return tl.Measurement(value, SLACK * (spread + rounding), True, self.method)


def spectrum(H: tl.Hessian) -> Spectrum:
    """Return the eigenvalues of `H`, through the tangent kernel where the residual part is negligible.

    Parameters
    ----------
    H : Hessian

    Returns
    -------
    Spectrum

    Notes
    -----
    H = G + R. The non-zero eigenvalues of G are those of the n q x n q tangent kernel over n (theorem
    T10), and by Weyl's inequality those of H are within |R|_F of them. Used when n q < P and |R|_F is
    below 1e-10 |G|_F, in O((n q)^3) time; otherwise all P eigenvalues of the dense matrix, O(P^3).

    Examples
    --------
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> spectrum(tl.Hessian(net, [[1.0]], [2.0]))  # [[1, 2], [2, 4]]
    Spectrum(zeros=1, error=..., method='tangent kernel')
    """
    run, G = H.forward, H.gauss_newton
    remainder = H.residual.frobenius_norm().upper
    if run.loss.separable and run.F.size < H.shape[0] and remainder <= NEAR * float(G.frobenius_norm()):
        weight = np.sqrt(np.einsum("ioo->io", run.Lam)).ravel()
        kernel = tangent_kernel(run) * np.multiply.outer(weight, weight) / run.n
        values, error = verified_eigenvalues(kernel)
        error += gamma(run.X.shape[1] + run.S.shape[1] + 20) * G.bound.gauss_newton + G.bound.propagated
        return Spectrum(values, H.shape[0] - len(values), SLACK * (error + remainder), "tangent kernel")
    found = H.eigenvalues()
    return Spectrum(np.asarray(found.value), 0, float(np.max(found.error)), found.method)
