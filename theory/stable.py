"""Rewriting an expression, and its derivatives, into forms that lose nothing in floating point.

The one expression of an activation or a loss is first written in :mod:`theory.atoms`, bottom up, by
exact identities; then it is differentiated there. Nothing here knows a particular activation.
"""

from collections.abc import Callable

import sympy as sp

from theory import atoms


def stable(expression: sp.Expr) -> sp.Expr:
    """`expression`, real-valued, rewritten in atoms; piecewise at the outside.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> stable(z / (1 + sp.exp(-z)))
    z*Sigmoid(z)
    >>> stable(sp.log(1 + sp.exp(z)))
    Softplus(z)
    >>> stable(sp.Max(0, z) ** 2)
    Piecewise((z**2, z > 0), (0, True))
    """
    return sp.piecewise_fold(_rewrite(sp.sympify(expression)))


def derivatives(expression: sp.Expr, symbol: sp.Symbol, order: int) -> list[sp.Expr]:
    """The stable form of `expression` and of its first `order` derivatives by `symbol`.

    At a kink a derivative takes the limit from the left.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> derivatives(sp.tanh(z), z, 2)
    [Tanh(z), SechSquared(z), -2*SechSquared(z)*Tanh(z)]
    """
    forms = [left_continuous(stable(expression), symbol)]
    for _ in range(order):
        forms.append(tidy(sp.diff(forms[-1], symbol)))
    return forms


def tidy(expression: sp.Expr) -> sp.Expr:
    """Common factors taken out of sums, branch by branch."""
    expression = sp.piecewise_fold(expression)
    if isinstance(expression, sp.Piecewise):
        return sp.Piecewise(*[(tidy(value), condition) for value, condition in expression.args])
    fading = sorted(expression.atoms(*FADING), key=sp.default_sort_key)
    collected = sp.collect(sp.expand(expression), fading) if fading else expression
    return sp.factor_terms(collected)


