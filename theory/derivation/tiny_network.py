"""A tiny network written out in full, its derivatives assembled from the templates entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from theory.derivation.forms import Forms
from theory.derivation.letters import Act, Letters, k, l, o, q, r, x_j, x_p, z_k, z_l
from theory.derivation.loss_derivatives import F, P, Y
from theory.derivation.unit_templates import Entry
from theory.expressions import losses
from theory.expressions.activations import z

MAX_PARAMETERS, MAX_SAMPLES = 24, 6


@dataclass(frozen=True)
class Weight:
    """A parameter of kind a, w, b or c; unit, input and output count from 1 and are 0 where it has none."""

    kind: str
    unit: int
    input: int
    output: int
    symbol: sp.Symbol


@dataclass(frozen=True)
class SampleLoss:
    """The loss of one sample with its first and second derivatives by the outputs."""

    value: sp.Expr
    slope: list[sp.Expr]
    curvature: list[list[sp.Expr]]


@dataclass(frozen=True)
class Expanded:
    """The risk of a tiny network, with its gradient and Hessian; `parameters` in the layout of theta."""

    parameters: tuple[sp.Symbol, ...]
    risk: sp.Expr
    gradient: sp.Matrix
    hessian: sp.Matrix


class Tiny:
    """Symbols of a network with d inputs, m units and q outputs, and of n samples.

    Examples
    --------
    >>> Tiny(n=1, d=1, m=2, outputs=1, hidden_bias=True, output_bias=False).weights[-1].symbol
    b_2
    """

    def __init__(self, n: int, d: int, m: int, outputs: int, hidden_bias: bool, output_bias: bool) -> None:
        self.n, self.d, self.m, self.outputs = n, d, m, outputs
        self.hidden_bias, self.output_bias = hidden_bias, output_bias
        self.letters = Letters(several=outputs > 1)
        self.weights = self._weights()
        self.symbol = {(w.kind, w.unit, w.input, w.output): w.symbol for w in self.weights}

    def _weights(self) -> list[Weight]:
        units, inputs, outputs = (range(1, size + 1) for size in (self.m, self.d, self.outputs))
        places = [("a", unit, 0, out) for out in outputs for unit in units]
        places += [("w", unit, column, 0) for unit in units for column in inputs]
        places += [("b", unit, 0, 0) for unit in units if self.hidden_bias]
        places += [("c", 0, 0, out) for out in outputs if self.output_bias]
        return [Weight(*place, self._symbol(*place)) for place in places]

    def _symbol(self, kind: str, unit: int, column: int, out: int) -> sp.Symbol:
        indices = [index for index in (out if self.letters.several else 0, unit, column) if index]
        return sp.Symbol(f"{kind}_{''.join(map(str, indices))}" if indices else kind, real=True)

    def x(self, sample: int, column: int) -> sp.Symbol:
        """Input `column` of `sample`."""
        return sp.Symbol(f"x_{sample}{column}", real=True)

    def y(self, sample: int, output: int) -> sp.Symbol:
        """Target of `sample` for `output`; for softmax 1 if it is the label and 0 if not."""
        return sp.Symbol(f"y_{sample}{output}" if self.letters.several else f"y_{sample}", real=True)

    def pre(self, sample: int, unit: int) -> sp.Expr:
        """The pre-activation of `unit` at `sample`."""
        terms = [self.symbol["w", unit, j, 0] * self.x(sample, j) for j in range(1, self.d + 1)]
        return sp.Add(*terms) + self.symbol.get(("b", unit, 0, 0), 0)

    def output(self, sample: int, output: int) -> sp.Expr:
        """The network's `output` at `sample`."""
        units = range(1, self.m + 1)
        terms = [self.symbol["a", unit, 0, output] * Act(0, self.pre(sample, unit)) for unit in units]
        return sp.Add(*terms) + self.symbol.get(("c", 0, 0, output), 0)


LossAt = Callable[[Tiny, int], SampleLoss]


def expanded(derived: Forms, n: int, d: int, m: int) -> Expanded:
    """The risk of a tiny network for a derivation, `derived`; errors as in `Derivation.expanded`."""
    tiny = Tiny(n, d, m, derived.outputs, derived.hidden_bias, derived.output_bias)
    count = len(tiny.weights)
    if min(n, d, m) < 1 or n > MAX_SAMPLES or count > MAX_PARAMETERS:
        raise ValueError(
            f"n, d, m must be positive with n <= {MAX_SAMPLES} and at most {MAX_PARAMETERS} parameters; "
            f"got n={n}, d={d}, m={m} with {count}"
        )
    found = assembled(derived, tiny, lambda net, sample: loss_at(derived, net, sample))
    written = [_with_activation(derived, part) for part in (found.risk, found.gradient, found.hessian)]
    return Expanded(found.parameters, *written)


