"""Accuracy of the activations' jets: ``python -m benchmarks.jet_accuracy [--json | --page] [NAME ...]``.

For each activation and each of s, s', s'', over a grid of the whole float64 range: the largest mixed
error |computed - true| / (|s_j| + |z s_{j+1}|) in units of `JET_ERROR` (the contract: at most 1), and the
largest relative error where the condition number |z s_{j+1} / s_j| is below 10 (at most 1e-14), both
less one subnormal.

The truth is a power series in balls (python-flint) of the expression as it stands, at a precision that
is doubled until 50 digits are certain.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import sympy as sp
from flint import arb, arb_series, ctx, fmpq
from numpy.typing import NDArray

from theory.expressions.activations import ACTIVATIONS
from theory.pages.activations import MEASURED, measured_part
from twolayer.errors.rounding import JET_ERROR, SUBNORMAL
from twolayer.model.activation import activation

Array = NDArray[np.float64]
PAGE = Path(__file__).resolve().parent.parent / "docs" / "activations.md"
LARGEST = float(np.finfo(float).max)
ORDERS = 4


def grid(size: int) -> Array:
    """About ten times `size` points: logarithmic over all floats, denser over 1e-3..800, and linear."""
    whole = [2.0 ** np.linspace(-1074, 1023.9, size), 10.0 ** np.linspace(-3, 2.9, 2 * size)]
    linear = [np.linspace(0, 40, size), np.linspace(650, 760, size)]
    halves = np.concatenate([*whole, *linear, [SUBNORMAL, 2.0**-1022, LARGEST]])
    return np.unique(np.concatenate([-halves, halves]))


def truth(expression: sp.Expr, point: float) -> list[arb]:
    """s, s', s'', s''' at `point` in balls of 50 certain digits, or certainly far below any float."""
    for bits in 256 * 2 ** np.arange(8):
        with ctx.workprec(int(bits)):
            found = _derivatives(expression, point)
            if all(_certain(ball) for ball in found):
                return found
    raise ValueError(f"expression must be certain at 32768 bits; {expression} is not, at {point}")


def _derivatives(expression: sp.Expr, point: float) -> list[arb]:
    """At the present precision; nan where exp(x) overflows: a ball's precision must exceed x's exponent."""
    try:
        series = _series(expression, arb_series([arb(fmpq(*point.as_integer_ratio())), 1], ORDERS))
    except ValueError:
        return [arb("nan")]
    return [series[k] * math.factorial(k) for k in range(ORDERS)]


def _certain(ball: arb) -> bool:
    return bool(ball.rad() <= 2.0**-170 * abs(ball.mid()) or abs(ball) < arb(2) ** -1200)


def _series(expression: sp.Expr, z: arb_series) -> arb_series:
    if expression.is_Symbol:
        return z
    if expression.is_number and not expression.args:
        value = arb.pi() if expression is sp.pi else arb(fmpq(int(expression.p), int(expression.q)))
        return arb_series([value], ORDERS)
    parts = [_series(argument, z) for argument in expression.args]
    if expression.is_Pow and expression.exp.is_Rational and expression.exp.q == 2:
        return parts[0].sqrt() ** int(expression.exp.p)
    return OPERATIONS[expression.func](*parts)


def _sum(*parts: arb_series) -> arb_series:
    return sum(parts[1:], parts[0])


def _product(*parts: arb_series) -> arb_series:
    return math.prod(parts[1:], start=parts[0])


def _power(base: arb_series, exponent: arb_series) -> arb_series:
    whole = int(exponent[0].unique_fmpz())
    return math.prod([base.inv() if whole < 0 else base] * abs(whole), start=arb_series([1], ORDERS))


def _largest(first: arb_series, second: arb_series) -> arb_series:
    # at a tie the value from the left: the branch that grows less
    less = first - second
    return first if less[0] > 0 or (less[0] == 0 and less[1] < 0) else second


OPERATIONS = {
    sp.Add: _sum,
    sp.Mul: _product,
    sp.Pow: _power,
    sp.Max: _largest,
    sp.Min: lambda first, second: -_largest(-first, -second),
    sp.Abs: lambda u: _largest(u, -u),
    sp.exp: arb_series.exp,
    sp.log: arb_series.log,
    sp.erf: arb_series.erf,
    sp.erfc: arb_series.erfc,
    sp.sin: arb_series.sin,
    sp.cos: arb_series.cos,
    sp.atan: arb_series.atan,
    sp.asinh: lambda u: (u + (u * u + 1).sqrt()).log(),
    sp.sinh: lambda u: (u.exp() - (-u).exp()) / 2,
    sp.cosh: lambda u: (u.exp() + (-u).exp()) / 2,
    sp.tanh: lambda u: 1 - 2 / (1 + (u + u).exp()),
}


def worst(name: str, points: Array) -> list[dict[str, float]]:
    """The error measures of s, s' and s'', over `points`."""
    outputs = [np.empty_like(points) for _ in range(3)]
    activation(name).jets(points, *outputs)
    truths = [truth(ACTIVATIONS[name], float(point)) for point in points]
    return [
        measures(points, outputs[j], [t[j] for t in truths], [t[j + 1] for t in truths]) for j in range(3)
    ]


