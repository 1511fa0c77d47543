"""The matrices that theorems speak of, in balls, assembled from the templates of one unit."""

from __future__ import annotations

from collections.abc import Callable

from theory.certify.balls.balls import Rows, Undecided, arb, arb_mat, matrix, norm, root, total
from theory.certify.quantities.network import BallNetwork, bends, slopes
from theory.quantities.rescaling import FACTOR

MOST_BALLS = 30_000_000  # of a matrix: some gigabytes


def require_room(rows: int, columns: int) -> None:
    """Refuse a matrix that would fill the memory.

    Raises
    ------
    ValueError
        If it has more than `MOST_BALLS` entries.
    """
    if rows * columns > MOST_BALLS:
        raise ValueError(
            f"a matrix of balls must have at most {MOST_BALLS:,} entries; got {rows:,} rows and {columns:,} "
            "columns: take fewer parameters or samples"
        )


def jacobian(at: BallNetwork) -> arb_mat:
    """J, (n q, P): row (i, o) is the derivative of output o of sample i by theta."""
    return at.once("J", _jacobian)


def _jacobian(at: BallNetwork) -> arb_mat:
    n, _, m, q = at.sizes
    require_room(n * q, at.subject.n_parameters)
    X, offset = at.X.tolist(), [arb(0)] * q if at.subject.c is not None else []
    rows = []
    for x, sample in zip(X, at.once("slopes", slopes), strict=True):
        for o, units in enumerate(sample):
            by_a = [arb(0)] * (o * m) + [unit[0] for unit in units] + [arb(0)] * ((q - o - 1) * m)
            by_W = [unit[1] * number for unit in units for number in x]
            by_b = [unit[1] for unit in units] if at.biased else []
            by_c = [arb(o == r) for r in range(len(offset))]
            rows.append([*by_a, *by_W, *by_b, *by_c])
    return arb_mat(rows)


def curved(at: BallNetwork, J: arb_mat) -> arb_mat:
    """Lam J: the rows of each sample in `J` (n q, r) combined by its loss's second derivative."""
    jets, q = at.losses, at.sizes[3]
    if at.subject.loss == "squared":
        return J
    rows, mixed = J.tolist(), []
    for i, jet in enumerate(jets):
        block = rows[i * q : (i + 1) * q]
        for weights in jet.curvature:
            used = [(weight, row) for weight, row in zip(weights, block, strict=True) if not weight.is_zero()]
            mixed.append([total(w * row[j] for w, row in used) for j in range(len(rows[0]))])
    return arb_mat(mixed)


def gauss_newton(at: BallNetwork) -> arb_mat:
    """G = E[J^T Lam J], (P, P)."""
    require_room(at.subject.n_parameters, at.subject.n_parameters)
    J = jacobian(at)
    return J.transpose() * curved(at, J) / at.sizes[0]


def gradient(at: BallNetwork) -> list[arb]:
    """The gradient of the risk, (P,)."""
    return at.once("gradient", _gradient)


def _gradient(at: BallNetwork) -> list[arb]:
    g = matrix([[number] for jet in at.losses for number in jet.slope])
    return (jacobian(at).transpose() * g / at.sizes[0]).entries()


def _bent(at: BallNetwork) -> tuple[list[Rows], Rows]:
    """What multiplies x~ in d2R/da_ok dw~_k, as [o][i][k], and x~ x~^T in d2R/dw~_k dw~_k, as [i][k]."""
    n, _, m, q = at.sizes
    second, g = at.once("bends", bends), [jet.slope for jet in at.losses]
    mixed = [[[g[i][o] * second[i][o][k][0] for k in range(m)] for i in range(n)] for o in range(q)]
    pure = [[total(g[i][o] * second[i][o][k][1] for o in range(q)) for k in range(m)] for i in range(n)]
    return mixed, pure


def residual(at: BallNetwork) -> arb_mat:
    """The residual part R = E[sum_o g_o d2f_o], (P, P), which couples no two units."""
    n, _, m, q = at.sizes
    require_room(at.subject.n_parameters, at.subject.n_parameters)
    mixed, pure = at.once("bent", _bent)
    x, P = at.augmented, at.subject.n_parameters
    found = arb_mat(P, P)
    for o in range(q):
        block = (arb_mat(mixed[o]).transpose() * x / n).tolist()
        for k in range(m):
            for j, number in enumerate(block[k]):
                a, w = o * m + k, _hidden(at, k, j)
                found[a, w] = found[w, a] = number
    rows = x.tolist()
    for k in range(m):
        scaled = arb_mat([[pure[i][k] * number for number in rows[i]] for i in range(n)])
        block = (x.transpose() * scaled / n).tolist()
        for j, line in enumerate(block):
            for p, number in enumerate(line):
                found[_hidden(at, k, j), _hidden(at, k, p)] = number
    return found


