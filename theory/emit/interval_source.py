"""Source text that bounds an expression over an interval, by `twolayer.elementary.interval`."""

import sympy as sp

from theory.emit.kernel_calls import PLAIN
from theory.emit.source import number
from theory.expressions import atoms

INCREASING = (
    *(atoms.Tanh, atoms.HalfTanh, atoms.Sigmoid, atoms.Softplus, atoms.Erf, atoms.NormalCdf, atoms.Expm1),
    *(atoms.Log1p, atoms.HypotSlope, atoms.Sinh, atoms.Atan, atoms.Asinh, sp.exp, sp.log),
)
DECREASING = (atoms.Erfc,)
PEAKED = (
    *(atoms.SechSquared, atoms.Sech, atoms.ErfSlope, atoms.NormalDensity, atoms.Gauss),
    *(atoms.HypotInverse, atoms.SigmoidSlope),
)
CUPPED = (atoms.Hypot1m, atoms.LogSquare, atoms.LogCosh, atoms.Cosh)


class Bounds:
    """Lines that enclose expressions over the interval `start`, each given a name once.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> bounds = Bounds(z, "box")
    >>> bounds.name(2 * z * atoms.Tanh(z))
    'v3'
    >>> print("\\n".join(bounds.lines))
    v1 = interval.widened(elementary.tanh_parts(box[0])[0], elementary.tanh_parts(box[1])[0])
    v2 = interval.times(box, v1)
    v3 = interval.scaled(v2, 2.0)
    """

    def __init__(self, symbol: sp.Symbol, start: str, prefix: str = "v") -> None:
        self.names: dict[sp.Expr, str] = {symbol: start}
        self.lines: list[str] = []
        self.prefix = prefix

    def name(self, expression: sp.Expr) -> str:
        """The name of an enclosure of `expression`."""
        if expression not in self.names:
            source = self._source(expression)
            self.names[expression] = f"{self.prefix}{len(self.lines) + 1}"
            self.lines.append(f"{self.names[expression]} = {source}")
        return self.names[expression]

    def _source(self, expression: sp.Expr) -> str:
        if expression.is_number:
            return f"interval.widened({number(expression)}, {number(expression)})"
        if expression.is_Add or expression.is_Mul:
            return self._chain(expression)
        if expression.is_Pow:
            return self._power(*expression.as_base_exp())
        return self._function(expression)

    def _chain(self, expression: sp.Expr) -> str:
        head, *rest = sorted(expression.args, key=lambda part: (part.is_number, sp.default_sort_key(part)))
        if len(rest) > 1:
            return self._chain_of(expression.func, expression.func(head, *rest[:-1]), rest[-1])
        return self._chain_of(expression.func, head, rest[0])

    def _chain_of(self, kind: type, first: sp.Expr, last: sp.Expr) -> str:
        if kind is sp.Mul and last.is_number:
            return f"interval.scaled({self.name(first)}, {number(last)})"
        operation = "plus" if kind is sp.Add else "times"
        return f"interval.{operation}({self.name(first)}, {self.name(last)})"

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        if exponent.is_negative:
            return f"interval.inverse({self.name(base**-exponent)})"
        if exponent.is_Rational and exponent.q > 1 and exponent.q & (exponent.q - 1) == 0:
            return f"interval.root({self.name(base ** (2 * exponent))})"
        if not exponent.is_Integer:
            raise ValueError(f"exponent must be a whole number over a power of 2; got {exponent}")
        return f"interval.power({self.name(base)}, {exponent})"

    def _function(self, expression: sp.Expr) -> str:
        box = self.name(expression.args[0])
        if isinstance(expression, sp.sin | sp.cos):
            return f"interval.{'sine' if isinstance(expression, sp.sin) else 'cosine'}({box})"
        if isinstance(expression, PEAKED + CUPPED):
            box = self._size(box)
        ends = [_value(expression, f"{box}[{end}]") for end in (0, 1)]
        if isinstance(expression, PEAKED + DECREASING):
            ends.reverse()
        elif not isinstance(expression, INCREASING + CUPPED):
            raise ValueError(f"expression must be of functions with known bounds; got {expression}")
        return f"interval.widened({ends[0]}, {ends[1]})"

    def _size(self, box: str) -> str:
        self.lines.append(f"{self.prefix}{len(self.lines) + 1} = interval.size({box})")
        return self.lines[-1].split(" ")[0]


def _value(function: sp.Expr, source: str) -> str:
    name = type(function).__name__
    if name == "SigmoidSlope":
        return f"scaled.sigmoid_shifted({source})[2] * scaled.DOWN"
    kernel = next(kernel for kernel, returned in PLAIN.items() if name in returned)
    place = f"[{PLAIN[kernel].index(name)}]" if len(PLAIN[kernel]) > 1 else ""
    return f"{kernel}({source}){place}"


def third_lines(forms: list[tuple[sp.Expr, sp.Expr]], symbol: sp.Symbol) -> list[str]:
    """Lines that end in ``bound``, at least every |form| on the interval ``box``.

    `forms` lists the smooth pieces from left to right: (expression, upper end).
    """
    lines = []
    found = []
    lower = -sp.oo
    for place, (form, upper) in enumerate(forms, 1):
        part = "box"
        if len(forms) > 1:
            part = f"part{place}"
            cut = "box" if lower.is_infinite else f"interval.above(box, {number(lower)})"
            cut = cut if upper.is_infinite else f"interval.below({cut}, {number(upper)})"
            lines.append(f"{part} = {cut}")
        bounds = Bounds(symbol, part, "v" if len(forms) == 1 else f"v{place}_")
        name = bounds.name(form)
        lines += bounds.lines
        found.append(f"interval.largest({name})")
        if len(forms) > 1:
            found[-1] = f"({found[-1]} if {part}[0] <= {part}[1] else 0.0)"
        lower = upper
    bound = found[0] if len(found) == 1 else f"max({', '.join(found)})"
    return [*lines, f"bound = {bound}"]
