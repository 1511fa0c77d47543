"""Proofs of the theorems at any depth, by steps that the machine follows.

A network of any depth is f(x) = F(W x + b; phi) with F an arbitrary function, so that later layers are never
written down: sympy differentiates F without knowing it. Homogeneous networks are written out, layer by layer,
with slopes that are letters, since nearby every unit of degree one is its slope times its pre-activation.
Identities are verified in small sizes, `SIZES` and `DEPTHS`; inequalities are instances of lemmas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Any

import sympy as sp

from theory.proofs.lemmas.lemma import CALL, fill
from theory.proofs.steps import By, plain, rooted
from theory.records import any_depth as records
from theory.records.any_depth import t

SIZES = ((1, 1, 1, 1), (2, 1, 2, 1), (1, 2, 2, 2), (2, 2, 1, 2))  # n, d, m, q
DEPTHS = ((2, 1), (2, 2, 1), (1, 2, 2), (2, 1, 2, 1), (1, 2, 1, 1, 2))  # sizes of homogeneous networks


@dataclass(frozen=True)
class Tail:
    """f_o(x_i) = F_o(W x_i + b; phi) with F unknown, for n, d, m, q of a size."""

    n: int
    d: int
    m: int
    q: int

    @cached_property
    def W(self) -> sp.Matrix:
        """The first layer's weights."""
        return sp.Matrix(self.m, self.d, lambda k, j: sp.Symbol(f"w{k}_{j}", real=True))

    @cached_property
    def b(self) -> list[sp.Symbol]:
        """Its biases."""
        return [sp.Symbol(f"b{k}", real=True) for k in range(self.m)]

    @cached_property
    def X(self) -> sp.Matrix:
        """Inputs."""
        return sp.Matrix(self.n, self.d, lambda i, j: sp.Symbol(f"x{i}_{j}", real=True))

    @cached_property
    def theta(self) -> list[sp.Symbol]:
        """W row by row, b, and one parameter of the later layers."""
        return [*self.W, *self.b, sp.Symbol("phi", real=True)]

    @cached_property
    def outputs(self) -> list[sp.Expr]:
        """f_o(x_i), sample by sample."""
        units = [self.W * self.X[i, :].T + sp.Matrix(self.b) for i in range(self.n)]
        return [sp.Function(f"F{o}")(*z, self.theta[-1]) for z in units for o in range(self.q)]

    def by_inputs(self) -> sp.Expr:
        """E|grad_x f|^2."""
        squares = [
            self.outputs[i * self.q + o].diff(x) ** 2
            for i, o in product(range(self.n), range(self.q))
            for x in self.X[i, :]
        ]
        return sum(squares, sp.S.Zero) / self.n

    def jacobian(self, letters: list[sp.Symbol]) -> sp.Matrix:
        """Derivatives of all outputs, (n q, number of letters)."""
        return sp.Matrix([[f.diff(letter) for letter in letters] for f in self.outputs])

    def hessian(self) -> sp.Matrix:
        """Of the squared risk, where every residual is zero."""
        y = [sp.Symbol(f"y{index}", real=True) for index in range(len(self.outputs))]
        risk = sum(((f - each) ** 2 for f, each in zip(self.outputs, y, strict=True)), sp.S.Zero)
        zero = dict(zip(y, self.outputs, strict=True))
        return sp.hessian(risk / (2 * self.n), self.theta).xreplace(zero)


def _none(M: sp.Expr | sp.Matrix) -> bool:
    """Whether every entry vanishes."""
    entries = list(M) if isinstance(M, sp.MatrixBase) else [M]
    return all(sp.expand(sp.sympify(entry).doit()) == 0 for entry in entries)


@cache
def chain_rule() -> bool:
    """E|grad_x f|^2 = <W W^T, E[u u^T]>."""
    for at in (Tail(*size) for size in SIZES):
        J = at.jacobian(at.b)
        inner = (at.W * at.W.T).multiply_elementwise(J.T * J / at.n)
        if not _none(at.by_inputs() - sum(inner, sp.S.Zero)):
            return False
    return True


@cache
def residual_free() -> bool:
    """H = J^T J / n at zero residuals, later layers included."""
    models = [Tail(*size) for size in SIZES]
    return all(_none(at.hessian() - at.jacobian(at.theta).T * at.jacobian(at.theta) / at.n) for at in models)


@dataclass(frozen=True)
class Layers:
    """f = W_L D_(L-1) ... D_1 W_1 x with slopes D that are letters: a homogeneous network near a point."""

    sizes: tuple[int, ...]

    @cached_property
    def weights(self) -> list[sp.Matrix]:
        """W_1, ..., W_L."""
        pairs = enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), 1)
        return [
            sp.Matrix(m, d, lambda i, j, l=l: sp.Symbol(f"w{l}_{i}_{j}", real=True)) for l, (d, m) in pairs
        ]

    @cached_property
    def outputs(self) -> sp.Matrix:
        """f at one input."""
        h = sp.Matrix(self.sizes[0], 1, lambda j, _: sp.Symbol(f"x{j}", real=True))
        for l, W in enumerate(self.weights, 1):
            h = W * h
            if l < len(self.weights):
                h = sp.Matrix([sp.Symbol(f"s{l}_{k}", real=True) * z for k, z in enumerate(h)])
        return h

    @cached_property
    def squares(self) -> list[sp.Expr]:
        """|W_l|_F^2."""
        return [sum((w**2 for w in W), sp.S.Zero) for W in self.weights]


