"""The command ``twolayer basins``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from numerics.commands.options import long_run


@click.command("basins", short_help="Measure basins: which minima starts reach, and their volumes.")
@click.option(
    "--quick", is_flag=True, help="Few starts: some two minutes. Without it, half an hour on one core."
)
@click.option(
    "--out", default="twolayer-basins", show_default=True, help="Folder to write, new or a report of ours."
)
@long_run
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON, not as tables.")
def basins(
    quick: bool,
    out: str,
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
    answer is known. Writes OUT/results.json, OUT/summary.txt and figures (PNG and PDF).

    Interrupted (Ctrl-C, exit code 130) or killed, it goes on where it stopped when it is called again. Out of
    time (--max-seconds), it reports what is finished, and exits with code 3.

    \b
    Examples:
      twolayer basins --quick
      twolayer basins --executor processes:2
      twolayer basins --store sweep --max-seconds 3600 --json
    """
    from numerics.basin_study.figures import draw
    from numerics.basin_study.run import FULL, QUICK, experiment
    from numerics.basin_study.summary import summary
    from numerics.files.folders import fresh_folder, write_json, write_text
    from numerics.sweeps.executors import executor
    from numerics.sweeps.threads import one_thread
    from numerics.sweeps.workplace import Workplace

    kept = Path(store or f"{out}-work-{'quick' if quick else 'full'}-{seed}")
    with fresh_folder(out) as folder, Bars() as bars:
        try:
            with executor(where) as pool, one_thread():
                place = Workplace(pool, kept, max_seconds, bars.tell)
                results = experiment(seed, QUICK if quick else FULL, place)
        except KeyboardInterrupt:
            bars.close()
            click.echo(f"Stopped; finished work is kept in {kept}: the same command goes on.", err=True)
            raise click.exceptions.Exit(130) from None
        write_json(folder / "results.json", results)
        write_text(folder / "captions.txt", "\n\n".join(each.text for each in draw(results, folder)) + "\n")
        write_text(folder / "summary.txt", summary(results) + "\n")
    click.echo(json.dumps(results, indent=1, allow_nan=False) if as_json else summary(results))
    click.echo(f"Results: {out}/results.json", err=as_json)
    if results["stopped"]:
        click.echo(f"Not finished; what is done is kept in {kept}: the same command goes on.", err=True)
        raise click.exceptions.Exit(3)
    if store is None:
        shutil.rmtree(kept, ignore_errors=True)


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
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        """End the bar that runs."""
        if self.bar is not None:
            self.bar.close()
        self.bar = None
