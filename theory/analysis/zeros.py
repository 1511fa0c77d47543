"""All real zeros of an expression in ``z``, where a short and predictable method finds them.

sympy's own solvers find more, but may take minutes, or return conditions instead of numbers.
"""

from collections.abc import Callable, Iterator

import sympy as sp

from theory.expressions.activations import z

MAX_SIZE = 150

# Polynomials in an exponential of a higher degree take minutes to factor.
MAX_POWER = 24

# A function -> its inverse, and where the inverse is defined.
INVERSES: dict[sp.Expr, tuple[Callable[[sp.Expr], sp.Expr], Callable[[sp.Expr], bool]]] = {
    sp.exp: (sp.log, lambda t: t > 0),
    sp.log: (sp.exp, lambda t: True),
    sp.tanh: (sp.atanh, lambda t: abs(t) < 1),
    sp.sinh: (sp.asinh, lambda t: True),
    sp.asinh: (sp.sinh, lambda t: True),
    sp.atan: (sp.tan, lambda t: abs(t) < sp.pi / 2),
}


def real_zeros(expr: sp.Expr) -> list[sp.Expr] | None:
    """All real zeros of `expr` where it is defined, or None where they were not found.

    Examples
    --------
    >>> real_zeros(z**2 - 2), real_zeros(sp.exp(2 * z) - 3 * sp.exp(z) + 2), real_zeros(sp.tanh(z) - z)
    ([-sqrt(2), sqrt(2)], [0, log(2)], None)
    """
    found: list[sp.Expr] = []
    for zeros in zeros_by_factor(expr):
        if zeros is None:
            return None
        found += zeros
    return list(dict.fromkeys(found))


def zeros_by_factor(expr: sp.Expr) -> Iterator[list[sp.Expr] | None]:
    """The real zeros of each factor of the numerator of `expr`; None for a factor that is not solved.

    Examples
    --------
    >>> list(zeros_by_factor((z - 1) * (sp.tanh(z) - z) / (z**2 + 1)))
    [[1], None]
    """
    unit = _unit(expr)
    if expr.count_ops() > MAX_SIZE or unit is None:
        yield None
        return
    numerator = sp.factor(sp.fraction(sp.together(expr.subs(z, unit * z)))[0])
    for factor in sp.Mul.make_args(numerator):
        base = factor.base if factor.is_Pow and factor.exp.is_positive else factor
        if base.has(z) and not isinstance(base, sp.exp):
            zeros = _zeros(base)
            yield zeros if zeros is None or unit == 1 else [unit * zero for zero in zeros]


def _unit(expr: sp.Expr) -> sp.Expr | None:
    """A unit of z in which the rates of exponentials are small integers; None where there is none.

    Examples
    --------
    >>> _unit(sp.exp(-851 * z / 500) + 1), _unit(sp.exp(z) + sp.exp(851 * z / 500)), _unit(sp.tanh(z / 3))
    (500/851, None, 1)
    """
    rates = {abs(sp.diff(node.exp, z)) for node in expr.atoms(sp.exp) if node.has(z)}
    multiples = {node.exp.as_coeff_Mul()[0] for node in expr.atoms(sp.exp)}
    if not rates or not all(rate.is_Rational for rate in rates):
        powers = [max(abs(multiple.p), multiple.q) for multiple in multiples if multiple.is_Rational]
        return sp.S.One if max(powers, default=0) <= MAX_POWER else None
    unit = 1 / sp.gcd_list(sorted(rates))
    return unit if max(rates) * unit <= MAX_POWER else None


def _zeros(factor: sp.Expr) -> list[sp.Expr] | None:
    """Zeros of a polynomial in one of z and f(inner(z)), f invertible."""
    try:
        generators = [generator for generator in sp.Poly(factor).gens if generator.has(z)]
        poly = sp.Poly(factor, *generators)
    except sp.PolynomialError:
        return None
    roots = _roots(poly) if len(generators) == 1 else None
    if roots is None or poly.gen == z:
        return roots
    if poly.gen.func not in INVERSES:
        return None
    inverse, defined = INVERSES[poly.gen.func]
    inner = [real_zeros(poly.gen.args[0] - inverse(root)) for root in roots if defined(root)]
    return None if None in inner else [zero for zeros in inner if zeros is not None for zero in zeros]


def _roots(poly: sp.Poly) -> list[sp.Expr] | None:
    """The real roots, of a quadratic or biquadratic in radicals; other radicals take minutes to compare."""
    even = all(power % 2 == 0 for (power,) in poly.monoms())
    if poly.degree() <= 2 or (poly.degree() == 4 and even):
        return sorted((root for root in sp.roots(poly) if _is_real(root)), key=lambda root: sp.N(root, 30))
    if all(coefficient.is_Rational for coefficient in poly.coeffs()):
        return list(dict.fromkeys(poly.real_roots()))
    return None


def _is_real(root: sp.Expr) -> bool:
    return bool(root.is_real if root.is_real is not None else abs(sp.im(sp.N(root, 30))) < 1e-20)
