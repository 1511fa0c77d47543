"""Gradient flow of one small network with one output, compiled: theta' = -grad risk, by a Rosenbrock method.

The method is RODAS (Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.7, and their
code ``rodas.f``): six stages, order 4 with an embedded solution of order 3, L-stable and stiffly accurate.
Each step solves with E = H + 1 / (GAMMA h), H the exact Hessian. Where E has no Cholesky factor, the step is
so long that it would jump across a direction in which the flow runs apart; it is then shortened, whatever the
error estimate says.

Data: x (d~, n), the inputs and, with hidden biases, a row of ones; y (n,). `columns` (m, d~) says where the
inner weights stand in theta; outer weights come first and the output's bias, if there is one, last.
"""

import math

import numpy as np
from numba import boolean, float64, int64, types

from ..jit import kernel, pointer_kernel, reduction_kernel
from .kernels_simd import LOSSES, SLOPES, Cube, Flat, Rows

GAMMA = 0.25
"""The method's diagonal coefficient."""

A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1.544, 0.0, 0.0, 0.0, 0.0],
        [0.9466785280815826, 0.2557011698983284, 0.0, 0.0, 0.0],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817, 0.0, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0],
    ]
)
"""Weights of the earlier stages in the argument of each."""

C = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [-5.6688, 0.0, 0.0, 0.0, 0.0],
        [-2.430093356833875, -0.2063599157091915, 0.0, 0.0, 0.0],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616, 0.0, 0.0],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160, 0.0],
        [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
    ]
)
"""Weights of the earlier stages, over h, on the right-hand side of each."""

STAGES, ORDER = 6, 4
SAFETY, SHORTEST, LONGEST = 0.9, 0.2, 6.0
"""A step is at most so many times the one before it, and at least."""

GOING, SMALL, FAR, ENDED, STOPPED = 0, 1, 2, 3, 4
"""Why `follow` returned: steps used up, the gradient small, theta far, time up, no step is short enough."""

TIME, STEP, SPEED = 0, 1, 2
SMALLEST, FARTHEST, LATEST, TOLERANCES = 0, 1, 2, 3
"""Where a clock holds what, and where limits do."""

JETS = types.FunctionType(types.void(Flat, Flat, Flat, Flat))
"""jets(Z, S, S1, S2), as in a generated activation."""


@reduction_kernel
def dot(u, v):  # type: ignore[no-untyped-def]
    """The sum of the products of u and v (n,)."""
    total = 0.0
    for i in range(len(u)):
        total += u[i] * v[i]
    return total


