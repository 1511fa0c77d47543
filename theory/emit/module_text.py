"""What every generated module is made of: header, imports, constants; and the modules of templates."""

import math
import textwrap

import sympy as sp

from theory.analysis.constants import Supremum
from theory.emit import source
from theory.emit.skeletons import HEADER

WIDTH = 110
COMMAND = "python -m theory.emit --update"
ARRAY = "Array = NDArray[np.float64]\n"


def module(title: str, origin: str, package: str, assigned: str, body: str) -> str:
    """Source text of a module: its first line, where it comes from, its constants and its functions.

    `package` is how the module spells ``twolayer`` in its imports: dots, or ``twolayer.``.
    """
    head = HEADER.format(title=title, origin=origin, command=COMMAND)
    imports = "import math\n\n" if "math." in body else ""
    imports += "import numpy as np\nfrom numpy.typing import NDArray\n\n"
    above = package if package.strip(".") == "" else package.rstrip(".")
    imports += f"from {above} import elementary\n" if "elementary." in body else ""
    parts = [word for word in ("algebraic", "interval", "scaled") if f"{word}." in body]
    imports += f"from {package}elementary import {', '.join(parts)}\n" if parts else ""
    decorators = [word for word in ("kernel", "scalar_kernel") if f"@{word}\n" in body]
    imports += f"from {package}jit import {', '.join(decorators)}\n"
    aliases = ARRAY + ("Labels = NDArray[np.int64]\n" if "Labels" in body else "")
    return f"{head}\n{imports}\n{aliases}\n{assigned}\n{body}"


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


def supremum_line(name: str, found: Supremum) -> str:
    """The assignment of a supremum, and what it is exactly where that says more."""
    line = f"{name} = {literal(found.value)}"
    commented = f"{line}  # {found.exact}"
    exact_matters = found.exact is not None and found.exact.args and len(commented) <= WIDTH
    return (commented if exact_matters else line) + "\n"


def named_lines(name: str, expression: sp.Expr) -> str:
    """NAME, EXPRESSION and LATEX."""
    rows = {"NAME": name, "EXPRESSION": str(expression), "LATEX": sp.latex(expression)}
    return "".join(assignment(key, literal(value)) for key, value in rows.items())


def assignment(name: str, value: str) -> str:
    """One line, or three if it is too long."""
    line = f"{name} = {value}\n"
    return line if len(line) <= WIDTH + 1 else f"{name} = (\n    {value}\n)\n"


def _definition(name: str, arguments: str, returned: str) -> str:
    line = f"def {name}({arguments}) -> {returned}:\n"
    return line if len(line) <= WIDTH + 1 else f"def {name}(\n    {arguments}\n) -> {returned}:\n"


def literal(value: object) -> str:
    """Source text of a constant.

    Examples
    --------
    >>> literal(float("inf")), literal("odd"), literal(0.5)
    ('np.inf', '"odd"', '0.5')
    """
    if isinstance(value, float) and math.isinf(value):
        return "np.inf"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def indented(lines: list[str]) -> str:
    """The body of a function."""
    return textwrap.indent("\n".join(lines), "    ")
