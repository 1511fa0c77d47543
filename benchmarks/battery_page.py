"""The page of the battery, from its rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("battery_page.txt")

NAMES = {"soft": "soft volume (`learning_coefficient`)", "radial": "`radial`", "tempering": "`tempering`"}
HEAD = "| estimator | posteriors | tried | trusted | of these outside | furthest off | not trusted "
HEAD += "| of these within 0.1 |"


def page(
    rows: list[dict[str, Any]],
    counts: Callable[[list[dict[str, Any]]], dict[str, Any]],
    outside: Callable[[dict[str, Any]], bool],
    repeats: int,
    target: float,
    options: str = "",
) -> str:
    """The page as Markdown: the text beside this file, with the tables in it."""
    lines, said = [HEAD, "|---" * 8 + "|"], []
    for estimator in dict.fromkeys(row["estimator"] for row in rows):
        mine = [row for row in rows if row["estimator"] == estimator]
        for kind in (*dict.fromkeys(row["kind"] for row in mine), "all"):
            part = counts([row for row in mine if kind in ("all", row["kind"])])
            lines.append(_line(NAMES[estimator], kind, part))
        said.append(_sentence(NAMES[estimator], part, target))
    wrong = [row for row in rows if row["verdict"] == "trusted" and outside(row)]
    marks = {
        "{table}": "\n".join(lines) + "\n",
        "{said}": "\n".join(said) + "\n",
        "{wrong}": "\n".join(map(_missed, wrong)) + "\n" if wrong else "- none\n",
        "{repeats}": str(repeats),
        "{options}": options,
        "{tried}": str(len(rows)),
        "{issue}": _arms(rows),
    }
    text = PAGE.read_text(encoding="utf-8")
    for mark, part_of_text in marks.items():
        text = text.replace(mark, part_of_text)
    return text


def _line(estimator: str, kind: str, part: dict[str, Any]) -> str:
    cells = [estimator, kind, part["tried"], part["trusted"], part["wrong"]]
    cells += [f"{part['worst']:.2g}" if part["trusted"] else "-", part["not trusted"], part["alarms"]]
    return "| " + " | ".join(map(str, cells)) + " |"


def _sentence(estimator: str, part: dict[str, Any], target: float) -> str:
    shown = f"trusted values outside their interval: {part['wrong']} of {part['trusted']}"
    interval = f"{part['wrong'] / max(part['trusted'], 1):.3f} [{part['low']:.3f}, {part['high']:.3f}]"
    slopes = ""
    if part["slopes"]:
        slopes = f"; trusted coefficients outside theirs: {part['slopes wrong']} of {part['slopes']}"
    return f"- {estimator}: {shown}, a share of {interval}; the target is {target:g}{slopes}."


def _missed(row: dict[str, Any]) -> str:
    off = row["log_volume"] - row["truth"]
    return f"- {NAMES[row['estimator']]}, {row['name']}: {off:+.3f} ± {row['error']:.3f}"


def _arms(rows: list[dict[str, Any]]) -> str:
    """The table of one unit with teacher zero, tanh, at its three temperatures."""
    wanted = [f"tanh, 1 unit, 1 inputs, teacher zero, n beta = {n:g}" for n in (1e3, 1e5, 1e7)]
    lines = ["| n beta | truth | soft volume | verdict |", "|---|---|---|---|"]
    for row in rows:
        if row["estimator"] == "soft" and row["name"] in wanted:
            found = "-" if row["error"] is None else f"{row['log_volume']:.3f} ± {row['error']:.3f}"
            n_beta = row["name"].split("= ")[1]
            lines.append(f"| {n_beta} | {row['truth']:.3f} | {found} | {row['verdict']} |")
    return "\n".join(lines) + "\n"
