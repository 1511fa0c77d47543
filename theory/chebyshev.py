"""The constants of ``twolayer/elementary_tables.py``, and how they come about.

Each polynomial interpolates a function at the Chebyshev nodes of an interval, in 100 digits; its error
is at most a few times that of the best polynomial of the degree. ``python -m theory.chebyshev --update``
writes the module; a test regenerates and compares it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).parents[1] / "twolayer" / "elementary_tables.py"
DIGITS = 100

HEADER = '''\
"""Constants of the elementary functions. Written by ``python -m theory.chebyshev --update``: edit there.

Coefficients stand from the highest power to the lowest.
"""
'''


def interpolant(function: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
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

    >>> [float(c) for c in interpolant(lambda x: x * x, -1, 1, 1)]
    [0.0, 0.5]
    """
    with mp.workdps(DIGITS):
        centre, radius = (high + low) / mp.mpf(2), (high - low) / mp.mpf(2)
        count = degree + 1
        nodes = [centre + radius * mp.cospi(mp.mpf(2 * j + 1) / (2 * count)) for j in range(count)]
        vandermonde = mp.matrix([[x**k for k in range(degree, -1, -1)] for x in nodes])
        return list(mp.lu_solve(vandermonde, mp.matrix([function(x) for x in nodes])))


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


def tables() -> dict[str, tuple[str, list[float]]]:
    """Name -> (what it is, numbers) of every entry of the module."""
    with mp.workdps(DIGITS):
        ln2 = parts(mp.log(2), (42,))
        half_pi = parts(mp.pi / 2, (33, 33, 33))
        quarter = (mp.pi / 4 * mp.mpf("1.0001")) ** 2
        entries = {
            "LN2": ("log 2 as 42 bits and the rest", ln2),
            "HALF_PI": ("pi / 2 as three times 33 bits and the rest", half_pi),
            "EXP": (
                "(exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2",
                interpolant(lambda r: (mp.expm1(r) - r) / r**2, -HALF_LN2, HALF_LN2, 9),
            ),
            "ATANH": (
                "(2 atanh(q / 2) - q) / q^3 in q^2, for sqrt(1/2) <= (2 + q) / (2 - q) <= sqrt(2)",
                interpolant(lambda v: _atanh_rest(mp.sqrt(v)), mp.mpf(0), mp.mpf("0.1178"), 6),
            ),
            "ERF": (
                "erf(x) / x - 1 in x^2, for |x| <= 3/4",
                interpolant(lambda w: mp.erf(mp.sqrt(w)) / mp.sqrt(w) - 1, mp.mpf(0), mp.mpf("0.5625"), 10),
            ),
            "ERFCX": (
                "(a + 7/2) exp(a^2) erfc(a) in t = (a - 7/2) / (a + 7/2), for 0 <= a <= 27.4",
                interpolant(_scaled_erfc, mp.mpf(-1), mp.mpf("23.9") / mp.mpf("30.9"), 21),
            ),
            "SIN": (
                "(sin(r) - r) / r^3 in r^2, for |r| <= pi / 4",
                interpolant(lambda w: (mp.sin(mp.sqrt(w)) - mp.sqrt(w)) / mp.sqrt(w) ** 3, 0, quarter, 5),
            ),
            "COS": (
                "(cos(r) - 1 + r^2 / 2) / r^4 in r^2, for |r| <= pi / 4",
                interpolant(lambda w: (mp.cos(mp.sqrt(w)) - 1 + w / 2) / w**2, 0, quarter, 5),
            ),
        }
        return {name: (text, [float(c) for c in numbers]) for name, (text, numbers) in entries.items()}


CENTRE = mp.mpf("3.535533905932737622004221810524245196424")
HALF_LN2 = mp.mpf("0.34661")


def _atanh_rest(q: mp.mpf) -> mp.mpf:
    return (2 * mp.atanh(q / 2) - q) / q**3


def _scaled_erfc(t: mp.mpf) -> mp.mpf:
    a = CENTRE * (1 + t) / (1 - t)
    return (a + CENTRE) * mp.exp(a * a) * mp.erfc(a)


def source() -> str:
    """Text of the module of constants."""
    blocks = [HEADER]
    for name, (text, numbers) in tables().items():
        rows = "".join(f"    {number!r},\n" for number in numbers)
        blocks.append(f"# {text}\n{name} = (\n{rows})\n")
    return "\n".join(blocks)


def main(arguments: list[str]) -> int:
    """Write the module with ``--update``; otherwise say whether it is up to date."""
    text = source()
    if arguments == ["--update"]:
        TARGET.write_text(text)
        return 0
    fresh = TARGET.exists() and TARGET.read_text() == text
    print(f"{TARGET.name} is {'up to date' if fresh else 'stale: run python -m theory.chebyshev --update'}")
    return int(not fresh)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
