"""The text of each generated module."""

import math
import textwrap

import sympy as sp

from theory import source
from theory.bounds import third_lines
from theory.constants import Constants, Supremum, constants
from theory.letters import o, r
from theory.loss_forms import P, Y, loss_forms
from theory.skeletons import ACTIVATION, HEADER, JETS, LOSS, SINE_JETS, SOFTMAX, THIRD, THIRD_CONSTANT
from theory.stable import derivatives

WIDTH = 110
COMMAND = "python -m theory.emit --update"
ARRAY = "Array = NDArray[np.float64]\n"

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


def activation_module(name: str, expression: sp.Expr, symbol: sp.Symbol, origin: str, package: str) -> str:
    """Source text of the module of one activation.

    Parameters
    ----------
    name : str
        What it is called.
    expression : sympy.Expr
        In `symbol`.
    symbol : sympy.Symbol
        ``theory.activations.z``.
    origin : str
        Where the expression stands, for the header.
    package : str
        How the module spells ``twolayer`` in its imports, such as ``...``.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the expression holds a function that has no kernel, or is no activation (see
        :func:`theory.constants.constants`).
    """
    known = constants(expression)
    forms = stable_forms(known, symbol, 3)
    lines = source.block(dict(zip(("s", "s1", "s2"), forms, strict=False)), symbol)
    body = ACTIVATION.format(cost=source.cost(lines), body=_indented(lines))
    if not any("sin_cos(" in line for line in lines):
        body += JETS
    elif all("sin_cos(z)" in line for line in lines if "sin_cos(" in line):
        near = body.replace("def jet", "def near_jet").replace("at z.", "at z, |z| <= SIN_COS_BOUND.")
        body = near + "\n" + body.replace("sin_cos(", "sin_cos_far(") + SINE_JETS
    else:
        body = body.replace("sin_cos(", "sin_cos_far(") + JETS
    if math.isinf(known.sup3):
        ends = [part.upper for part in known.pieces]
        thirds = [derivatives(part.expr, symbol, 3)[3] for part in known.pieces]
        lines = third_lines(list(zip(thirds, ends, strict=True)), symbol)
        body += THIRD.format(cost=source.cost(lines), body=_indented(lines))
    else:
        body += THIRD_CONSTANT
    assigned = _activation_constants(name, expression, known)
    return _module(f"{name}: s(z) = {expression}.", origin, package, assigned, body)


def stable_forms(known: Constants, symbol: sp.Symbol, order: int) -> list[sp.Expr]:
    """Stable forms of an activation and its derivatives, the pieces joined; at a kink the left one.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> for form in stable_forms(constants(sp.Max(0, z) ** 2), z, 2):
    ...     print(form)
    Piecewise((0, z <= 0), (z**2, True))
    Piecewise((0, z <= 0), (2*z, True))
    Piecewise((0, z <= 0), (2, True))
    """
    parts = [derivatives(part.expr, symbol, order) for part in known.pieces]
    ends = [symbol <= part.upper for part in known.pieces[:-1]] + [True]
    return [sp.Piecewise(*zip(column, ends, strict=True)) for column in zip(*parts, strict=True)]


def _activation_constants(name: str, expression: sp.Expr, known: Constants) -> str:
    rows = _named(name, expression)
    for supremum in known.suprema:
        rows += _supremum(f"SUP{supremum.order}", supremum)
    kinks = tuple((float(kink.location), float(kink.jump1), float(kink.jump2)) for kink in known.kinks)
    degree = known.homogeneity if known.homogeneity is None else float(known.homogeneity)
    degree = int(degree) if degree is not None and degree == int(degree) else degree
    rows += _assignment("PARITY", _literal(known.parity))
    rows += _assignment("HOMOGENEITY", _literal(degree))
    return rows + _assignment("KINKS", _literal(kinks))


def loss_module(name: str, expression: sp.Expr, symbol: sp.Symbol, origin: str, package: str) -> str:
    """Source text of the module of one separable loss; see :func:`activation_module`."""
    forms = derivatives(expression, symbol, 2)
    lines = source.block(dict(zip(("l", "g", "lam"), forms, strict=True)), symbol)
    body = LOSS.format(cost=source.cost(lines), body=_indented(lines))
    assigned = _named(name, expression) + _loss_constants(name)
    return _module(f"{name}: l(f, y) = {expression}.", origin, package, assigned, body)


