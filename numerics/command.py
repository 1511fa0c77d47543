"""The command ``twolayer``. Heavy imports happen inside the commands that need them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from numerics.basin_command import basins
from numerics.certify_command import certify
from numerics.falsify_command import falsify
from numerics.options import LOSSES, saved_network
from numerics.verify_command import verify

if TYPE_CHECKING:
    from numerics.arms import Task


class Refused(click.ClickException):
    """Bad input: one line on stderr, exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands answer bad input with one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a function of ours raises for bad input becomes `Refused`."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ValueError, OSError, MemoryError) as reason:
            raise Refused(" ".join(str(reason).split()) or type(reason).__name__) from reason


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="twolayer")
def main() -> None:
    """Exact curvature of two-layer networks, and what it says about good and bad minima."""


@click.command(short_help="Find good and bad minima on real digits and write a report.")
@click.option("--quick", is_flag=True, help="Two settings only: well under 90 seconds. Without it, minutes.")
@click.option(
    "--out", default="twolayer-report", show_default=True, help="Folder to write, new or a report of ours."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Determines every number."
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False),
    help="An npz file with X (n, d) and y (n,), in place of the digits.",
)
@click.option("--raw", is_flag=True, help="Use inputs as they are, neither centred nor scaled.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary and the findings as JSON, not as a table."
)
def reproduce(quick: bool, out: str, seed: int, data: str | None, raw: bool, as_json: bool) -> None:
    """Train networks with and without attack sets (wrong labels) and measure every minimum exactly.

    Writes OUT/report.html, results.json, results.csv, figures (PNG and PDF) and example networks for
    `twolayer norms`. Ctrl-C ends the search; the minima found so far still make a report.

    \b
    In y, two values are two classes; of more integer classes the upper half become +1.

    \b
    Examples:
      twolayer reproduce --quick
      twolayer reproduce --out full-report --seed 1
      twolayer reproduce --quick --data mine.npz --json > summary.json
    """
    from numerics import reproduce as job
    from numerics.arms import FULL, QUICK
    from numerics.data import digits_task, load_task
    from numerics.output import fresh_folder

    task = load_task(data) if data else digits_task()
    with fresh_folder(out) as folder:
        arms = QUICK if quick else FULL
        results, found = job.reproduce(task, arms, seed, raw=raw, progress=progress_bar)
        if not found:
            raise click.Abort
        job.write(folder, results, found, task, raw)
    click.echo(brief(results, out) if as_json else summary(results, out))
    if results["partial"]:
        raise click.exceptions.Exit(130)


def progress_bar(tasks: list[Task]) -> Iterator[Task]:
    """Show on stderr which minimum is being sought and how long the rest will take."""
    import sys

    from tqdm import tqdm

    pause = 0.1 if sys.stderr.isatty() else 15.0
    with tqdm(tasks, unit="minimum", mininterval=pause, miniters=1, file=sys.stderr) as bar:
        for task in bar:
            bar.set_description(f"{task.arm.name}, {task.attack} attack", refresh=False)
            yield task


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


def aligned(rows: list[list[str]]) -> list[str]:
    """Return the rows as lines, first column to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def brief(results: dict[str, Any], out: str) -> str:
    """Return the summary and the findings as JSON."""
    keys = ("seed", "partial", "data", "versions", "summary", "correlations", "conclusions")
    return json.dumps({"folder": out, **{key: results[key] for key in keys}}, indent=1, allow_nan=False)


@click.command(short_help="Print the exact norms of the Hessian of a saved network.")
@saved_network
@click.option(
    "--spectrum/--no-spectrum",
    default=None,
    help="Form the matrix for what needs eigenvalues [default: if P <= 2000].",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: one object per quantity, and the conventions."
)
def norms(model: str, data: str, loss: str, spectrum: bool | None, as_json: bool) -> None:
    """Print risk, gradient norm and the norms of H, G and R, each with its rounding error.

    \b
    MODEL holds a (m,) or (q, m), W (m, d), optionally b (m,), c, and activation: a name such as
    "tanh" (the default) or an expression in z such as "z*sigmoid(z)".
    DATA holds X (n, d) and y: targets (n,) or (n, q), labels 0 and 1 for logistic, classes
    0..q-1 for softmax.

    \b
    Examples:
      twolayer norms --model twolayer-report/networks/attack-0.npz \\
                     --data twolayer-report/networks/data.npz
      twolayer norms --model model.npz --data data.npz --loss logistic --json
    """
    from numerics.norms import measure, read_model
    from numerics.norms import text as as_text

    found = measure(read_model(model), data, loss, spectrum)
    click.echo(json.dumps(found, indent=1, allow_nan=False) if as_json else as_text(found))


@click.command(short_help="Print the derivation of gradient and Hessian for an activation.")
@click.argument("activation")
@click.option(
    "--loss", default="squared", show_default=True, type=click.Choice(LOSSES), help="Loss of one sample."
)
@click.option("--outputs", type=click.IntRange(min=1), help="Outputs q [default: 1, for softmax 2].")
@click.option("--no-hidden-bias", is_flag=True, help="Leave out the biases b.")
@click.option("--no-output-bias", is_flag=True, help="Leave out the bias c.")
@click.option("--latex", is_flag=True, help="Print LaTeX, not text.")
def derive(
    activation: str,
    loss: str,
    outputs: int | None,
    no_hidden_bias: bool,
    no_output_bias: bool,
    latex: bool,
) -> None:
    """Derive gradient, Hessian, products and norms of a two-layer network in symbols.

    ACTIVATION is the name of a built-in activation, or an expression in z.

    \b
    Examples:
      twolayer derive tanh
      twolayer derive "z*sigmoid(z)" --loss logistic --latex
      twolayer derive relu --loss softmax --outputs 3
    """
    from theory import derive as derivation

    count = outputs or (2 if loss == "softmax" else 1)
    found = derivation(activation, loss, count, not no_hidden_bias, not no_output_bias)
    click.echo(found.latex() if latex else str(found))


main.add_command(reproduce)
main.add_command(norms)
main.add_command(derive)
main.add_command(verify)
main.add_command(certify)
main.add_command(basins)
main.add_command(falsify)
