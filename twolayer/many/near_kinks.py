"""What counts as on a kink, and how long steps are next to one: one rule for all flows of piecewise units."""

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