@kernel
def inner(theta, columns, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (m, n) with the pre-activations."""
    for k in range(len(Z)):
        weight, row = theta[columns[k, 0]], Z[k]
        for i in range(len(row)):
            row[i] = weight * x[0, i]
        for j in range(1, len(x)):
            weight = theta[columns[k, j]]
            for i in range(len(row)):
                row[i] += weight * x[j, i]


@kernel
def outer(losses, theta, biased, y, S, flat):  # type: ignore[no-untyped-def]
    """Fill `flat` (5, n): outputs, losses, their first and second derivatives over n; the last is room."""
    F, n = flat[0], len(y)
    F[:] = theta[-1] if biased else 0.0
    for k in range(len(S)):
        for i in range(n):
            F[i] += theta[k] * S[k, i]
    losses(F, y, flat[1], flat[2], flat[3])
    for i in range(n):
        flat[2, i] /= n
        flat[3, i] /= n


@kernel
def slope(theta, biased, columns, x, S, S1, flat, out):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient."""
    G, V = flat[2], flat[4]
    for k in range(len(S)):
        out[k] = dot(G, S[k])
        for i in range(len(G)):
            V[i] = theta[k] * G[i] * S1[k, i]
        for j in range(len(x)):
            out[columns[k, j]] = dot(V, x[j])
    if biased:
        out[-1] = G.sum()


@kernel
def gradient(slopes, losses, theta, biased, columns, x, y, sheets, flat, out):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient at theta; sheets (4, m, n) and flat (5, n) are room."""
    Z, S, S1 = sheets[0], sheets[1], sheets[2]
    inner(theta, columns, x, Z)
    slopes(Z.reshape(-1), S.reshape(-1), S1.reshape(-1))
    outer(losses, theta, biased, y, S, flat)
    slope(theta, biased, columns, x, S, S1, flat, out)


@kernel
def gauss_newton(theta, biased, columns, x, S, S1, flat, J, H):  # type: ignore[no-untyped-def]
    """Fill the lower triangle of H (P, P) with its Gauss-Newton part; J (P + 1, n) is room."""
    weighted = J[-1]
    for k in range(len(S)):
        J[k] = S[k]
        for j in range(len(x)):
            row = J[columns[k, j]]
            for i in range(len(row)):
                row[i] = theta[k] * S1[k, i] * x[j, i]
    if biased:
        J[len(H) - 1] = 1.0
    for p in range(len(H)):
        for i in range(len(weighted)):
            weighted[i] = flat[3, i] * J[p, i]
        for r in range(p + 1):
            H[p, r] = dot(weighted, J[r])


@kernel
def residual(theta, columns, x, S1, S2, flat, H):  # type: ignore[no-untyped-def]
    """Add the residual part to the lower triangle of H (P, P)."""
    G, V = flat[2], flat[4]
    for k in range(len(S1)):
        for i in range(len(G)):
            V[i] = G[i] * S1[k, i]
        for j in range(len(x)):
            H[columns[k, j], k] += dot(V, x[j])
        for j in range(len(x)):
            for i in range(len(G)):
                V[i] = theta[k] * G[i] * S2[k, i] * x[j, i]
            for l in range(j + 1):
                H[columns[k, j], columns[k, l]] += dot(V, x[l])


@kernel
def factor(H, shift, E):  # type: ignore[no-untyped-def]
    """Fill the lower triangle of E with the Cholesky factor of H + shift; say whether there is one."""
    for p in range(len(H)):
        for r in range(p + 1):
            entry = H[p, r]
            for t in range(r):
                entry -= E[p, t] * E[r, t]
            if r < p:
                E[p, r] = entry / E[r, r]
            elif entry + shift > 0:  # false for NaN
                E[p, p] = math.sqrt(entry + shift)
            else:
                return False
    return True


@kernel
def solve(E, u):  # type: ignore[no-untyped-def]
    """Solve in place with the factor that `factor` found."""
    P = len(u)
    for p in range(P):
        for t in range(p):
            u[p] -= E[p, t] * u[t]
        u[p] /= E[p, p]
    for p in range(P - 1, -1, -1):
        u[p] /= E[p, p]
        for t in range(p):
            u[t] -= E[p, t] * u[p]


@pointer_kernel(
    types.void(SLOPES, JETS, LOSSES, Flat, boolean, int64[:, ::1], Rows, Flat, Cube, Rows, Rows, Flat, Rows)
)
def curvature(slopes, jets, losses, theta, biased, columns, x, y, sheets, flat, J, out, H):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient and the lower triangle of H (P, P) with the Hessian at theta."""
    Z, S, S1, S2 = sheets[0], sheets[1], sheets[2], sheets[3]
    inner(theta, columns, x, Z)
    jets(Z.reshape(-1), S.reshape(-1), S1.reshape(-1), S2.reshape(-1))
    outer(losses, theta, biased, y, S, flat)
    slope(theta, biased, columns, x, S, S1, flat, out)
    gauss_newton(theta, biased, columns, x, S, S1, flat, J, H)
    residual(theta, columns, x, S1, S2, flat, H)


@pointer_kernel(
    types.float64(
        SLOPES, LOSSES, Flat, boolean, int64[:, ::1], Rows, Flat, Cube, Rows, float64, Rows, Flat, Rows, Flat
    )
)
def attempt(slopes, losses, theta, biased, columns, x, y, sheets, flat, h, E, g, U, scale):  # type: ignore[no-untyped-def]
    """Take one step of length h: U[-1] (P,) is its end; return its error, 1 being the tolerance.

    E is the factor, g the gradient at theta, U (STAGES + 1, P) room, scale (2,) the absolute and the relative
    tolerance.
    """
    end, slope_there = U[STAGES], g.copy()
    for s in range(STAGES):
        for p in range(len(theta)):
            end[p] = theta[p]
            for t in range(s):
                end[p] += A[s, t] * U[t, p]
        if s > 0:
            gradient(slopes, losses, end, biased, columns, x, y, sheets, flat, slope_there)
        for p in range(len(theta)):
            U[s, p] = -slope_there[p]
            for t in range(s):
                U[s, p] += C[s, t] / h * U[t, p]
        solve(E, U[s])
    error = 0.0
    for p in range(len(theta)):
        end[p] += U[STAGES - 1, p]
        size = scale[0] + scale[1] * max(abs(theta[p]), abs(end[p]))
        error += (U[STAGES - 1, p] / size) ** 2
    return math.sqrt(error / len(theta))


@pointer_kernel(
    types.UniTuple(int64, 2)(  # type: ignore[no-untyped-call]
        SLOPES, JETS, LOSSES, boolean, int64[:, ::1], Rows, Flat, Flat, Flat, Flat, Rows, Rows
    )
)
def follow(slopes, jets, losses, biased, columns, x, y, theta, clock, limits, path, H):  # type: ignore[no-untyped-def]
    """Take at most len(path) steps from theta (P,), which moves along; return why it ended and how many.

    It takes one at least, if it can: a caller who rounds otherwise, and calls again, is not kept for ever.
    clock (3,): time and the length of the next step, which move along, and the gradient's norm at theta,
    filled in. limits (5,): the gradient's norm and the distance from the origin to stop at, the longest
    time, the absolute and the relative tolerance. path (k, P) is filled with where the steps end. H is room.
    """
    P, m, n = len(theta), len(columns), len(y)
    sheets, flat, J = np.empty((4, m, n)), np.empty((5, n)), np.empty((P + 1, n))
    E, U, g, scale = np.empty((P, P)), np.empty((STAGES + 1, P)), np.empty(P), limits[TOLERANCES:]
    taken = 0
    while True:
        curvature(slopes, jets, losses, theta, biased, columns, x, y, sheets, flat, J, g, H)
        clock[SPEED] = math.sqrt(dot(g, g))
        if taken > 0 and clock[SPEED] <= limits[SMALLEST]:
            return SMALL, taken
        if taken > 0 and not dot(theta, theta) <= limits[FARTHEST] ** 2:
            return FAR, taken
        if clock[TIME] >= limits[LATEST]:
            return ENDED, taken
        if taken == len(path):
            return GOING, taken
        while True:
            h = min(clock[STEP], limits[LATEST] - clock[TIME])
            if not clock[TIME] + h > clock[TIME]:
                return STOPPED, taken
            if not factor(H, 1 / (GAMMA * h), E):
                clock[STEP] = SHORTEST * h
                continue
            error = attempt(slopes, losses, theta, biased, columns, x, y, sheets, flat, h, E, g, U, scale)
            change = SAFETY * error ** (-1 / ORDER) if error > 0 else LONGEST
            clock[STEP] = h * (min(LONGEST, max(SHORTEST, change)) if error < np.inf else SHORTEST)
            if error <= 1:
                break
        theta[:] = U[STAGES]
        clock[TIME] = limits[LATEST] if h == limits[LATEST] - clock[TIME] else clock[TIME] + h
        path[taken] = theta
        taken += 1
