"""The command ``twolayer``. Heavy imports happen inside the commands that need them."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from numerics.commands.basins import basins
from numerics.commands.certify import certify
from numerics.commands.deep import deep
from numerics.commands.falsify import falsify
from numerics.commands.figures import figures
from numerics.commands.norms import norms
from numerics.commands.options import LOSSES, Integers
from numerics.commands.reproduce import reproduce
from numerics.commands.verify import verify

if "numpy" not in sys.modules:
    # Threads of its BLAS then wait for work a millisecond, not a tenth of a second, in which they would be in
    # the way of scipy's: twolayer.blas_threads.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")

FORMULA, SECONDS = 4.5, 30.0
"""What the constants of a formula may take, and its whole derivation, which they are the start of."""


class Refused(click.ClickException):
    """Bad input: one line on stderr, exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands answer bad input with one line instead of a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words of the command line, none of which may be empty: what it is meant for is unknown.

        Raises
        ------
        click.UsageError
            If one is.
        Refused
            If the help cannot be printed.
        """
        if any(not word.strip() for word in args):
            raise click.UsageError("every argument must be a word; got an empty one", ctx)
        try:
            return super().parse_args(ctx, args)
        except BrokenPipeError:
            raise
        except OSError as reason:  # --help, on a disk that is full
            raise Refused(str(reason)) from reason

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a function of ours raises for bad input becomes `Refused`."""
        _print_anything()
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except click.UsageError as reason:
            raise click.UsageError(shortened(reason.format_message()), reason.ctx) from reason
        except KeyboardInterrupt:
            click.echo("Stopped before anything was finished.", err=True)
            raise click.exceptions.Exit(130) from None
        except MemoryError as reason:
            said = " ".join(str(reason).split()) or "there is not enough memory for this size"
            raise Refused(shortened(said)) from reason
        except (ValueError, OSError) as reason:
            said = " ".join(str(reason).split()) or type(reason).__name__
            raise Refused(shortened(said)) from reason


def shortened(said: str, most: int = 200) -> str:
    """What is `said`, with its longest words cut: a value is repeated in an error, and may be of any length.

    Examples
    --------
    >>> shortened("got " + 300 * "9", 20)
    'got 9999999999...9999999999'
    """
    half = most // 2
    words = (word if len(word) <= most else f"{word[:half]}...{word[-half:]}" for word in said.split(" "))
    return " ".join(words)


def _print_anything() -> None:
    """Let names of files and the like be printed on a terminal that lacks their letters, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="twolayer")
def main() -> None:
    """Exact curvature of two-layer networks, and what it says about good and bad minima."""


@click.command(short_help="Print the derivation of gradient and Hessian for an activation.")
@click.argument("activation")
@click.option(
    "--loss", default="squared", show_default=True, type=click.Choice(LOSSES), help="Loss of one sample."
)
@click.option("--outputs", type=Integers(1, 100), help="Outputs q [default: 1, for softmax 2].")
@click.option("--no-hidden-bias", is_flag=True, help="Leave out the biases b.")
@click.option("--no-output-bias", is_flag=True, help="Leave out the bias c.")
@click.option("--latex", is_flag=True, help="Print LaTeX, not text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every equation as text and as LaTeX.")
def derive(
    activation: str,
    loss: str,
    outputs: int | None,
    no_hidden_bias: bool,
    no_output_bias: bool,
    latex: bool,
    as_json: bool,
) -> None:
    """Derive gradient, Hessian, products and norms of a two-layer network in symbols.

    ACTIVATION is the name of a built-in activation, or an expression in z.

    \b
    Examples:
      twolayer derive tanh
      twolayer derive "z*sigmoid(z)" --loss logistic --latex
      twolayer derive relu --loss softmax --outputs 3
      twolayer derive tanh --json > tanh.json
    """
    import json

    from theory import derive as derivation
    from theory.analysis.admission import activation_expression
    from theory.analysis.constants import constants
    from theory.expressions.activations import ACTIVATIONS
    from theory.expressions.budget import within

    if activation not in ACTIVATIONS:
        with within(FORMULA, f"activation must be understood; got {activation[:80]!r}, which does not end"):
            constants(activation_expression(activation))
    count = outputs or (2 if loss == "softmax" else 1)
    with within(SECONDS, f"activation must be derived; got {activation[:80]!r}, which does not end"):
        found = derivation(activation, loss, count, not no_hidden_bias, not no_output_bias)
        text = found.latex() if latex else str(found)
        shown = json.dumps(found.as_dict(), indent=1) if as_json else text
    click.echo(shown)


main.add_command(reproduce)

main.add_command(norms)

main.add_command(derive)

main.add_command(verify)

main.add_command(certify)

main.add_command(basins)

main.add_command(deep)

main.add_command(falsify)

main.add_command(figures)
