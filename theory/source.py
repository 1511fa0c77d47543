"""Python source text of stable expressions: straight-line code over kernels of `twolayer.elementary`."""

import ast
from collections import Counter

import sympy as sp

from theory import atoms

# A kernel -> the atoms it returns at u, in order; a prime marks an atom taken at -u. Cheapest first.
KERNELS: dict[str, tuple[str, ...]] = {
    "elementary.exp": ("exp",),
    "elementary.expm1": ("Expm1",),
    "elementary.log": ("log",),
    "elementary.log1p": ("Log1p",),
    "elementary.exp_neg_square": ("Gauss",),
    "elementary.erf": ("Erf",),
    "elementary.erfc": ("Erfc",),
    "elementary.normal_cdf": ("NormalCdf",),
    "elementary.softplus": ("Softplus",),
    "elementary.sin_cos": ("sin", "cos"),
    "elementary.erf_parts": ("Erf", "ErfSlope"),
    "elementary.normal_parts": ("NormalCdf", "NormalDensity"),
    "elementary.tanh_parts": ("Tanh", "SechSquared"),
    "elementary.sigmoid_parts": ("Sigmoid", "Sigmoid'"),
    "elementary.sigmoid_tanh_parts": ("Sigmoid", "Sigmoid'", "HalfTanh"),
    "elementary.softplus_parts": ("Softplus", "Sigmoid", "Sigmoid'"),
    "algebraic.hypot_parts": ("Hypot1m", "HypotSlope", "HypotInverse"),
}

NAMES = {
    "exp": "exp",
    "Expm1": "expm1",
    "log": "log",
    "Log1p": "log1p",
    "Gauss": "gauss",
    "Erf": "erf",
    "Erfc": "erfc",
    "ErfSlope": "slope",
    "NormalCdf": "cdf",
    "NormalDensity": "density",
    "Softplus": "softplus",
    "Softplus'": "softplus_minus",
    "Sigmoid": "plus",
    "Sigmoid'": "minus",
    "HalfTanh": "half_tanh",
    "Tanh": "tanh",
    "SechSquared": "sech2",
    "sin": "sin",
    "cos": "cos",
    "Hypot1m": "excess",
    "HypotSlope": "slope_of_hypot",
    "HypotInverse": "inverse",
}

FADING = {"exp", "slope", "density", "gauss", "sech2", "plus", "minus"}
MIRRORED = ("Sigmoid", "Softplus")


def block(outputs: dict[str, sp.Expr]) -> list[str]:
    """Assignments, one per line, that end by assigning each of `outputs`.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> print("\\n".join(block({"s": atoms.Tanh(z), "s1": atoms.SechSquared(z)})))
    tanh, sech2 = elementary.tanh_parts(z)
    s = tanh
    s1 = sech2
    """
    lines: list[str] = []
    named: dict[sp.Expr, sp.Expr] = {}
    arguments: dict[sp.Expr, sp.Symbol] = {}
    forms = {name: _split(form) for name, form in outputs.items()}
    waiting = sorted(set().union(*[_atoms(form) for form in forms.values()]), key=sp.default_sort_key)
    while waiting:
        ready = [atom for atom in waiting if not (set(waiting) - {atom}) & _atoms(atom)]
        argument = _unsigned(ready[0])
        group = [atom for atom in ready if _unsigned(atom) == argument]
        plain = argument.xreplace(named)
        if not (plain.is_Symbol or plain in arguments):
            arguments[plain] = sp.Symbol("u" + ("" if not arguments else str(len(arguments) + 1)))
            lines.append(f"{arguments[plain]} = {text(plain)}")
        plain = arguments.get(plain, plain)
        lines += _calls(group, argument, plain, named)
        waiting = [atom for atom in waiting if atom not in group]
    for name, form in forms.items():
        lines.append(f"{name} = {text(form.xreplace(named).subs(arguments))}")
    return lines


def cost(lines: list[str]) -> str:
    """Operation count of source lines, as words.

    Examples
    --------
    >>> cost(["t = elementary.exp(z)", "s = 2.0 * t * t if z > 0.0 else -t"])
    '1 exp, 2 mul, 1 neg, 1 select'
    """
    calls: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Call):
            calls[ast.unparse(node.func).split(".")[-1]] += 1
        elif isinstance(node, ast.BinOp | ast.UnaryOp):
            constant = isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
            operations[OPERATIONS[type(node.op)]] += not constant
        elif isinstance(node, ast.IfExp):
            operations["select"] += 1
    counted = [*sorted(calls.items()), *sorted(operations.items())]
    return ", ".join(f"{count} {name}" for name, count in counted if count) or "none"


OPERATIONS = {ast.Add: "add", ast.Sub: "add", ast.Mult: "mul", ast.Div: "div", ast.USub: "neg"}


def _split(expression: sp.Expr) -> sp.Expr:
    # the slope of the sigmoid is the product of two returned values
    return expression.replace(atoms.SigmoidSlope, lambda u: atoms.Sigmoid(u) * atoms.Sigmoid(-u))


def _atoms(expression: sp.Expr) -> set[sp.Expr]:
    return expression.atoms(atoms.Atom, sp.exp, sp.log, sp.sin, sp.cos)


