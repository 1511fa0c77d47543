"""The command ``twolayer basins``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import as_typed, builtin, long_run
from numerics.sweeps.interrupts import held, said_when_stopped, unfinished

if TYPE_CHECKING:
    from numerics.basin_study.run import Size


@click.command("basins", short_help="Measure basins: which minima starts reach, and their volumes.")
@click.option(
    "--quick", is_flag=True, help="Few starts: some two minutes. Without it, half an hour on one core."
)
@click.option(
    "--out", default="twolayer-basins", show_default=True, help="Folder to write, new or a report of ours."
)
@click.option(
    "--activation",
    default="tanh",
    show_default=True,
    callback=builtin,
    help="Of teachers, students and classifiers: a built-in name, such as relu.",
)
@long_run
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON, not as tables.")
def basins(
    quick: bool,
    out: str,
    activation: str,
    seed: int,
    where: str | None,
    store: str | None,
    max_seconds: float | None,
    as_json: bool,
) -> None:
    """Do good minima own the larger basins?

    Which minima starts of students reach, by gradient flow, large-step descent, SGD and L-BFGS, and whether
    volumes predict how often; true basins measured by the flow; how often random and attacked starts reach
    good minima on a spiral and on digits, and the volumes about them; and every volume estimator where the
    answer is known. The first line is the answer. Writes OUT/report.html, results.json, minima.csv,
    summary.txt and figures (PNG and PDF).

    Interrupted (Ctrl-C, exit code 130) or out of time (--max-seconds, exit code 3), it reports what is
    finished and says "Partial" first, as it does, with exit code 1, where workers died or the disk is full;
    the same command goes on from there, also after it was killed.

    \b
    Examples:
      twolayer basins --quick
      twolayer basins --quick --activation relu
      twolayer basins --executor processes:2
      twolayer basins --store sweep --max-seconds 3600 --json
    """
    from numerics.basin_study.report import write
    from numerics.basin_study.run import FULL, QUICK, experiment
    from numerics.basin_study.summary import summary
    from numerics.files.folders import fresh_folder, work_folder
    from numerics.sweeps.executors import executor
    from numerics.sweeps.threads import one_thread
    from numerics.sweeps.workplace import Workplace

    kind = "" if activation == "tanh" else f"-{activation}"
    kept = Path(store or f"{out}-work-{'quick' if quick else 'full'}-{seed}{kind}")
    command, size, interrupted, failures = as_typed(), QUICK if quick else FULL, False, list[str]()
    with said_when_stopped(kept), work_folder(kept) as work, fresh_folder(out) as folder, Bars() as bars:
        try:
            with executor(where) as pool, one_thread():
                place = Workplace(pool, kept, max_seconds, bars.tell)
                results = experiment(seed, size, place, activation)
                failures = place.failures
        except KeyboardInterrupt:
            bars.close()
            click.echo("Stopped: reporting what is finished; Ctrl-C again ends without.", err=True)
            results, interrupted = finished(seed, size, kept, activation), True
        with held("the report is written"):
            write(folder, results, command, time.strftime("%d %B %Y"))
        work.needless = store is None and not (interrupted or results["stopped"])
    click.echo(json.dumps(results, indent=1, allow_nan=False) if as_json else summary(results))
    click.echo(f"Report: {out}/report.html", err=as_json)
    if interrupted or results["stopped"]:
        unfinished(kept, failures, interrupted)


def finished(seed: int, size: Size, kept: Path, activation: str = "tanh") -> dict[str, Any]:
    """The results of what is finished in the folder `kept`, after Ctrl-C.

    Parameters
    ----------
    seed : int
    size : Size
        As for :func:`numerics.basin_study.run.experiment`.
    kept : Path
    activation : str
        As for the experiment.

    Raises
    ------
    click.exceptions.Exit
        After a second Ctrl-C, with the code 130.
    """
    from numerics.basin_study.run import experiment
    from numerics.sweeps.threads import one_thread
    from numerics.sweeps.workplace import Workplace

    with said_when_stopped(kept), one_thread():
        results = experiment(seed, size, Workplace(None, kept, 0.0), activation)
    results["stopped"] = [
        said.replace("max_seconds = 0.0 ran out", "interrupted") for said in results["stopped"]
    ]
    return results


class Bars:
    """A progress bar for every sweep, on stderr, one after the other."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.name = ""

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tell(self, name: str, done: int, total: int) -> None:
        """`done` of `total` pieces of the sweep `name` are finished."""
        from tqdm import tqdm

        if name != self.name:
            self.close()
            self.bar = tqdm(total=total, desc=f"{name:16s}", unit="piece", file=sys.stderr, mininterval=0.5)
            self.name = name
        self.bar.total = total  # that of a report grows
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        """End the bar that runs."""
        if self.bar is not None:
            self.bar.close()
        self.bar = None
