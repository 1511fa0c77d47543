"""Every quantity of a theorem by its name, from its definition, in balls of 120 digits."""

from collections.abc import Callable
from typing import Any

import sympy as sp
from flint import arb, arb_mat, fmpq

from tests.oracle.truths import DEGREES, UNBOUNDED, Truth, Undefined, length, root, total

MOST = 2.0**-300  # of a matrix, below which an eigenvalue may be zero


def _count(certain: int, possible: int) -> arb:
    return arb(certain).union(arb(possible))


def _rank(at: Truth, name: str) -> arb:
    values = at.spectrum(name)
    return _count(sum(not v.contains(0) for v in values), len(values))


def _negative(at: Truth, name: str) -> arb:
    values = at.spectrum(name)
    return _count(sum(v < 0 for v in values), sum(not v >= 0 for v in values))


def _logs(numbers: list[arb]) -> arb:
    if any(v <= 0 for v in numbers):
        raise Undefined("the logarithm of a number that is not positive")
    return total(v.log() for v in numbers)


def _diagonal(M: arb_mat) -> list[arb]:
    return [M[i, i] for i in range(M.nrows())]


def _mean_log(at: Truth, name: str) -> arb:
    M = at.matrix(name)
    return M.nrows() * _logs([M.trace() / M.nrows()])


HEADS: dict[str, Callable[[Truth, str], arb]] = {
    "trace": lambda at, name: at.matrix(name).trace(),
    "frobenius": lambda at, name: length(at.matrix(name).entries()),
    "lmax": lambda at, name: at.spectrum(name)[-1],
    "least": lambda at, name: at.spectrum(name)[0],
    "spectral": lambda at, name: abs(at.spectrum(name)[0]).max(abs(at.spectrum(name)[-1])),
    "nuclear": lambda at, name: total(map(abs, at.spectrum(name))),
    "rank": _rank,
    "negative": _negative,
    "logdet": lambda at, name: _logs(at.spectrum(name)),
    "diagonal_logs": lambda at, name: _logs(_diagonal(at.matrix(name))),
    "mean_log": _mean_log,
}


def _one_output(at: Truth) -> None:
    if at.q != 1:
        raise Undefined("it is for one output")


def _degree(at: Truth) -> int:
    if at.problem.activation not in DEGREES:
        raise Undefined("the activation is not homogeneous")
    return DEGREES[at.problem.activation]


def _slope_bound(at: Truth) -> arb:
    name = at.problem.activation
    if name in UNBOUNDED[1]:
        raise Undefined("s' is not bounded")
    known = {"sigmoid": arb(1) / 4, "erf": 2 / arb.pi().sqrt(), "gaussian": (2 / arb(1).exp()).sqrt()}
    # silu and gelu: their slope is largest where s'' is zero, known here to some digits
    known |= {"silu": arb("1.0998393194", 1e-9), "gelu": arb("1.1289042", 1e-6)}
    return known.get(name, arb(1))


def _bend_bound(at: Truth) -> arb:
    name, third = at.problem.activation, arb(3).sqrt()
    if name in UNBOUNDED[2]:
        raise Undefined("s'' is not bounded")
    known = {"tanh": 4 / (3 * third), "sigmoid": 1 / (6 * third), "softplus": arb(1) / 4, "silu": arb(1) / 2}
    known |= {"erf": (8 / (arb.pi() * arb(1).exp())).sqrt(), "gelu": (2 / arb.pi()).sqrt()}
    known |= {"sin": arb(1), "gaussian": arb(2), "square": arb(2), "relu_squared": arb(2)}
    known |= {"z**2/4 + z": arb(1) / 2, "sqrt(1 + z**2)": arb(1)}
    return known.get(name, arb(0))


def _slope_at_zero(at: Truth) -> arb:
    from tests.oracle.oracle_jets import jet
    from tests.oracle.truths import FORMULAS

    name = at.problem.activation
    return abs((FORMULAS[name](fmpq(0)) if name in FORMULAS else jet(name, fmpq(0)))[1])


def _squares(M: arb_mat) -> arb:
    return total(v * v for v in M.entries())


def _input_gradient(at: Truth) -> arb:
    return at.mean(lambda i: _squares(at.u[i] * arb_mat(at.w)), arb(0))


def _quadratic_gradient(at: Truth) -> arb:
    _one_output(at)
    if at.problem.activation != "square" or at.layout.biased:
        raise Undefined("it is for quadratic units without biases")
    weights = arb_mat([[at.a[0][k] if k == l else arb(0) for l in range(at.m)] for k in range(at.m)])
    M = arb_mat(at.w).transpose() * weights * arb_mat(at.w)
    return 4 * at.mean(lambda i: _squares(arb_mat([at.x[i]]) * M), arb(0))


def _mean_jacobian(at: Truth) -> arb:
    _one_output(at)
    return _squares(at.mean(lambda i: at.J[i], arb_mat(1, at.P)))


def _inputs(at: Truth, i: int) -> list[arb]:
    return at.x[i][: at.d]


