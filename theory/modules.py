"""The text of each generated module."""

import textwrap

import sympy as sp

from theory import provisional, source
from theory.stable import derivatives

HEADER = '''"""{title}

Written by theory.emit from {origin}; do not edit. Rewrite: python -m theory.emit --update
"""
'''

ARRAY = "NDArray[np.float64]"
WIDTH = 110

ACTIVATION = '''
@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: {cost}.
    """
{body}
    return s, s1, s2
'''

JETS = '''

@scalar_kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    for i in range(Z.size):
        S[i], S1[i], S2[i] = jet(Z[i])
'''

SINE_JETS = '''

@scalar_kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    far = False
    for i in range(Z.size):
        S[i], S1[i], S2[i] = near_jet(Z[i])
        far |= abs(Z[i]) > elementary.SIN_COS_BOUND
    if far:
        for i in range(Z.size):
            if abs(Z[i]) > elementary.SIN_COS_BOUND:
                S[i], S1[i], S2[i] = jet(Z[i])
'''

THIRD = '''

@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = SUP3
'''

LOSS = '''
@scalar_kernel
def jet(f: float, y: float) -> tuple[float, float, float]:
    """Return l(f, y), dl/df, d2l/df2.

    Operations: {cost}.
    """
{body}
    return l, g, lam


@kernel
def losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2 at outputs F and targets Y: flat contiguous arrays."""
    for i in range(F.size):
        L[i], G[i], LAM[i] = jet(F[i], Y[i])
'''

SOFTMAX = '''
@kernel
def losses(F: Array, Y: Labels, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2. F, G (n, q); Y (n,) labels; L (n,); LAM (n, q, q)."""
    for i in range(F.shape[0]):
        L[i] = _sample(F[i], Y[i], G[i], LAM[i])


@kernel
def _sample(f: Array, label: int, g: Array, lam: Array) -> float:
    top, value, away = 0, 0.0, 0.0
    for o in range(f.size):
        top = o if f[o] > f[top] else top
    total = 0.0
    for o in range(f.size):
        g[o] = elementary.exp(f[o] - f[top])
        total += g[o]
    for o in range(f.size):
        rest = 0.0
        for j in range(f.size):
            if j != o:
                rest += g[j]
                lam[o, j] = -(g[o] / total) * (g[j] / total)
        lam[o, o] = (g[o] / total) * (rest / total)
        if o == top:
            value = float(f[top] - f[label]) + elementary.log1p(rest)
        if o == label:
            away = rest
    for o in range(f.size):
        g[o] = -away / total if o == label else g[o] / total
    return value
'''

CONVENTIONS = {
    "squared": "l(f, y) = (f - y)^2 / 2, summed over outputs; the risk is its mean over samples",
    "logistic": "l(f, y) = log(1 + exp f) - y f in nats, labels y in {0, 1}; "
    "the risk is its mean over samples",
    "pseudo_huber": "l(f, y) = sqrt(1 + (f - y)^2) - 1, so delta = 1, summed over outputs; "
    "the risk is its mean over samples",
    "softmax": "l(f, y) = log sum_o exp f_o - f_y in nats, labels y in 0..q-1; "
    "the risk is its mean over samples",
}
LABELS = {"squared": "real", "logistic": "binary", "pseudo_huber": "real", "softmax": "classes"}


def activation_module(name: str, expression: sp.Expr, symbol: sp.Symbol, origin: str) -> str:
    """Source text of the module of one activation."""
    forms = derivatives(expression, symbol, 3)
    lines = source.block(dict(zip(("s", "s1", "s2"), forms, strict=False)))
    suprema = [provisional.supremum(form, symbol) for form in forms[1:]]
    constants = {
        "NAME": name,
        "EXPRESSION": str(expression),
        "LATEX": sp.latex(expression),
        **{f"SUP{order}": value for order, value in enumerate(suprema, 1)},
        "PARITY": provisional.parity(expression, symbol),
        "HOMOGENEITY": provisional.HOMOGENEITY.get(name),
        "KINKS": provisional.KINKS.get(name, ()),
    }
    body = ACTIVATION.format(cost=source.cost(lines), body=_indented(lines))
    if any("sin_cos" in line for line in lines):
        near = body.replace("def jet", "def near_jet").replace("at z.", "at z, |z| <= SIN_COS_BOUND.")
        body = near + "\n" + body.replace("sin_cos(", "sin_cos_far(") + SINE_JETS
    else:
        body += JETS
    return _module(f"{name}: s(z) = {expression}.", origin, 2, constants, body + THIRD)


