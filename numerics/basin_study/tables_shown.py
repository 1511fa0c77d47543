"""The tables of the page on basins, cell by cell."""

from __future__ import annotations

from typing import Any

from numerics.basin_study.answer import rank
from numerics.basin_study.problems import LABELS
from numerics.basin_study.students import PREDICTORS
from numerics.basin_study.summary import agreed
from numerics.pages import Table, number
from numerics.pages.typesetting import spread
from numerics.statistics.shares import share

Results = dict[str, Any]


def attacks(problems: list[Results]) -> Table:
    """Shares of good minima, and what goes with them, by the size of the attack."""
    rows = [
        [
            f"{problem['name']}, n = {problem['genuine']}, P = {problem['parameters']}",
            f"{attack} %" if int(attack) else "none",
            str(facts["starts"]),
            str(facts["fitted"]),
            good(facts),
            *(mean(facts[key]) for key in ("test_accuracy", "log_product", "log_mass")),
        ]
        for problem in problems
        for attack, facts in problem["good"].items()
    ]
    head = ["problem", "attack", "starts", "fitted", "good, of these", "test accuracy"]
    caption = (
        "Starts that were attacked and starts that were not; the last three columns are means over those "
        "that fit, with their 95 % interval"
    )
    return Table(caption, [*head, "−sum of logs of n/2 eigenvalues", "ln soft volume"], rows)


def ways(problems: list[Results]) -> Table:
    """Shares of good minima by the way down."""
    rows = [
        [
            problem["name"],
            LABELS[way],
            str(facts["starts"]),
            str(facts["fitted"]),
            good(facts),
            mean(facts["test_accuracy"]),
            "" if way == "flow" else mean(facts["above_flow"]),
        ]
        for problem in problems
        for way, facts in problem["ways"].items()
    ]
    return Table(
        "Random starts by each way down; in the last column how much higher the test accuracy is than by the "
        "flow from the same starts",
        ["problem", "way", "starts", "fitted", "good, of these", "test accuracy", "above the flow's"],
        rows,
    )


def student(found: Results) -> Table:
    """The minima of one teacher-student problem, the most frequent first."""
    order = sorted(enumerate(found["minima"]), key=lambda pair: (-pair[1]["starts"], pair[0]))
    rows = [
        [
            f"no. {label}",
            f"no. {row['function']}" if "function" in row else "–",
            str(row["starts"]),
            interval(share(row["starts"], found["starts"]).as_dict()),
            number(row["value"]),
            spread(row["test_risk"], row["test_risk_error"]),
            spread(row["log_soft_volume"], row["soft"].get("error")),
            row["soft"]["verdict"],
        ]
        for label, row in order
    ]
    for label, name in (("-1", "no minimum"), ("-2", "undecided")):
        one = found["shares"]["flow"].get(label)
        if one:
            rows.append([name, "–", str(one["count"]), interval(one), *["–"] * 4])
    return Table(
        "Every minimum that was reached",
        [
            "minimum",
            "function",
            "starts",
            "share",
            "risk",
            "test risk",
            "ln soft volume",
            "verdict on the volume",
        ],
        rows,
    )


def predictors(found: Results) -> Table:
    """What goes with how often a minimum is reached."""
    return Table(
        "What goes with how often a minimum is reached, with 95 % intervals",
        ["how often a minimum is reached, against", "rank correlation", "minima"],
        [[PREDICTORS[name], rank(one), str(one["minima"])] for name, one in found["prediction"].items()],
    )


def ways_of(found: Results) -> Table:
    """How often other ways end where the flow does."""
    return Table(
        "How often other ways down end in the minimum to which the flow leads from the same start",
        ["way", "ends where the flow does"],
        [[LABELS[way], interval(one)] for way, one in agreed(found).items()],
    )


def basins(found: Results | None) -> Table:
    """Measured shares of true basins beside their masses by each estimator."""
    rows = [
        [
            number(row["risk"]),
            f"{row['share']:.3f} [{row['share_low']:.3f}, {row['share_high']:.3f}]",
            row["estimator"],
            "–"
            if row["predicted"] is None
            else f"{row['predicted']:.3f} [{row['predicted_low']:.3f}, {row['predicted_high']:.3f}]",
            row["verdict"],
            f"{row['followed']:,}",
        ]
        for row in (found["estimates"] if found else [])
    ]
    starts = f"share of {found['starts']:,} starts" if found else "share"
    return Table(
        "The mass of a basin of attraction by two ways: the share of starts that reach its minimum, and an "
        "estimator of the volume that knows the basin only by following flows",
        ["risk of the minimum", starts, "estimator", "its mass", "verdict", "flows followed"],
        rows,
    )


def known(found: list[Results]) -> Table:
    """How far every estimator is off where the answer is known."""
    rows = [
        [
            row["region"],
            row["estimator"],
            number(row["truth"]),
            number(row["off"]),
            number(row["error"]),
            row["verdict"],
        ]
        for row in found
    ]
    return Table(
        "Logarithms of known volumes, how far each estimator is off, and the half-width of its interval",
        ["region", "estimator", "ln volume", "off", "± (95 %)", "verdict"],
        rows,
    )


def good(facts: Results) -> str:
    """The share of good minima among those fitted; a dash for none of them."""
    return interval(facts["good"]) if facts["fitted"] else "–"


def interval(one: Results) -> str:
    """A share and its interval."""
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def mean(one: Results | None) -> str:
    """A mean with the half-width of its interval; a dash for none."""
    return "–" if one is None else spread(one["value"], one["error"])
