"""Gradient flow of one small network, compiled: theta' = -grad risk, by the Rosenbrock method RODAS.

The method is described in :mod:`twolayer.many.rodas`, the data in :mod:`twolayer.many.flow_derivatives`.
Networks of piecewise linear units are followed from one pattern of activations to the next while single kinks
are crossed, and left where several are met at once or a kink may hold the flow.
"""

import math

import numpy as np
from numba import float64, int64, types

from ..jit import kernel, pointer_kernel
from .crossings import between, beyond, crosses, leaving, touched
from .flow_derivatives import DATA, curvature, dot, gradient
from .rodas import (
    AGAIN,
    GAMMA,
    LONGEST,
    NEAR,
    ORDER,
    REACH,
    SAFETY,
    SHORT,
    SHORTEST,
    SHORTEST_SHARE,
    STAGES,
    A,
    C,
    D,
)
from .signatures import JETS, SLOPES, Cube, Flat, Rows

GOING, SMALL, FAR, ENDED, STOPPED, KINK = 0, 1, 2, 3, 4, 5
"""Why `follow` returned: steps used up, the gradient small, theta far, time up, no step is short enough, or
the next step, whose end is left in `path`, is for the caller to take, as it meets kinks."""

TIME, STEP, SPEED, LENGTH, CROSSED = 0, 1, 2, 3, 4
SMALLEST, FARTHEST, LATEST, LOW, HIGH, TOLERANCES = 0, 1, 2, 3, 4, 5
"""Where a clock holds what, and where limits do."""


@kernel
def factor(H, shift, E):  # type: ignore[no-untyped-def]
    """Fill the lower triangle of E with the Cholesky factor of H + shift; say whether there is one."""
    for p in range(len(H)):
        for r in range(p):
            E[p, r] = (H[p, r] - dot(E[p, :r], E[r, :r])) / E[r, r]
        entry = H[p, p] + shift - dot(E[p, :p], E[p, :p])
        if not entry > 0:  # NaN as well
            return False
        E[p, p] = math.sqrt(entry)
    return True


@kernel
def solve(E, u):  # type: ignore[no-untyped-def]
    """Solve in place with the factor that `factor` found."""
    P = len(u)
    for p in range(P):
        u[p] = (u[p] - dot(E[p, :p], u[:p])) / E[p, p]
    for p in range(P - 1, -1, -1):
        u[p] /= E[p, p]
        last, row = u[p], E[p]
        for t in range(p):
            u[t] -= row[t] * last


@pointer_kernel(float64(SLOPES, *DATA, Flat, Cube, Cube, float64, Rows, Flat, Rows, Flat))
def attempt(  # type: ignore[no-untyped-def]
    slopes, losses, coupled, biased, columns, x, y, sigma, normals, theta, sheets, flat, h, E, g, U, scale
):
    """Take one step of length h: U[-1] (P,) is its end; return its error, 1 being the tolerance.

    E is the factor, g the gradient at theta, U (STAGES + 1, P) room, scale (1 + P,) the relative tolerance
    and the absolute ones.
    """
    end, slope_there = U[STAGES], g.copy()
    for s in range(STAGES):
        for p in range(len(theta)):
            end[p] = theta[p]
        for t in range(s):
            weight, row = A[s, t], U[t]
            for p in range(len(theta)):
                end[p] += weight * row[p]
        if s > 0:
            gradient(
                slopes, losses, coupled, biased, columns, x, y, sigma, normals, end, sheets, flat, slope_there
            )
        right = U[s]
        for p in range(len(theta)):
            right[p] = -slope_there[p]
        for t in range(s):
            weight, row = C[s, t] / h, U[t]
            for p in range(len(theta)):
                right[p] += weight * row[p]
        solve(E, right)
    error = 0.0
    for p in range(len(theta)):
        end[p] += U[STAGES - 1, p]
        size = scale[1 + p] + scale[0] * max(abs(theta[p]), abs(end[p]))
        error += (U[STAGES - 1, p] / size) ** 2
    return math.sqrt(error / len(theta))


