"""One HTML page on the basins, and all that a run leaves in its folder."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from numerics.basin_study.answer import answer, rank
from numerics.basin_study.classifiers import GOOD
from numerics.basin_study.figures import draw
from numerics.basin_study.problems import USUAL, limits
from numerics.basin_study.rows import as_csv
from numerics.basin_study.students import PREDICTORS
from numerics.basin_study.summary import agreed, summary
from numerics.files.folders import write_json, write_text
from numerics.files.seals import sealed
from numerics.pages import definitions, document, embedded, listed, number, table
from numerics.plotting import Drawn
from numerics.statistics.shares import share

Results = dict[str, Any]

LIMITS = (
    "A share is that of starts under one law, which is stated; another law of starts has other shares.",
    "A soft volume is that of a neighbourhood, not of a basin of attraction; where basins are measured "
    "themselves, by the flow, the page says so.",
    "Attacked minima are reached from where the attack has led, not from other random starts: that they are "
    "worse and smaller does not show that the volume is the cause.",
    "Minima of classifiers are not isolated, so those of different starts are not counted as one.",
)


def write(folder: Path, results: Results, command: str = "", date: str = "") -> None:
    """Write results.json, minima.csv, summary.txt, the figures, their captions and report.html.

    Parameters
    ----------
    folder : Path
        An empty folder.
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    command, date : str
        What made them, and when.
    """
    write_json(folder / "results.json", sealed(results))
    write_text(folder / "minima.csv", as_csv(results))
    write_text(folder / "summary.txt", summary(results) + "\n")
    drawn = draw(results, folder)
    write_text(folder / "captions.txt", "\n\n".join(each.text for each in drawn) + "\n")
    write_text(folder / "report.html", page(results, drawn, command, date))


def page(results: Results, drawn: list[Drawn], command: str = "", date: str = "") -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    drawn : list of Drawn
        Figures to embed.
    command, date : str
        What made them, and when.
    """
    said = answer(results)
    parts = [
        _partial(results["stopped"]),
        f"<h1>{escape(said['question'])}</h1>",
        f"<p><b>{escape(said['sentence'])}</b></p>",
        f"<p>{escape(INTRODUCTION)}</p>",
        "<h2>Good minima from random and from attacked starts</h2>",
        _attacks(results["problems"]),
        "<h2>The same starts by other ways down</h2>",
        _ways(results["problems"]),
        *(part for found in results["students"] for part in _student(found)),
        "<h2>Volumes of true basins</h2>" if results["basins"] else "",
        _basins(results["basins"]),
        "<h2>Figures</h2>" if drawn else "",
        *(embedded(each) for each in drawn),
        _known(results["known_volumes"]),
        "<h2>Conventions</h2>",
        definitions({name.replace("_", " "): text for name, text in results["conventions"].items()}),
        "<h2>Limits</h2>",
        listed((*LIMITS, *limits(results.get("activation", USUAL)))),
        "<h2>How this was made</h2>",
        _provenance(results, command, date),
    ]
    return document(escape(said["question"]), parts)


INTRODUCTION = (
    "Wu, Zhu and E explain that networks generalise by the volumes of basins of attraction: those of good "
    f"minima are the larger ones. A minimum is called good here if it has at least {100 * GOOD:g} % of the "
    "test samples right. Attacked starts were first trained with wrongly labelled samples added. Numbers in "
    "brackets are 95 % intervals."
)


def _partial(stopped: list[str]) -> str:
    if not stopped:
        return ""
    return (
        '<p class="warning">Partial: the run did not finish. Everything below is about what was done before.'
        f"</p>{listed(stopped)}"
    )


def _attacks(problems: list[Results]) -> str:
    head = ["problem", "attack", "starts", "fitted", "good, of these", "test accuracy"]
    rows = [
        [
            escape(f"{problem['name']}, n = {problem['genuine']}, P = {problem['parameters']}"),
            f"{attack} %" if int(attack) else "none",
            str(facts["starts"]),
            str(facts["fitted"]),
            _good(facts),
            *(_mean(facts[key]) for key in ("test_accuracy", "log_product", "log_mass")),
        ]
        for problem in problems
        for attack, facts in problem["good"].items()
    ]
    note = (
        "<p>The last three are means over the fitted starts, with the half-width of Student's interval.</p>"
    )
    return table([*head, "−sum of logs of n/2 eigenvalues", "ln soft volume"], rows) + note


