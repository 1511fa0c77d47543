"""Numbers of single units, in balls, each from its definition."""

from __future__ import annotations

import sympy as sp

from theory.certify.balls.balls import arb, arb_mat, largest, norm, root, square, total
from theory.certify.balls.programs import evaluated
from theory.certify.quantities.matrices import column_norms, gradient, named, row_norms
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.sizes import Number, augmented_squares, mean, paired


def activity(at: BallNetwork) -> list[arb]:
    """E s(z_k)^2 of every unit."""
    return [mean(map(square, column)) for column in zip(*at.units.S, strict=True)]


def reach(at: BallNetwork) -> list[arb]:
    """E[s'(z_k)^2 |x~|^2] of every unit."""
    sizes = augmented_squares(at)
    return [
        mean(square(slope) * size for slope, size in zip(column, sizes, strict=True))
        for column in zip(*at.units.S1, strict=True)
    ]


def least_trace(at: BallNetwork) -> arb:
    """2 sum_k |a_k| sqrt(q E s_k^2 E[s_k'^2 |x~|^2])."""
    roots = [root(at.sizes[3] * s * x) for s, x in zip(activity(at), reach(at), strict=True)]
    return 2 * paired(column_norms(at), roots)


def imbalance_rate(at: BallNetwork) -> arb:
    """The largest |w~_k . dR/dw~_k - p A_k . dR/dA_k| over units."""
    _, d, m, q = at.sizes
    g, degree = gradient(at), evaluated(sp.sympify(at.activation.constants.homogeneity))
    W, A, rates = at.weights("W").tolist(), at.weights("a").tolist(), []
    for k in range(m):
        rate = paired(W[k], g[q * m + k * d : q * m + (k + 1) * d])
        rate += at.weights("b")[0, k] * g[q * m + m * d + k] if at.biased else 0
        rates.append(abs(rate - degree * total(A[o][k] * g[o * m + k] for o in range(q))))
    return largest(rates)


def scaling_directions(at: BallNetwork) -> arb_mat:
    """The directions (A_k, -w~_k), as columns (P, m)."""
    _, d, m, q = at.sizes
    V = arb_mat(at.subject.n_parameters, m)
    for k in range(m):
        for o in range(q):
            V[o * m + k, k] = at.weights("a")[o, k]
        for j in range(d):
            V[q * m + k * d + j, k] = -at.weights("W")[k, j]
        if at.biased:
            V[q * m + m * d + k, k] = -at.weights("b")[0, k]
    return V


def unit_gradient(at: BallNetwork) -> arb:
    """The norm of the gradient by all weights but the output bias."""
    offset = at.sizes[3] if at.subject.c is not None else 0
    return norm(gradient(at)[: at.subject.n_parameters - offset])


def twins(at: BallNetwork) -> tuple[int, int] | None:
    """The first two units with equal input weights, the first with an output weight, or None."""
    subject = at.subject
    bias = [0.0] * len(subject.W) if subject.b is None else subject.b.tolist()
    rows = [(*row, b) for row, b in zip(subject.W.tolist(), bias, strict=True)]
    for k, row in enumerate(rows):
        if row in rows[k + 1 :] and subject.A[:, k].any():
            return k, rows.index(row, k + 1)
    return None


def _pair(at: BallNetwork) -> tuple[int, int]:
    found = twins(at)
    assert found is not None  # the quantity needs them
    return found


def exchange(name: str) -> Number:
    """How to enclose |M v|, M the matrix `name` and v = e_{a_k} - e_{a_l} the exchange between twins."""

    def evaluate(at: BallNetwork) -> arb:
        k, l = _pair(at)
        return norm(row[k] - row[l] for row in named(name, at).tolist())

    return evaluate


def twin_weight(at: BallNetwork) -> arb:
    """|a_k| of the first of the twins."""
    return abs(at.weights("a")[0, _pair(at)[0]])


def twin_gradient(at: BallNetwork) -> arb:
    """The norm of the gradient by the input weights of the first of the twins."""
    (_, d, m, q), k, g = at.sizes, _pair(at)[0], gradient(at)
    return norm(g[q * m + k * d : q * m + (k + 1) * d] + ([g[q * m + m * d + k]] if at.biased else []))


def first_slopes(at: BallNetwork) -> list[arb]:
    """g_i of the first output."""
    return [jet.slope[0] for jet in at.losses]


def correlation(at: BallNetwork) -> arb:
    """|E[g x~]|."""
    return norm(mean(g * x for g, x in zip(first_slopes(at), column, strict=True)) for column in _columns(at))


def _columns(at: BallNetwork) -> list[list[arb]]:
    return at.augmented.transpose().tolist()


def silent_descent(at: BallNetwork) -> arb:
    """-2 times the least eigenvalue of a_k E[g x x^T], for the first unit k with w_k = 0."""
    from theory.certify.balls.eigenvalues import eigenvalues

    silent = [k for k, row in enumerate(at.subject.W) if not row.any()]
    a = at.weights("a")[0, silent[0]]
    weighted = [[g * x for x in row] for g, row in zip(first_slopes(at), at.X.tolist(), strict=True)]
    return -2 * eigenvalues(at.X.transpose() * arb_mat(weighted) * a / at.sizes[0])[0]


def kink_variation(at: BallNetwork) -> arb:
    """2 sum_k |a_k w_k| g(t_k), t_k = -b_k / w_k the kink of unit k of a network of one input."""
    terms = []
    for k, column in enumerate(zip(*at.units.S1, strict=True)):
        if at.subject.W[k, 0]:
            sides = [_half(at, k, [bool(slope > 0) == side for slope in column]) for side in (True, False)]
            terms.append(2 * abs(at.weights("a")[0, k]) * sides[0].min(sides[1]))
    return total(terms)


def _half(at: BallNetwork, k: int, chosen: list[bool]) -> arb:
    """|w| times g- or g+ at the kink, from the samples `chosen`: P^2 |E[w X + b]| sqrt(1 + E[X]^2)."""
    x = [row[0] for row, used in zip(at.X.tolist(), chosen, strict=True) if used]
    if not x:
        return arb(0)
    centre, share = mean(x), arb(len(x)) / at.sizes[0]
    bias = at.weights("b")[0, k] if at.biased else arb(0)
    return square(share) * abs(centre * at.weights("W")[k, 0] + bias) * root(1 + square(centre))


def balanced_trace(at: BallNetwork) -> arb:
    """tr G of the squared loss where every unit is rescaled to |a_k| = |w~_k|."""
    a, w, q = column_norms(at), row_norms(at), at.sizes[3]
    by_a = paired([x / y for x, y in zip(a, w, strict=True)], activity(at))
    by_w = paired([x * y for x, y in zip(a, w, strict=True)], reach(at))
    return q * by_a + by_w + (0 if at.subject.c is None else q)