@cache
def euler_direction() -> bool:
    """v^T G v = E|f|^2 |v|^4 at v = (W_l/|W_l|^2)_l, sample by sample, with |v|^2 = sum_l 1/|W_l|^2."""
    for at in map(Layers, DEPTHS):
        total = sum((1 / square for square in at.squares), sp.S.Zero)
        for f in at.outputs:
            slopes = zip(at.weights, at.squares, strict=True)
            along = sum((f.diff(w) * w / square for W, square in slopes for w in W), sp.S.Zero)
            if sp.simplify(along - f * total) != 0:
                return False
        v = [w / square for W, square in zip(at.weights, at.squares, strict=True) for w in W]
        if sp.simplify(sum((each**2 for each in v), sp.S.Zero) - total) != 0:
            return False
    return True


@cache
def harmonic_mean() -> bool:
    """(sum a_l)(sum 1/a_l) - L^2 is a sum of squares over products: (a_k - a_l)^2 / (a_k a_l)."""
    for L in (1, 2, 3, 4):
        a = sp.symbols(f"a:{L}", positive=True)
        gap = sum(a) * sum(1 / each for each in a) - L**2
        pairs = [(a[k] - a[l]) ** 2 / (a[k] * a[l]) for k in range(L) for l in range(k)]
        if sp.simplify(gap - sum(pairs, sp.S.Zero)) != 0:
            return False
    return True


@dataclass(frozen=True)
class Seen:
    """A step verified in symbols by `check`, an inequality if `strict`; without a check, by definition."""

    words: str
    check: Callable[[], bool] | None = None
    strict: bool = False


@dataclass(frozen=True)
class DepthStep:
    """The next expression, and why it may follow."""

    to: sp.Expr
    reason: Seen | By

    @property
    def sign(self) -> str:
        """``"<="`` if the reason is an inequality, else ``"="``."""
        return "<=" if self.reason.strict else "="


Chain = tuple[DepthStep, ...]

FACTS: dict[tuple[str, ...], str] = {
    ("psd", "W1*W1'"): "a Gram matrix",
    ("psd", "G_b1b1"): "a mean of Gram matrices",
    ("psd", "G"): "J^T J / n, the loss being squared",
    ("block", "G_b1b1", "G"): "its block by the first biases",
}
"""What lemmas may require; each is so by definition."""

NORMS = ("frobenius", "spectral", "rank", "norm", "negative")


def faults(relation: sp.Basic, chain: Chain) -> list[str]:
    """What is wrong with a proof of a relation, step by step; nothing if it is complete.

    Examples
    --------
    >>> variant = records.IDENTITY.variants["identity"]
    >>> faults(variant.relation, CHAINS["input-gradient-identity-any-depth"]["identity"])
    []
    """
    found, before = [], relation.args[0]
    for number, step in enumerate(chain, 1):
        if isinstance(relation, sp.Eq) and step.sign == "<=":
            found.append(f"step {number}: an inequality proves no identity")
        follow = _instance if isinstance(step.reason, By) else _verified
        reason = follow(step, before)
        found += [f"step {number}: {reason}"] if reason else []
        before = step.to
    if plain(before - relation.args[1]) != 0:
        found.append("the chain does not end at the right side")
    return found


def _verified(step: DepthStep, _: sp.Expr) -> str:
    assert isinstance(step.reason, Seen)
    check = step.reason.check
    return "" if check is None or check() else f"{step.reason.words} is not so in symbols"


def _instance(step: DepthStep, before: sp.Expr) -> str:
    """What is wrong with a lemma's use: a requirement, or the step is no multiple of the lemma."""
    assert isinstance(step.reason, By)
    lemma, bound = step.reason.lemma, step.reason.bound
    for requirement in lemma.requires:
        claim = tuple(fill(part, bound) for part in requirement)
        if claim not in FACTS:
            return f"nothing says that {' '.join(claim)}"
    left, right = lemma.instance(bound).args
    if not step.reason.strict:
        ways = ((before, step.to), (step.to, before))
        same = any(plain(one.xreplace({left: right}) - other) == 0 for one, other in ways)
        return "" if same else f"the step does not replace one side of {lemma.name} by the other"
    gap, moved = (plain(rooted(_signed(each))) for each in (right - left, step.to - before))
    factor = sp.factor(sp.cancel(moved / gap))
    return "" if factor.is_nonnegative else f"the step is {factor} times {lemma.name}"


def _signed(expression: sp.Expr) -> sp.Expr:
    """The expression in letters that know their sign."""
    letters = {item: sp.Symbol(item.name, **{_sign(item.name): True}) for item in expression.free_symbols}
    return expression.xreplace(letters)


