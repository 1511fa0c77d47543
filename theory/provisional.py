"""Stand-in for constants and templates until they are derived."""

import math

import mpmath
import numpy as np
import sympy as sp

from theory import atoms

KINKS = {"relu": ((0.0, 1.0, 0.0),), "leaky_relu": ((0.0, 0.99, 0.0),), "relu_squared": ((0.0, 0.0, 2.0),)}
HOMOGENEITY = {"relu": 1, "leaky_relu": 1, "relu_squared": 2, "square": 2, "cube": 3, "identity": 1}
GRID = np.concatenate([np.linspace(-12, 12, 2001), [-1e150, 1e150]])


def supremum(form: sp.Expr, symbol: sp.Symbol) -> float:
    plain = atoms.meaning(form)
    if plain.is_number:
        return abs(float(plain))
    evaluate = sp.lambdify(symbol, abs(plain), "mpmath")
    values = [float(evaluate(mpmath.mpf(float(x)))) for x in GRID]
    if max(values) > 1e100:
        return math.inf
    best = int(np.argmax(values))
    low, high = GRID[max(best - 1, 0)], GRID[min(best + 1, len(GRID) - 3)]
    for _ in range(200):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if evaluate(mpmath.mpf(left)) < evaluate(mpmath.mpf(right)):
            low = left
        else:
            high = right
    return math.nextafter(max(max(values), float(evaluate(mpmath.mpf(low)))), math.inf)


def parity(expression: sp.Expr, symbol: sp.Symbol) -> str:
    mirrored = expression.subs(symbol, -symbol)
    for word, difference in (("odd", mirrored + expression), ("even", mirrored - expression)):
        if all(abs(sp.N(difference.subs(symbol, x))) < 1e-12 for x in (0.3, 1.7, 5.1)):
            return word
    return ""


def unit() -> dict[str, dict[str, sp.Expr]]:
    a, g, t, va, vz = sp.symbols("a g t va vz")
    z = sp.Symbol("z")
    act = sp.Function("act")
    names = {act(z): sp.Symbol("s"), act(z).diff(z): sp.Symbol("s1"), act(z).diff(z, 2): sp.Symbol("s2")}

    def plain(form: sp.Expr) -> sp.Expr:
        for order in (2, 1, 0):
            key = act(z).diff(z, order) if order else act(z)
            form = form.doit().subs(key, names[key])
        return form

    f = a * act(z)
    return {
        "jacobian(a, s, s1)": {"fa": plain(f.diff(a)), "fz": plain(f.diff(z))},
        "second(a, s1, s2)": {"faz": plain(f.diff(a, z)), "fzz": plain(f.diff(z, 2))},
        "tangent(a, s, s1, va, vz)": {"df": plain(f.diff(a) * va + f.diff(z) * vz)},
        "cotangent(a, s, s1, s2, g, t, va, vz)": {
            "ha": plain(t * f.diff(a) + g * f.diff(a, z) * vz),
            "hz": plain(t * f.diff(z) + g * (f.diff(a, z) * va + f.diff(z, 2) * vz)),
        },
    }


def pair() -> dict[str, dict[str, sp.Expr]]:
    ss, dd, kk, cc, p, q = sp.symbols("ss dd kk cc p q")
    return {
        "jacobian_inner(ss, dd, kk, cc)": {"inner": ss + kk * dd + cc},
        "block_inner(p, q, kk)": {"inner": 2 * kk * p + kk**2 * q},
    }
