"""Rewriting a smooth expression, and its derivatives, into forms that lose nothing in floating point.

The one expression of an activation (piece by piece) or of a loss is first written in
:mod:`theory.expressions.atoms`, bottom up, by exact identities; then it is differentiated there. Nothing here
knows a particular activation.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.expressions import atoms


def derivatives(expression: sp.Expr, symbol: sp.Symbol, order: int) -> list[sp.Expr]:
    """The stable form of a smooth `expression` and of its first `order` derivatives by `symbol`.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> derivatives(sp.tanh(z), z, 2)
    [Tanh(z), SechSquared(z), -2*SechSquared(z)*Tanh(z)]
    """
    forms = [stable(expression)]
    for _ in range(order):
        forms.append(tidy(sp.diff(forms[-1], symbol)))
    return forms


def stable(expression: sp.Expr) -> sp.Expr:
    """`expression`, real-valued and without switches such as ``Max``, rewritten in atoms.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> stable(z / (1 + sp.exp(-z)))
    z*Sigmoid(z)
    >>> stable(sp.log(1 + sp.exp(z)))
    Softplus(z)
    >>> stable((1 - sp.exp(-z)) / (1 + sp.exp(-z))), stable(1 + sp.erf(z))
    (HalfTanh(z), Erfc(-z))
    """
    if not expression.args:
        return expression
    if expression.is_polynomial(*expression.free_symbols) and len(expression.free_symbols) == 1:
        return sp.horner(expression)
    expression = expression.func(*[stable(argument) for argument in expression.args])
    for kind, rule in RULES.items():
        if isinstance(expression, kind):
            return rule(expression)
    return expression


def tidy(expression: sp.Expr) -> sp.Expr:
    """Common factors taken out of sums, so that what fades multiplies a sum of what does not.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> tidy(atoms.Gauss(z) - z**2 * atoms.Gauss(z))
    (1 - z**2)*Gauss(z)
    """
    functions = sorted(_outermost(expression), key=sp.default_sort_key)
    letters = {function: sp.Symbol(f"function_{i}", real=True) for i, function in enumerate(functions)}
    fading = [letter for function, letter in letters.items() if isinstance(function, atoms.FADING)]
    if not letters:
        return stable(sp.factor(expression))
    form = sp.expand(expression.xreplace(letters))
    back = {letter: function for function, letter in letters.items()}
    collected = sp.factor_terms(sp.collect(form, fading) if fading else form).xreplace(back)
    return collected.replace(lambda part: part.is_Add, _difference_of_exps)


def _outermost(expression: sp.Expr) -> set[sp.Expr]:
    if isinstance(expression, sp.Function):
        return {expression}
    return set().union(*map(_outermost, expression.args))


def _scaled_exp(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, w) if `expression` is c exp(w) with a number c; a number is c exp(0)."""
    coefficient, rest = expression.as_coeff_Mul()
    if rest == 1:
        return coefficient, sp.S.Zero
    return (coefficient, rest.exp) if isinstance(rest, sp.exp) else None


