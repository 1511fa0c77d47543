"""What the elementary functions should return, in 240 bits, and where they are tried."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import mpmath as mp
import numpy as np

BITS = 240
ROUNDING = mp.mpf(2) ** -53
SUBNORMAL = mp.mpf(2) ** -1074
LARGEST = float(np.finfo(float).max)


class Case(NamedTuple):
    """A kernel's true results, the largest errors allowed (in units of 2^-53), where it is for and turns.

    The errors are a little above the largest of 60,000 arguments, products fused or not; all are below
    the 8 units that the package promises.
    """

    truths: tuple[Callable[[mp.mpf], mp.mpf], ...]
    errors: tuple[float, ...]
    low: float = -np.inf
    high: float = np.inf
    turns: tuple[float, ...] = ()


def _sigmoid(x: mp.mpf) -> mp.mpf:
    return 1 / (1 + mp.exp(-x))


def _mirrored(x: mp.mpf) -> mp.mpf:
    return _sigmoid(-x)


def _softplus(x: mp.mpf) -> mp.mpf:
    return mp.log1p(mp.exp(x))


def _gauss(x: mp.mpf) -> mp.mpf:
    return mp.exp(-x * x)


def _erfc(x: mp.mpf) -> mp.mpf:
    return mp.erfc(max(mp.mpf(-100), min(mp.mpf(100), x)))  # there 2 or below 1e-4000; mpmath ends at 1e154


def _phi(x: mp.mpf) -> mp.mpf:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _cdf(x: mp.mpf) -> mp.mpf:
    return _erfc(-x / mp.sqrt(2)) / 2


LOG_TURNS = (0.5, 0.5**0.5, 1.0, 2.0**0.5, 2.0**-1022, 2.0**53)
FADES = (708.3, 709.7, 744.4, 745.1, 745.2, 750.0)
HALF_FADES = tuple(x / 2 for x in (*FADES, 746.5, 747.0))
ERF_TURNS = (0.75, 5.9, 26.5, 27.2, 27.3, 27.38)
CDF_TURNS = (0.75, 8.3, 37.5, 38.4, 38.5, 38.6, 38.7)
UPPER = 0.8813735870195430  # log(1 + sqrt 2): here softplus takes out log 2

CASES: dict[str, Case] = {
    "exp": Case((mp.exp,), (1.6,), turns=(0.34657359027997264, 709.782712893384, *FADES)),
    "expm1": Case((mp.expm1,), (2.7,), turns=(0.34657359027997264, 600.0, 709.782712893384, *FADES)),
    "exp_neg_square": Case((_gauss,), (1.7,), turns=ERF_TURNS),
    "exp_neg_half_square": Case((lambda x: mp.exp(-x * x / 2),), (1.7,), turns=CDF_TURNS),
    "log": Case((mp.log,), (3.0,), low=0.0, turns=LOG_TURNS),
    "log1p": Case(
        (mp.log1p,), (2.5,), low=-1.0, turns=(0.5**0.5 - 1, 2.0**0.5 - 1, -1 + 2.0**-53, 2.0**53, 1.0)
    ),
    "tanh_parts": Case((mp.tanh, lambda x: mp.sech(x) ** 2), (4.0, 5.3), turns=(0.17, *HALF_FADES)),
    "sigmoid_parts": Case((_sigmoid, _mirrored), (3.3, 3.3), turns=FADES),
    "sigmoid_tanh_parts": Case(
        (_sigmoid, _mirrored, lambda x: mp.tanh(x / 2)), (3.3, 3.3, 3.7), turns=(0.34, *FADES)
    ),
    "softplus": Case((_softplus,), (4.5,), turns=(UPPER, 36.0, *FADES)),
    "softplus_parts": Case((_softplus, _sigmoid, _mirrored), (4.5, 4.0, 4.0), turns=(UPPER, 36.0, *FADES)),
    "erf": Case((mp.erf,), (2.6,), turns=ERF_TURNS),
    "erf_parts": Case((mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * _gauss(x)), (2.6, 2.3), turns=ERF_TURNS),
    "erfc": Case((_erfc,), (5.8,), turns=(0.5, *ERF_TURNS)),
    "normal_cdf": Case((_cdf,), (5.3,), turns=CDF_TURNS),
    "normal_parts": Case((_cdf, _phi), (5.3, 3.0), turns=CDF_TURNS),
    "sin_cos": Case((mp.sin, mp.cos), (1.2, 1.2), -(2.0**20), 2.0**20, (0.785398163397448, 1048575.9)),
}


def grid(case: Case) -> list[float]:
    """Arguments of every size and both signs, dense where results are of order one, and at each turn."""
    rng = np.random.default_rng(2017)
    sizes = [
        10 ** rng.uniform(-323, 308, 150),
        10 ** rng.uniform(-4, 3, 250),
        rng.uniform(0, 4, 150),
        rng.uniform(0, 40, 150),
        [5e-324, 2.0**-1074 * 3, 2.0**-1022, LARGEST, 1.0, 2.0**-27],
        *[_around(turn) for turn in case.turns],
    ]
    if case.high < np.inf:
        sizes += [rng.uniform(0, case.high, 150), list(nearly_quarter_turns(case.high))]
    x = np.concatenate(sizes)
    return [float(v) for v in np.concatenate([x, -x, 1 + x[:30], -1 + x[:30]]) if case.low < v < case.high]


def _around(turn: float) -> np.ndarray:
    return turn + np.spacing(abs(turn)) * np.arange(-2, 3)


def nearly_quarter_turns(bound: float) -> Iterator[float]:
    """For every power of two below `bound`, floats as near to multiples of pi / 2 as there are.

    A float p 2^e is near q pi / 2 where p / q is a convergent of pi / 2^(e + 1).
    """
    for exponent in range(-52, int(np.log2(bound)) - 52):
        with mp.workprec(BITS):
            rest = mp.pi / mp.mpf(2) ** (exponent + 1)
            before, now = 1, int(rest)
            while now < 2**53:
                if now >= 2**52:
                    yield float(now) * 2.0**exponent
                rest = 1 / (rest - int(rest))
                before, now = now, int(rest) * now + before


def units(got: float, want: mp.mpf) -> float:
    """The error in units of 2^-53 of the true value, after one subnormal is allowed for."""
    if abs(want) >= mp.mpf(2) ** 1024:
        return 0.0 if got == np.inf else np.inf
    if not np.isfinite(got):
        return 0.0 if got == np.inf and want > LARGEST else np.inf
    excess = abs(mp.mpf(got) - want) - SUBNORMAL
    return 0.0 if excess <= 0 else float(excess / (abs(want) * ROUNDING))
