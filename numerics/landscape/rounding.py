"""How large the rounding error of a network's gradient is: near the truth, not a bound of the worst case.

Every operation errs by a rounding of random sign; the errors of samples, units and parameters are taken as
independent, so that they add as squares. A bound of the worst case adds them as absolute values, by norms of
whole rows, and on raw data is larger by ten orders. What is here holds as far as it was measured (the tests
compare it with gradients in exact arithmetic), and is no proof.
"""

from __future__ import annotations

import numpy as np

from twolayer.arrays import Array
from twolayer.forward.values import Values
from twolayer.jit import kernel, reduction_kernel

UNIT = 2.0**-53

MOST_TERMS = 1_000_000
"""Terms of the gradient's sums up to which their partial sums are looked at one by one."""

SAFETY = 4.0
"""What the root mean square of the errors is multiplied by."""


def output_variances(passed: Values) -> tuple[Array, Array, Array]:
    """Variances of the errors of s and s' at every sample and unit, both (n, m), and of the outputs, (n, q).

    `passed` is a forward pass.
    """
    net = passed.net
    terms = passed.X**2 @ (net.W**2).T
    if net.b is not None:
        terms += net.b**2
    s, s1 = np.empty_like(terms), np.empty_like(terms)
    of_units(terms, passed.S, passed.S1, passed.S2, s, s1)
    own = 2 * UNIT**2
    return s, s1, (s + own * passed.S**2) @ (net.A**2).T + own * passed.F**2


@kernel
def of_units(terms, S, S1, S2, s, s1):  # type: ignore[no-untyped-def]
    """Fill s and s1 with the variances of s and s'; all are (n, m), `terms` the squares of z's terms."""
    for i in range(S.shape[0]):
        for k in range(S.shape[1]):
            z = 2.0 * UNIT * UNIT * terms[i, k]
            s[i, k] = S1[i, k] * S1[i, k] * z + 4.0 * UNIT * UNIT * S[i, k] * S[i, k]
            s1[i, k] = S2[i, k] * S2[i, k] * z + 4.0 * UNIT * UNIT * S1[i, k] * S1[i, k]


def loss_slope_variances(passed: Values, outputs: Array) -> Array:
    """Squares of standard errors (n, q) of the loss's derivatives, given those of the `outputs` (n, q)."""
    carried = np.einsum("iop,ip->io", passed.Lam**2, outputs)
    return np.asarray(carried + 4 * UNIT**2 * passed.G**2)


def sum_variance(passed: Values) -> float:
    """Variance of what the gradient's sums over samples round, times n^2: a rounding of every partial sum."""
    hidden, inputs = passed.S, passed.X
    if passed.net.c is not None:
        hidden = np.column_stack([hidden, np.ones(len(hidden))])
    if passed.net.b is not None:
        inputs = np.column_stack([inputs, np.ones(len(inputs))])
    return _partial_sums(passed.G, hidden) + _partial_sums(passed.GA * passed.S1, inputs)


def _partial_sums(left: Array, right: Array) -> float:
    """UNIT^2 times the squares of all partial sums of left^T right; of many, as if in any order."""
    n, p, r = len(left), left.shape[1], right.shape[1]
    if n * p * r <= MOST_TERMS:
        return float(UNIT**2 * squares_of_partial_sums(left, right, np.zeros((p, r))))
    squares = (left**2).sum(axis=1) @ (right**2).sum(axis=1)
    return float(UNIT**2 * n / 2 * squares)


@reduction_kernel
def squares_of_partial_sums(left, right, partial):  # type: ignore[no-untyped-def]
    """The sum of squares of the partial sums of left^T right, (n, p) and (n, r); `partial` is (p, r)."""
    total = 0.0
    for i in range(left.shape[0]):
        for j in range(partial.shape[0]):
            for k in range(partial.shape[1]):
                partial[j, k] += left[i, j] * right[i, k]
                total += partial[j, k] * partial[j, k]
    return total


def gradient_rounding(passed: Values) -> float:
    """Estimate of the Euclidean norm of the rounding error of the gradient of a forward pass.

    Parameters
    ----------
    passed : Values
        Or a :class:`twolayer.forward.errors.Forward`.

    Notes
    -----
    O(n m (d + q)), like the pass.

    Examples
    --------
    >>> import twolayer as tl
    >>> from twolayer.many.plain_risk import PlainRisk
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> 0 < gradient_rounding(PlainRisk(net, [[1.0]], [2.0]).forward(net.theta)) < 1e-14
    True
    """
    with np.errstate(all="ignore"):
        net, n = passed.net, passed.n
        s, s1, f = output_variances(passed)
        g = loss_slope_variances(passed, f)
        hidden, G2, S2 = passed.GA**2, passed.G**2, passed.S**2
        carried = (g + UNIT**2 * G2) @ net.A**2
        inner = carried * passed.S1**2 + hidden * (s1 + UNIT**2 * passed.S1**2)
        inputs = (passed.X**2).sum(axis=1) + (0.0 if net.b is None else 1.0)
        outer = (g * S2.sum(axis=1)[:, None]).sum()
        outer += (G2 * (s + UNIT**2 * S2).sum(axis=1)[:, None]).sum()
        outer += 0.0 if net.c is None else g.sum()
        outer += sum_variance(passed)
        return float(SAFETY * np.sqrt(outer + (inner.sum(axis=1) * inputs).sum()) / n)


def risk_rounding(passed: Values) -> float:
    """Estimate of the rounding error of the risk of a forward pass `passed`: that of outputs, and of the sum.

    Examples
    --------
    >>> import twolayer as tl
    >>> from twolayer.many.plain_risk import PlainRisk
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> 0 < risk_rounding(PlainRisk(net, [[1.0]], [1.0]).forward(net.theta)) < 1e-14
    True
    """
    with np.errstate(all="ignore"):
        f = output_variances(passed)[2]
        carried = (passed.G**2 * f).sum() + ((passed.Lam.sum(axis=2) * f) ** 2).sum()
        return float(SAFETY * np.sqrt(carried + ((2 * UNIT * passed.L) ** 2).sum()) / passed.n)


def interpolates(passed: Values) -> bool:
    """Whether the loss's derivative is zero within rounding at every sample of a forward pass.

    False for losses of labels, whose derivative is zero nowhere: there it only underflows.
    """
    if passed.loss.labels != "real":
        return False
    with np.errstate(all="ignore"):
        variances = loss_slope_variances(passed, output_variances(passed)[2])
        return bool((np.abs(passed.G) <= 2 * SAFETY * np.sqrt(variances)).all())
