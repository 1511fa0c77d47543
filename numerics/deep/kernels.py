"""The inner loop of a pass along many directions at once, fused so that memory is touched once."""

from __future__ import annotations

from twolayer.arrays import Array
from twolayer.jit import reduction_kernel


@reduction_kernel
def advance(step: Array, E: Array, K: Array, v: Array, S1: Array, h: Array, bent: Array, met: Array) -> None:
    """Turn z' into h' = s'(z) z' in place, after z' has got its own layer's share.

    step : (i, e, n, m) z' without that share; E (i, e, m), K (i, n): the share is E K. bent (i, e) gains
    sum_j v . z'^2, and met (i, e, n) is filled with h_i . h', h (i, m).
    """
    for i in range(step.shape[0]):
        for e in range(step.shape[1]):
            total = 0.0
            for j in range(step.shape[2]):
                k, dot, curved = K[i, j], 0.0, 0.0
                for a in range(step.shape[3]):
                    z = step[i, e, j, a] + E[i, e, a] * k
                    curved += v[j, a] * z * z
                    moved = S1[j, a] * z
                    dot += moved * h[i, a]
                    step[i, e, j, a] = moved
                total += curved
                met[i, e, j] = dot
            bent[i, e] += total
