"""Activations and losses for the oracle: balls of 120 digits around s, s', s'' and l, dl/df, d2l/df2.

Each is written here once more, in a form that stays relatively accurate far out, and differentiated by
power-series arithmetic. At a kink the left piece is used.
"""

from collections.abc import Callable
from typing import Any

from flint import arb, arb_mat, arb_series, ctx, fmpq

BITS = 400
balls = ctx.workprec(BITS)
Jet = tuple[arb, arb, arb]
Piece = Callable[[arb_series], Any]


def rational(value: float) -> fmpq:
    return fmpq(*float(value).as_integer_ratio())


def _line(z: fmpq) -> arb_series:
    return arb_series([arb(z), 1], 3)


def _erfc(z: fmpq) -> arb_series:
    """erfc(-z / sqrt 2), relatively accurate on both sides."""
    return (-_line(z) * (arb(1) / 2).sqrt()).erfc()


def _softplus(z: fmpq) -> list[arb]:
    inner = (1 + (-_line(z)).exp()).inv().coeffs()
    return [arb(z).exp().log1p(), inner[0], inner[1] / 2]


def _pieces(right: Piece, left: Piece) -> Callable[[fmpq], Any]:
    return lambda z: right(_line(z)) if z > 0 else left(_line(z))


SERIES: dict[str, Callable[[fmpq], Any]] = {
    "tanh": lambda z: 1 - 2 / (1 + (2 * _line(z)).exp()),
    "sigmoid": lambda z: (1 + (-_line(z)).exp()).inv(),
    "erf": lambda z: _line(z).erf(),
    "softplus": _softplus,
    "relu": _pieces(lambda z: z, lambda z: 0 * z),
    "leaky_relu": _pieces(lambda z: z, lambda z: z / 100),
    "relu_squared": _pieces(lambda z: z * z, lambda z: 0 * z),
    "silu": lambda z: _line(z) * (1 + (-_line(z)).exp()).inv(),
    "gelu": lambda z: _line(z) * _erfc(z) / 2,
    "sin": lambda z: _line(z).sin(),
    "gaussian": lambda z: (-_line(z) * _line(z)).exp(),
    "square": lambda z: _line(z) * _line(z),
    "cube": lambda z: _line(z) * _line(z) * _line(z),
    "identity": _line,
}


FAR = 2**36
"""Beyond this exp(-|z|) and what it multiplies are within `REST` of zero; Arb would lose its exponent."""
REST = arb(0, arb(2) ** -(2**30))
FLAT: dict[str, tuple[Any, Any]] = {  # s and s' on the right and on the left, where s'' is nothing
    "tanh": (lambda z: (arb(1), 0), lambda z: (arb(-1), 0)),
    "sigmoid": (lambda z: (arb(1), 0), lambda z: (arb(0), 0)),
    "erf": (lambda z: (arb(1), 0), lambda z: (arb(-1), 0)),
    "softplus": (lambda z: (arb(z), 1), lambda z: (arb(0), 0)),
    "silu": (lambda z: (arb(z), 1), lambda z: (arb(0), 0)),
    "gelu": (lambda z: (arb(z), 1), lambda z: (arb(0), 0)),
    "gaussian": (lambda z: (arb(0), 0), lambda z: (arb(0), 0)),
}


def _far(activation: str, z: fmpq) -> Jet:
    s, s1 = FLAT[activation][int(z < 0)](z)
    return s + REST, s1 + REST, REST


def jet(activation: str, z: fmpq) -> Jet:
    """s(z), s'(z), s''(z)."""
    if activation in FLAT and abs(z) > FAR:
        return _far(activation, z)
    if activation == "sin" and abs(z) > FAR:
        with ctx.workprec(BITS + 1100):
            sine, cosine = arb(z).sin(), arb(z).cos()
        return sine, cosine, -sine
    zeros = int(z.q).bit_length() - int(abs(z.p)).bit_length() if z else 0
    with ctx.workprec(BITS + 4 * max(zeros, 0)):  # near zero the forms above cancel
        series = SERIES[activation](z)
    s0, s1, s2 = ([*(series if isinstance(series, list) else series.coeffs()), arb(0), arb(0), arb(0)])[:3]
    return s0, s1, 2 * s2


def _squared(f: arb, y: arb) -> Jet:
    return (f - y) * (f - y) / 2, f - y, arb(1)


def _logistic(f: arb, y: arb) -> Jet:
    sign = 1 - 2 * y  # l = log(1 + exp(sign f))
    if abs(f) > FAR:
        up = sign * f > 0
        return (sign * f if up else arb(0)) + REST, (sign if up else arb(0)) + REST, REST
    rate = 1 / (1 + (-sign * f).exp())
    return (sign * f).exp().log1p(), sign * rate, rate / (1 + (sign * f).exp())


def _pseudo_huber(f: arb, y: arb) -> Jet:
    root = (1 + (f - y) * (f - y)).sqrt()
    return (f - y) * (f - y) / (1 + root), (f - y) / root, 1 / (root * root * root)


SEPARABLE = {"squared": _squared, "logistic": _logistic, "pseudo_huber": _pseudo_huber}


def _softmax(f: list[arb], label: int) -> tuple[arb, list[arb], arb_mat]:
    q = len(f)
    share = [_share(f, o) for o in range(q)]
    rest = [sum((share[p] for p in range(q) if p != o), arb(0)) for o in range(q)]  # 1 - share, uncancelled
    slope = [-rest[o] if o == label else share[o] for o in range(q)]
    second = [[share[o] * (rest[o] if o == p else -share[p]) for p in range(q)] for o in range(q)]
    return _log_others(f, label), slope, arb_mat(second)


def _share(f: list[arb], o: int) -> arb:
    """exp(f_o) / sum_v exp(f_v)."""
    gaps = [v - f[o] for v in f]
    if any(gap > FAR for gap in gaps):
        return REST
    return 1 / sum((REST if gap < -FAR else gap.exp() for gap in gaps), arb(0))


def _log_others(f: list[arb], label: int) -> arb:
    """log(1 + sum of exp(f_v - f_label) over the others), relative to the largest where that is far out."""
    gaps = [f[o] - f[label] for o in range(len(f)) if o != label]
    top = max(gaps, key=lambda gap: gap.mid())
    if abs(top) < FAR:
        return sum((REST if gap < -FAR else gap.exp() for gap in gaps), arb(0)).log1p()
    if top < 0:
        return REST
    return top + sum((REST if gap - top < -FAR else (gap - top).exp() for gap in gaps), arb(0)).log() + REST


def loss_jet(loss: str, f: list[arb], y: Any) -> tuple[arb, list[arb], arb_mat]:
    """l, dl/df and d2l/df2 of one sample."""
    if loss == "softmax":
        return _softmax(f, int(y))
    jets = [SEPARABLE[loss](v, arb(t)) for v, t in zip(f, y, strict=True)]
    second = [[jets[o][2] if o == p else arb(0) for p in range(len(f))] for o in range(len(f))]
    return sum((j[0] for j in jets), arb(0)), [j[1] for j in jets], arb_mat(second)
