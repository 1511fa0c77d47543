"""Where a start came to rest, and the one way in which that is kept as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np

from numerics.landscape.rungs import RUNGS, STOPPED
from twolayer.arrays import Array

CONVERGED, SADDLE, DIVERGED, UNDECIDED, DRIFTED = "converged", "saddle", "diverged", "undecided", "drifted"

STATUSES = (CONVERGED, SADDLE, DIVERGED, UNDECIDED, DRIFTED)
"""A store keeps the index: new ones go to the end."""


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Where a start came to rest. A number that is unknown is nan.

    Parameters
    ----------
    theta : ndarray, shape (D,)
        The end point, after the finish.
    status : {"converged", "saddle", "diverged", "undecided", "drifted"}
        A minimum (no negative curvature beyond rounding), a stationary point with negative curvature, no
        end at a finite distance, none of these within the limits, or a path that is none of the flow's: a
        quantity that the flow keeps changed beyond its tolerance.
    why : str
        The status explained.
    rung : {"interpolates", "minimum", "stationary", "no minimum", "stopped"}
        What is known of the end: every residual is zero within rounding; stationary and, by a Hessian that
        is positive beyond rounding, a minimum; stationary alone, with directions of no curvature or of
        negative; no minimum where it leads; none of these.
    value, gradient_norm : float
        At `theta`. At a kink the gradient is the least of Clarke's.
    time : float
        Flow time when the solver handed over to the finish.
    steps : float
        Steps of the solver or optimiser, a whole number.
    finish : float
        Distance that the finish moved.
    drift : float
        Largest change of a conserved quantity on the way, relative to |theta|^2.
    """

    theta: Array = field(repr=False)
    status: str
    why: str
    rung: str = STOPPED
    value: float = nan
    gradient_norm: float = nan
    time: float = nan
    steps: float = nan
    finish: float = nan
    drift: float = nan

    def called(self, status: str, why: str) -> Landing:
        """The same end under another `status`, `why` saying the reason; nothing is known of it then."""
        return replace(self, status=status, why=why, rung=STOPPED)


WORDS, NUMBERS = ("status", "rung"), ("value", "gradient_norm", "time", "steps", "finish", "drift")
CODES = {"status": STATUSES, "rung": RUNGS}


def as_arrays(landings: Sequence[Landing], prefix: str = "") -> dict[str, np.ndarray]:
    """The `landings` as arrays for a store, one entry each; names begin with the `prefix`.

    Arrays are theta (k, D), and one of shape (k,) for every other field.

    Examples
    --------
    >>> kept = as_arrays([Landing(theta=np.zeros(2), status="saddle", why="a test")], "flow ")
    >>> kept["flow theta"].shape, int(kept["flow status"][0])
    ((1, 2), 1)
    """
    found: dict[str, np.ndarray] = {
        "theta": np.array([landing.theta for landing in landings]),
        "why": np.array([landing.why for landing in landings], dtype=np.str_),
    }
    for name, words in CODES.items():
        found[name] = np.array([words.index(getattr(landing, name)) for landing in landings], dtype=np.int64)
    for name in NUMBERS:
        found[name] = np.array([getattr(landing, name) for landing in landings], dtype=float)
    return {prefix + name: array for name, array in found.items()}


def from_arrays(shard: Mapping[str, np.ndarray], prefix: str = "") -> list[Landing]:
    """The landings that :func:`as_arrays` made the arrays of the `shard` from.

    The arrays have the shapes of :func:`as_arrays`, (k,) and (k, D). Those that are absent, as in old stores,
    are unknown; a status may be its word.

    Raises
    ------
    ValueError
        If the arrays do not belong together or a status is unknown.

    Examples
    --------
    >>> one = Landing(theta=np.ones(2), status="converged", why="a test", value=0.5)
    >>> [again] = from_arrays(as_arrays([one]))
    >>> again.status, again.value, again.time
    ('converged', 0.5, nan)
    """
    arrays = {name: shard[prefix + name] for name in ("theta", "why") if prefix + name in shard}
    if len(arrays) < 2 or prefix + "status" not in shard:
        raise ValueError(f"shard must hold {prefix}theta, {prefix}why and {prefix}status; got {list(shard)}")
    count = len(arrays["theta"])
    words = {name: _words(shard.get(prefix + name), CODES[name], count) for name in WORDS}
    numbers = {name: shard.get(prefix + name, np.full(count, nan)) for name in NUMBERS}
    sizes = [len(arrays["why"]), *map(len, words.values()), *map(len, numbers.values())]
    if any(size != count for size in sizes):
        raise ValueError(f"arrays must have one entry for each of {count} ends; got {sizes}")
    return [
        Landing(
            theta=arrays["theta"][index],
            why=str(arrays["why"][index]),
            status=words["status"][index],
            rung=words["rung"][index],
            value=float(numbers["value"][index]),
            gradient_norm=float(numbers["gradient_norm"][index]),
            time=float(numbers["time"][index]),
            steps=float(numbers["steps"][index]),
            finish=float(numbers["finish"][index]),
            drift=float(numbers["drift"][index]),
        )
        for index in range(count)
    ]


def _words(kept: np.ndarray | None, words: tuple[str, ...], count: int) -> list[str]:
    """The words that an array of a store stands for: indices, or the words themselves."""
    if kept is None:
        return [STOPPED] * count
    if kept.dtype.kind == "U":
        found = [str(word) for word in kept]
        if not set(found) <= set(words):
            raise ValueError(f"status must be one of {', '.join(words)}; got {sorted(set(found))}")
        return found
    if kept.size and not (kept.min() >= 0 and kept.max() < len(words)):
        raise ValueError(f"status must be an index below {len(words)}; got {kept.tolist()}")
    return [words[int(index)] for index in kept]
