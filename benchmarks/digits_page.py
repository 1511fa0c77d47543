"""The page of one basin on digits, from its measured numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("digits_page.txt")


def page(found: dict[str, Any]) -> str:
    """The page as Markdown: the text beside this file, with the numbers of `found` in it."""
    mass, (model, model_error) = found["mass"], found["model"]
    rows = found["rays"]
    stated = [row["network_log_volume"] for row in rows if row["network_log_volume"] is not None]
    low, high, curved = found["eigenvalues"]
    marks = {
        "{parameters}": f"{found['parameters']:,}",
        "{samples}": f"{found['samples']:,}",
        "{beta}": f"{found['beta']:,.0f}",
        "{seed}": str(found["seed"]),
        "{risk}": f"{found['risk']:.4f}",
        "{height}": f"{found['height']:g}",
        "{low}": f"{low:.2g}",
        "{high}": f"{high:.2g}",
        "{curved}": f"{curved:,}",
        "{prior}": f"{-found['prior_at_mode']:,.1f}",
        "{integrals}": _integrals(found),
        "{mass}": f"{mass:,.1f} ± {found['mass_error']:.1f}",
        "{model}": _model(mass, model, 1.96 * model_error),
        "{excess}": f"{found['excess']:.1f}",
        "{model_excess}": f"{found['model_excess']:.1f}",
        "{halves}": " and ".join(f"{half:.1f}" for half in found["halves"]),
        "{rays}": _rays(rows, mass, model),
        "{spread}": f"{max(stated) - min(stated):,.0f}" if stated else "-",
        "{images}": f"{found['images']:.1f}",
        "{all_excess}": f"{found['all_excess']:.1f}",
        "{units}": str(found["units"]),
        "{one}": f"{mass - found['images']:,.0f}",
        "{short}": " to ".join(f"{mass - end:,.0f}" for end in (max(stated), min(stated))) if stated else "-",
        "{refused}": str(sum(row["network_verdict"] == "refused" for row in rows)),
        "{count}": str(len(rows)),
    }
    text = PAGE.read_text(encoding="utf-8")
    for mark, number in marks.items():
        text = text.replace(mark, number)
    return text


def _integrals(found: dict[str, Any]) -> str:
    lines = ["| way | ln of the integral |", "|---|---|"]
    lines.append(f"| quadratic part (Laplace), in closed form | {found['laplace']:,.2f} |")
    ways = (
        ("lower", "annealed, Gaussian of the exact Hessian to posterior"),
        ("upper", "annealed, posterior to that Gaussian"),
        ("all_lower", "annealed, prior to posterior"),
        ("all_upper", "annealed, posterior to prior"),
    )
    for way, name in ways:
        lines.append(f"| {name} | {found[way]:,.2f} ± {1.96 * found[way + '_error']:.2f} |")
    return "\n".join(lines) + "\n"


def _model(mass: float, model: float, error: float) -> str:
    """What the quadratic part alone has, and how far the network's `mass` is from it."""
    if not math.isfinite(model):
        return "next to nothing, as no draw of its Gaussian lies so low"
    return f"{model:,.1f} ± {error:.1f}, {mass - model:+.1f} between them"


def _rays(rows: list[dict[str, Any]], mass: float, model: float) -> str:
    lines = ["| rays along | network, ln mass | off | its verdict | quadratic part, ln mass | off |"]
    lines.append("|---" * 6 + "|")
    for row in rows:
        cells = [row["preconditioner"], *_said(row, "network", mass), row["network_verdict"]]
        lines.append("| " + " | ".join([*cells, *_said(row, "quadratic", model)]) + " |")
    return "\n".join(lines) + "\n"


def _said(row: dict[str, Any], kind: str, truth: float) -> list[str]:
    """What rays gave, with its error if it has one, and how far that is from the `truth`."""
    value, error = row[f"{kind}_log_volume"], row[f"{kind}_error"]
    if value is None:
        return ["no value", "-"]
    off = f"{value - truth:+,.0f}" if math.isfinite(truth) else "-"
    return [f"{value:,.1f}" + ("" if error is None else f" ± {error:.2g}"), off]