@kernel
def keep(theta, columns, q, constants):  # type: ignore[no-untyped-def]
    """Rescale each unit of theta (P,) so that ``|w~_k|^2 - |a_k|^2`` is its constant, if that can be."""
    m, d = columns.shape
    for k in range(m):
        size, other, constant = 0.0, 0.0, constants[k]
        for j in range(d):
            size += theta[columns[k, j]] ** 2
        for o in range(q):
            other += theta[o * m + k] ** 2
        if not other > 0:
            continue
        root = math.sqrt(constant**2 + 4 * size * other)
        # The root of size s - other / s = constant, by the form that does not cancel.
        s = (constant + root) / (2 * size) if constant >= 0 else 2 * other / (root - constant)
        grown = math.sqrt(s) if size > 0 else 1.0
        shrunk = 1 / grown if size > 0 else math.sqrt(max(-constant, 0.0) / other)
        if 0 < shrunk < np.inf and 0 < grown < np.inf:
            for j in range(d):
                theta[columns[k, j]] *= grown
            for o in range(q):
                theta[o * m + k] *= shrunk


@kernel
def within(U, inside):  # type: ignore[no-untyped-def]
    """Fill inside (2, P) with what tells the path of the step whose stages are U."""
    inside[:] = 0.0
    for t in range(STAGES - 1):
        for p in range(U.shape[1]):
            inside[0, p] += D[0, t] * U[t, p]
            inside[1, p] += D[1, t] * U[t, p]


@kernel
def stepped(  # type: ignore[no-untyped-def]
    slopes,
    losses,
    coupled,
    biased,
    columns,
    x,
    y,
    sigma,
    normals,
    theta,
    sheets,
    flat,
    clock,
    limits,
    g,
    H,
    E,
    U,
):
    """The length of a step that the tolerance accepts, its end left in U; 0 if none is short enough."""
    scale = limits[TOLERANCES:]
    while True:
        h = min(clock[STEP], limits[LATEST] - clock[TIME])
        if not clock[TIME] + h > clock[TIME]:
            return 0.0
        if not factor(H, 1 / (GAMMA * h), E):
            clock[STEP] = SHORTEST * h
            continue
        error = attempt(
            slopes,
            losses,
            coupled,
            biased,
            columns,
            x,
            y,
            sigma,
            normals,
            theta,
            sheets,
            flat,
            h,
            E,
            g,
            U,
            scale,
        )
        change = SAFETY * error ** (-1 / ORDER) if error > 0 else LONGEST
        clock[STEP] = h * (min(LONGEST, max(SHORTEST, change)) if error < np.inf else SHORTEST)
        if error <= 1:
            return h


@kernel
def crossed(  # type: ignore[no-untyped-def]
    slopes,
    losses,
    coupled,
    biased,
    columns,
    x,
    y,
    sigma,
    normals,
    sides,
    constants,
    theta,
    clock,
    limits,
    inside,
    sheets,
    flat,
    U,
    h,
    share,
    met,
):
    """Go to where a step meets `met`, after a `share` of it, and over the kink; say whether that is done.

    It is left to the caller where several kinks are met, where no time goes by, and where the flow may not
    cross. The pattern moves along.
    """
    q, n = y.shape
    if not clock[TIME] + share * h > clock[TIME] * (1 + SHORT):
        return False
    there, slope_there = np.empty_like(theta), np.empty_like(theta)
    for p in range(len(theta)):
        there[p] = between(theta, U[STAGES], inside, share, p)
    keep(there, columns, q, constants)
    on = touched(there, columns, x, sides, met, sheets[0])
    if len(on) != 1:
        return False
    k, i = on[0] // n, on[0] % n
    gradient(slopes, losses, coupled, biased, columns, x, y, sigma, normals, there, sheets, flat, slope_there)
    if not crosses(slope_there, sheets[4], columns, x, sides, limits[LOW], limits[HIGH], k, i):
        return False
    sigma[k, i] = limits[LOW] if sides[k, i] > 0 else limits[HIGH]
    sides[k, i] = -sides[k, i]
    theta[:] = there
    clock[TIME] += share * h
    clock[CROSSED] += 1
    return True


