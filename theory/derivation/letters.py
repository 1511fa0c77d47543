"""The letters of the derivation: generic activation and loss, weights with and without an output index.

Indices: k and l are two different hidden units, j and p two inputs, o and r two outputs, t and e outputs that
are summed over. With one output the letters carry no output index and there are no sums over outputs.
"""

from dataclasses import dataclass

import sympy as sp
from sympy.concrete.delta import deltasummation


class Act(sp.Function):
    """The derivative of order ``args[0]`` of a generic activation at ``args[1]``.

    Examples
    --------
    >>> t = sp.Symbol("t")
    >>> Act(0, 3 * t).diff(t)
    3*Act(1, 3*t)
    """

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative by the argument; an error for the order, which cannot vary."""
        if argindex != 2:
            raise sp.ArgumentIndexError(self, argindex)
        return Act(self.args[0] + 1, self.args[1])


class Loss(sp.Function):
    """A generic loss of q outputs: ``Loss(n_1, ..., n_q, f_1, ..., f_q)`` is its mixed derivative.

    Examples
    --------
    >>> t = sp.Symbol("t")
    >>> Loss(0, 0, t, t**2).diff(t)
    2*t*Loss(0, 1, t, t**2) + Loss(1, 0, t, t**2)
    """

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative by one output; an error for the orders, which cannot vary."""
        q = len(self.args) // 2
        if argindex <= q:
            raise sp.ArgumentIndexError(self, argindex)
        orders = list(self.args[:q])
        orders[argindex - 1 - q] += 1
        return Loss(*orders, *self.args[q:])


def _real(names: str) -> tuple[sp.Symbol, ...]:
    return sp.symbols(names, real=True)


k, l, o, r, t, e, p = sp.symbols("k l o r t e p", integer=True)
q = sp.Symbol("q", integer=True, positive=True)

z_k, z_l, VZ_K = _real("z_k z_l vz_k")
x_j, x_p = _real("x_j x_p")
w_kj, w_kp, w_lp = _real("w_kj w_kp w_lp")
b_k, b_l = _real("b_k b_l")
# the inner product of the inputs of two samples, each with a 1 appended when there are hidden biases
K0, K0_II = _real("K0_ij K0_ii")


@dataclass(frozen=True)
class Letters:
    """Symbols that carry an output index if and only if there are several outputs."""

    several: bool

    def a(self, unit: sp.Symbol, output: sp.Symbol = o) -> sp.Expr:
        """Output weight of `unit` to `output`."""
        if self.several:
            return sp.IndexedBase("a", real=True)[output, unit]
        return sp.Symbol(f"a_{unit}", real=True)

    def of(self, name: str, *outputs: sp.Symbol) -> sp.Expr:
        """The letter `name` at `outputs`: c the output bias, g = dl/df, Lam = d2l/df2."""
        return sp.IndexedBase(name, real=True)[outputs] if self.several else sp.Symbol(name, real=True)

    def total(self, term: sp.Expr, *outputs: sp.Symbol) -> sp.Expr:
        """The sum of `term` over the indices `outputs`, Kronecker deltas contracted."""
        if not self.several:
            return term
        return sp.Add(*(_summed(part, list(outputs)) for part in sp.Add.make_args(sp.expand(term))))


def _summed(product: sp.Expr, outputs: list[sp.Symbol]) -> sp.Expr:
    """One product summed over outputs: its Kronecker deltas contracted first, constants before the sum."""
    for output in list(outputs):
        if any(delta.has(output) for delta in product.atoms(sp.KroneckerDelta)):
            product = deltasummation(product, (output, 1, q), no_piecewise=True)
            outputs.remove(output)
    if not outputs:
        return product
    outside, inside = product.as_independent(*outputs, as_Add=False)
    return outside * sp.Sum(inside, *((output, 1, q) for output in outputs))
