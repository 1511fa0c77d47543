"""The Rosenbrock method RODAS: its coefficients, and how long the next step is, at kinks as well.

Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.7, and their code ``rodas.f``: six
stages, order 4 with an embedded solution of order 3, L-stable and stiffly accurate. Each step solves with
E = H + 1 / (GAMMA h), H the exact Hessian. Where E has no Cholesky factor, the step is so long that it would
jump across a direction in which the flow runs apart; it is then shortened, whatever the error estimate says.
"""

import numpy as np

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

D = np.array(
    [
        [10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823, 1.025137723295662],
        [-0.6762803392806898, 6.087714651680015, 16.43084320892478, 24.76722511418386, -6.594389125716872],
    ]
)
"""Weights of the stages in c and e of the path inside a step: (1 - s) begin + s (end + (1 - s) (c + s e))."""

STAGES, ORDER = 6, 4
SAFETY, SHORTEST, LONGEST = 0.9, 0.2, 6.0
"""A step is at most so many times the one before it, and at least."""

ON = 1e-12
"""A pre-activation below this share of |x~_i| |w~_k| is on its kink."""

INSIDE = 1e-9
"""A slope this near to c- or c+, relative to their difference, is at it."""

NEAR, REACH, AGAIN = 0.5, 1.1, 4
"""A kink met before this share of a step is met again, by a step so many times as long as that to the kink,
which follows what fast parts do on the way; at most so often."""

SHORT, SHORTEST_SHARE = 1e-12, 2e-12
"""Steps shorter than the one share of the time do not count as going on, and none is made shorter than the
other."""
