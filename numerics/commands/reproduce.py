"""``twolayer reproduce``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import Integers
from numerics.commands.tables import aligned

if TYPE_CHECKING:
    from numerics.files.datasets import Dataset
    from numerics.minima_study.arms import Task
    from numerics.sweeps.workplace import Workplace


@click.command(short_help="Find good and bad minima on real digits and write a report.")
@click.option("--quick", is_flag=True, help="Two settings only: well under 90 seconds. Without it, minutes.")
@click.option(
    "--out", default="twolayer-report", show_default=True, help="Folder to write, new or a report of ours."
)
@click.option("--seed", default=0, show_default=True, type=Integers(min=0), help="Determines every number.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False),
    help="Data in place of the digits: npz or MATLAB with X (n, d) and y (n,), or csv, npy, parquet.",
)
@click.option("--target", help="The target's column, by name or place [default: y, label, ... or the last].")
@click.option(
    "--parts",
    type=click.Choice(["two-layer", "all"]),
    help="Minima of two-layer networks, or basins and deep ones too [default: all, with --quick two-layer].",
)
@click.option("--raw", is_flag=True, help="Use inputs as they are, neither centred nor scaled.")
@click.option(
    "--standardise",
    is_flag=True,
    help="Divide every input by its own deviation; for columns of unlike units. Without it all inputs are "
    "divided by one number, which keeps the geometry of images.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary and the findings as JSON, not as a table."
)
def reproduce(
    quick: bool,
    out: str,
    seed: int,
    data: str | None,
    target: str | None,
    parts: str | None,
    raw: bool,
    standardise: bool,
    as_json: bool,
) -> None:
    """Say whether the paper is right: a verdict on each of its claims, and the numbers behind it.

    Networks are trained with and without attack sets (wrong labels), and every minimum is measured exactly;
    with --parts all, also which minima random starts reach, and the minima of deep networks.

    Writes OUT/report.html, results.json, results.csv, figures (PNG and PDF) and example networks for
    `twolayer norms`. Ctrl-C ends the search; the minima found so far still make a report.

    \b
    In y, two values are two classes; of more classes the upper half become +1.

    \b
    Examples:
      twolayer reproduce --quick
      twolayer reproduce --quick --parts all
      twolayer reproduce --out full-report --seed 1
      twolayer reproduce --quick --data mine.npz --json > summary.json
    """
    if raw and standardise:
        raise ValueError("--raw must be given without --standardise; got both")
    task, notes = chosen_task(data, target, standardise)
    from numerics.files.folders import fresh_folder
    from numerics.minima_study import reproduce as job
    from numerics.minima_study.arms import FULL, QUICK
    from numerics.verdicts import verdicts
    from numerics.verdicts.page import lines, section

    with fresh_folder(out) as folder:
        arms = QUICK if quick else FULL
        results, found = job.reproduce(task, arms, seed, raw=raw, progress=announced(notes))
        if not found:
            raise click.Abort
        alone = (parts or ("two-layer" if quick else "all")) == "two-layer"
        others: dict[str, Any] = {}
        for name in () if alone else STUDIES:
            others |= {} if results["partial"] else studied(name, seed, quick, out)
            results["partial"] |= name not in others
        for name, part in others.items():
            {"basins": write_basins, "deep": write_deep}[name](folder / name, part)
        said = verdicts({"two-layer": results, **others})
        results["verdicts"] = [verdict.as_dict() for verdict in said]
        job.write(folder, results, found, task, raw, section(said, MEASURE_ALL))
    if not as_json:
        first = [results["left_out"], ""] if results["left_out"] else []
        click.echo("\n".join([*first, *lines(said), ""]))
    click.echo(brief(results, out) if as_json else summary(results, out))
    if results["partial"]:
        raise click.exceptions.Exit(130)


def studied(name: str, seed: int, quick: bool, out: str) -> dict[str, Any]:
    """Return the results of the study called `name` by its name; its work is kept beside `out` till done.

    Empty after Ctrl-C: what was found before still makes a report.
    """
    import shutil

    from numerics.commands.basins import Bars
    from numerics.sweeps.threads import one_thread
    from numerics.sweeps.workplace import Workplace

    kept = Path(f"{out}-{name}-work-{'quick' if quick else 'full'}-{seed}")
    try:
        with Bars() as bars, one_thread():
            results = STUDIES[name](seed, quick, Workplace(None, kept, None, bars.tell))
    except KeyboardInterrupt:
        click.echo(f"Stopped; finished work on {name} is kept in {kept}: the same command goes on.", err=True)
        return {}
    shutil.rmtree(kept, ignore_errors=True)
    return {name: results}


def basins(seed: int, quick: bool, place: Workplace) -> dict[str, Any]:
    """Return the results of `twolayer basins`."""
    from numerics.basin_study.run import FULL, QUICK, experiment

    return experiment(seed, QUICK if quick else FULL, place)


def deep(seed: int, quick: bool, place: Workplace) -> dict[str, Any]:
    """Return the results of `twolayer deep` on the digits."""
    from numerics.deep_study.experiment import LARGE, SMALL, experiment
    from numerics.files.images import images

    return experiment(images("digits", None), SMALL if quick else LARGE, seed, place)


STUDIES = {"basins": basins, "deep": deep}


def write_deep(folder: Path, results: dict[str, Any]) -> None:
    """Write what `twolayer deep` writes into `folder`."""
    from numerics.deep_study.experiment import write

    folder.mkdir()
    write(folder, results)


def write_basins(folder: Path, results: dict[str, Any]) -> None:
    """Write what `twolayer basins` writes into `folder`."""
    from numerics.basin_study.figures import draw
    from numerics.basin_study.summary import summary as as_text
    from numerics.files.folders import write_json, write_text

    folder.mkdir()
    write_json(folder / "results.json", results)
    write_text(folder / "captions.txt", "\n\n".join(each.text for each in draw(results, folder)) + "\n")
    write_text(folder / "summary.txt", as_text(results) + "\n")


def chosen_task(data: str | None, target: str | None, standardise: bool) -> tuple[Dataset, list[str]]:
    """Return the digits, or the data of a user's file with lines on what was understood."""
    from dataclasses import replace

    from numerics.files.datasets import digits_task, load_task, uneven

    if not data:
        return replace(digits_task(), standardise=standardise), []
    task = load_task(data, target, standardise=standardise)
    notes = [f"{task.name}: {len(task.y)} samples, {task.X.shape[1]} inputs; {task.labelling}."]
    ratio = uneven(task.X)
    if ratio is not None and not standardise:
        notes.append(
            f"Warning: the widest input spreads {ratio:.3g} times as far as the median one; --standardise "
            "divides each by its own deviation."
        )
    return task, notes


