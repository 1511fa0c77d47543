"""Derivatives of one sample's loss by the weights of one unit, or of a pair of units.

Nothing here grows with the network: a unit k, a second unit l, two inputs j and p, and `rest`, which holds
all other terms. Every entry of the gradient and of the Hessian of any network is one of these.
"""

from dataclasses import dataclass

import sympy as sp

from theory.derivation.letters import (
    VZ_K,
    Act,
    Letters,
    b_k,
    b_l,
    e,
    k,
    l,
    o,
    r,
    t,
    w_kj,
    w_kp,
    w_lp,
    x_j,
    x_p,
    z_k,
    z_l,
)

REST_K, REST_L, REST = sp.symbols("rest_k rest_l rest", real=True)
PRE_K = w_kj * x_j + w_kp * x_p + b_k + REST_K
PRE_L = w_lp * x_p + b_l + REST_L
STEP = sp.Symbol("epsilon", real=True)


@dataclass(frozen=True)
class Entry:
    """One entry of the Hessian of one sample's loss: ``gauss_newton + residual``."""

    gauss_newton: sp.Expr
    residual: sp.Expr

    @property
    def value(self) -> sp.Expr:
        """The entry itself."""
        return self.gauss_newton + self.residual


def output(letters: Letters, index: sp.Symbol = o) -> sp.Expr:
    """The network's output `index` in the weights of two units: f = a_k s(z_k) + a_l s(z_l) + c + rest."""
    units = letters.a(k, index) * Act(0, PRE_K) + letters.a(l, index) * Act(0, PRE_L)
    return units + letters.of("c", index) + REST


def parameters(letters: Letters, hidden_bias: bool = True, output_bias: bool = True) -> dict[str, sp.Expr]:
    """The weights of unit k at output o, by name: a_k, w_kj, b_k, c."""
    named = {"a_k": letters.a(k, o), "w_kj": w_kj}
    named |= {"b_k": b_k} if hidden_bias else {}
    return named | ({"c": letters.of("c", o)} if output_bias else {})


def partners(letters: Letters, hidden_bias: bool = True, output_bias: bool = True) -> dict[str, sp.Expr]:
    """What a weight of unit k at output o is paired with: the same unit, another unit, the output bias."""
    named = {"a_k": letters.a(k, r), "w_kp": w_kp, "a_l": letters.a(l, r), "w_lp": w_lp}
    named |= {"b_k": b_k, "b_l": b_l} if hidden_bias else {}
    return named | ({"c": letters.of("c", r)} if output_bias else {})


def jacobian(letters: Letters, parameter: sp.Expr, index: sp.Symbol = o) -> sp.Expr:
    """The derivative of output `index` by a weight.

    Examples
    --------
    >>> jacobian(Letters(several=False), w_kj)
    a_k*x_j*Act(1, z_k)
    """
    return _derivative(output(letters, index), parameter)


def second(letters: Letters, first: sp.Expr, other: sp.Expr, index: sp.Symbol = o) -> sp.Expr:
    """The second derivative of output `index` by two weights.

    Examples
    --------
    >>> second(Letters(several=False), w_kj, w_kp)
    a_k*x_j*x_p*Act(2, z_k)
    """
    return _derivative(output(letters, index), first, other)


def gradient(letters: Letters, parameter: sp.Expr) -> sp.Expr:
    """The derivative of the loss by a weight: sum_t g_t df_t.

    Examples
    --------
    >>> gradient(Letters(several=False), w_kj)
    a_k*g*x_j*Act(1, z_k)
    """
    return letters.total(letters.of("g", t) * jacobian(letters, parameter, t), t)


def entry(letters: Letters, first: sp.Expr, other: sp.Expr) -> Entry:
    """The second derivative of the loss: sum_te Lam_te df_t df_e + sum_t g_t d2f_t.

    Examples
    --------
    >>> entry(Letters(several=False), w_kj, w_kp).residual
    a_k*g*x_j*x_p*Act(2, z_k)
    """
    slopes = jacobian(letters, first, t) * jacobian(letters, other, e)
    newton = letters.total(letters.of("Lam", t, e) * slopes, t, e)
    residual = letters.total(letters.of("g", t) * second(letters, first, other, t), t)
    return Entry(newton, residual)


def hessian(
    letters: Letters, hidden_bias: bool = True, output_bias: bool = True
) -> dict[tuple[str, str], Entry]:
    """Every kind of Hessian entry, by the names of its two weights; each unordered pair once.

    Examples
    --------
    >>> list(hessian(Letters(several=False), False, False))
    [('a_k', 'a_k'), ('a_k', 'w_kp'), ('a_k', 'a_l'), ('a_k', 'w_lp'), ('w_kj', 'w_kp'), ('w_kj', 'w_lp')]
    """
    entries: dict[tuple[str, str], Entry] = {}
    kinds: set[tuple[str, ...]] = set()
    for row, first in parameters(letters, hidden_bias, output_bias).items():
        for column, other in partners(letters, hidden_bias, output_bias).items():
            kind = (*sorted((row[0], column[0])), "l" if "_l" in column and row != "c" else "k")
            if kind not in kinds:
                entries[row, column] = entry(letters, first, other)
            kinds.add(kind)
    return entries


