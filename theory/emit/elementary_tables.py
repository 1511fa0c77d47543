"""The constants of ``twolayer/elementary/tables.py``, and how they come about.

Each polynomial interpolates a function at the Chebyshev nodes of an interval, in 100 digits; its error is at
most a few times that of the best polynomial of its degree. ``python -m theory.emit.elementary_tables
--update`` writes the module; without ``--update`` it says whether the module is up to date.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).parents[2] / "twolayer" / "elementary" / "tables.py"
DIGITS = 100

HEADER = '''\
"""Constants of the elementary functions.

Written by theory.emit.elementary_tables; do not edit.
Rewrite: python -m theory.emit.elementary_tables --update

Coefficients stand from the highest power to the lowest.
"""
'''

Function = Callable[[mp.mpf], mp.mpf]


def interpolant(function: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Coefficients, highest power first, of the interpolant at the Chebyshev nodes.

    Parameters
    ----------
    function : callable
        From a high-precision number to a high-precision number.
    low, high : mpf
        The interval.
    degree : int
        Degree of the interpolant, which agrees with `function` at ``degree + 1`` nodes.

    Returns
    -------
    list of mpf
        The coefficients.

    Examples
    --------
    The chord of x^2 through its values 1/2 at the two nodes +-sqrt(1/2):

    >>> [float(c) for c in interpolant(lambda x: x * x, mp.mpf(-1), mp.mpf(1), 1)]
    [0.0, 0.5]
    """
    count = degree + 1
    with mp.workdps(DIGITS):
        nodes = [
            (high + low) / 2 + (high - low) / 2 * mp.cospi(mp.mpf(2 * j + 1) / (2 * count))
            for j in range(count)
        ]
        powers = mp.matrix([[x ** (degree - k) for k in range(count)] for x in nodes])
        return list(mp.lu_solve(powers, mp.matrix([function(x) for x in nodes])))


def parts(value: mp.mpf, bits: tuple[int, ...]) -> list[float]:
    """Split `value` into floats of the given numbers of bits, and a last one of 53.

    The product of a part of b bits with an integer below 2^(53 - b) is exact.

    Examples
    --------
    >>> parts(mp.mpf(0.7109375), (1, 3))
    [0.5, 0.1875, 0.0234375]
    """
    found = []
    with mp.workdps(DIGITS):
        for count in bits:
            unit = mp.mpf(2) ** (mp.floor(mp.log(value, 2)) + 1 - count)
            found.append(float(mp.floor(value / unit) * unit))
            value = value - found[-1]
        return [*found, float(value)]


def exp_rest(r: mp.mpf) -> mp.mpf:
    """(exp(r) - 1 - r) / r^2."""
    return (mp.expm1(r) - r) / r**2


def atanh_rest(v: mp.mpf) -> mp.mpf:
    """(2 atanh(q / 2) - q) / q^3 at v = q^2."""
    q = mp.sqrt(v)
    return (2 * mp.atanh(q / 2) - q) / q**3


def erf_rest(w: mp.mpf) -> mp.mpf:
    """erf(x) / x - 1 at w = x^2."""
    x = mp.sqrt(w)
    return mp.erf(x) / x - 1


def erfcx_ratio(t: mp.mpf) -> mp.mpf:
    """(a + c) exp(a^2) erfc(a) at t = (a - c) / (a + c), c = 5 / sqrt(2)."""
    centre = 5 / mp.sqrt(2)
    a = centre * (1 + t) / (1 - t)
    return (a + centre) * mp.exp(a * a) * mp.erfc(a)


def sin_rest(w: mp.mpf) -> mp.mpf:
    """(sin(r) - r) / r^3 at w = r^2."""
    r = mp.sqrt(w)
    return (mp.sin(r) - r) / r**3


def cos_rest(w: mp.mpf) -> mp.mpf:
    """(cos(r) - 1 + r^2 / 2) / r^4 at w = r^2."""
    return (mp.cos(mp.sqrt(w)) - 1 + w / 2) / w**2


def polynomials() -> dict[str, tuple[Function, str, mp.mpf, mp.mpf, int]]:
    """Name -> (function, where it is used, the interval widened a little, degree)."""
    exp_end = mp.log(2) / 2 * mp.mpf("1.0001")
    atanh_end = (2 * (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.0001")
    turn_end = (mp.pi / 4 * mp.mpf("1.0001")) ** 2
    tail_end = (mp.mpf("27.5") - 5 / mp.sqrt(2)) / (mp.mpf("27.5") + 5 / mp.sqrt(2))
    return {
        "EXP": (exp_rest, "|r| <= log(2) / 2", -exp_end, exp_end, 9),
        "ATANH": (atanh_rest, "sqrt(1/2) <= (2 + q) / (2 - q) <= sqrt(2)", mp.mpf(0), atanh_end, 6),
        "ERF": (erf_rest, "|x| <= 3/4", mp.mpf(0), mp.mpf("0.5625"), 10),
        "ERFCX": (erfcx_ratio, "0 <= a <= 27.4", mp.mpf(-1), tail_end, 21),
        "SIN": (sin_rest, "|r| <= pi / 4", mp.mpf(0), turn_end, 5),
        "COS": (cos_rest, "|r| <= pi / 4", mp.mpf(0), turn_end, 5),
    }


def tables() -> dict[str, tuple[str, list[float]]]:
    """Name -> (what it is, numbers) of every tuple of the module."""
    with mp.workdps(DIGITS):
        found = {
            "LN2": ("log 2: 42 bits, and the rest", parts(mp.log(2), (42,))),
            "HALF_PI": ("pi / 2: three times 33 bits, and the rest", parts(mp.pi / 2, (33, 33, 33))),
        }
        for name, (function, where, low, high, degree) in polynomials().items():
            numbers = [float(c) for c in interpolant(function, low, high, degree)]
            found[name] = (f"{(function.__doc__ or '').rstrip('.')}, for {where}", numbers)
        return found


def source() -> str:
    """Text of the module of constants."""
    with mp.workdps(DIGITS):
        lines = [f"LOG2_E = {float(1 / mp.log(2))!r}", f"TWO_OVER_PI = {float(2 / mp.pi)!r}", ""]
    for name, (text, numbers) in tables().items():
        lines += [f"# {text}", f"{name} = (", *(f"    {number!r}," for number in numbers), ")", ""]
    return HEADER + "\n" + "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write the module with ``--update``; otherwise say whether it is up to date."""
    if arguments == ["--update"]:
        TARGET.write_text(source())
        return 0
    fresh = TARGET.exists() and TARGET.read_text() == source()
    state = "up to date" if fresh else "stale: run python -m theory.emit.elementary_tables --update"
    print(f"{TARGET.name} is {state}")
    return int(not fresh)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