def _hidden(at: BallNetwork, k: int, j: int) -> int:
    """Where the incoming weight j of unit k stands in theta; j = d is its bias."""
    _, d, m, q = at.sizes
    return q * m + (k * d + j if j < d else m * d + k)


def hessian(at: BallNetwork) -> arb_mat:
    """H = G + R."""
    return named("G", at) + named("R", at)


def derivatives_by_biases(at: BallNetwork) -> arb_mat:
    """u, (n q, m): the derivatives by the pre-activations."""
    return arb_mat([[unit[1] for unit in units] for sample in at.once("slopes", slopes) for units in sample])


def bias_block(at: BallNetwork) -> arb_mat:
    """G_bb = E[u^T Lam u], (m, m)."""
    U = at.once("u", derivatives_by_biases)
    return U.transpose() * curved(at, U) / at.sizes[0]


def curvature_block(at: BallNetwork) -> arb_mat:
    """H_bb = G_bb + diag_k(E[g a_k s''(z_k)])."""
    n, m, pure = at.sizes[0], at.sizes[2], at.once("bent", _bent)[1]
    return named("G_bb", at) + diagonal([total(pure[i][k] for i in range(n)) / n for k in range(m)])


def diagonal(entries: list[arb]) -> arb_mat:
    """The matrix with `entries` on its diagonal."""
    return matrix([[e if i == j else 0 for j in range(len(entries))] for i, e in enumerate(entries)])


def weight_gram(at: BallNetwork) -> arb_mat:
    """W W^T, (m, m)."""
    return at.weights("W") * at.weights("W").transpose()


def tangent_kernel(at: BallNetwork) -> arb_mat:
    """K = J J^T / n, (n q, n q)."""
    return jacobian(at) * jacobian(at).transpose() / at.sizes[0]


def column_norms(at: BallNetwork) -> list[arb]:
    """|a_k| of every unit."""
    return [norm(column) for column in at.weights("a").transpose().tolist()]


def row_norms(at: BallNetwork) -> list[arb]:
    """|w~_k| of every unit, its bias included."""
    biases = at.weights("b").entries() if at.biased else [arb(0)] * at.sizes[2]
    return [norm([*row, b]) for row, b in zip(at.weights("W").tolist(), biases, strict=True)]


def rescaled(M: arb_mat, at: BallNetwork, factors: list[arb]) -> arb_mat:
    """D^-1 M D^-1 where input weights are multiplied by `factors`, output weights divided by them.

    Raises
    ------
    Undecided
        If that is the curvature of another function, the activation not being homogeneous of degree 1.
    """
    if at.activation.constants.homogeneity != 1:
        raise Undecided("units can be rescaled only if s(t z) = t s(z) for t > 0")
    _, d, _, q = at.sizes
    inverse = [1 / factor for factor in factors]
    scale = factors * q + [each for each in inverse for _ in range(d)]
    scale += inverse if at.biased else []
    scale += [arb(1)] * q if at.subject.c is not None else []
    rows = zip(scale, M.tolist(), strict=True)
    return arb_mat([[s * number * t for number, t in zip(row, scale, strict=True)] for s, row in rows])


def balanced(name: str) -> Callable[[BallNetwork], arb_mat]:
    """The matrix called `name` where every unit is rescaled to |a_k| = |w~_k|."""

    def evaluate(at: BallNetwork) -> arb_mat:
        norms = zip(column_norms(at), row_norms(at), strict=True)
        return rescaled(named(name, at), at, [root(a / w) for a, w in norms])

    return evaluate


def stretched(name: str) -> Callable[[BallNetwork], arb_mat]:
    """The matrix called `name` where the first unit is rescaled by FACTOR."""
    return lambda at: rescaled(named(name, at), at, [arb(1 if k else FACTOR) for k in range(at.sizes[2])])


MATRICES: dict[str, Callable[[BallNetwork], arb_mat]] = {
    "G_bb": bias_block,
    "H_bb": curvature_block,
    "W*W'": weight_gram,
    "K": tangent_kernel,
    "G": gauss_newton,
    "H": hessian,
    "R": residual,
    "balanced H": balanced("H"),
    "balanced G": balanced("G"),
    "stretched H": stretched("H"),
    "stretched G": stretched("G"),
}
"""Every matrix, by name."""


def named(name: str, at: BallNetwork) -> arb_mat:
    """The matrix called `name`, from memory the second time.

    Raises
    ------
    Undecided
        If an entry has no finite ball, as where a unit that is to be balanced has no weights.
    """
    made = at.once(f"matrix {name}", MATRICES[name])
    if not all(entry.is_finite() for entry in made.entries()):
        raise Undecided(f"{name} has entries without a finite ball")
    return made