@pointer_kernel(
    types.UniTuple(int64, 2)(SLOPES, JETS, *DATA, Rows, Flat, Flat, Flat, Flat, Rows, Rows, Rows)  # type: ignore[no-untyped-call]
)
def follow(  # type: ignore[no-untyped-def]
    slopes,
    jets,
    losses,
    coupled,
    biased,
    columns,
    x,
    y,
    sigma,
    normals,
    sides,
    constants,
    theta,
    clock,
    limits,
    path,
    inside,
    H,
):
    """Take at most len(path) steps from theta (P,), which moves along; return why it ended and how many.

    It takes one at least, if it can: a caller who rounds otherwise, and calls again, is not kept for ever.
    clock (5,): time and the length of the next step, which move along, the gradient's norm at theta, the
    length of a step that left the pattern, filled in, and how many kinks were crossed, counted on. limits
    (6 + P,): the gradient's norm and the distance from the origin to stop at, the longest time, c- and c+,
    the relative tolerance, and the absolute ones. path (k, P) is filled with where the steps end. H is room.

    A step that crosses a single kink ends on it; sigma and sides are those of the next. One that meets
    several or one that may hold the flow, and every one where theta is held, is not taken but left in `path`,
    and in inside (2, P) what tells the path inside it (:data:`~twolayer.many.rodas.D`).
    """
    (q, n), m, P = y.shape, len(columns), len(theta)
    sheets, flat, J = (
        np.empty((5, m, n)),
        np.empty((5, q, n)),
        np.empty((2, (P - q * m + m - q * biased + biased), n)),
    )
    E, U, g = np.empty((P, P)), np.empty((STAGES + 1, P)), np.empty(P)
    taken = 0
    while True:
        curvature(jets, losses, coupled, biased, columns, x, y, sigma, normals, theta, sheets, flat, J, g, H)
        clock[SPEED] = math.sqrt(dot(g, g))
        if taken > 0 and clock[SPEED] <= limits[SMALLEST]:
            return SMALL, taken
        if taken > 0 and not dot(theta, theta) <= limits[FARTHEST] ** 2:
            return FAR, taken
        if clock[TIME] >= limits[LATEST]:
            return ENDED, taken
        if taken == len(path):
            return GOING, taken
        again = AGAIN
        while True:
            h = stepped(
                slopes,
                losses,
                coupled,
                biased,
                columns,
                x,
                y,
                sigma,
                normals,
                theta,
                sheets,
                flat,
                clock,
                limits,
                g,
                H,
                E,
                U,
            )
            if h == 0:
                return STOPPED, taken
            if not len(sigma) or not (len(normals) or beyond(U[STAGES], columns, x, sides, sheets[0])):
                theta[:] = U[STAGES]
                if len(sigma):
                    keep(theta, columns, q, constants)
                clock[TIME] = limits[LATEST] if h == limits[LATEST] - clock[TIME] else clock[TIME] + h
                break
            within(U, inside)
            if len(normals) == 0:
                share, met = leaving(theta, U[STAGES], inside, columns, x, sides, sheets[0])
                shortest = SHORTEST_SHARE * clock[TIME]  # below it the path inside a long step says nothing
                if again > 0 and 0 < share < NEAR and h > shortest:
                    clock[STEP] = max(REACH * share * h, shortest)
                    again -= 1
                    continue
                if crossed(
                    slopes,
                    losses,
                    coupled,
                    biased,
                    columns,
                    x,
                    y,
                    sigma,
                    normals,
                    sides,
                    constants,
                    theta,
                    clock,
                    limits,
                    inside,
                    sheets,
                    flat,
                    U,
                    h,
                    share,
                    met,
                ):
                    break
            clock[LENGTH], path[taken] = h, U[STAGES]
            return KINK, taken
        path[taken] = theta
        taken += 1
