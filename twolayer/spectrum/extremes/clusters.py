"""Eigenvalues that rounding does not tell apart: where such a cluster ends, and what is said of it."""

from __future__ import annotations

import numpy as np

from ...arrays import Array

MORE = 32
"""Pairs beyond those sought that are returned at most, so that a cluster is whole."""

CLUSTER = 2.0**-36
"""Distance, over the largest size, up to which eigenvalues that rounding does not part are a cluster."""


def cluster_end(sizes: Array, errors: Array, k: int) -> int:
    """Where the cluster ends that the k-th of the sizes (p,) belongs to, each off by at most `errors` (p,).

    Zeros, of which there may be millions, are no cluster.

    Examples
    --------
    >>> cluster_end(np.array([3.0, 2.0, 2.0, 1.0]), np.full(4, 1e-15), 2)
    3
    """
    end = min(k, len(sizes))
    if end == 0 or abs(sizes[end - 1]) <= errors[end - 1]:
        return end
    widths = np.minimum(errors, CLUSTER * float(np.abs(sizes).max(initial=0.0)))
    while end < len(sizes) and sizes[end - 1] - sizes[end] <= widths[end - 1] + widths[end]:
        end += 1
    return end


def cluster_said(k: int, end: int) -> str:
    """What is to be said of the cluster of the k-th pair, which ends after `end`; empty if it ends there.

    Examples
    --------
    >>> cluster_said(2, 2), cluster_said(1, 40)
    ('', 'value number 1 is one of a cluster with more than 32 members beyond it')
    """
    if end <= k:
        return ""
    if end > k + MORE:
        return f"value number {k} is one of a cluster with more than {MORE} members beyond it"
    return f"{end} in place of {k}, for the last are one cluster"