def _parameters(at: Truth, *names: str) -> arb:
    parts = {"a": [v for row in at.a for v in row], "W": [v for row in at.w for v in row]}
    parts["b"] = [arb(v) for v in at.net.b] if at.layout.biased else []
    parts["c"] = [arb(v) for v in at.net.c.ravel()] if at.layout.offset else []
    return length(v for name in names for v in parts[name])


def _paths(name: str) -> Callable[[Truth], arb]:
    return lambda at: total(
        length(row) * root(v) for row, v in zip(at.w, _diagonal(at.matrix(name)), strict=True)
    )


def _loads(power: int, tilted: bool = False) -> Callable[[Truth], arb]:
    return lambda at: total(
        a * length(row) ** power for a, row in zip(at.outer, at.tilted if tilted else at.w, strict=True)
    )


def _hidden_trace(biases: int) -> Callable[[Truth], arb]:
    def evaluate(at: Truth) -> arb:
        small = lambda i: (at.u[i].transpose() * at.losses[i][2] * at.u[i]).trace()  # noqa: E731
        return at.mean(lambda i: small(i) * (biases + total(v * v for v in _inputs(at, i))), arb(0))

    return evaluate


def _activity(at: Truth, k: int) -> arb:
    return at.mean(lambda i: at.jets[i][k][0] ** 2, arb(0))


def _reach(at: Truth, k: int) -> arb:
    return at.mean(lambda i: at.jets[i][k][1] ** 2 * total(v * v for v in at.x[i]), arb(0))


def _balanced_trace(at: Truth) -> arb:
    inner = [length(row) for row in at.tilted]
    if at.problem.loss != "squared" or DEGREES.get(at.problem.activation) != 1:
        raise Undefined("it is for the squared loss and units of the first degree")
    if any(v == 0 for v in [*at.outer, *inner]):
        raise Undefined("a unit without weights cannot be balanced")
    return total(
        at.q * a / w * _activity(at, k) + a * w * _reach(at, k)
        for k, (a, w) in enumerate(zip(at.outer, inner, strict=True))
    ) + (at.q if at.layout.offset else 0)


def _least_trace(at: Truth) -> arb:
    roots = [root(at.q * _activity(at, k) * _reach(at, k)) for k in range(at.m)]
    return 2 * total(a * v for a, v in zip(at.outer, roots, strict=True))


def _kink_variation(at: Truth) -> arb:
    one = at.problem.activation == "relu" and at.d == at.q == 1 and at.layout.biased and at.layout.offset
    if not one:
        raise Undefined("it is for ReLU of one input with all biases")
    return 2 * total(_kink(at, k) for k in range(at.m) if at.net.W[k, 0])


def _kink(at: Truth, k: int) -> arb:
    """|a w| min(g-, g+) at t = -b / w, g-(t) = P(X < t)^2 E[t - X | X < t] sqrt(1 + E[X | X < t]^2)."""
    t, sides = -at.net.b[k] / at.net.W[k, 0], []
    for sign in (1, -1):
        below = [row[0] for row in at.net.X if sign * row[0] < sign * t]
        if not below:
            return arb(0)
        mean = sum(below, fmpq(0)) / len(below)
        share = fmpq(len(below), at.n)
        sides.append(arb(share * share * abs(t - mean)) * (1 + arb(mean * mean)).sqrt())
    return abs(at.a[0][k] * at.w[k][0]) * sides[0].min(sides[1])


def _columns(at: Truth, k: int) -> tuple[list[int], list[int]]:
    """Where the output and the input weights of a unit stand in theta."""
    inputs = [at.layout.w(k, j) for j in range(at.d + at.layout.biased)]
    return [at.layout.a(o, k) for o in range(at.q)], inputs


def _imbalance(at: Truth) -> arb:
    p, rates = _degree(at), []
    for k in range(at.m):
        outputs, inputs = _columns(at, k)
        by_a = total(at.a[o][k] * at.gradient[where] for o, where in enumerate(outputs))
        by_w = total(v * at.gradient[where] for v, where in zip(at.tilted[k], inputs, strict=True))
        rates.append(abs(by_w - p * by_a))
    return _largest(rates)


def _largest(numbers: list[arb]) -> arb:
    found = numbers[0]
    for each in numbers[1:]:
        found = found.max(each)
    return found


def _along_scalings(at: Truth) -> arb:
    V = arb_mat(at.P, at.m)
    for k in range(at.m):
        outputs, inputs = _columns(at, k)
        for o, where in enumerate(outputs):
            V[where, k] = at.a[o][k]
        for v, where in zip(at.tilted[k], inputs, strict=True):
            V[where, k] = -v
    return length((at.matrix("H") * V).entries())


def _twins(at: Truth) -> tuple[int, int]:
    _one_output(at)
    rows = [(*at.net.W[k], at.net.b[k] if at.layout.biased else 0) for k in range(at.m)]
    for k in range(at.m):
        for l in range(k + 1, at.m):
            if rows[k] == rows[l] and at.net.a[0, k]:
                return k, l
    raise Undefined("there are no twins")