def announced(notes: list[str]) -> Callable[[list[Task]], Iterator[Task]]:
    """Return a progress bar that begins with lines on stderr, once nothing is left to be refused."""

    def begun(tasks: list[Task]) -> Iterator[Task]:
        for line in notes:
            click.echo(line, err=True)
        yield from progress_bar(tasks)

    return begun


def progress_bar(tasks: list[Task]) -> Iterator[Task]:
    """Show on stderr which minimum is being sought and how long the rest will take."""
    import sys

    from tqdm import tqdm

    pause = 0.1 if sys.stderr.isatty() else 15.0
    with tqdm(tasks, unit="minimum", mininterval=pause, miniters=1, file=sys.stderr) as bar:
        for task in bar:
            bar.set_description(f"{task.arm.name}, {task.attack} attack", refresh=False)
            yield task


MEASURE_ALL = "twolayer reproduce --parts all"

HEADS = {
    "test_accuracy": "test acc.",
    "frobenius_norm": "|H|_F",
    "trace": "tr H",
    "largest_eigenvalue": "lmax",
    "input_gradient_train": "E|grad f|^2",
    "log_product_all": "-sum log",
}


def summary(results: dict[str, Any], out: str) -> str:
    """Return the means by arm and attack size as a table, and where the report is."""
    rows = [["arm", "attack", "minima", *HEADS.values()]]
    for row in results["summary"]:
        numbers = ("-" if row[key] is None else f"{row[key]:.3g}" for key in HEADS)
        rows.append([row["arm"], str(row["attack"]), str(row["count"]), *numbers])
    notes = [
        "Means over random splits and starts, n genuine samples; -sum log: over the top n eigenvalues of H.",
        *(["Partial: interrupted before the end."] if results["partial"] else []),
        f"Report: {out}/report.html",
    ]
    return "\n".join([*aligned(rows), "", *notes])


def brief(results: dict[str, Any], out: str) -> str:
    """Return the summary and the findings as JSON."""
    about = ("seed", "partial", "left_out", "data", "versions")
    found = ("summary", "correlations", "conclusions", "verdicts")
    kept = {key: results[key] for key in (*about, *found)}
    return json.dumps({"folder": out, **kept}, indent=1, allow_nan=False)