def loss_module(name: str, expression: sp.Expr, symbol: sp.Symbol, origin: str) -> str:
    """Source text of the module of one separable loss."""
    forms = derivatives(expression, symbol, 3)
    lines = source.block(dict(zip(("l", "g", "lam"), forms, strict=False)))
    other = next(iter(expression.free_symbols - {symbol}))
    constants = {
        "NAME": name,
        "EXPRESSION": str(expression),
        "LATEX": sp.latex(expression),
        "CONVENTION": CONVENTIONS[name],
        "SUP3": provisional.supremum(forms[3].subs(other, 0), symbol),
        "SEPARABLE": True,
        "LABELS": LABELS[name],
    }
    body = LOSS.format(cost=source.cost(lines), body=_indented(lines))
    return _module(f"{name}: l(f, y) = {expression}.", origin, 2, constants, body)


def softmax_module(origin: str) -> str:
    """Source text of the module of softmax cross-entropy."""
    constants = {
        "NAME": "softmax",
        "EXPRESSION": "log_sum_exp(f) - f[y]",
        "LATEX": r"\log \sum_{o} e^{f_{o}} - f_{y}",
        "CONVENTION": CONVENTIONS["softmax"],
        "SUP3": float(sp.sqrt(6) / 9) * (1 + 2**-50),
        "SEPARABLE": False,
        "LABELS": "classes",
    }
    return _module("softmax: l(f, y) = log sum_o exp(f_o) - f_y.", origin, 2, constants, SOFTMAX)


def template_module(title: str, functions: dict[str, dict[str, sp.Expr]], origin: str) -> str:
    """Source text of a module of scalar kernels, one per template."""
    parts = []
    for signature, outputs in functions.items():
        name, letters = signature[:-1].split("(")
        forms = [source.text(sp.factor_terms(form)) for form in outputs.values()]
        annotated = ", ".join(f"{letter}: float" for letter in letters.split(", "))
        kind = "float" if len(forms) == 1 else f"tuple[{', '.join(['float'] * len(forms))}]"
        parts.append(
            f"\n@kernel\n{_definition(name, annotated, kind)}"
            f'    """Return {", ".join(map(str, outputs.values()))}.\n\n'
            f'    Operations: {source.cost(forms)}.\n    """\n'
            f"    return {', '.join(forms)}\n"
        )
    head = HEADER.format(title=title, origin=origin)
    return f"{head}\nfrom ..jit import kernel\n\n" + "\n".join(parts)


def _module(title: str, origin: str, level: int, constants: dict[str, object], body: str) -> str:
    head = HEADER.format(title=title, origin=origin)
    imports = "\n".join(["import numpy as np", "from numpy.typing import NDArray", ""])
    ours = [word for word in ("algebraic", "elementary") if f"{word}." in body]
    dots = "." * (level + 1)
    imports += "".join([f"\nfrom {dots} import {', '.join(ours)}"] if ours else [])
    decorators = ["kernel", *(["scalar_kernel"] if "@scalar_kernel" in body else [])]
    imports += f"\nfrom {dots}jit import {', '.join(decorators)}\n"
    aliases = f"Array = {ARRAY}\n" + ("Labels = NDArray[np.int64]\n" if "Labels" in body else "")
    assigned = "".join(_assignment(name, _literal(value)) for name, value in constants.items())
    return f"{head}\n{imports}\n{aliases}\n{assigned}\n{body}"


def _assignment(name: str, value: str) -> str:
    line = f"{name} = {value}\n"
    return line if len(line) <= WIDTH + 1 else f"{name} = (\n    {value}\n)\n"


def _definition(name: str, arguments: str, returned: str) -> str:
    line = f"def {name}({arguments}) -> {returned}:\n"
    return line if len(line) <= WIDTH + 1 else f"def {name}(\n    {arguments}\n) -> {returned}:\n"


def _literal(value: object) -> str:
    if isinstance(value, float) and value == float("inf"):
        return "np.inf"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _indented(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")
