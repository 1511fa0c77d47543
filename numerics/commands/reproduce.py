"""``twolayer reproduce``."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from numerics.commands.options import as_typed, long_run
from numerics.commands.tables import aligned
from numerics.sweeps.interrupts import held, said_when_stopped, unfinished

if TYPE_CHECKING:
    from numerics.files.datasets import Dataset
    from numerics.sweeps.executors import Each
    from numerics.sweeps.workplace import Workplace


@click.command(short_help="Say whether the paper is right: a verdict on each of its claims, in a report.")
@click.option(
    "--quick",
    is_flag=True,
    help="A small version of every part: one or two minutes on two cores. Without it, an hour or more.",
)
@click.option(
    "--out", default="twolayer-report", show_default=True, help="Folder to write, new or a report of ours."
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False),
    help="Data in place of the digits: npz or MATLAB with X (n, d) and y (n,), or csv, npy, parquet.",
)
@click.option("--target", help="The target's column, by name or place [default: y, label, ... or the last].")
@click.option(
    "--parts",
    default="all",
    show_default=True,
    help="Any of two-layer, theorems, basins, volumes and deep, with commas between, or all. The minima of "
    "two-layer networks, at which theorems are tried, are always found; volumes come with the basins.",
)
@click.option("--raw", is_flag=True, help="Use inputs as they are, neither centred nor scaled.")
@click.option(
    "--standardise",
    is_flag=True,
    help="Divide every input by its own deviation; for columns of unlike units. Without it all inputs are "
    "divided by one number, which keeps the geometry of images.",
)
@long_run
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary and the findings as JSON, not as a table."
)
def reproduce(
    quick: bool,
    out: str,
    seed: int,
    data: str | None,
    target: str | None,
    parts: str,
    raw: bool,
    standardise: bool,
    where: str | None,
    store: str | None,
    max_seconds: float | None,
    as_json: bool,
) -> None:
    """Say whether the paper is right: a verdict on each of its claims, and the numbers behind it.

    Networks are trained with and without attack sets (wrong labels), and every minimum is measured exactly;
    then come the minima that random starts reach, the volumes about them, and the minima of deep networks.

    Writes OUT/report.html, report.pdf where a Chromium or Chrome is at hand (TWOLAYER_BROWSER names another,
    or none), results.json, results.csv, figures with their data and example networks for `twolayer norms`.
    Interrupted (Ctrl-C, exit code 130) or out of time (--max-seconds, exit code 3), it reports what is
    finished and says so first, as it does, with exit code 1, where workers died or the disk is full; the
    same command goes on from there. With --store, finished work is kept after the end as well, and nothing
    is done again unless code, data or settings changed.

    \b
    In y, two values are two classes; of more classes the upper half become +1.

    \b
    Examples:
      twolayer reproduce --quick
      twolayer reproduce --parts two-layer,deep --executor processes:2
      twolayer reproduce --out full-report --store work --max-seconds 3600
      twolayer reproduce --quick --data mine.npz --json > summary.json
    """
    if raw and standardise:
        raise ValueError("--raw must be given without --standardise; got both")
    studies, command = chosen_parts(parts), as_typed()
    task, notes = chosen_task(data, target, standardise)
    from numerics.commands.basins import Bars
    from numerics.files.folders import fresh_folder, work_folder
    from numerics.sweeps.executors import at_hand, executor
    from numerics.sweeps.threads import one_thread

    kept = Path(store or f"{out}-work-{'quick' if quick else 'full'}-{seed}")
    with (
        said_when_stopped(kept),
        work_folder(kept) as work,
        fresh_folder(out) as folder,
        ExitStack() as ending,
    ):

        def report(each: Each) -> None:
            from numerics.report import write

            results["partial"] = bool(place.stopped)
            results["made_with"] = {"command": command, "stopped": place.stopped}
            results["verdicts"] = [verdict.as_dict() for verdict in said]
            job.write(folder, results, found, task, raw)
            write(folder, results, others, said, time.strftime("%d %B %Y"), each)

        with Bars() as bars, executor(where, SEARCH) as pool, one_thread():
            from numerics.minima_study import reproduce as job
            from numerics.minima_study.arms import FULL, QUICK
            from numerics.sweeps.workplace import Workplace
            from numerics.verdicts import verdicts

            place = Workplace(pool, kept, max_seconds, announced(notes, bars.tell))
            results, found = job.reproduce(task, QUICK if quick else FULL, seed, raw=raw, place=place)
            if not found:
                empty(place, as_json)
            others = studied(studies, seed, quick, place) if not interrupted(place) else {}
            said = verdicts({"two-layer": results, **others})
            ending.enter_context(held("the report is written"))
            if not place.stopped:
                report(Counted(at_hand(pool), bars.tell))
        if place.stopped:  # what was given up is at work in the pool until it ends
            report(map)
        work.needless = store is None and not place.stopped
    if not as_json:
        from numerics.verdicts.said import lines

        first = [f"Partial: {'; '.join(place.stopped)}.", ""] if place.stopped else []
        first += [results["left_out"], ""] if results["left_out"] else []
        click.echo("\n".join([*first, *lines(said), ""]))
    click.echo(brief(results, out) if as_json else summary(results, out))
    if place.stopped:
        unfinished(kept, place.failures, interrupted(place))


def empty(place: Workplace, as_json: bool) -> NoReturn:
    """End a run that was stopped before its first minimum: there is nothing to report, `as_json` or else.

    Raises
    ------
    click.ClickException
        If that was because of a failure.
    click.exceptions.Exit
        With the code 130 after Ctrl-C, 3 out of time.
    """
    if place.store is not None and not any(place.store.rglob("*.npz")):
        shutil.rmtree(place.store, ignore_errors=True)  # of another study, say, there may be some
    if place.failures:
        raise click.ClickException(place.failures[0])
    if as_json:
        click.echo(json.dumps({"folder": None, "partial": True, "stopped": place.stopped}, indent=1))
    click.echo(
        f"Partial: {'; '.join(place.stopped)}. No minimum was finished, so there is no report.", err=True
    )
    raise click.exceptions.Exit(130 if interrupted(place) else 3)


PARTS = {"two-layer": "", "theorems": "", "basins": "basins", "volumes": "basins", "deep": "deep"}
"""Parts of the report, and the studies beyond that of two-layer minima that they need."""

INTERRUPTED = "interrupted"

SEARCH = "numerics.minima_study.reproduce"
"""What the processes load while this one does the same."""


def chosen_parts(parts: str) -> list[str]:
    """The studies that the `parts`, names with commas between, need beyond that of two-layer minima.

    Examples
    --------
    >>> chosen_parts("all"), chosen_parts("volumes,two-layer")
    (['basins', 'deep'], ['basins'])

    Raises
    ------
    ValueError
        If a name is none of a part.
    """
    names = list(PARTS) if parts.strip() == "all" else [each.strip() for each in parts.split(",")]
    for name in names:
        if name not in PARTS:
            raise ValueError(f"--parts must be all, or among {', '.join(PARTS)}; got {name!r}")
    return [study for study in STUDIES if study in {PARTS[name] for name in names}]


def interrupted(place: Workplace) -> bool:
    """Whether Ctrl-C ended the work at `place`."""
    return any(INTERRUPTED in said for said in place.stopped)


def studied(studies: list[str], seed: int, quick: bool, place: Workplace) -> dict[str, Any]:
    """The results of the `studies` by name; one that Ctrl-C ended is missing, and said to be at `place`.

    Parameters
    ----------
    studies : list of str
    seed : int
    quick : bool
    place : Workplace
    """
    found: dict[str, Any] = {}
    for name in studies:
        try:
            found[name] = STUDIES[name](seed, quick, place)
        except KeyboardInterrupt:
            place.stopped.append(f"{name}: {INTERRUPTED}")
            break
    return found


def basins(seed: int, quick: bool, place: Workplace) -> dict[str, Any]:
    """Return the results of `twolayer basins`."""
    from numerics.basin_study.run import FULL, QUICK, experiment

    return experiment(seed, QUICK if quick else FULL, place)


def deep(seed: int, quick: bool, place: Workplace) -> dict[str, Any]:
    """Return the results of `twolayer deep` on the digits."""
    from numerics.deep_study.experiment import LARGE, LEAST, experiment
    from numerics.files.images import images

    return experiment(images("digits", None), LEAST if quick else LARGE, seed, place)


STUDIES = {"basins": basins, "deep": deep}


class Counted:
    """A way of doing tasks that tells how many of a report are done.

    Parameters
    ----------
    each : callable
        The way.
    tell : callable
        ``tell(name, done, total)``.
    """

    def __init__(self, each: Each, tell: Callable[[str, int, int], None]) -> None:
        self.each, self.tell, self.done, self.total = each, tell, 0, 0

    def __call__(self, task: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator[Any]:
        """What `task` makes of the `pieces`, which an executor begins at once."""
        self.total += len(pieces)
        self.tell("report", self.done, self.total)
        return self._counted(iter(self.each(task, pieces)))

    def _counted(self, made: Iterator[Any]) -> Iterator[Any]:
        for found in made:
            self.done += 1
            self.tell("report", self.done, self.total)
            yield found


def chosen_task(data: str | None, target: str | None, standardise: bool) -> tuple[Dataset, list[str]]:
    """Return the digits, or the data of a user's file with lines on what was understood.

    Raises
    ------
    ValueError
        If a `target` is named without `data`, or the file is none of data.
    """
    from dataclasses import replace

    from numerics.files.datasets import digits_task, doubts, load_task, uneven

    if data is None:
        if target is not None:
            raise ValueError(f"--target must come with --data; got {target[:80]!r} alone")
        return replace(digits_task(), standardise=standardise), []
    understood: list[str] = []
    task = load_task(data, target, standardise=standardise, notes=understood)
    notes = [f"{task.name}: {len(task.y)} samples, {task.X.shape[1]} inputs; {task.labelling}."]
    notes += [*understood, *doubts(task.X, task.name)]
    ratio = uneven(task.X)
    if ratio is not None and not standardise:
        notes.append(
            f"Warning: the widest input spreads {ratio:.3g} times as far as the median one; --standardise "
            "divides each by its own deviation."
        )
    return task, notes


def announced(notes: list[str], tell: Callable[[str, int, int], None]) -> Callable[[str, int, int], None]:
    """`tell` of a workplace, which begins with lines on stderr, once nothing is left to be refused."""
    lines = list(notes)

    def report(name: str, done: int, total: int) -> None:
        while lines:
            click.echo(lines.pop(0), err=True)
        tell(name, done, total)

    return report


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
