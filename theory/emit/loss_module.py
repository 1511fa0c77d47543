"""The text of a loss's generated module."""

import sympy as sp

from theory.derivation.letters import o, r
from theory.derivation.loss_derivatives import P, Y, loss_forms
from theory.emit.module_text import assignment, indented, literal, module, named_lines, supremum_line
from theory.emit.skeletons import LOSS, SOFTMAX
from theory.emit.source import block, cost, text
from theory.expressions.losses import y
from theory.expressions.stable import derivatives

LABELS = {"squared": "real", "logistic": "binary", "pseudo_huber": "real", "softmax": "classes"}
NOTES = {"pseudo_huber": " (delta = 1)"}
TARGETS = {
    "real": "summed over outputs",
    "binary": "in nats, y in {0, 1}",
    "classes": "in nats, y in 0..q-1",
}


def loss_module(name: str, expression: sp.Expr, symbol: sp.Symbol, origin: str, package: str) -> str:
    """Source text of the module of one separable loss; see :func:`activation_module`."""
    forms = derivatives(expression, symbol, 2)
    lines = block(dict(zip(("l", "g", "lam"), forms, strict=True)), symbol)
    body = LOSS.format(cost=cost(lines), body=indented(lines))
    assigned = _constants(name, expression)
    return module(f"{name}: l(f, y) = {expression}.", origin, package, assigned, body)


def softmax_module(origin: str, package: str) -> str:
    """Source text of the module of softmax cross-entropy, from its derivatives in the probabilities."""
    forms = loss_forms("softmax")
    share, partner, rest = sp.symbols("share partner rest")

    def written(form: sp.Expr, same: sp.KroneckerDelta, holds: bool) -> str:
        named = form.subs(same, int(holds)).subs(
            {P[o]: share, P[r]: share if same.has(r) and holds else partner}
        )
        return text(sp.factor(named).subs(share - 1, -rest))

    label, other = sp.KroneckerDelta(o, Y), sp.KroneckerDelta(o, r)
    body = SOFTMAX.format(
        own_slope=written(forms.slope, label, True),
        other_slope=written(forms.slope, label, False),
        own_curvature=written(forms.curvature, other, True),
        other_curvature=written(forms.curvature, other, False),
    )
    assigned = _constants("softmax", forms.value)
    return module(f"softmax: l(f, y) = {forms.value}.", origin, package, assigned, body)


def _constants(name: str, expression: sp.Expr) -> str:
    forms, labels = loss_forms(name), LABELS[name]
    formula = str(expression).replace("**", "^")
    named = NOTES.get(name, "")
    convention = f"l(f, y) = {formula}{named}, {TARGETS[labels]}; the risk is its mean over samples"
    rows = named_lines(name, expression) + assignment("CONVENTION", literal(convention))
    rows += supremum_line("SUP1", forms.steepest) + supremum_line("SUP2", forms.most_curved)
    rows += supremum_line("SUP3", forms.supremum) + supremum_line("CONCORDANCE", forms.concordance)
    rows += assignment("PEAK", literal(_line(forms.peak))) + assignment("FADED", literal(forms.faded))
    return rows + f"SEPARABLE = {forms.separable}\nLABELS = {literal(labels)}\n"


def _line(peak: sp.Expr | None) -> tuple[float, float] | None:
    """p and q of p + q y, the output at which the curvature is largest."""
    return None if peak is None else (float(peak.subs(y, 0)), float(sp.diff(peak, y)))
