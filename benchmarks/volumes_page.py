"""The page of the volume estimators, from their measured results."""

from pathlib import Path
from typing import Any

from numerics.statistics.shares import share

from .fingerprint import date
from .report import machine

PAGE = Path(__file__).with_name("volumes_page.txt")


def page(found: dict[str, Any]) -> str:
    """The page as Markdown: the text beside this file, with the tables in it."""
    rows = found["coverage"]
    tables = {
        "{made}": made(),
        "{known}": known_table(found["known"]),
        "{repeats}": str(found["repeats"]),
        "{target}": coverage_table([row for row in rows if row["part"] == "target"], region=False),
        "{pooled}": pooled(rows),
        "{rest}": coverage_table([row for row in rows if row["part"] != "target"], region=True),
    }
    text = PAGE.read_text(encoding="utf-8")
    for mark, table in tables.items():
        text = text.replace(mark, table)
    return text


def made() -> str:
    """With what the page is made."""
    found = machine()
    return (
        "Made by `python -m benchmarks.volumes --write docs/volumes.md`, seed 0, with the code of "
        f"{date()}, on {found['processor']}, {found['cores']} cores; run it to\nsee it again."
    )


def pooled(rows: list[dict[str, Any]]) -> str:
    """How often tempering's trusted intervals held, over all `rows`."""
    mine = [row for row in rows if row["estimator"].startswith("tempering")]
    trusted = sum(row["trusted"] for row in mine)
    held = share(sum(row["held"] for row in mine if row["trusted"]), max(trusted, 1))
    return f"{held.count:,} of {trusted:,}, {held.value:.3f} [{held.low:.3f}, {held.high:.3f}]"


def known_table(rows: list[dict[str, Any]]) -> str:
    """One line a region, one column an estimator."""
    kinds = list(dict.fromkeys(row["estimator"] for row in rows))
    cells = {(row["region"], row["estimator"]): _cell(row) for row in rows}
    lines = ["| region | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 1) + "|"]
    for region in dict.fromkeys(row["region"] for row in rows):
        shown = [cells.get((region, kind), "") for kind in kinds]
        lines.append(f"| {region} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any]) -> str:
    off = "" if row["off"] is None else _signed(row["off"])
    if row["verdict"] == "refused":
        return f"refused ({off})" if off else "refused"
    if row["estimator"] == "log product":
        return f"({off}, no volume)"
    text = f"{off} ± {_rounded(row['error'])}".replace("± < ", "± ")
    return f"**{text}**" if row["verdict"] == "trusted" else f"({text})"


def coverage_table(rows: list[dict[str, Any]], *, region: bool) -> str:
    """One line an estimator, with its `region` or without."""
    names = [*(["region"] if region else []), "estimator", "mean off", "deviation", "within 0.1"]
    names += ["trusted, doubtful, refused", "trusted and in the interval", "evaluations"]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for row in rows:
        held = "-"
        if row["trusted"]:
            held = f"{row['held']} of {row['trusted']} [{row['held_low']:.3f}, {row['held_high']:.3f}]"
        cells = [row["region"]] if region else []
        cells += [row["estimator"], _signed(row["mean_off"]), _rounded(row["deviation"])]
        cells += [f"{row['within_a_tenth']} of {row['repeats']}"]
        cells += [f"{row['trusted']}, {row['doubtful']}, {row['refused']}", held]
        lines.append("| " + " | ".join([*cells, f"{row['evaluations']:,.0f}"]) + " |")
    return "\n".join(lines) + "\n"


def _signed(value: float | None) -> str:
    if value is None:
        return "-"
    return "0" if abs(value) < 2e-7 else f"{value:+.2g}"


def _rounded(value: float | None) -> str:
    if value is None:
        return "-"
    return "< 2e-7" if value < 2e-7 else f"{value:.2g}"
