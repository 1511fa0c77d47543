"""Whether random starts find the good minima, and whether volume says so: the answer in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numerics.basin_study.problems import USUAL
from numerics.statistics.shares import Share, share
from numerics.statistics.words import with_interval

Results = dict[str, Any]

QUESTION = "Do random starts find the minima that generalise, and are these the larger basins?"

HALF = 0.5
"""Random starts find good minima if the interval of their share lies above it."""


def pooled(problems: Sequence[Results], which: Callable[..., Any]) -> Share | None:
    """The share of good minima among those fitted, over all problems, at one attack size of each.

    Parameters
    ----------
    problems : sequence of dict
        Of :func:`numerics.basin_study.classifiers.classes`.
    which : callable
        `min` for random starts, `max` for those of the largest attack.

    Returns
    -------
    Share or None
        None if no such start has fitted.
    """
    rows = [problem["good"][which(problem["good"], key=int)] for problem in problems]
    rows = [row["good"] for row in rows if row["fitted"]]
    total = sum(row["total"] for row in rows)
    return share(sum(row["count"] for row in rows), total) if total else None


def answer(results: Results) -> Results:
    """What the `results` say, as one sentence with its intervals, and the numbers in it.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.

    Returns
    -------
    dict
        "question", "verdict" (yes, no, not decided), "sentence", "random" and "attacked", shares or None, and
        "volume", a rank correlation with its interval for every teacher-student problem that has one.
    """
    random, attacked = (pooled(results["problems"], which) for which in (min, max))
    ranks = [
        {"problem": found["problem"], **found["prediction"]["log_soft_volume"]}
        for found in results["students"]
        if found["prediction"]["log_soft_volume"]["low"] is not None
    ]
    return {
        "question": QUESTION,
        "verdict": verdict(random),
        "sentence": f"{_about(results)}{_starts(random, attacked)}; {_volume(ranks)}.",
        "random": None if random is None else random.as_dict(),
        "attacked": None if attacked is None else attacked.as_dict(),
        "volume": ranks,
    }


def verdict(random: Share | None) -> str:
    """Whether the share of good minima lies above one half, its whole interval.

    Examples
    --------
    >>> verdict(share(20, 20)), verdict(share(0, 20)), verdict(share(1, 2)), verdict(None)
    ('yes', 'no', 'not decided', 'not decided')
    """
    if random is None or random.low <= HALF <= random.high:
        return "not decided"
    return "yes" if random.low > HALF else "no"


def _about(results: Results) -> str:
    """Whose answer it is, where the units are not the usual ones."""
    activation = results.get("activation", USUAL)
    return "" if activation == USUAL else f"With {activation} units: "


def _starts(random: Share | None, attacked: Share | None) -> str:
    if random is None:
        return "Not decided: of no random start is it known yet which minimum it reaches"
    said = {
        "yes": "Yes, random starts find good minima",
        "no": "No, random starts miss the good minima",
        "not decided": "Whether more random starts find good minima than bad ones is not decided",
    }[verdict(random)]
    other = "" if attacked is None else f", against {interval(attacked)} of {attacked.total} attacked ones"
    return f"{said}: a share of {interval(random)} of the {random.total} that fit{other}"


def interval(one: Share) -> str:
    """A share and its interval as text.

    Examples
    --------
    >>> interval(share(3, 3))
    '1.00 [0.29, 1.00]'
    """
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _volume(ranks: Sequence[Results]) -> str:
    if not ranks:
        return "whether minima of larger volume catch more starts was not measured on enough minima"
    given = "rank correlation " + ", ".join(rank(one) for one in ranks)
    if all(one["low"] > 0 for one in ranks):
        return f"minima of larger soft volume catch more starts ({given})"
    if all(one["high"] < 0 for one in ranks):
        return f"minima of larger soft volume catch fewer starts ({given})"
    return f"that minima of larger soft volume catch more starts is not shown ({given})"


def rank(one: Results) -> str:
    """A rank correlation and its interval, if it has one, as text; a dash where it is not defined.

    Examples
    --------
    >>> rank({"rank_correlation": 0.5, "low": -0.25, "high": 0.875})
    '+0.50 [-0.25, +0.88]'
    """
    if one["rank_correlation"] is None:
        return "-"
    return with_interval(one["rank_correlation"], one["low"], one["high"], signed=True)
