"""Sizes of weights, inputs and derivatives, in balls, each from its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from theory.certify.balls.balls import arb, arb_mat, norm, proved_root, root, square, total
from theory.certify.quantities.matrices import derivatives_by_biases, jacobian, named
from theory.certify.quantities.network import BallNetwork

Number = Callable[[BallNetwork], arb]


def mean(balls: Iterable[arb]) -> arb:
    """The arithmetic mean."""
    listed = list(balls)
    return total(listed) / len(listed)


def squares(balls: Iterable[arb]) -> arb:
    """The sum of squares."""
    return total(map(square, balls))


def input_gradient(at: BallNetwork) -> arb:
    """E|grad_x f|^2, from W^T u."""
    return squares((at.once("u", derivatives_by_biases) * at.weights("W")).entries()) / at.sizes[0]


def quadratic_gradient(at: BallNetwork) -> arb:
    """4 E|M x|^2, M = sum_k a_k w_k w_k^T."""
    W, a = at.weights("W").tolist(), at.weights("a").tolist()[0]
    M = at.weights("W").transpose() * arb_mat([[s * w for w in row] for s, row in zip(a, W, strict=True)])
    return 4 * squares((at.X * M).entries()) / at.sizes[0]


def weight_gram_inner(at: BallNetwork) -> arb:
    """<W W^T, G_bb>."""
    pairs = zip(named("W*W'", at).entries(), named("G_bb", at).entries(), strict=True)
    return total(left * right for left, right in pairs)


def spectral_weights(at: BallNetwork) -> arb:
    """|W|_2, from the smaller of W W^T and W^T W."""
    from theory.certify.balls.eigenvalues import eigenvalues

    W = at.weights("W")
    W = W if W.nrows() <= W.ncols() else W.transpose()
    return root(eigenvalues(W * W.transpose())[-1])


def parameter_norm(*names: str) -> Number:
    """How to enclose the norm of the parts `names` of theta that are there, or of all."""

    def evaluate(at: BallNetwork) -> arb:
        present = [name for name in at.subject.parts if not names or name in names]
        return norm(entry for name in present for entry in at.weights(name).entries())

    return evaluate


def weight_norms(at: BallNetwork) -> list[arb]:
    """|w_k| of every unit."""
    return [norm(row) for row in at.weights("W").tolist()]


def paired(first: list[arb], second: list[arb]) -> arb:
    """The inner product."""
    return total(x * y for x, y in zip(first, second, strict=True))


def by_paths(name: str) -> Number:
    """How to enclose the sum over units of |w_k| times the root of a diagonal entry of the matrix `name`."""

    def evaluate(at: BallNetwork) -> arb:
        M = named(name, at)
        return paired(weight_norms(at), [proved_root(M[k, k]) for k in range(M.nrows())])

    return evaluate


def input_squares(at: BallNetwork) -> list[arb]:
    """|x_i|^2 of every sample."""
    return [squares(row) for row in at.X.tolist()]


def augmented_squares(at: BallNetwork) -> list[arb]:
    """|x~_i|^2 of every sample."""
    return [squares(row) for row in at.augmented.tolist()]


def hidden_trace(biases: bool) -> Number:
    """How to enclose tr G_W or, with `biases`, tr G_(W,b) = E[(1 + |x|^2) u Lam u]."""

    def evaluate(at: BallNetwork) -> arb:
        q, U, terms = at.sizes[3], at.once("u", derivatives_by_biases).tolist(), []
        for i, (jet, size) in enumerate(zip(at.losses, input_squares(at), strict=True)):
            rows = U[i * q : (i + 1) * q]
            each = total(jet.curvature[o][r] * paired(rows[o], rows[r]) for o in range(q) for r in range(q))
            terms.append((size + int(biases)) * each)
        return mean(terms)

    return evaluate


def kernel_energy(at: BallNetwork) -> arb:
    """E[g . (K g)]."""
    g = [number for jet in at.losses for number in jet.slope]
    column = arb_mat([[number] for number in g])
    return paired(g, (named("K", at) * column).entries()) / at.sizes[0]


def mean_jacobian(at: BallNetwork) -> arb:
    """|E J|^2, J the gradient of the first output by the parameters."""
    return squares(mean(column) for column in zip(*jacobian(at).tolist(), strict=True))