def _sign(name: str) -> str:
    match = CALL.fullmatch(name)
    if name in ("norm(v)", "n", "q", "depth", "norm(theta)"):
        return "positive"
    if match is None:
        return "nonnegative" if name in ("input_gradient", "mean_square_output") else "real"
    semidefinite = ("psd", match[2].split(", ")[0]) in FACTS
    return "nonnegative" if match[1] in NORMS or semidefinite else "real"


WW = "W1*W1'"
START = DepthStep(t("inner(W1*W1', G_b1b1)"), Seen("the chain rule, F unknown", chain_rule))
AT_ZERO = Seen("H = J^T J / n at zero residuals, F unknown", residual_free)
spectral, frobenius, WWF = records.spectral_W, records.frobenius_W, records.frobenius_WW
BOUNDS: dict[str, Chain] = {
    "i": (
        START,
        DepthStep(t(f"spectral({WW})") * t("trace(G_b1b1)"), By("von Neumann, spectral", A=WW, B="G_b1b1")),
        DepthStep(spectral**2 * t("trace(G_b1b1)"), By("Gram, spectral", V="W1")),
    ),
    "ii": (
        START,
        DepthStep(t(f"trace({WW})") * t("lmax(G_b1b1)"), By("von Neumann, largest", A=WW, B="G_b1b1")),
        DepthStep(frobenius**2 * t("lmax(G_b1b1)"), By("Gram, trace", V="W1")),
    ),
    "iii": (
        START,
        DepthStep(WWF * t("frobenius(G_b1b1)"), By("Cauchy-Schwarz", A=WW, B="G_b1b1")),
    ),
}
FACTORS = {
    "i": (spectral**2, "trace"),
    "ii": (frobenius**2, "lmax"),
    "iii": (WWF, "frobenius"),
}


def _in_whole(key: str) -> Chain:
    factor, norm = FACTORS[key]
    block = By(f"principal block, {norm}", N="G_b1b1", M="G")
    return (*BOUNDS[key], DepthStep(factor * t(f"{norm}(G)"), block))


def _at_zero(key: str, matrix: str, chain: Chain) -> Chain:
    factor, norm = FACTORS[key]
    return (*chain, DepthStep(factor * t(f"{norm}({matrix})"), AT_ZERO))


EULER = Seen("Euler's identity along v = (W_l/|W_l|^2)", euler_direction)
RAYLEIGH: Chain = (
    DepthStep(t("rayleigh(G, v)") / t("norm(v)") ** 2, EULER),
    DepthStep(t("lmax(G)"), By("Rayleigh", A="G", v="v")),
)
RANK: Chain = (
    DepthStep(t("rank(J'*J)"), AT_ZERO),
    DepthStep(t("rank(J*J')"), By("A B and B A, rank", V="J")),
)
WHOLE = "K = J J^T / n, and a nonsingular one has rank n q, by hypothesis"

CHAINS: dict[str, dict[str, Chain]] = {
    "input-gradient-identity-any-depth": {"identity": (START,)},
    "input-gradient-any-depth": {
        **BOUNDS,
        "v": (
            START,
            DepthStep(t(f"paths({WW}, G_b1b1)") ** 2, By("paths", A=WW, B="G_b1b1")),
            DepthStep(t("sum(|w|sqrt(G_b1b1))") ** 2, Seen("(W W^T)_kk = |w_k|^2")),
        ),
        **{f"{key}, G": _in_whole(key) for key in BOUNDS},
    },
    "interpolation-any-depth": {
        **{key: _at_zero(key, "H_b1b1", chain) for key, chain in BOUNDS.items()},
        "|H|": (DepthStep(t("frobenius(G)"), AT_ZERO),),
        "tr H": (DepthStep(t("trace(G)"), AT_ZERO),),
        **{f"{key}, H": _at_zero(key, "H", _in_whole(key)) for key in BOUNDS},
    },
    "homogeneous-any-depth": {
        "layers": RAYLEIGH,
        "theta": (
            DepthStep(
                t("mean_square_output") * t("inverse_squares"),
                Seen("L^2 <= (sum_l 1/|W_l|^2) |theta|^2, a sum of squares", harmonic_mean, strict=True),
            ),
            *RAYLEIGH,
        ),
    },
    "positive-eigenvalues-any-depth": {
        "rank": (
            DepthStep(t("rank(J'*J)"), AT_ZERO),
            DepthStep(t("rows(J)"), By("rank of a Gram matrix", V="J")),
            DepthStep(t("n") * t("q"), Seen("J has a row for every output of every sample")),
        ),
        "kernel": (*RANK, DepthStep(t("rank(K)"), Seen("K = J J^T / n"))),
        "generic": (*RANK, DepthStep(t("n") * t("q"), Seen(WHOLE))),
        "none negative": (DepthStep(sp.S.Zero, AT_ZERO),),
    },
}
"""By theorem and relation."""


def verified(theorem: Any) -> list[str]:
    """Faults of all proofs of a record at any depth."""
    chains = CHAINS[theorem.id]
    return [
        f"({name}) {fault}"
        for name, variant in theorem.variants.items()
        for fault in faults(variant.relation, chains[name])
    ]
