"""Python source text of stable expressions: straight-line code over the kernels of `twolayer`."""

import ast
import math
from collections import Counter

import sympy as sp

from theory.emit.kernel_calls import Calls, Fading, Power
from theory.expressions import atoms


def block(outputs: dict[str, sp.Expr], symbol: sp.Symbol) -> list[str]:
    """Assignments, one per line, that end by assigning each of `outputs`, functions of `symbol`.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> for line in block({"s": atoms.Tanh(z), "s1": atoms.SechSquared(z)}, z):
    ...     print(line)
    tanh, sech2 = elementary.tanh_parts(z)
    s = tanh
    s1 = sech2
    """
    calls = Calls()
    lifted = set().union(*(_lifted(form, symbol) for form in outputs.values()))
    forms = {name: _split(form, lifted) for name, form in outputs.items()}
    waiting = sorted(set().union(*map(_atoms, forms.values())), key=sp.default_sort_key)
    arguments: dict[sp.Expr, sp.Symbol] = {}
    while waiting:
        ready = [atom for atom in waiting if not _atoms(atom) & (set(waiting) - {atom})]
        argument = unsigned(ready[0])
        group = [atom for atom in ready if unsigned(atom) == argument]
        plain = argument.xreplace(calls.values)
        if not plain.is_Symbol:
            arguments[argument] = sp.Symbol(calls.fresh("u"))
            calls.lines.append(f"{arguments[argument]} = {text(plain)}")
        calls.add(group, argument, str(arguments.get(argument, plain)), argument in lifted)
        waiting = [atom for atom in waiting if atom not in group]
    sums = {argument: letter for argument, letter in arguments.items() if argument.is_Add}
    plain_forms = {name: form.xreplace(calls.values).subs(sums) for name, form in forms.items()}
    return calls.lines + [f"{name} = {text(form)}" for name, form in plain_forms.items()]


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


def _lifted(expression: sp.Expr, symbol: sp.Symbol) -> set[sp.Expr]:
    """Arguments whose fading functions are multiplied by something unbounded in `symbol`."""
    found = set()
    for product in expression.atoms(sp.Mul):
        bases = [factor if isinstance(factor, sp.exp) else factor.as_base_exp()[0] for factor in product.args]
        fading = [base for base in bases if isinstance(base, atoms.FADING)]
        others = [base for base in bases if not _bounded(base, symbol)]
        if fading and (set(others) - set(fading) or len(others) > 1):
            found |= {unsigned(atom) for atom in product.atoms(*atoms.FADING)}
    return found


def _bounded(expression: sp.Expr, symbol: sp.Symbol) -> bool:
    """Whether it is plain that an expression is bounded: made of bounded functions, sums and products."""
    if not expression.has(symbol) or isinstance(expression, atoms.BOUNDED):
        return True
    whole = expression.is_Add or expression.is_Mul or (expression.is_Pow and expression.exp.is_positive)
    return bool(whole) and all(_bounded(argument, symbol) for argument in expression.args)


def _split(expression: sp.Expr, lifted: set[sp.Expr]) -> sp.Expr:
    # unless it comes times a power of two, the sigmoid's slope is the product of two returned values
    return expression.replace(
        lambda part: isinstance(part, atoms.SigmoidSlope) and part.args[0] not in lifted,
        lambda part: atoms.Sigmoid(*part.args) * atoms.Sigmoid(-part.args[0]),
    )


def _atoms(expression: sp.Expr) -> set[sp.Expr]:
    return expression.atoms(atoms.Atom, sp.exp, sp.log, sp.sin, sp.cos)


def unsigned(atom: sp.Expr) -> sp.Expr:
    """An atom's argument, without its sign where one kernel evaluates the function at u and -u."""
    u = atom.args[0]
    return -u if isinstance(atom, atoms.Sigmoid | atoms.Softplus) and u.could_extract_minus_sign() else u


SUM, PRODUCT, POWER = 1, 2, 3


def text(expression: sp.Expr, strength: int = 0) -> str:
    """`expression` in symbols, numbers, sums, products, powers and selections, as Python source.

    `strength` is the binding strength of what surrounds it: 0, SUM, PRODUCT or POWER.

    Raises
    ------
    ValueError
        If it is built from anything else.

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
        raise ValueError(f"expression must be built from functions that have a kernel; got {expression}")
    return f"({written})" if own < strength else written


def number(value: sp.Expr) -> str:
    """The float nearest to a constant expression, as source text; a ValueError if it is beyond all floats."""
    nearest = float(sp.N(value, 40))
    if not math.isfinite(nearest):
        raise ValueError(f"numbers must be below 1.8e308 in the first two derivatives; got {sp.N(value, 5)}")
    return repr(nearest)


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
    factors = sorted(sp.Mul.make_args(_distributed(rest)), key=_place)
    above = [factor for factor in factors if not factor.as_base_exp()[1].is_negative]
    below = [factor for factor in factors if factor.as_base_exp()[1].is_negative]
    sign = "-" if constant == -1 else ""
    leading = [] if abs(constant) == 1 else [number(constant)]
    written = sign + " * ".join(
        [*leading, *[word for factor in above for word in _powers(factor)]] or ["1.0"]
    )
    return written + "".join(f" / {word}" for factor in below for word in _powers(1 / factor))


def _distributed(product: sp.Expr) -> sp.Expr:
    """Fading factors multiplied into a sum, term by term: in 0 (1 - z^2), z^2 may overflow."""
    factors = list(sp.Mul.make_args(product))
    letters = [base for factor in factors if isinstance(base := factor.as_base_exp()[0], Fading)]
    total = next((factor for factor in factors if factor.is_Add), None)
    if not letters or total is None:
        return product
    fading = sp.Mul(*letters)
    spread = sp.Add(*[fading * term for term in total.args])
    return sp.Mul(*[factor for factor in factors if factor is not total], 1 / fading, spread)


def _powers(factor: sp.Expr) -> list[str]:
    base, exponent = factor.as_base_exp()
    whole = int(exponent)
    if exponent - whole not in (0, sp.Rational(1, 2)):
        raise ValueError(f"exponent must be a multiple of 1/2; got {exponent}")
    return [text(base, POWER)] * whole + [f"math.sqrt({text(base)})"] * (exponent != whole)


def _place(factor: sp.Expr) -> tuple[int, str]:
    base = factor.as_base_exp()[0]
    rank = 0 if base.has(Fading) else 3 if isinstance(base, Power) else 1 if base.is_Symbol else 2
    return rank, str(sp.default_sort_key(factor))


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