def left_continuous(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Conditions on `symbol` written so that a boundary point belongs to the branch on its left."""
    return expression.replace(
        lambda part: isinstance(part, sp.core.relational.Relational),
        lambda part: _left_continuous_condition(part, symbol),
    )


def _left_continuous_condition(condition: sp.Basic, symbol: sp.Symbol) -> sp.Basic:
    difference = sp.expand(condition.lhs - condition.rhs)
    slope = sp.diff(difference, symbol)
    if not isinstance(condition, sp.Gt | sp.Ge | sp.Lt | sp.Le) or not slope.is_number:
        return condition
    boundary = symbol - slope**-1 * difference if slope else symbol
    upwards = isinstance(condition, sp.Gt | sp.Ge) == bool(slope > 0)
    return symbol > sp.simplify(boundary) if upwards else symbol <= sp.simplify(boundary)


def _rewrite(expression: sp.Expr) -> sp.Expr:
    if not expression.args:
        return expression
    if isinstance(expression, sp.Piecewise):
        return sp.Piecewise(*[(_rewrite(value), condition) for value, condition in expression.args])
    expression = expression.func(*[_rewrite(argument) for argument in expression.args])
    for kind, rules in RULES.items():
        if isinstance(expression, kind):
            for rule in rules:
                expression = rule(expression)
    return expression


def _exponent(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, w) if `expression` is c exp(w) with a number c."""
    coefficient, rest = expression.as_coeff_Mul()
    return (coefficient, rest.exp) if isinstance(rest, sp.exp) else None


def _one_plus_exp(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, w) if `expression` is c (1 + exp(w)) with a number c."""
    if not (isinstance(expression, sp.Add) and len(expression.args) == 2):
        return None
    number, rest = expression.as_coeff_Add()
    found = _exponent(rest)
    return (number, found[1]) if found and number == found[0] and number > 0 else None


def _power(expression: sp.Pow) -> sp.Expr:
    base, exponent = expression.args
    found = _one_plus_exp(base)
    if found and exponent.is_Integer and exponent < 0:
        return found[0] ** exponent * atoms.Sigmoid(-found[1]) ** -exponent
    if exponent.is_Rational and exponent.q == 2 and base.is_Add and base.as_coeff_Add()[0] == 1:
        root = sp.sqrt(base.as_coeff_Add()[1])
        root = root.replace(sp.Abs, lambda argument: argument)
        if (root**2 - base + 1).expand() == 0 and not root.atoms(sp.Pow) - base.atoms(sp.Pow):
            inverse = atoms.HypotInverse(root)
            return 1 + atoms.Hypot1m(root) if exponent == sp.S.Half else inverse**-exponent.p
    return expression


def _logarithm(expression: sp.log) -> sp.Expr:
    found = _one_plus_exp(expression.args[0])
    if found:
        return sp.log(found[0]) + atoms.Softplus(found[1])
    number, rest = expression.args[0].as_coeff_Add()
    return atoms.Log1p(rest) if number == 1 else expression


def _exp(expression: sp.exp) -> sp.Expr:
    coefficient, rest = expression.exp.as_coeff_Mul()
    if coefficient == -1 and rest.is_Pow and rest.exp == 2:
        return atoms.Gauss(rest.base)
    return expression


def _product(expression: sp.Mul) -> sp.Expr:
    for sigmoid in expression.atoms(atoms.Sigmoid):
        grown = sp.exp(sigmoid.args[0])
        if sigmoid in expression.args and grown in expression.args:
            mirrored = atoms.Sigmoid(-sigmoid.args[0])
            return expression / sigmoid / grown * mirrored
    return expression


def _sum(expression: sp.Add) -> sp.Expr:
    number, rest = expression.as_coeff_Add()
    if not number or not number.is_Rational:
        return _swapped_softplus(expression)
    for term in sp.Add.make_args(rest):
        coefficient, factor = term.as_coeff_Mul()
        for kind, partner in COMPLEMENTS:
            ratio = coefficient / number
            if isinstance(factor, kind) and (found := partner(factor.args[0], ratio)) is not None:
                return _sum(expression - number - term + number * found)
        if isinstance(factor, sp.exp) and coefficient == -number:
            return _sum(expression - number - term + coefficient * atoms.Expm1(factor.exp))
    return expression


def _swapped_softplus(expression: sp.Add) -> sp.Expr:
    # softplus(u) - c u = (1 - c) softplus(u) + c softplus(-u): no cancellation for 0 <= c <= 1
    for term in expression.args:
        if isinstance(term, atoms.Softplus):
            u = term.args[0]
            share = -sp.cancel((expression - term) / u)
            if share.is_Symbol:
                return share * atoms.Softplus(-u) + (1 - share) * atoms.Softplus(u)
    return expression


def _erf_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    if abs(ratio) != 1:
        return None
    scaled = sp.sqrt(2) * u
    if not scaled.has(sp.sqrt(2)):
        return 2 * atoms.NormalCdf(ratio * scaled)
    return atoms.Erfc(-ratio * u)


def _tanh_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    return 2 * atoms.Sigmoid(2 * ratio * u) if abs(ratio) == 1 else None


def _sigmoid_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    return {-1: atoms.Sigmoid(-u), -2: -atoms.HalfTanh(u)}.get(ratio)


def _maximum(expression: sp.Max) -> sp.Expr:
    chosen, *others = sorted(expression.args, key=sp.default_sort_key)
    for other in others:
        chosen = sp.Piecewise((other, other - chosen > 0), (chosen, True))
    return chosen


def _minimum(expression: sp.Min) -> sp.Expr:
    chosen, *others = sorted(expression.args, key=sp.default_sort_key)
    for other in others:
        chosen = sp.Piecewise((other, chosen - other > 0), (chosen, True))
    return chosen


def _absolute(expression: sp.Abs) -> sp.Expr:
    inner = expression.args[0]
    return sp.Piecewise((inner, inner > 0), (-inner, True))


FADING = (atoms.SechSquared, atoms.SigmoidSlope, atoms.ErfSlope, atoms.NormalDensity, atoms.Gauss, sp.exp)

COMPLEMENTS = [
    (atoms.Erf, _erf_complement),
    (atoms.Tanh, _tanh_complement),
    (atoms.Sigmoid, _sigmoid_complement),
]

RULES: dict[type, list[Callable[..., sp.Expr]]] = {
    sp.tanh: [lambda expression: atoms.Tanh(*expression.args)],
    sp.erf: [lambda expression: atoms.Erf(*expression.args)],
    sp.erfc: [lambda expression: atoms.Erfc(*expression.args)],
    sp.Max: [_maximum],
    sp.Min: [_minimum],
    sp.Abs: [_absolute],
    sp.Pow: [_power],
    sp.log: [_logarithm],
    sp.exp: [_exp],
    sp.Mul: [_product],
    sp.Add: [_sum],
}