def _ways(problems: list[Results]) -> str:
    rows = [
        [
            escape(problem["name"]),
            escape(way),
            str(facts["starts"]),
            str(facts["fitted"]),
            _good(facts),
            _mean(facts["test_accuracy"]),
            "" if way == "flow" else _mean(facts["above_flow"]),
        ]
        for problem in problems
        for way, facts in problem["ways"].items()
    ]
    head = ["problem", "way", "starts", "fitted", "good, of these", "test accuracy", "above the flow's"]
    return table(head, rows) if rows else "<p>Not finished.</p>"


def _student(found: Results) -> Iterable[str]:
    """The minima of one teacher-student problem, and what goes with how often they are reached."""
    yield f"<h2>Minima of a student that can be counted: problem {found['problem']}</h2>"
    yield (
        f"<p>P = {found['parameters']}, {found['starts']} starts by gradient flow. Shares are of all "
        "starts; the most frequent minimum comes first.</p>"
    )
    order = sorted(enumerate(found["minima"]), key=lambda pair: (-pair[1]["starts"], pair[0]))
    rows = [
        [
            f"no. {label}",
            str(row["starts"]),
            _interval(share(row["starts"], found["starts"]).as_dict()),
            number(row["value"]),
            f"{number(row['test_risk'])} ± {row['test_risk_error']:.1g}",
            _volume(row),
            row["soft"]["verdict"],
        ]
        for label, row in order
    ]
    for label, name in (("-1", "no minimum"), ("-2", "undecided")):
        one = found["shares"]["flow"].get(label)
        if one:
            rows.append([name, str(one["count"]), _interval(one), *["–"] * 4])
    yield table(["minimum", "starts", "share", "risk", "test risk", "ln soft volume", "verdict"], rows)
    yield _predictors(found)
    rows = [[escape(way), _interval(one)] for way, one in agreed(found).items()]
    yield table(["way", "ends where the flow does"], rows) if rows else ""


def _predictors(found: Results) -> str:
    rows = [
        [escape(PREDICTORS[name]), rank(one), str(one["minima"])] for name, one in found["prediction"].items()
    ]
    return table(["how often a minimum is reached, against", "rank correlation", "minima"], rows)


def _basins(found: Results | None) -> str:
    if not found:
        return ""
    rows = [
        [
            number(row["risk"]),
            f"{row['share']:.3f} [{row['share_low']:.3f}, {row['share_high']:.3f}]",
            escape(row["estimator"]),
            "–"
            if row["predicted"] is None
            else f"{row['predicted']:.3f} [{row['predicted_low']:.3f}, {row['predicted_high']:.3f}]",
            row["verdict"],
            f"{row['followed']:,}",
        ]
        for row in found["estimates"]
    ]
    head = [
        "risk of the minimum",
        f"share of {found['starts']:,} starts",
        "estimator",
        "mass",
        "verdict",
        "flows",
    ]
    return table(head, rows) if rows else "<p>Not finished.</p>"


def _known(rows: list[Results]) -> str:
    """How far every estimator is off where the answer is known, for those who want the numbers."""
    if not rows:
        return ""
    cells = [
        [
            escape(row["region"]),
            escape(row["estimator"]),
            number(row["truth"]),
            number(row["off"]),
            number(row["error"]),
            row["verdict"],
        ]
        for row in rows
    ]
    head = ["region", "estimator", "ln volume", "off", "± (95 %)", "verdict"]
    about = "Volume estimators where the answer is known, in numbers"
    return f"<details><summary>{about}</summary>{table(head, cells)}</details>"


def _volume(row: Results) -> str:
    if row["log_soft_volume"] is None:
        return "–"
    return f"{number(row['log_soft_volume'])} ± {row['soft']['error']:.1g}"


def _good(facts: Results) -> str:
    return _interval(facts["good"] if facts["fitted"] else None)


def _interval(one: Results | None) -> str:
    return "–" if one is None else f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _mean(one: Results | None) -> str:
    if one is None:
        return "–"
    return number(one["value"]) + ("" if one["error"] is None else f" ± {one['error']:.2g}")


def _provenance(results: Results, command: str, date: str) -> str:
    facts = {
        "command": command,
        "date": date,
        "seed": str(results["seed"]),
        "activation": results.get("activation", USUAL),
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        "files": "results.json has every number, minima.csv one line per minimum.",
    }
    return definitions({name: text for name, text in facts.items() if text})
