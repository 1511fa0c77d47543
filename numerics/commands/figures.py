"""``twolayer figures``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import Integers

if TYPE_CHECKING:
    from numerics.figures import Script, Setting

RECORDED = ("results.json", "*/results.json", "benchmarks.json")
"""One of these is in a folder with results of ours."""


@click.command("figures", short_help="Make the project's figures: data, PNG, PDF and SVG, one script each.")
@click.argument("names", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="Print the names, a line each, and make nothing.")
@click.option(
    "--out", default="twolayer-figures", show_default=True, help="Folder to add to, new or one of ours."
)
@click.option("--quick", is_flag=True, help="Fewer starts and coarser maps: all in some minutes.")
@click.option(
    "--columns",
    type=Integers(1, 2),
    default=2,
    show_default=True,
    help="Width: 1 for a column of a page (3.4 inches), 2 for both (7).",
)
@click.option(
    "--data",
    type=click.Path(),
    help="Folder with results of `twolayer reproduce`, `basins` or `deep`, and benchmarks.json: what is "
    "there is drawn, what is not is computed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON, not as a table.")
def figures(
    names: tuple[str, ...],
    listed: bool,
    out: str,
    quick: bool,
    columns: int,
    data: str | None,
    as_json: bool,
) -> None:
    """Make the figures NAMES, or all of them.

    Each figure leaves OUT/NAME.npz, its data, and NAME.png, NAME.pdf and NAME.svg drawn from them;
    OUT/figures.json says what is shown, how to read it, and the seed. A figure whose code, data and setting
    did not change is not made again. Ctrl-C (exit code 130) keeps those that are finished, and the same
    command goes on. Without NAMES, a figure that needs recorded data which are not there is left out, and
    said to be.

    \b
    Examples:
      twolayer figures --list
      twolayer figures --quick
      twolayer figures opening plane --columns 1 --out article
      twolayer figures attack --data twolayer-report --json
    """
    from numerics.figures import Setting, chosen

    scripts = chosen(names)
    if listed:
        rows = [{"name": script.name, "title": script.title} for script in scripts]
        width = max(len(row["name"]) for row in rows)
        lines = [f"{row['name']:{width}}  {row['title']}" for row in rows]
        click.echo(json.dumps(rows, indent=1) if as_json else "\n".join(lines))
        return
    if data is not None and not any(any(Path(data).glob(pattern)) for pattern in RECORDED):
        raise ValueError(
            "--data must be a folder with results of twolayer (results.json or benchmarks.json, as `twolayer "
            f"reproduce`, basins or deep --out FOLDER leave there); got {data[:80]!r}, which is none"
        )
    setting = Setting(quick, None if data is None else Path(data), columns)
    entries, missing, stopped = _made(scripts, Path(out), setting, bool(names))
    if as_json:
        told = {"folder": out, "figures": entries, "missing": missing, "stopped": stopped}
        click.echo(json.dumps(told, indent=1))
    else:
        for entry in entries:
            click.echo(f"{out}/{entry['name']}.png  {entry['title']}: {entry['how_to_read']}")
        for reason in missing:
            click.echo(f"Left out: {reason}")
    if stopped:
        left = f"{len(entries)} finished figures are kept in {out}"
        click.echo(f"Stopped; {left}: the same command goes on.", err=True)
        raise click.exceptions.Exit(130)


def _made(
    scripts: list[Script], out: Path, setting: Setting, named: bool
) -> tuple[list[dict[str, Any]], list[str], bool]:
    """What was made, why the rest was not, and whether Ctrl-C came; what was `named` must not be left out."""
    from tqdm import tqdm

    from numerics.figures import Missing, made

    entries: list[dict[str, Any]] = []
    missing: list[str] = []
    with tqdm(total=len(scripts), unit="figure", file=sys.stderr, disable=None) as bar:
        for script in scripts:
            bar.set_description(script.name)
            try:
                entries += made([script], out, setting)
            except Missing as reason:
                if named:
                    raise
                missing.append(str(reason))
            except KeyboardInterrupt:
                return entries, missing, True
            bar.update()
    return entries, missing, False
