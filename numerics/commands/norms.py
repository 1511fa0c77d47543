"""``twolayer norms``: the exact norms of the Hessian of a saved network."""

from __future__ import annotations

import json

import click

from numerics.commands.options import Integers, saved_network


@click.command(short_help="Print the exact norms of the Hessian of a saved network.")
@saved_network
@click.option("--activation", help="A name or a formula in z, in place of what MODEL says, if it does.")
@click.option("--target", help="The target's column, by name or place [default: y, label, ... or the last].")
@click.option(
    "--spectrum/--no-spectrum",
    default=None,
    help="Form the matrix for what needs eigenvalues [default: if P <= 2000].",
)
@click.option(
    "--largest",
    type=Integers(min=1),
    help="Also so many of the largest eigenvalues; Ctrl-C keeps what is found.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: one object per quantity, and the conventions."
)
def norms(
    model: str,
    data: str,
    loss: str,
    activation: str | None,
    target: str | None,
    spectrum: bool | None,
    largest: int | None,
    as_json: bool,
) -> None:
    """Print risk, gradient norm and the norms of H, G and R, each with its rounding error.

    \b
    MODEL holds a (m,) or (q, m), W (m, d), optionally b (m,), c, and activation: a name such as
    "tanh" (the default) or an expression in z such as "z*sigmoid(z)".
    It is an npz or safetensors file (never a pickle), and may hold the state of a torch
    Sequential(Linear, activation, Linear) too, with --activation.
    DATA holds X (n, d) and y: targets (n,) or (n, q), two labels for logistic, classes or
    one-hot rows for softmax; what became what is printed. Of a csv, npy or parquet file one
    column is the target.

    \b
    Examples:
      twolayer norms --model twolayer-report/networks/attack-0.npz \\
                     --data twolayer-report/networks/data.npz
      twolayer norms --model model.npz --data data.npz --loss logistic --json
    """
    from numerics.commands.bars import share_bar
    from numerics.commands.measure import measure, text
    from numerics.files.networks import read_model

    with share_bar("norms") as progress:
        net = read_model(model, activation)
        found = measure(net, data, loss, spectrum, largest, progress, target)
    click.echo(json.dumps(found, indent=1, allow_nan=False) if as_json else text(found))
