"""The repetition of the published tables: all runs, and a folder that tells about them."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from numerics.deep_study.wu_ma_e import published
from numerics.deep_study.wu_ma_e.cells import Run, as_facts, cells
from numerics.deep_study.wu_ma_e.tables import answer, attack_table, step_table
from numerics.files.folders import write_json, write_text
from numerics.files.images import Images
from numerics.files.provenance import versions
from numerics.pages import Section, Table, study_page
from numerics.sweeps.store import fingerprint
from numerics.sweeps.workplace import Workplace

TITLE = "Wu, Ma and E (2018), repeated"

INTRODUCTION = (
    "Wu, Ma and E trained deep networks on Fashion-MNIST by gradient descent with several steps, and with "
    "attack sets of wrong labels, and published accuracy, sharpness and non-uniformity of each. The same "
    "runs were made again here, with exact curvature; every table has theirs beside ours."
)

SETTINGS = {
    "network": "ReLU, 784-500-500-500-10 with biases, P = 898,510; weights and biases drawn as torch draws "
    "them, uniform in ±1/√(inputs of the layer)",
    "data": "Fashion-MNIST: the first 1,000 training images, divided by 255, one-hot targets; all 10,000 "
    "test images",
    "attack set": "the next training images with labels uniform over the classes 0 to 8 but the true one, "
    "the very labels of the published runs",
    "loss": "mean over samples and the 10 outputs of (f - y)², without 1/2; every curvature is that of this "
    "loss on the images that the network was trained on",
    "descent": "full batch, fixed step, single precision, until the running mean of the loss (a tenth of it "
    "the newest) is below 1e-4 without attack sets and 5e-4 in the table of attack sets, or 200,000 steps",
    "λmax": "largest eigenvalue of the exact Hessian in double precision, by Lanczos to a relative 1e-6; "
    "theirs by at most 50 steps of power iteration in single precision",
    "non-uniformity": "square root of the largest eigenvalue of E[H_i²] - H², by Lanczos, H_i exact",
    "tr H, |G|_F": "exact; tr H = tr G for ReLU, and G is the Gauss-Newton part",
    "deviation": "of ours from theirs: relative, or in points of accuracy",
    "±": "standard deviation over the runs",
}


def experiment(data: Images, quick: bool, seed: int, place: Workplace | None = None) -> dict[str, Any]:
    """Do all runs of both tables, or what time allows.

    Parameters
    ----------
    data : Images
        Fashion-MNIST.
    quick : bool
        Whether only the runs of an hour.
    seed : int
        Of the starts.
    place : Workplace, optional
        Here, by default.

    Returns
    -------
    dict
        Plain data for JSON; "stopped" says what was left undone, and is empty if nothing was.

    Raises
    ------
    ValueError
        If the data is not Fashion-MNIST's shape.
    """
    place, clock, pieces = place or Workplace(), time.perf_counter(), cells(quick)
    if data.X.shape != (70_000, 784) or data.tests != 10_000 or data.classes != 10:
        raise ValueError(
            f"data must be all of Fashion-MNIST, 70,000 images of 784 pixels; got {data.X.shape} with "
            f"{data.tests} to test on"
        )
    content = hashlib.sha256(np.ascontiguousarray(data.X).tobytes() + data.labels.tobytes()).hexdigest()
    key = fingerprint(content, seed, pieces, versions()["twolayer"])
    halfway = place.halfway("descents", pieces, key)
    task = Run(data, seed, halfway=halfway)
    runs = [as_facts(shard) for _, shard in place.finished("runs", task, pieces, key, True)]
    if not place.stopped:
        halfway.clear()
    return collected(runs, seed, content, data.credit) | {
        "stopped": place.stopped,
        "seconds": time.perf_counter() - clock,
    }


def collected(runs: list[dict[str, Any]], seed: int, content: str, credit: str) -> dict[str, Any]:
    """The results made of finished `runs`; `content` is the fingerprint of the data."""
    return {
        "made_by": "twolayer deep --replicate wu-ma-e",
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "data": {"name": "Fashion-MNIST", "sha256": content, "credit": credit},
        "settings": SETTINGS,
        "versions": versions(),
        "runs": runs,
        "tables": [
            {"title": title, **dict(zip(("head", "rows"), made(runs), strict=True))}
            for title, made in TABLES.items()
        ],
        "answer": answer(runs),
    }


TABLES = {
    f"By step, {published.REPEATS} runs each, to a loss of 1e-4": step_table,
    "By attack set, step 0.1, one run each, to a loss of 5e-4": attack_table,
}


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write results.json, tables.md and report.html into `folder`."""
    write_json(folder / "results.json", results)
    write_text(folder / "tables.md", as_markdown(results))
    write_text(folder / "report.html", page(results))


def as_markdown(results: dict[str, Any]) -> str:
    """The answer, both tables and how they were made, for a page of the documentation."""
    parts = [results["answer"]]
    for each in results["tables"]:
        if each["rows"]:
            rows = [each["head"], ["---"] * len(each["head"]), *each["rows"]]
            lines = [f"| {' | '.join(_barred(cell) for cell in row)} |" for row in rows]
            parts += [f"**{each['title']}**", "\n".join(lines)]
    parts.append(_made(results))
    if results["stopped"]:
        parts.append("Runs of the tables that are not listed were not finished.")
    return "\n\n".join(parts) + "\n"


def _barred(cell: str) -> str:
    return cell.replace("|", "\\|")


def _made(results: dict[str, Any]) -> str:
    known = results["versions"]
    return (
        f"Made on {results['date']} by `{results['made_by']} --seed {results['seed']}` with numpy "
        f"{known['numpy']} and scipy {known['scipy']}. The numbers depend on the seed and, through the order "
        "of single-precision sums, a little on the machine; no time enters them."
    )


def page(results: dict[str, Any]) -> str:
    """The report as one self-contained HTML page."""
    sections = [
        Section(
            "Ours beside theirs",
            tables=[Table(each["title"], each["head"], each["rows"]) for each in results["tables"]],
        ),
        Section("Settings", terms=results["settings"]),
        Section("How this was made", text=[_made(results).replace("`", ""), results["data"]["credit"]]),
    ]
    return study_page(TITLE, results["answer"], INTRODUCTION, sections, results["stopped"])