def measures(points: Array, computed: Array, values: list[arb], slopes: list[arb]) -> dict[str, float]:
    """Mixed and relative errors of `computed`, given the true values and derivatives."""
    found = {"mixed": 0.0, "relative": 0.0}
    with ctx.workprec(256):
        for point, got, value, slope in zip(points, computed, values, slopes, strict=True):
            for kind, error in _errors(float(point), float(got), value, slope).items():
                found[kind] = max(found[kind], error)
    return found


def _errors(point: float, got: float, value: arb, slope: arb) -> dict[str, float]:
    if not math.isfinite(got):
        overflow = not math.isnan(got) and abs(value) > LARGEST and (value > 0) == (got > 0)
        return {"mixed": 0.0 if overflow else math.inf}
    error = abs(arb(got) - value)
    beyond, sensitivity = error - SUBNORMAL, abs(arb(point) * slope)
    errors = {"mixed": 0.0}
    if beyond > 0:
        errors["mixed"] = _float(beyond / (abs(value) + sensitivity) / JET_ERROR)
        if sensitivity < 10 * abs(value):
            errors["relative"] = _float(beyond / abs(value))
    return errors


def _float(ball: arb) -> float:
    return float(ball) if ball.is_finite() else math.inf


SECTION = r"""
Largest errors of $s$, $s'$, $s''$ over {points} points of the whole float64 range (subnormal to huge, both
signs, dense where functions turn and where they underflow), against balls of at least 50 digits. Written by
`python -m benchmarks.jet_accuracy --size {size} --page`.

- *mixed*: $\lvert\text{{error}}\rvert / (\lvert s_j\rvert + \lvert z s_{{j+1}}\rvert)$ in units of
  $2^{{-49}}$, less one subnormal. The contract is at most 1.
- *relative*: $\lvert\text{{error}}\rvert / \lvert s_j\rvert$, less one subnormal, where the condition number
  $\lvert z s_{{j+1}} / s_j\rvert$ is below 10. The contract is at most $10^{{-14}}$.

| name | mixed | relative |
|---|---|---|
"""


def section(table: dict[str, list[dict[str, float]]], points: int, size: int) -> str:
    """The docs' section on accuracy."""
    text = MEASURED + SECTION.format(points=points, size=size)
    for name, rows in table.items():
        largest = {key: max(row[key] for row in rows) for key in rows[0]}
        text += "| `{}` | {mixed:.2f} | {relative:.1e} |\n".format(name, **largest)
    return text


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jet_accuracy", description=__doc__)
    parser.add_argument("--size", type=int, default=300, help="a tenth of the number of points (default 300)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--page", action="store_true", help="write the section of docs/activations.md")
    parser.add_argument("names", nargs="*", metavar="NAME", help="activations (default all)")
    arguments = parser.parse_args()
    points = grid(arguments.size)
    table = {name: worst(name, points) for name in arguments.names or ACTIVATIONS}
    if arguments.page:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(
            text.replace(measured_part(text), "") + section(table, points.size, arguments.size),
            encoding="utf-8",
        )
        return
    if arguments.json:
        print(json.dumps({"points": points.size, "errors": table}))
        return
    print(f"{points.size} points; mixed error / JET_ERROR, relative error where conditioned")
    for name, rows in table.items():
        cells = (f"{row['mixed']:6.3f} {row['relative']:8.1e}" for row in rows)
        print(f"{name:14}" + "  |".join(cells))


if __name__ == "__main__":
    main()