def _two_exps(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """(c, v, w) if `expression` is c (exp(v) + exp(w)) with a number c > 0; 1 is exp(0)."""
    terms = [found for term in sp.Add.make_args(expression) if (found := _scaled_exp(term))]
    if len(terms) != 2 or len(expression.args) != 2:
        return None
    (first, v), (other, w) = sorted(terms, key=lambda term: (term[1] != 0, sp.default_sort_key(term[1])))
    return (first, v, w + sp.log(other / first)) if first.is_positive and other.is_positive else None


def _root(expression: sp.Expr) -> sp.Expr | None:
    """A polynomial u with u^2 = `expression`, if there is one."""
    if not expression.free_symbols:
        return None
    root = sp.sqrt(sp.factor(expression)).replace(sp.Abs, lambda inside: inside)
    exact = root.is_polynomial(*root.free_symbols) and not root.has(sp.I)
    return root if exact and sp.expand(root**2 - expression) == 0 else None


def _square(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, u) if `expression` is c (1 + u^2) with a number c > 0."""
    number, rest = expression.as_coeff_Add()
    root = _root(rest / number) if number.is_positive else None
    return None if root is None else (number, root)


def _power(expression: sp.Expr) -> sp.Expr:
    base, exponent = expression.as_base_exp()
    if isinstance(base, atoms.Cosh) and exponent.is_negative:
        return _power(atoms.Sech(*base.args) ** -exponent)
    if isinstance(base, atoms.Sech) and exponent.is_even:
        return atoms.SechSquared(*base.args) ** (exponent / 2)
    if exponent.is_Integer and exponent < 0 and (found := _two_exps(base)):
        number, v, w = found
        return (number * sp.exp(v)) ** exponent * atoms.Sigmoid(v - w) ** -exponent
    if exponent.is_Rational and exponent.q <= 2 and base.is_Add and (squared := _square(base)):
        number, root = squared
        if exponent.is_negative:
            return number**exponent * atoms.HypotInverse(root) ** (-2 * exponent)
        if exponent == sp.S.Half:
            return sp.sqrt(number) * (1 + atoms.Hypot1m(root))
    return expression


def _logarithm(expression: sp.log) -> sp.Expr:
    inside = expression.args[0]
    coefficient, factor = inside.as_coeff_Mul()
    if isinstance(factor, atoms.Cosh) and coefficient.is_positive:
        return sp.log(coefficient) + atoms.LogCosh(*factor.args)
    if isinstance(factor, atoms.Sigmoid) and coefficient.is_positive:
        return sp.log(coefficient) - atoms.Softplus(-factor.args[0])
    if found := _two_exps(inside):
        number, v, w = found
        return sp.log(number) + v + atoms.Softplus(w - v)
    if squared := _square(inside):
        return sp.log(squared[0]) + atoms.LogSquare(squared[1])
    number, rest = inside.as_coeff_Add()
    if number.is_positive and rest != 0:
        return sp.log(number) + atoms.Log1p(rest / number)
    return expression


def _exp(expression: sp.exp) -> sp.Expr:
    root = _root(-expression.exp)
    return expression if root is None else atoms.Gauss(root)


def _product(expression: sp.Mul) -> sp.Expr:
    factors = [_power(factor) if factor.is_Pow else factor for factor in expression.args]
    for factor in factors:
        for partner, together in _partners(factor):
            if partner in factors:
                merged = sp.Mul(*factors) / factor / partner * together
                return _product(merged) if merged.is_Mul else merged
    return _sines(sp.Mul(*factors))


def _sines(expression: sp.Expr) -> sp.Expr:
    """u / sqrt(1 + u^2) for each pair of factors u and 1 / sqrt(1 + u^2)."""
    powers = expression.as_powers_dict()
    for base, exponent in powers.items():
        if isinstance(base, atoms.HypotInverse) and powers.get(base.args[0], 0) >= 1:
            u, times = base.args[0], min(exponent, powers[base.args[0]])
            return _sines(expression / (u * base) ** times * atoms.HypotSlope(u) ** times)
    return expression


def _partners(factor: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """What `factor` merges with in a product, and into what."""
    if not isinstance(factor, atoms.Sigmoid | atoms.Sech):
        return []
    u = factor.args[0]
    if isinstance(factor, atoms.Sigmoid):
        return [(sp.exp(-u), atoms.Sigmoid(-u)), (atoms.Expm1(-u), -atoms.HalfTanh(u))]
    grown = [(sp.exp(v), 2 * atoms.Sigmoid(2 * v)) for v in (u, -u)]
    return [(atoms.Sinh(u), atoms.Tanh(u)), *grown]


def _sum(expression: sp.Add) -> sp.Expr:
    number, rest = expression.as_coeff_Add()
    if not number:
        return _hyperbolic(_swapped_softplus(expression))
    for term in sp.Add.make_args(rest):
        coefficient, factor = term.as_coeff_Mul()
        if _is_square_of_tanh(factor) and coefficient == -number:
            return _again(expression - number - term + number * atoms.SechSquared(*factor.base.args))
        for kind, partner in COMPLEMENTS:
            if isinstance(factor, kind):
                found = partner(factor.args[0], coefficient / number)
                if found is not None:
                    return _again(expression - number - term + number * found)
    return expression


def _is_square_of_tanh(factor: sp.Expr) -> bool:
    return bool(factor.is_Pow and factor.exp == 2 and isinstance(factor.base, atoms.Tanh))


def _again(expression: sp.Expr) -> sp.Expr:
    return _sum(expression) if expression.is_Add else expression


def _hyperbolic(expression: sp.Expr) -> sp.Expr:
    terms = [found for term in sp.Add.make_args(expression) if (found := _scaled_exp(term))]
    if len(terms) == 2 == len(expression.args) and terms[0][1] == -terms[1][1]:
        (first, v), (other, _) = terms
        if abs(first) == abs(other):
            return 2 * first * (atoms.Cosh(v) if first == other else atoms.Sinh(v))
    return _difference_of_exps(expression)


def _difference_of_exps(expression: sp.Add) -> sp.Expr:
    """c (exp(v) - exp(w)) as c exp(w) (exp(v - w) - 1)."""
    terms = [found for term in sp.Add.make_args(expression) if (found := _scaled_exp(term))]
    if len(terms) != 2 or len(expression.args) != 2:
        return expression
    (first, v), (other, w) = sorted(terms, key=lambda term: sp.default_sort_key(term[1]))
    return first * sp.exp(w) * atoms.Expm1(v - w) if first == -other else expression


def _swapped_softplus(expression: sp.Add) -> sp.Expr:
    # softplus(u) - c u = (1 - c) softplus(u) + c softplus(-u): no cancellation for 0 <= c <= 1
    for term in expression.args:
        if isinstance(term, atoms.Softplus):
            u = term.args[0]
            share = -sp.cancel((expression - term) / u)
            if share.is_Symbol or share == 1:
                return share * atoms.Softplus(-u) + (1 - share) * atoms.Softplus(u)
    return expression


def _exp_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    return -atoms.Expm1(u) if ratio == -1 else None


def _erf_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    if abs(ratio) != 1:
        return None
    scaled = sp.sqrt(2) * u
    if not scaled.has(sp.sqrt(2)):
        return 2 * atoms.NormalCdf(ratio * scaled)
    return atoms.Erfc(-ratio * u)


def _erfc_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    if ratio == -sp.S.Half:
        return atoms.Erfc(-u) / 2
    return atoms.Erf(u) if ratio == -1 else None


def _tanh_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    return 2 * atoms.Sigmoid(2 * ratio * u) if abs(ratio) == 1 else None


def _sigmoid_complement(u: sp.Expr, ratio: sp.Expr) -> sp.Expr | None:
    if ratio == -2:
        return -atoms.HalfTanh(u)
    return atoms.Sigmoid(-u) if ratio == -1 else None


# (kind, partner): number + coefficient kind(u) = number * partner(u, coefficient / number)
COMPLEMENTS: list[tuple[Any, Callable[[sp.Expr, sp.Expr], sp.Expr | None]]] = [
    (sp.exp, _exp_complement),
    (atoms.Erf, _erf_complement),
    (atoms.Erfc, _erfc_complement),
    (atoms.Tanh, _tanh_complement),
    (atoms.Sigmoid, _sigmoid_complement),
]

RULES: dict[Any, Callable[..., sp.Expr]] = {
    sp.tanh: lambda expression: atoms.Tanh(*expression.args),
    sp.sinh: lambda expression: atoms.Sinh(*expression.args),
    sp.cosh: lambda expression: atoms.Cosh(*expression.args),
    sp.sech: lambda expression: atoms.Sech(*expression.args),
    sp.erf: lambda expression: atoms.Erf(*expression.args),
    sp.erfc: lambda expression: atoms.Erfc(*expression.args),
    sp.atan: lambda expression: atoms.Atan(*expression.args),
    sp.asinh: lambda expression: atoms.Asinh(*expression.args),
    sp.Pow: _power,
    sp.log: _logarithm,
    sp.exp: _exp,
    sp.Mul: _product,
    sp.Add: _sum,
}