def _exchange(name: str) -> Callable[[Truth], arb]:
    def evaluate(at: Truth) -> arb:
        k, l = _twins(at)
        M = at.matrix(name)
        return length(M[p, k] - M[p, l] for p in range(at.P))

    return evaluate


def _correlation(at: Truth) -> arb:
    _one_output(at)
    return length(
        at.mean(lambda i: arb_mat([at.x[i]]) * at.losses[i][1][0], arb_mat(1, len(at.x[0]))).entries()
    )


def _silent(at: Truth) -> arb:
    _one_output(at)
    silent = [k for k in range(at.m) if not any(at.net.W[k])]
    if not silent:
        raise Undefined("there is no silent unit")
    from tests.oracle import oracle

    moments = at.mean(
        lambda i: arb_mat([[u * v * at.losses[i][1][0] for v in _inputs(at, i)] for u in _inputs(at, i)]),
        arb_mat(at.d, at.d),
    )
    return -2 * oracle.eigenvalues(moments * at.a[0][silent[0]])[0]


def _kernel_energy(at: Truth) -> arb:
    g = arb_mat([[v] for loss in at.losses for v in loss[1]])
    return (g.transpose() * at.matrix("K") * g)[0, 0] / at.n


NUMBERS: dict[str, Callable[[Truth], arb]] = {
    "n": lambda at: arb(at.n),
    "d": lambda at: arb(at.d),
    "m": lambda at: arb(at.m),
    "q": lambda at: arb(at.q),
    "degree": lambda at: arb(_degree(at)),
    "C1": _slope_bound,
    "C2": _bend_bound,
    "slope_at_zero": _slope_at_zero,
    "risk": lambda at: at.mean(lambda i: at.losses[i][0], arb(0)),
    "input_gradient": _input_gradient,
    "quadratic_gradient": _quadratic_gradient,
    "mean_square_output": lambda at: at.mean(lambda i: total(v * v for v in at.f[i]), arb(0)),
    "mean_square_input": lambda at: at.mean(lambda i: total(v * v for v in at.x[i]), arb(0)),
    "mean_square_jacobian": lambda at: at.mean(lambda i: _squares(at.J[i]), arb(0)),
    "mean_jacobian^2": _mean_jacobian,
    "smallest_input": lambda at: -_largest([-total(v * v for v in _inputs(at, i)) for i in range(at.n)]),
    "norm(theta)": lambda at: _parameters(at, "a", "W", "b", "c"),
    "norm(a)": lambda at: _parameters(at, "a"),
    "norm(a, c)": lambda at: _parameters(at, "a", "c"),
    "norm1(a)": lambda at: total(at.outer),
    "norm_inf(a)": lambda at: _largest(at.outer),
    "spectral(W)": lambda at: root(at.spectrum("W*W'")[-1]),
    "frobenius(W)": lambda at: _parameters(at, "W"),
    "inner(W*W', G_bb)": lambda at: (at.matrix("W*W'") * at.matrix("G_bb")).trace(),
    "sum(|a||w|)": _loads(1),
    "sum(|a||w|^2)": _loads(2),
    "sum(|a||w~|)": _loads(1, tilted=True),
    "sum(|w|sqrt(G_bb))": _paths("G_bb"),
    "sum(|w|sqrt(H_bb))": _paths("H_bb"),
    "trace(G_W)": _hidden_trace(0),
    "trace(G_Wb)": _hidden_trace(1),
    "trace(balanced G)": _balanced_trace,
    "least_trace": _least_trace,
    "first_activity": lambda at: _activity(at, 0),
    "kink_variation": _kink_variation,
    "gradient_norm": lambda at: length(at.gradient),
    "unit_gradient": lambda at: length(at.gradient[: at.P - at.q * at.layout.offset]),
    "kernel_energy": _kernel_energy,
    "imbalance_rate": _imbalance,
    "norm(H*V)": _along_scalings,
    "norm(G*v)": _exchange("G"),
    "norm(H*v)": _exchange("H"),
    "twin_weight": lambda at: abs(at.a[0][_twins(at)[0]]),
    "twin_gradient": lambda at: length(at.gradient[p] for p in _columns(at, _twins(at)[0])[1]),
    "correlation": _correlation,
    "silent_descent": _silent,
}


def side(expression: Any, at: Truth) -> arb:
    """An expression in the names of quantities, at a network."""
    if expression.is_Symbol:
        return at.value(expression.name)
    if expression.is_Rational:
        return arb(fmpq(int(expression.p), int(expression.q)))
    parts = [side(each, at) for each in expression.args]
    if expression.is_Add:
        return total(parts)
    if expression.is_Mul:
        product = arb(1)
        for part in parts:
            product *= part
        return product
    base, exponent = parts[0], sp.Rational(expression.exp)
    if exponent < 0 and base == 0:
        raise Undefined("a quotient by zero")
    whole = root(base) ** int(2 * exponent) if exponent.q == 2 else base ** int(exponent)
    return whole
