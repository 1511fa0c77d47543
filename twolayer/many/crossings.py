"""Where a step of a gradient flow of piecewise linear units leaves its pattern of activations, compiled.

The path inside a step is told by its ends and `inside` (2, P), as :data:`~twolayer.many.rodas.D` says.
`sides` (m + 1, n) are 1 or -1 where a pre-activation is to be positive or negative, 0 where nothing is asked;
their last row holds the lengths of the inputs. Pre-activations are measured by shares of |x~_i| |w~_k|.
"""

import math

import numpy as np

from ..jit import kernel
from .flow_derivatives import inner
from .rodas import INSIDE, ON

SEARCH, WIDTH, EARLIER = 100, 1e-15, 2.5
"""Most points tried to find where a kink is met, a bracket that is narrow enough, and how many times as far
outside as what is on a kink something is that was met before the rest."""


@kernel
def beyond(theta, columns, x, sides, Z):  # type: ignore[no-untyped-def]
    """Whether a pre-activation at theta is on the other side of its kink; Z (m, n) is room."""
    inner(theta, columns, x, Z)
    lengths = sides[-1]
    for k in range(len(Z)):
        size = 0.0
        for j in range(len(x)):
            size += theta[columns[k, j]] ** 2
        least = -ON * math.sqrt(size)
        for i in range(len(lengths)):
            if sides[k, i] * Z[k, i] < least * lengths[i]:
                return True
    return False


@kernel
def signed(theta, columns, x, sides, Z):  # type: ignore[no-untyped-def]
    """Fill Z (m, n) with how far inside the pattern theta (P,) is: negative outside, inf if not asked."""
    inner(theta, columns, x, Z)
    lengths = sides[-1]
    for k in range(len(Z)):
        size = 0.0
        for j in range(len(x)):
            size += theta[columns[k, j]] ** 2
        size = math.sqrt(size)
        for i in range(len(lengths)):
            if sides[k, i] == 0 or lengths[i] == 0 or size == 0:
                Z[k, i] = np.inf
            else:
                Z[k, i] = sides[k, i] / lengths[i] * Z[k, i] / size


@kernel
def between(begin, end, inside, share, p):  # type: ignore[no-untyped-def]
    """Parameter p after a share of the step."""
    rest = 1 - share
    return rest * begin[p] + share * (end[p] + rest * (inside[0, p] + share * inside[1, p]))


@kernel
def least(begin, end, inside, columns, x, sides, met, share):  # type: ignore[no-untyped-def]
    """How far inside the least of the pre-activations `met`, flat numbers in (m, n), is after a share."""
    n, found = x.shape[1], np.inf
    for number in met:
        k, i = number // n, number % n
        size, z = 0.0, 0.0
        for j in range(len(x)):
            weight = between(begin, end, inside, share, columns[k, j])
            size += weight**2
            z += weight * x[j, i]
        found = min(found, sides[k, i] / sides[-1, i] * z / math.sqrt(size))
    return found


@kernel
def interpolated(x1, f1, x2, f2, x3, f3):  # type: ignore[no-untyped-def]
    """The share of the way from x1 to x2 at which a root is looked for next (Chandrupatla 1997)."""
    if f3 in (f1, f2):
        return 0.5
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    if not (phi**2 < xi and (1 - phi) ** 2 < 1 - xi):
        return 0.5
    near, far = f1 / (f1 - f2), f1 / (f3 - f1)
    return near * f3 / (f3 - f2) + far * f2 / (f3 - f2) * (x3 - x1) / (x2 - x1)


@kernel
def first_outside(begin, end, inside, columns, x, sides, met, at_begin, whole):  # type: ignore[no-untyped-def]
    """A share, `whole` at most, after which one of `met` is outside, by the share ON at most.

    `at_begin` is how far the least of them is inside that there. Chandrupatla's method, as in
    ``numerics.descents.segment.first_below``.
    """
    aim = ON / 2
    below = least(begin, end, inside, columns, x, sides, met, whole) + ON
    x1, f1, x2, f2 = 1.0, below + aim, 0.0, at_begin + aim
    high, share = 1.0, 0.5
    for _ in range(SEARCH):
        if below >= -ON or abs(x1 - x2) <= WIDTH:
            break
        trial = x1 + share * (x2 - x1)
        found = least(begin, end, inside, columns, x, sides, met, trial * whole) + ON
        if found < 0:
            high, below = trial, found
        x3, f3 = x1, f1
        if (found + aim < 0) != (f1 < 0):
            x3, f3, x2, f2 = x2, f2, x1, f1
        x1, f1 = trial, found + aim
        share = interpolated(x1, f1, x2, f2, x3, f3)
        lowest = min(0.5, WIDTH / abs(x1 - x2))
        share = min(max(share, lowest), 1 - lowest)
    return high * whole


@kernel
def below(Z, bound):  # type: ignore[no-untyped-def]
    """The flat numbers of the entries of Z (m, n) below a bound."""
    return np.flatnonzero(Z.reshape(-1) < bound)


@kernel
def leaving(begin, end, inside, columns, x, sides, Z):  # type: ignore[no-untyped-def]
    """The share of a step after which it leaves the pattern, and what is outside there; Z (m, n) is room.

    1 and nothing, if it does not; what is outside are flat numbers in (m, n). A step that begins on a kink
    that it has to leave is left at once.
    """
    signed(end, columns, x, sides, Z)
    met = below(Z, -ON)
    if len(met) == 0:
        return 1.0, met
    signed(begin, columns, x, sides, Z)
    at_begin = Z.reshape(-1).copy() + ON
    if at_begin[met].min() <= 0:
        return 0.0, met[at_begin[met] <= 0]
    share, point = 1.0, np.empty_like(begin)
    while True:
        share = first_outside(begin, end, inside, columns, x, sides, met, at_begin[met].min(), share)
        for p in range(len(point)):
            point[p] = between(begin, end, inside, share, p)
        signed(point, columns, x, sides, Z)
        known = Z.reshape(-1)[met] < -ON
        for number in met:
            Z.reshape(-1)[number] = np.inf
        earlier = below(Z, -EARLIER * ON)
        if len(earlier) == 0:
            return share, met[known]
        met = earlier


@kernel
def touched(theta, columns, x, sides, met, Z):  # type: ignore[no-untyped-def]
    """The pre-activations that are on their kinks at theta (P,), those of `met` among them; Z is room."""
    signed(theta, columns, x, sides, Z)
    for number in met:
        Z.reshape(-1)[number] = 0.0
    return np.flatnonzero(np.abs(Z.reshape(-1)) <= ON)


@kernel
def crosses(g, pushes, columns, x, sides, low, high, k, i):  # type: ignore[no-untyped-def]
    """Whether the flow crosses the kink of unit k and sample i, where it comes from the side of `sides`.

    g (P,) is the gradient there and pushes (m, n) the slopes of the risk by what units give out; low and high
    are c- and c+. Both sides have to lead the same way.
    """
    side, rate = sides[k, i], 0.0
    for j in range(len(x)):
        rate -= g[columns[k, j]] * x[j, i]
    after = rate + side * (high - low) * pushes[k, i] * sides[-1, i] ** 2
    return -side * rate > 0 and -side * after > INSIDE * abs(rate)
