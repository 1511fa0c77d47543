"""The command ``twolayer deep``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from numerics.commands.basins import Bars
from numerics.commands.options import long_run
from numerics.commands.tables import aligned
from numerics.sweeps.interrupts import held, said_when_stopped, unfinished


@click.command("deep", short_help="Good and bad minima of deep networks on images, measured exactly.")
@click.option("--quick", is_flag=True, help="Small arms on few samples. Without it, up to two hours.")
@click.option(
    "--data",
    default="digits",
    show_default=True,
    help="digits, mnist-5000, mnist, fashion-mnist, cifar-10, or an npz file with X and integer y.",
)
@click.option("--folder", type=click.Path(file_okay=False), help="Where the files of the data set lie.")
@click.option(
    "--replicate",
    type=click.Choice(["wu-ma-e"]),
    help="Instead, repeat the tables of Wu, Ma and E (2018) on Fashion-MNIST, whose folder --data may name; "
    "many hours, or with --quick those of their runs that take some hours together on two cores.",
)
@click.option(
    "--out", default="twolayer-deep", show_default=True, help="Folder to write, new or a report of ours."
)
@long_run
@click.option("--json", "as_json", is_flag=True, help="Print summary and findings as JSON, not as a table.")
def deep(
    quick: bool,
    data: str,
    folder: str | None,
    replicate: str | None,
    out: str,
    seed: int,
    where: str | None,
    store: str | None,
    max_seconds: float | None,
    as_json: bool,
) -> None:
    """Does flatness tell good minima of deep networks from bad?

    Networks of depth 2 to 6, trained with and without attack sets (wrong labels) until they fit their
    genuine samples perfectly, and measured exactly; and what flatness does not show. Writes OUT/report.html,
    results.json, results.csv and figures (PNG and PDF). The first line answers the question.

    Interrupted (Ctrl-C, exit code 130) or killed, it goes on where it stopped when it is called again. Out of
    time (--max-seconds), it reports what is finished, and exits with code 3; with code 1 where workers died
    or the disk is full.

    \b
    Examples:
      twolayer deep --quick
      twolayer deep --executor processes:2
      twolayer deep --data fashion-mnist --store sweep --max-seconds 3600 --json
      twolayer deep --replicate wu-ma-e --quick --executor processes:2
    """
    kept = Path(store or f"{out}-work-{replicate or ''}{'quick' if quick else 'full'}-{seed}")
    settings = (out, where, kept, store is None, max_seconds)
    said = _replicated if replicate else _studied
    results, text, failures = said(data, folder, quick, seed, settings)
    click.echo(json.dumps(_brief(results, out), indent=1, allow_nan=False) if as_json else text)
    if results["stopped"]:
        unfinished(kept, failures)


Settings = tuple[str, str | None, Path, bool, float | None]
Said = tuple[dict[str, Any], str, list[str]]  # results, in words, and what failed


def _studied(data: str, folder: str | None, quick: bool, seed: int, settings: Settings) -> Said:
    from numerics.deep_study.experiment import LARGE, SMALL, experiment, write
    from numerics.files.images import images

    loaded, size = images(data, folder), SMALL if quick else LARGE
    results, failures = _worked(lambda place: experiment(loaded, size, seed, place), write, settings)
    return results, summary(results, settings[0]), failures


def _replicated(data: str, folder: str | None, quick: bool, seed: int, settings: Settings) -> Said:
    from numerics.deep_study.wu_ma_e.experiment import experiment, write
    from numerics.files.images import images

    if data not in ("digits", "fashion-mnist") and (folder or not Path(data).is_dir()):
        raise ValueError(f"--data must be fashion-mnist or its folder with --replicate wu-ma-e; got {data!r}")
    lies = data if Path(data).is_dir() and not folder else folder
    loaded = images("fashion-mnist", lies)
    results, failures = _worked(lambda place: experiment(loaded, quick, seed, place), write, settings)
    return results, beside(results, settings[0]), failures


def _worked(job: Any, write: Any, settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """Do the `job` at a workplace, write its results, return them with what failed; Ctrl-C keeps the rest."""
    from numerics.files.folders import fresh_folder, work_folder
    from numerics.sweeps.executors import executor
    from numerics.sweeps.threads import one_thread
    from numerics.sweeps.workplace import Workplace

    out, where, kept, passing, max_seconds = settings
    with (
        said_when_stopped(kept),
        work_folder(kept) as work,
        fresh_folder(out) as target,
        ExitStack() as ending,
    ):
        with Bars() as bars, executor(where) as pool, one_thread():
            place = Workplace(pool, kept, max_seconds, bars.tell)
            results: dict[str, Any] = job(place)
            ending.enter_context(held("the report is written"))
        write(target, results)
        work.needless = passing and not results["stopped"]
    return results, place.failures


HEADS = {
    "test_accuracy": "test acc.",
    "frobenius_norm": "|H|_F",
    "trace": "tr H",
    "largest_eigenvalue": "lmax",
    "non_uniformity": "non-unif.",
    "log_product_all": "-sum log",
    "log_volume": "ln volume",
    "input_gradient_train": "E|grad f|^2",
}


def summary(results: dict[str, Any], out: str) -> str:
    """Return the answer, the means as a table, the findings, and where the report is."""
    rows = [["arm", "attack", "minima", *HEADS.values()]]
    for row in results["summary"]:
        numbers = ("-" if row[key] is None else f"{row[key]:.3g}" for key in HEADS)
        rows.append([row["arm"], str(row["attack"]), str(row["count"]), *numbers])
    first, *others = results["conclusions"]
    return "\n".join([first, "", *aligned(rows), "", *others, "", f"Report: {out}/report.html"])


def beside(results: dict[str, Any], out: str) -> str:
    """Return the answer, the two tables with ours beside theirs, and where the report is."""
    parts = [results["answer"]]
    for each in results["tables"]:
        if each["rows"]:
            parts.append("\n".join([f"{each['title']}:", *aligned([each["head"], *each["rows"]])]))
    return "\n\n".join([*parts, f"Report: {out}/report.html"])


def _brief(results: dict[str, Any], out: str) -> dict[str, Any]:
    """What --json prints: everything but the minima one by one."""
    return {"folder": out, **{key: value for key, value in results.items() if key not in ("minima", "runs")}}
