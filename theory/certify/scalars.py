"""The numbers that theorems speak of, in balls, each written from its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy as sp

from theory.certify.balls import arb, arb_mat, hull, largest, norm, root, square, total
from theory.certify.matrices import (
    column_norms,
    derivatives_by_biases,
    gradient,
    jacobian,
    named,
    row_norms,
)
from theory.certify.place import Place
from theory.certify.programs import evaluated

Number = Callable[[Place], arb]


def mean(balls: Iterable[arb]) -> arb:
    """The arithmetic mean."""
    listed = list(balls)
    return total(listed) / len(listed)


def squares(balls: Iterable[arb]) -> arb:
    """The sum of squares."""
    return total(map(square, balls))


def supremum(order: int) -> Number:
    """How to enclose sup |s^(order)|: between a value or limit that is reached and a proved upper bound."""

    def evaluate(at: Place) -> arb:
        lower, upper = at.activation.suprema[order - 1]
        exact = at.activation.constants.suprema[order - 1].exact
        reached = evaluated(exact) if exact is not None and exact.is_finite else lower
        return hull(reached, upper)

    return evaluate


def input_gradient(at: Place) -> arb:
    """E|grad_x f|^2, from W^T u."""
    return squares((at.once("u", derivatives_by_biases) * at.weights("W")).entries()) / at.sizes[0]


def quadratic_gradient(at: Place) -> arb:
    """4 E|M x|^2, M = sum_k a_k w_k w_k^T."""
    W, a = at.weights("W").tolist(), at.weights("a").tolist()[0]
    M = at.weights("W").transpose() * arb_mat([[s * w for w in row] for s, row in zip(a, W, strict=True)])
    return 4 * squares((at.X * M).entries()) / at.sizes[0]


def weight_gram_inner(at: Place) -> arb:
    """<W W^T, G_bb>."""
    pairs = zip(named("W*W'", at).entries(), named("G_bb", at).entries(), strict=True)
    return total(left * right for left, right in pairs)


def spectral_weights(at: Place) -> arb:
    """|W|_2, from the smaller of W W^T and W^T W."""
    from theory.certify.spectra import eigenvalues

    W = at.weights("W")
    W = W if W.nrows() <= W.ncols() else W.transpose()
    return root(eigenvalues(W * W.transpose())[-1])


def parameter_norm(*names: str) -> Number:
    """How to enclose the norm of the parts `names` of theta that are there, or of all."""

    def evaluate(at: Place) -> arb:
        present = [name for name in at.subject.parts if not names or name in names]
        return norm(entry for name in present for entry in at.weights(name).entries())

    return evaluate


def weight_norms(at: Place) -> list[arb]:
    """|w_k| of every unit."""
    return [norm(row) for row in at.weights("W").tolist()]


def paired(first: list[arb], second: list[arb]) -> arb:
    """The inner product."""
    return total(x * y for x, y in zip(first, second, strict=True))


def by_paths(name: str) -> Number:
    """How to enclose the sum over units of |w_k| times the root of a diagonal entry of the matrix `name`."""

    def evaluate(at: Place) -> arb:
        M = named(name, at)
        return paired(weight_norms(at), [root(M[k, k]) for k in range(M.nrows())])

    return evaluate


def input_squares(at: Place) -> list[arb]:
    """|x_i|^2 of every sample."""
    return [squares(row) for row in at.X.tolist()]


def augmented_squares(at: Place) -> list[arb]:
    """|x~_i|^2 of every sample."""
    return [squares(row) for row in at.augmented.tolist()]


def hidden_trace(biases: bool) -> Number:
    """How to enclose tr G_W or, with `biases`, tr G_(W,b) = E[(1 + |x|^2) u Lam u]."""

    def evaluate(at: Place) -> arb:
        q, U, terms = at.sizes[3], at.once("u", derivatives_by_biases).tolist(), []
        for i, (jet, size) in enumerate(zip(at.losses, input_squares(at), strict=True)):
            rows = U[i * q : (i + 1) * q]
            each = total(jet.curvature[o][r] * paired(rows[o], rows[r]) for o in range(q) for r in range(q))
            terms.append((size + int(biases)) * each)
        return mean(terms)

    return evaluate


def activity(at: Place) -> list[arb]:
    """E s(z_k)^2 of every unit."""
    return [mean(map(square, column)) for column in zip(*at.units.S, strict=True)]


def reach(at: Place) -> list[arb]:
    """E[s'(z_k)^2 |x~|^2] of every unit."""
    sizes = augmented_squares(at)
    return [
        mean(square(slope) * size for slope, size in zip(column, sizes, strict=True))
        for column in zip(*at.units.S1, strict=True)
    ]


def least_trace(at: Place) -> arb:
    """2 sum_k |a_k| sqrt(q E s_k^2 E[s_k'^2 |x~|^2])."""
    roots = [root(at.sizes[3] * s * x) for s, x in zip(activity(at), reach(at), strict=True)]
    return 2 * paired(column_norms(at), roots)


def kernel_energy(at: Place) -> arb:
    """E[g . (K g)]."""
    g = [number for jet in at.losses for number in jet.slope]
    column = arb_mat([[number] for number in g])
    return paired(g, (named("K", at) * column).entries()) / at.sizes[0]


def imbalance_rate(at: Place) -> arb:
    """The largest |w~_k . dR/dw~_k - p A_k . dR/dA_k| over units."""
    _, d, m, q = at.sizes
    g, degree = gradient(at), evaluated(sp.sympify(at.activation.constants.homogeneity))
    W, A, rates = at.weights("W").tolist(), at.weights("a").tolist(), []
    for k in range(m):
        rate = paired(W[k], g[q * m + k * d : q * m + (k + 1) * d])
        rate += at.weights("b")[0, k] * g[q * m + m * d + k] if at.biased else 0
        rates.append(abs(rate - degree * total(A[o][k] * g[o * m + k] for o in range(q))))
    return largest(rates)


def scaling_directions(at: Place) -> arb_mat:
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


def unit_gradient(at: Place) -> arb:
    """The norm of the gradient by all weights but the output bias."""
    offset = at.sizes[3] if at.subject.c is not None else 0
    return norm(gradient(at)[: at.subject.n_parameters - offset])


def twins(at: Place) -> tuple[int, int] | None:
    """The first two units with equal input weights, the first with an output weight, or None."""
    subject = at.subject
    bias = [0.0] * len(subject.W) if subject.b is None else subject.b.tolist()
    rows = [(*row, b) for row, b in zip(subject.W.tolist(), bias, strict=True)]
    for k, row in enumerate(rows):
        if row in rows[k + 1 :] and subject.A[:, k].any():
            return k, rows.index(row, k + 1)
    return None


def _pair(at: Place) -> tuple[int, int]:
    found = twins(at)
    assert found is not None  # see NEEDS
    return found


def exchange(name: str) -> Number:
    """How to enclose |M v|, M the matrix `name` and v = e_{a_k} - e_{a_l} the exchange between twins."""

    def evaluate(at: Place) -> arb:
        k, l = _pair(at)
        return norm(row[k] - row[l] for row in named(name, at).tolist())

    return evaluate


def twin_weight(at: Place) -> arb:
    """|a_k| of the first of the twins."""
    return abs(at.weights("a")[0, _pair(at)[0]])


def twin_gradient(at: Place) -> arb:
    """The norm of the gradient by the input weights of the first of the twins."""
    (_, d, m, q), k, g = at.sizes, _pair(at)[0], gradient(at)
    return norm(g[q * m + k * d : q * m + (k + 1) * d] + ([g[q * m + m * d + k]] if at.biased else []))


def first_slopes(at: Place) -> list[arb]:
    """g_i of the first output."""
    return [jet.slope[0] for jet in at.losses]


def correlation(at: Place) -> arb:
    """|E[g x~]|."""
    return norm(mean(g * x for g, x in zip(first_slopes(at), column, strict=True)) for column in _columns(at))


def _columns(at: Place) -> list[list[arb]]:
    return at.augmented.transpose().tolist()


def silent_descent(at: Place) -> arb:
    """-2 times the least eigenvalue of a_k E[g x x^T], for the first unit k with w_k = 0."""
    from theory.certify.spectra import eigenvalues

    silent = [k for k, row in enumerate(at.subject.W) if not row.any()]
    a = at.weights("a")[0, silent[0]]
    weighted = [[g * x for x in row] for g, row in zip(first_slopes(at), at.X.tolist(), strict=True)]
    return -2 * eigenvalues(at.X.transpose() * arb_mat(weighted) * a / at.sizes[0])[0]


def mean_jacobian(at: Place) -> arb:
    """|E J|^2, J the gradient of the first output by the parameters."""
    return squares(mean(column) for column in zip(*jacobian(at).tolist(), strict=True))


def kink_variation(at: Place) -> arb:
    """2 sum_k |a_k w_k| g(t_k), t_k = -b_k / w_k the kink of unit k of a network of one input."""
    terms = []
    for k, column in enumerate(zip(*at.units.S1, strict=True)):
        if at.subject.W[k, 0]:
            sides = [_half(at, k, [bool(slope > 0) == side for slope in column]) for side in (True, False)]
            terms.append(2 * abs(at.weights("a")[0, k]) * sides[0].min(sides[1]))
    return total(terms)


def _half(at: Place, k: int, chosen: list[bool]) -> arb:
    """|w| times g- or g+ at the kink, from the samples `chosen`: P^2 |E[w X + b]| sqrt(1 + E[X]^2)."""
    x = [row[0] for row, used in zip(at.X.tolist(), chosen, strict=True) if used]
    if not x:
        return arb(0)
    centre, share = mean(x), arb(len(x)) / at.sizes[0]
    bias = at.weights("b")[0, k] if at.biased else arb(0)
    return square(share) * abs(centre * at.weights("W")[k, 0] + bias) * root(1 + square(centre))


def balanced_trace(at: Place) -> arb:
    """tr G of the squared loss where every unit is rescaled to |a_k| = |w~_k|."""
    a, w, q = column_norms(at), row_norms(at), at.sizes[3]
    by_a = paired([x / y for x, y in zip(a, w, strict=True)], activity(at))
    by_w = paired([x * y for x, y in zip(a, w, strict=True)], reach(at))
    return q * by_a + by_w + (0 if at.subject.c is None else q)


def _one_output(at: Place) -> str:
    return "" if at.sizes[3] == 1 else f"one output; got {at.sizes[3]}"


def _one_input(at: Place) -> str:
    return _one_output(at) or ("" if at.sizes[1] == 1 else f"one input; got {at.sizes[1]}")


def _homogeneous(at: Place) -> str:
    homogeneous = at.activation.constants.homogeneity is not None
    return "" if homogeneous else f"a homogeneous activation; got {at.activation.text}"


def _twins(at: Place) -> str:
    return "" if twins(at) else "two units with equal input weights; got none"


def _silent(at: Place) -> str:
    return _one_output(at) or ("" if not at.subject.W.any(axis=1).all() else "a unit with w_k = 0; got none")


NEEDS: dict[str, Callable[[Place], str]] = {
    "degree": _homogeneous,
    "imbalance_rate": _homogeneous,
    "quadratic_gradient": _one_output,
    "mean_jacobian^2": _one_output,
    "kink_variation": _one_input,
    "correlation": _one_output,
    "norm(G*v)": _twins,
    "norm(H*v)": _twins,
    "twin_weight": _twins,
    "twin_gradient": _twins,
    "silent_descent": _silent,
}
"""What a network must have for a number to be defined: "" where it is, else what is wanted."""

NUMBERS: dict[str, Number] = {
    "n": lambda at: arb(at.sizes[0]),
    "d": lambda at: arb(at.sizes[1]),
    "m": lambda at: arb(at.sizes[2]),
    "q": lambda at: arb(at.sizes[3]),
    "degree": lambda at: evaluated(sp.sympify(at.activation.constants.homogeneity)),
    "C1": supremum(1),
    "C2": supremum(2),
    "slope_at_zero": lambda at: abs(at.activation.jet(arb(0))[1]),
    "risk": lambda at: mean(jet.value for jet in at.losses),
    "input_gradient": input_gradient,
    "quadratic_gradient": quadratic_gradient,
    "mean_square_output": lambda at: squares(at.outputs.entries()) / at.sizes[0],
    "mean_square_input": lambda at: mean(augmented_squares(at)),
    "mean_square_jacobian": lambda at: squares(jacobian(at).entries()) / at.sizes[0],
    "mean_jacobian^2": mean_jacobian,
    "smallest_input": lambda at: -largest(-size for size in input_squares(at)),
    "norm(theta)": parameter_norm(),
    "norm(a)": parameter_norm("a"),
    "norm(a, c)": parameter_norm("a", "c"),
    "norm1(a)": lambda at: total(column_norms(at)),
    "norm_inf(a)": lambda at: largest(column_norms(at)),
    "spectral(W)": spectral_weights,
    "frobenius(W)": parameter_norm("W"),
    "inner(W*W', G_bb)": weight_gram_inner,
    "sum(|a||w|)": lambda at: paired(column_norms(at), weight_norms(at)),
    "sum(|a||w|^2)": lambda at: paired(column_norms(at), [square(w) for w in weight_norms(at)]),
    "sum(|a||w~|)": lambda at: paired(column_norms(at), row_norms(at)),
    "sum(|w|sqrt(G_bb))": by_paths("G_bb"),
    "sum(|w|sqrt(H_bb))": by_paths("H_bb"),
    "trace(G_W)": hidden_trace(biases=False),
    "trace(G_Wb)": hidden_trace(biases=True),
    "trace(balanced G)": balanced_trace,
    "least_trace": least_trace,
    "first_activity": lambda at: activity(at)[0],
    "kink_variation": kink_variation,
    "gradient_norm": lambda at: norm(gradient(at)),
    "unit_gradient": unit_gradient,
    "kernel_energy": kernel_energy,
    "imbalance_rate": imbalance_rate,
    "norm(H*V)": lambda at: norm((named("H", at) * scaling_directions(at)).entries()),
    "norm(G*v)": exchange("G"),
    "norm(H*v)": exchange("H"),
    "twin_weight": twin_weight,
    "twin_gradient": twin_gradient,
    "correlation": correlation,
    "silent_descent": silent_descent,
}
"""Every number that is not taken of a matrix, by the name it has in ``theory.quantities``."""
