"""The basin experiment's results as text."""

from __future__ import annotations

from typing import Any

from numerics.basin_study.answer import answer, rank

Results = dict[str, Any]


def summary(results: Results) -> str:
    """The `results` of :func:`numerics.basin_study.run.experiment` as text."""
    lines = [first_line(results), ""]
    lines += [line for found in results["students"] for line in student_lines(found)]
    lines += [line for problem in results["problems"] for line in _problem(problem)]
    lines += _truth(results["basins"]) + _known(results["known_volumes"])
    lines += [f"Not finished: {what}" for what in results["stopped"]]
    return "\n".join(lines)


def first_line(results: Results) -> str:
    """The answer in one sentence; of a run that is not finished it says so first."""
    return ("Partial: " if results["stopped"] else "") + str(answer(results)["sentence"])


def student_lines(found: Results) -> list[str]:
    """What :func:`numerics.basin_study.students.student` has `found`, as lines of text."""
    lines = [
        f"Teacher-student problem {found['problem']}, P = {found['parameters']}, {found['starts']} starts: "
        f"{len(found['minima'])} minima. Share of starts per minimum"
    ]
    for way, ends in found["shares"].items():
        lines.append(f"  {way:17s} {_first(ends, 'no. ')}")
    lines += _functions(found)
    for way, one in agreed(found).items():
        lines.append(f"  {way} ends where the flow does: {_interval(one)}")
    for name, one in found["prediction"].items():
        lines.append(f"  rank correlation of starts with {name}: {rank(one)} over {one['minima']} minima")
    return lines


def _functions(found: Results) -> list[str]:
    """Shares of starts by function, where minima that are unlike are fewer functions."""
    named = found.get("functions", {})
    count = len({label for ends in named.values() for label in ends if int(label) >= 0})
    if not 0 < count < len(found["minima"]):
        return []
    lines = [f"  as functions on a probe set these are {count}. Share of starts per function"]
    for way, ends in named.items():
        lines.append(f"  {way:17s} {_first(ends, 'function ')}")
    return lines


def agreed(found: Results) -> Results:
    """How often each other way ends where the flow does; empty if the flow has led to no minimum.

    Examples
    --------
    >>> agreed({"shares": {"flow": {"-1": {}}}, "agreement_with_flow": {"sgd": {}}})
    {}
    """
    reached = any(int(label) >= 0 for label in found["shares"]["flow"])
    ways: Results = found["agreement_with_flow"] if reached else {}
    return ways


def _problem(problem: Results) -> list[str]:
    lines = [
        f"{problem['name']}, n = {problem['genuine']}, P = {problem['parameters']}: share of good minima; "
        "test accuracy, -sum log, ln soft volume, each the mean"
    ]
    for attack, facts in problem["good"].items():
        numbers = ", ".join(_mean(facts[key]) for key in ("test_accuracy", "log_product", "log_mass"))
        lines.append(f"  {attack:>3s} % attack  {_good(facts)} of {facts['fitted']}; {numbers}")
    for way, facts in problem["ways"].items():
        lines.append(
            f"  {way:17s} {_good(facts)} of {facts['fitted']} fitted; accuracy "
            f"{_mean(facts['test_accuracy'])}; above the flow's by {_mean(facts['above_flow'])}"
        )
    return lines


def _truth(found: Results | None) -> list[str]:
    if found is None or not found["estimates"]:
        return []
    lines = [f"True basins of a student, P = {found['parameters']}, {found['starts']} starts"]
    for row in found["estimates"]:
        caught = f"{row['share']:.3f} [{row['share_low']:.3f}, {row['share_high']:.3f}]"
        said = "-"
        if row["predicted"] is not None:
            said = f"{row['predicted']:.3f} [{row['predicted_low']:.3f}, {row['predicted_high']:.3f}]"
        lines.append(
            f"  risk {row['risk']:.4f}: share {caught}; by {row['estimator']:9s} {said} {row['verdict']}, "
            f"{row['followed']:,} flows"
        )
    return lines


def _known(rows: list[Results]) -> list[str]:
    lines = ["Volume estimators: nats off the known answer, half-width of the 95 % interval, verdict"]
    for row in rows:
        lines.append(
            f"  {row['region']:37s} {row['estimator']:18s} {_number(row['off']):>9s} "
            f"{_number(row['error']):>9s}  {row['verdict']}"
        )
    return lines


def _first(ends: Results, kind: str) -> str:
    """The first five shares of starts, their labels called by `kind`."""
    names = {"-1": "no minimum", "-2": "undecided"}
    shown = [f"{names.get(label, kind + label)}: {_interval(one)}" for label, one in list(ends.items())[:5]]
    return ", ".join(shown) + (", ..." if len(ends) > 5 else "")


def _interval(one: Results) -> str:
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _good(facts: Results) -> str:
    return _interval(facts["good"]) if facts["fitted"] else "-"


def _mean(one: Results | None) -> str:
    if one is None:
        return "-"
    return f"{one['value']:.3g}" + ("" if one["error"] is None else f" ± {one['error']:.2g}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
