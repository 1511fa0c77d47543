"""The numbers and the figure of docs/zero-loss.md: ``python -m benchmarks.zero_loss_page``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from numerics.files.folders import write_text
from numerics.manifold.study import Journey, draw, journey
from numerics.sweeps.threads import one_thread

from .fingerprint import ROOT, date
from .report import machine

PAGE = ROOT / "docs" / "zero-loss.md"
STARTS = 8
BLOCK = re.compile(
    r"(?<=<!-- made by python -m benchmarks.zero_loss_page -->\n).*?(?=<!-- end -->)", re.DOTALL
)


def text(found: list[Journey]) -> str:
    """The table of the page, and with what it was made."""
    rows = np.array([each.row for each in found])
    flat, trained, sharp = rows[:, :3].mean(axis=0)
    lines = ["| | flat end | where training ended | sharp end |", "|---|---|---|---|"]
    traces = " | ".join(f"{float(f'{value:.3g}'):,g}" for value in (flat, trained, sharp))
    lines.append(f"| $\\operatorname{{tr}} H$, mean of {len(found)} | {traces} |")
    means = " | ".join(f"{value:.3f}" for value in rows[:, 3:6].mean(axis=0))
    lines.append(f"| test accuracy, mean of {len(found)} | {means} |")
    ranges = " | ".join(f"{min(column):.3f} to {max(column):.3f}" for column in rows[:, 3:6].T)
    lines.append(f"| test accuracy, range | {ranges} |")
    return "\n".join([*lines, "", made(rows)]) + "\n"


def made(rows: np.ndarray) -> str:
    """How far apart the ends are, and with what the numbers were made."""
    found = machine()
    apart = f"{rows[:, 6].mean():.2g}"
    return (
        f"The two ends are {apart} times as far apart as the trained network is from zero. *Made by "
        f"`python -m benchmarks.zero_loss_page`, seeds 0 to {len(rows) - 1}, with the code of {date()}; "
        f"{found['processor']}, {found['cores']} cores, numpy {found['numpy']}.*"
    )


def main() -> int:
    with one_thread():
        found = [journey(seed) for seed in tqdm(range(STARTS), unit="start")]
    page = PAGE.read_text(encoding="utf-8")
    write_text(PAGE, BLOCK.sub(lambda _: text(found), page))
    drawn = draw(found, PAGE.parent / "images")
    for other in Path(drawn.path).parent.glob("zero-loss.*"):
        if other.suffix != ".png":
            other.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