def _unsigned(atom: sp.Expr) -> sp.Expr:
    u = atom.args[0]
    return -u if type(atom).__name__ in MIRRORED and u.could_extract_minus_sign() else u


def _calls(
    group: list[sp.Expr], argument: sp.Expr, plain: sp.Expr, named: dict[sp.Expr, sp.Expr]
) -> list[str]:
    lines = []
    wanted = {type(atom).__name__ + ("'" if atom.args[0] != argument else ""): atom for atom in group}
    while wanted:
        kernel = max(KERNELS, key=lambda name: (len(set(KERNELS[name]) & set(wanted)), -len(KERNELS[name])))
        returned = KERNELS[kernel]
        if not set(returned) & set(wanted):  # only a mirrored atom is left
            primed = next(iter(wanted))
            named[wanted.pop(primed)] = sp.Symbol(name := _fresh(NAMES[primed], named))
            kernel = next(key for key, value in KERNELS.items() if value[0] == primed[:-1])
            lines.append(f"{name} = {kernel}(-{text(plain, POWER)})")
            continue
        names = []
        for atom in returned:
            names.append(_fresh(NAMES[atom], named) if atom in wanted else "_")
            if atom in wanted:
                named[wanted.pop(atom)] = sp.Symbol(names[-1])
        lines.append(f"{', '.join(names)} = {kernel}({text(plain)})")
    return lines


def _fresh(name: str, named: dict[sp.Expr, sp.Expr]) -> str:
    taken = {symbol.name for symbol in named.values()}
    return next(f"{name}{tail}" for tail in ["", *range(2, 1000)] if f"{name}{tail}" not in taken)


SUM, PRODUCT, POWER = 1, 2, 3


def text(expression: sp.Expr, strength: int = 0) -> str:
    """`expression` in symbols, numbers, sums, products, powers and selections, as Python source.

    `strength` is the binding strength of what surrounds it: 0, SUM, PRODUCT or POWER.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> text(2 * z * (1 - z**2))
    '2.0 * z * (1.0 - z * z)'
    >>> text(sp.Piecewise((z, z > 0), (z / 100, True)))
    'z if z > 0.0 else 0.01 * z'
    """
    if expression.is_number:
        written, own = number(expression), SUM if expression.is_negative else POWER
    elif expression.is_Symbol:
        return str(expression.name)
    elif expression.is_Add:
        written, own = _sum(expression), SUM
    elif expression.is_Mul or expression.is_Pow:
        written, own = _product(expression), PRODUCT
    elif isinstance(expression, sp.Piecewise):
        written, own = _selection(expression), 0
    else:
        raise ValueError(f"expression must be built from the grammar's functions; got {expression}")
    return f"({written})" if own < strength else written


def number(value: sp.Expr) -> str:
    """The float nearest to a constant expression, as source text."""
    return repr(float(sp.N(value, 40)))


def _sum(expression: sp.Add) -> str:
    terms = sorted(expression.args, key=lambda term: (_negative(term), not term.is_number))
    written = text(terms[0], SUM)
    for term in terms[1:]:
        if _negative(term):
            written += f" - {text(-term, PRODUCT)}"
        else:
            written += f" + {text(term, PRODUCT)}"
    return written


def _negative(term: sp.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _product(expression: sp.Expr) -> str:
    constant, rest = expression.as_independent(*expression.free_symbols, as_Add=False)
    above: list[str] = []
    below: list[str] = []
    for factor in sorted(sp.Mul.make_args(rest), key=_fading_first):
        base, exponent = factor.as_base_exp()
        place = below if exponent.is_negative else above
        place += _power(base, abs(exponent))
    sign = "-" if constant == -1 else ""
    leading = [] if abs(constant) == 1 or (constant == -1) else [number(constant)]
    numerator = sign + " * ".join([*leading, *above] or ["1.0"])
    return numerator if not below else f"{numerator} / {_joined(below)}"


def _joined(factors: list[str]) -> str:
    return factors[0] if len(factors) == 1 else f"({' * '.join(factors)})"


def _power(base: sp.Expr, exponent: sp.Expr) -> list[str]:
    whole = int(exponent)
    factors = [text(base, POWER)] * whole
    if exponent - whole == sp.Rational(1, 2):
        factors.append(f"math.sqrt({text(base)})")
    elif exponent != whole:
        raise ValueError(f"exponent must be a multiple of 1/2; got {exponent}")
    return factors


def _fading_first(factor: sp.Expr) -> tuple[bool, bool, str]:
    base = factor.as_base_exp()[0]
    name = base.name.rstrip("0123456789") if base.is_Symbol else ""
    return (name not in FADING, not base.is_Symbol, str(sp.default_sort_key(factor)))


def _selection(expression: sp.Piecewise) -> str:
    *cases, (last, _) = expression.args
    written = text(last, SUM)
    for value, condition in reversed(cases):
        written = f"{text(value, SUM)} if {_condition(condition)} else {written}"
    return written


def _condition(condition: sp.Basic) -> str:
    if isinstance(condition, sp.And | sp.Or):
        word = " and " if isinstance(condition, sp.And) else " or "
        return word.join(f"({_condition(part)})" for part in sorted(condition.args, key=str))
    return f"{text(condition.lhs, SUM)} {condition.rel_op} {text(condition.rhs, SUM)}"