def _derivative(expr: sp.Expr, *variables: sp.Expr) -> sp.Expr:
    """The derivative, in the pre-activations z_k and z_l again; units k and l are different."""
    derived = sp.diff(expr, *variables)
    return derived.subs({PRE_K: z_k, PRE_L: z_l}).subs(sp.KroneckerDelta(k, l), 0)


def input_slope(letters: Letters) -> sp.Expr:
    """What unit k adds to the derivative of output o by input j: df/dx_j = sum_k of this.

    Examples
    --------
    >>> input_slope(Letters(several=False))
    a_k*w_kj*Act(1, z_k)
    """
    return sp.diff(output(letters), x_j).subs(PRE_K, z_k)


def tangent(letters: Letters) -> sp.Expr:
    """What unit k adds to the first directional derivative of output o along (va, vz), vz = vw . x + vb.

    Examples
    --------
    >>> tangent(Letters(several=False))
    a_k*vz_k*Act(1, z_k) + va_k*Act(0, z_k)
    """
    return _moved(letters, letters.a(k, o) * Act(0, z_k), o).diff(STEP).subs(STEP, 0)


def cotangent(letters: Letters) -> dict[str, sp.Expr]:
    """The Hessian-vector product of one sample and unit k, by its output weight and its pre-activation.

    The loss's gradient is differentiated along the direction: g changes by ``h = Lam df``, where df is the
    sum of the tangents over units. ``hz`` times x_j is the product's entry of w_kj, ``hz`` that of b_k.

    Examples
    --------
    >>> cotangent(Letters(several=False))["ha"]
    g*vz_k*Act(1, z_k) + h*Act(0, z_k)
    """
    unit = letters.a(k, t) * Act(0, z_k)
    loss_slope = letters.of("g", t) + STEP * letters.of("h", t)
    found = {}
    for name, variable in (("ha", letters.a(k, o)), ("hz", z_k)):
        slope = _moved(letters, sp.diff(unit, variable), t)
        found[name] = letters.total((loss_slope * slope).diff(STEP).subs(STEP, 0), t)
    return found


def _moved(letters: Letters, expr: sp.Expr, index: sp.Symbol) -> sp.Expr:
    """`expr` at the weights of unit k moved by STEP along (va, vz)."""
    weight = letters.a(k, index)
    direction = weight.subs(sp.IndexedBase("a", real=True), sp.IndexedBase("va", real=True))
    direction = direction if letters.several else sp.Symbol("va_k", real=True)
    shifted = {weight: weight + STEP * direction, z_k: z_k + STEP * VZ_K}
    return expr.subs(shifted, simultaneous=True)


def named(expr: sp.Expr) -> sp.Expr:
    """The scalar kernel's letters: a, s, s1, s2 for a_k, s(z_k), s'(z_k), s''(z_k); va, vz; t for Lam df.

    Examples
    --------
    >>> named(tangent(Letters(several=False)))
    a*s1*vz + s*va
    """
    one = Letters(several=False)
    plain = {"va_k": "va", "vz_k": "vz", "h": "t", "g": "g", "Lam": "Lam"}
    letters = {sp.Symbol(old, real=True): sp.Symbol(new) for old, new in plain.items()}
    letters |= {Act(0, z_k): sp.Symbol("s"), one.a(k): sp.Symbol("a")}
    return expr.subs(letters | {Act(n, z_k): sp.Symbol(f"s{n}") for n in (1, 2, 3)})


def unit_kernels() -> dict[str, dict[str, sp.Expr]]:
    """The templates of one unit as scalar kernels: signature to named outputs.

    Examples
    --------
    >>> unit_kernels()["jacobian(a, s, s1)"]
    {'fa': s, 'fz': a*s1}
    """
    one = Letters(several=False)
    f, a = one.a(k) * Act(0, z_k), one.a(k)
    product = cotangent(one)
    kernels = {
        "jacobian(a, s, s1)": {"fa": f.diff(a), "fz": f.diff(z_k)},
        "second(a, s1, s2)": {"faz": f.diff(a, z_k), "fzz": f.diff(z_k, 2)},
        "tangent(a, s, s1, va, vz)": {"df": tangent(one)},
        "cotangent(a, s, s1, s2, g, t, va, vz)": {"ha": product["ha"], "hz": product["hz"]},
    }
    return {head: {name: named(value) for name, value in body.items()} for head, body in kernels.items()}