def assembled(derived: Forms, tiny: Tiny, loss: LossAt) -> Expanded:
    """Risk, gradient and Hessian of `tiny` from the templates of `derived`, with a generic activation.

    `loss` gives each sample's loss with its derivatives.
    """
    losses_of = {sample: loss(tiny, sample) for sample in range(1, tiny.n + 1)}
    templates = {_kind(*names): entry for names, entry in derived.hessian.items()}
    gradient = {name[0]: form for name, form in derived.gradient.items()}

    def mean(term: Callable[[int, SampleLoss], sp.Expr]) -> sp.Expr:
        return sp.Add(*(term(*item) for item in losses_of.items())) / tiny.n

    def slope(weight: Weight) -> sp.Expr:
        form = gradient[weight.kind]
        return mean(lambda sample, at: _filled(form, tiny, sample, at, weight, weight))

    def entry(first: Weight, second: Weight) -> sp.Expr:
        form, *ordered = _template(templates, first, second)
        return mean(lambda sample, at: _filled(form.value, tiny, sample, at, *ordered))

    weights = tiny.weights
    symbols = tuple(weight.symbol for weight in weights)
    risk = mean(lambda sample, at: at.value)
    return Expanded(
        symbols,
        risk,
        sp.Matrix([slope(weight) for weight in weights]),
        sp.Matrix(len(weights), len(weights), lambda row, column: entry(weights[row], weights[column])),
    )


def loss_at(derived: Forms, tiny: Tiny, sample: int) -> SampleLoss:
    """The loss of `derived` at `sample` of `tiny`, and its derivatives."""
    form = derived.loss
    outputs = range(1, tiny.outputs + 1)
    f = [tiny.output(sample, output) for output in outputs]
    y = [tiny.y(sample, output) for output in outputs]
    if form.separable:
        values, slopes, curvatures = (
            [part.subs({losses.f: f_o, losses.y: y_o}) for f_o, y_o in zip(f, y, strict=True)]
            for part in (form.value, form.slope, form.curvature)
        )
        return SampleLoss(sp.Add(*values), slopes, sp.diag(*curvatures).tolist())
    return _softmax_at(derived, f, y)


def _softmax_at(derived: Forms, f: list[sp.Expr], y: list[sp.Symbol]) -> SampleLoss:
    """Softmax with the label's indicators y in place of the Kronecker delta of the label."""
    form, size = derived.loss, len(f)
    total = sp.Add(*map(sp.exp, f))
    letters = {F[c + 1]: f[c] for c in range(size)} | {P[c + 1]: sp.exp(f[c]) / total for c in range(size)}
    letters |= {sp.KroneckerDelta(c + 1, Y): y[c] for c in range(size)}
    letters |= {F[Y]: sp.Add(*(y_c * f_c for y_c, f_c in zip(y, f, strict=True)))}
    places = range(1, size + 1)
    return SampleLoss(
        form.value.subs(q, size).doit().xreplace(letters),
        [form.slope.subs(o, first).xreplace(letters) for first in places],
        [[form.curvature.subs({o: a, r: b}).xreplace(letters) for b in places] for a in places],
    )


def _kind(row: str, column: str) -> tuple[str, str, bool]:
    """The kinds of two weights, and whether they belong to different units."""
    return row[0], column[0], "_l" in column


def _template(
    templates: dict[tuple[str, str, bool], Entry], first: Weight, second: Weight
) -> tuple[Entry, Weight, Weight]:
    """The template of a pair of weights, with the pair in the template's order."""
    apart = 0 < first.unit != second.unit > 0
    key = first.kind, second.kind, apart
    if key in templates:
        return templates[key], first, second
    return templates[second.kind, first.kind, apart], second, first


def _filled(form: sp.Expr, tiny: Tiny, sample: int, at: SampleLoss, first: Weight, second: Weight) -> sp.Expr:
    """A template with the letters of unit k and l, inputs j and p, outputs o and r replaced."""
    places = {k: first.unit, l: second.unit, o: first.output, r: second.output}
    placed = form.subs(q, tiny.outputs).doit().subs(places)
    letters = _letters(tiny, at, first, second)
    for symbol, column in ((x_j, first.input), (x_p, second.input)):
        letters[symbol] = tiny.x(sample, column)
    for symbol, unit in ((z_k, first.unit), (z_l, second.unit)):
        letters |= {symbol: tiny.pre(sample, unit)} if unit else {}
    return placed.xreplace(letters)


def _letters(tiny: Tiny, at: SampleLoss, first: Weight, second: Weight) -> dict[sp.Expr, sp.Expr]:
    """Output weights and derivatives of the loss, by the templates' letters."""
    letters, places = tiny.letters, [sp.Integer(place) for place in range(1, tiny.outputs + 1)]
    found = {letters.of("g", a): at.slope[a - 1] for a in places}
    found |= {letters.of("Lam", a, b): at.curvature[a - 1][b - 1] for a in places for b in places}
    if letters.several:
        units = [sp.Integer(unit) for unit in range(1, tiny.m + 1)]
        return found | {letters.a(unit, a): tiny.symbol["a", unit, 0, a] for unit in units for a in places}
    units_of = {k: first.unit, l: second.unit}
    return found | {letters.a(name): tiny.symbol["a", unit, 0, 1] for name, unit in units_of.items() if unit}


def _with_activation(derived: Forms, expr: sp.Expr) -> sp.Expr:
    derivatives = derived.activation.derivatives
    return expr.replace(Act, lambda order, argument: derivatives[int(order)].subs(z, argument))