def softmax_module(origin: str, package: str) -> str:
    """Source text of the module of softmax cross-entropy, from its derivatives in the probabilities."""
    forms = loss_forms("softmax")
    share, partner, rest = sp.symbols("share partner rest")

    def written(form: sp.Expr, same: sp.KroneckerDelta, holds: bool) -> str:
        named = form.subs(same, int(holds)).subs(
            {P[o]: share, P[r]: share if same.has(r) and holds else partner}
        )
        return source.text(sp.factor(named).subs(share - 1, -rest))

    label, other = sp.KroneckerDelta(o, Y), sp.KroneckerDelta(o, r)
    body = SOFTMAX.format(
        own_slope=written(forms.slope, label, True),
        other_slope=written(forms.slope, label, False),
        own_curvature=written(forms.curvature, other, True),
        other_curvature=written(forms.curvature, other, False),
    )
    assigned = _named("softmax", forms.value, sp.latex(forms.value)) + _loss_constants("softmax")
    return _module(f"softmax: l(f, y) = {forms.value}.", origin, package, assigned, body)


def _supremum(name: str, found: Supremum) -> str:
    line = f"{name} = {_literal(found.value)}"
    commented = f"{line}  # {found.exact}"
    exact_matters = found.exact is not None and found.exact.args and len(commented) <= WIDTH
    return (commented if exact_matters else line) + "\n"


def _loss_constants(name: str) -> str:
    forms = loss_forms(name)
    rows = _assignment("CONVENTION", _literal(CONVENTIONS[name]))
    rows += _supremum("SUP3", forms.supremum) + _supremum("CONCORDANCE", forms.concordance)
    return rows + f"SEPARABLE = {forms.separable}\nLABELS = {_literal(LABELS[name])}\n"


def _named(name: str, expression: object, latex: str = "") -> str:
    rows = {"NAME": name, "EXPRESSION": str(expression), "LATEX": latex or sp.latex(expression)}
    return "".join(_assignment(key, _literal(value)) for key, value in rows.items())


def template_module(title: str, functions: dict[str, dict[str, sp.Expr]], origin: str, package: str) -> str:
    """Source text of a module of scalar kernels: signature -> named results, one kernel each.

    Examples
    --------
    >>> s = sp.Symbol("s")
    >>> print(template_module("Twice.", {"twice(s)": {"value": 2 * s}}, "here", "..").splitlines()[-1])
        return 2.0 * s
    """
    parts = []
    for signature, outputs in functions.items():
        name, letters = signature[:-1].split("(")
        forms = [source.text(sp.factor_terms(form)) for form in outputs.values()]
        annotated = ", ".join(f"{letter}: float" for letter in letters.split(", "))
        kind = "float" if len(forms) == 1 else f"tuple[{', '.join(['float'] * len(forms))}]"
        parts.append(
            f"\n@scalar_kernel\n{_definition(name, annotated, kind)}"
            f'    """Return {", ".join(map(str, outputs.values()))}.\n\n'
            f'    Operations: {source.cost(forms)}.\n    """\n'
            f"    return {', '.join(forms)}\n"
        )
    head = HEADER.format(title=title, origin=origin, command=COMMAND)
    return f"{head}\nfrom {package}jit import scalar_kernel\n\n" + "\n".join(parts)


def _module(title: str, origin: str, package: str, constants_: str, body: str) -> str:
    head = HEADER.format(title=title, origin=origin, command=COMMAND)
    imports = "import math\n\n" if "math." in body else ""
    imports += "import numpy as np\nfrom numpy.typing import NDArray\n\n"
    ours = [word for word in ("algebraic", "elementary", "interval") if f"{word}." in body]
    above = package if package.strip(".") == "" else package.rstrip(".")
    imports += f"from {above} import {', '.join(ours)}\n" if ours else ""
    imports += f"from {package}elementary import shifted\n" if "shifted." in body else ""
    decorators = [word for word in ("kernel", "scalar_kernel") if f"@{word}\n" in body]
    imports += f"from {package}jit import {', '.join(decorators)}\n"
    aliases = ARRAY + ("Labels = NDArray[np.int64]\n" if "Labels" in body else "")
    return f"{head}\n{imports}\n{aliases}\n{constants_}\n{body}"


def _assignment(name: str, value: str) -> str:
    line = f"{name} = {value}\n"
    return line if len(line) <= WIDTH + 1 else f"{name} = (\n    {value}\n)\n"


def _definition(name: str, arguments: str, returned: str) -> str:
    line = f"def {name}({arguments}) -> {returned}:\n"
    return line if len(line) <= WIDTH + 1 else f"def {name}(\n    {arguments}\n) -> {returned}:\n"


def _literal(value: object) -> str:
    if isinstance(value, float) and math.isinf(value):
        return "np.inf"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _indented(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")
