"""The command ``twolayer basins``."""

from __future__ import annotations

import json
import sys
from typing import Any

import click


@click.command("basins", short_help="Measure basins: which minima starts reach, and their volumes.")
@click.option("--quick", is_flag=True, help="Few starts: a minute or two. Without it, hours on one machine.")
@click.option(
    "--out", default="twolayer-basins", show_default=True, help="Folder to write, new or a report of ours."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Determines every number."
)
@click.option("--executor", "where", help="threads:N, processes:N or dask://HOST:PORT. Default: here.")
@click.option("--store", type=click.Path(file_okay=False), help="Folder to keep finished work in.")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Begin no piece of work after this time.")
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

    Which minima starts of a student reach, by gradient flow, large-step descent, SGD and L-BFGS; how often
    random and attacked starts reach good minima on a spiral and on digits; volumes about them; and every
    volume estimator where the answer is known. Writes OUT/results.json and figures (PNG and PDF).

    \b
    Examples:
      twolayer basins --quick
      twolayer basins --store sweep --max-seconds 3600 --executor processes:8
    """
    from pathlib import Path

    from numerics.basin_experiment import FULL, QUICK, Workplace, experiment
    from numerics.basin_figures import draw
    from numerics.executors import executor
    from numerics.experiment import one_thread
    from numerics.output import fresh_folder, write_json, write_text
    from numerics.shards import SweepError

    with fresh_folder(out) as folder:
        try:
            with executor(where) as pool, one_thread():
                place = Workplace(pool, None if store is None else Path(store), max_seconds, _tell)
                results = experiment(seed, QUICK if quick else FULL, place)
        except SweepError as reason:
            hint = " (run again with the same --store)" if store else "; with --store it would be kept"
            raise ValueError(f"{reason}{hint}") from reason
        write_json(folder / "results.json", results)
        captions = [each.text for each in draw(results, folder)]
        write_text(folder / "captions.txt", "\n\n".join(captions) + "\n")
    click.echo(json.dumps(results, indent=1, allow_nan=False) if as_json else summary(results, out))


def _tell(name: str, done: int, total: int) -> None:
    click.echo(f"{name}: {done} of {total}", err=True, nl=not sys.stderr.isatty() or done == total)


def summary(results: dict[str, Any], out: str) -> str:
    """The `results` as text, and where they lie, `out`."""
    lines = [f"Student of a teacher, {results['student']['starts']} starts: share of starts per minimum"]
    for way, found in results["student"]["shares"].items():
        shown = ", ".join(f"{label}: {_interval(one)}" for label, one in found.items())
        lines.append(f"  {way:17s} {shown}")
    for way, one in results["student"]["agreement_with_flow"].items():
        lines.append(f"  {way} ends where the flow does: {_interval(one)}")
    for problem in results["problems"]:
        lines.append(f"{problem['name']}: share of good minima, mean test accuracy, -sum log, ln soft volume")
        for attack, facts in problem["good"].items():
            numbers = ", ".join(_number(facts[key]) for key in ("test_accuracy", "log_product", "log_mass"))
            lines.append(f"  {attack:>3s} % attack  {_interval(facts['good'])}  {numbers}")
    lines.append("Volume estimators: nats off the known answer")
    for row in results["known_volumes"]:
        lines.append(
            f"  {row['potential']:33s} {row['estimator']:18s} {_number(row['off']):>9s}  {row['verdict']}"
        )
    return "\n".join([*lines, f"Results: {out}/results.json"])


def _interval(one: dict[str, float]) -> str:
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
