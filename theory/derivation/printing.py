"""How expressions and equations of the derivation are written, as text and as LaTeX."""

from dataclasses import dataclass

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

TEX_NAMES = {
    "Lam": r"\Lambda",
    "Lam_i": r"\Lambda_{i}",
    "Lam_j": r"\Lambda_{j}",
    "K0_ij": r"K^{0}_{ij}",
    "K0_ii": r"K^{0}_{ii}",
    "va": r"v^{a}",
    "va_k": r"v^{a}_{k}",
    "vz_k": r"v^{z}_{k}",
    "vw_kj": r"v^{w}_{kj}",
    "vb_k": r"v^{b}_{k}",
    "vc": r"v^{c}",
    "df": r"\dot{f}",
    "<G, G>": r"\langle G, G \rangle",
    "<G, R>": r"\langle G, R \rangle",
    "<R, R>": r"\langle R, R \rangle",
    "|H|_F^2": r"\| H \|_{F}^{2}",
    "tr G": r"\mathrm{tr} \, G",
    "tr R": r"\mathrm{tr} \, R",
}


@dataclass(frozen=True)
class Equation:
    """A left side as text and as LaTeX, an expression, a remark, and the sign between the sides."""

    left: str
    left_tex: str
    right: sp.Expr
    note: str = ""
    relation: str = "="

    def text(self) -> str:
        """One line of text."""
        return f"{self.left} {self.relation} {text(self.right)}" + (f"    ({self.note})" if self.note else "")

    def latex(self, align: str = "") -> str:
        """LaTeX, with `align` before the equals sign."""
        sign = self.relation.replace("<=", r"\leq")
        return f"{self.left_tex} {align}{sign} {latex(self.right)}"


class TextPrinter(StrPrinter):
    """Text with ``s'(z)`` for the activation, ``a_ok`` for indexed letters and ``sum_k`` for sums."""

    def _print(self, expr: sp.Basic, **settings: object) -> str:
        # sympy would let an Indexed print itself
        return (
            self._print_Indexed(expr)
            if isinstance(expr, sp.Indexed)
            else str(super()._print(expr, **settings))
        )

    def parenthesize(self, item: sp.Expr, level: int, strict: bool = False) -> str:
        """Brackets also around a sum that is a factor."""
        if isinstance(item, sp.Sum) and level >= PRECEDENCE["Mul"]:
            return f"({self._print(item)})"
        return str(super().parenthesize(item, level, strict))

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return _sums_last(super()._as_ordered_terms(expr, order))

    def _print_Act(self, expr: sp.Expr) -> str:
        order, argument = expr.args
        return f"s{int(order) * chr(39)}({self._print(argument)})"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return "_".join(_stem_and_indices(expr, self))

    def _print_Sum(self, expr: sp.Sum) -> str:
        signs = " ".join(f"sum_{''.join(map(self._print, names))}" for names, _ in _ranges(expr))
        return f"{signs} {self.parenthesize(expr.function, PRECEDENCE['Add'])}"

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        return f"[{' = '.join(sorted(map(self._print, expr.args)))}]"


class TexPrinter(LatexPrinter):
    """LaTeX with the same letters."""

    def _print(self, expr: sp.Basic, **settings: object) -> str:
        if isinstance(expr, sp.Indexed):
            letter = self._print_Indexed(expr)
            return f"{letter}^{{{settings['exp']}}}" if "exp" in settings else letter
        return str(super()._print(expr, **settings))

    def _as_ordered_terms(self, expr: sp.Add, order: str | None = None) -> list[sp.Expr]:
        return _sums_last(super()._as_ordered_terms(expr, order))

    def _print_Act(self, expr: sp.Expr, exp: str | None = None) -> str:
        order, argument = expr.args
        call = rf"s{int(order) * chr(39)}\left({self._print(argument)}\right)"
        return call if exp is None else f"{call}^{{{exp}}}"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        stem, indices = _stem_and_indices(expr, self)
        return f"{TEX_NAMES.get(stem, stem)}_{{{indices}}}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return TEX_NAMES.get(expr.name) or str(super()._print_Symbol(expr, style))

    def _print_Sum(self, expr: sp.Sum) -> str:
        ranges = [(", ".join(map(self._print, names)), self._print(end)) for names, end in _ranges(expr)]
        signs = " ".join(rf"\sum_{{{names}=1}}^{{{end}}}" for names, end in ranges)
        return f"{signs} {self.parenthesize(expr.function, PRECEDENCE['Add'])}"


def _sums_last(terms: list[sp.Expr]) -> list[sp.Expr]:
    """Terms with those that begin with a sum at the end, where its scope is plain."""
    return sorted(terms, key=lambda term: isinstance(term, sp.Sum))


def _ranges(expr: sp.Sum) -> list[tuple[list[sp.Symbol], sp.Expr]]:
    """The indices of a sum from the outermost, those with the same upper end together."""
    ranges: list[tuple[list[sp.Symbol], sp.Expr]] = []
    for name, _, end in reversed(expr.limits):
        if ranges and ranges[-1][1] == end:
            ranges[-1][0].insert(0, name)
        else:
            ranges.append(([name], end))
    return ranges


def text(expr: sp.Expr) -> str:
    """An expression as text, `expr`.

    Examples
    --------
    >>> from theory.derivation.letters import Act, z_k
    >>> text(2 * Act(1, z_k) ** 2 * sp.IndexedBase("a")[sp.Symbol("o"), sp.Symbol("k")])
    "2*s'(z_k)**2*a_ok"
    """
    return str(TextPrinter().doprint(expr))


def latex(expr: sp.Expr) -> str:
    r"""An expression as LaTeX, `expr`.

    Examples
    --------
    >>> from theory.derivation.letters import Act, z_k
    >>> print(latex(sp.Symbol("Lam") * Act(2, z_k) ** 2))
    \Lambda s''\left(z_{k}\right)^{2}
    """
    return str(TexPrinter({"long_frac_ratio": 3}).doprint(expr))


def partial(what: tuple[str, str], *variables: sp.Expr) -> tuple[str, str]:
    r"""The symbol of a partial derivative by `variables`; it and `what` are pairs of text and LaTeX.

    Examples
    --------
    >>> a, b = sp.symbols("a b")
    >>> partial(("f", "f"), a)
    ('df/da', '\\frac{\\partial f}{\\partial a}')
    >>> partial(("l", "l"), a, a)[0], partial(("l", "l"), a, b)[0]
    ('d2l/da2', 'd2l/da db')
    """
    names, tex = [text(v) for v in variables], [latex(v) for v in variables]
    if len(variables) == 1:
        return f"d{what[0]}/d{names[0]}", rf"\frac{{\partial {what[1]}}}{{\partial {tex[0]}}}"
    same = names[0] == names[1]
    below = f"d{names[0]}2" if same else f"d{names[0]} d{names[1]}"
    tex_below = rf"\partial {tex[0]}^{{2}}" if same else rf"\partial {tex[0]} \, \partial {tex[1]}"
    return f"d2{what[0]}/{below}", rf"\frac{{\partial^{{2}} {what[1]}}}{{{tex_below}}}"


def _stem_and_indices(expr: sp.Indexed, printer: StrPrinter | LatexPrinter) -> tuple[str, str]:
    """The stem of an indexed letter and all its indices: Lam_i[o, r] gives Lam and "i,or"."""
    stem, _, sample = str(expr.base.label).partition("_")
    indices = "".join(printer._print(index) for index in expr.indices)
    return stem, f"{sample},{indices}" if sample else indices
