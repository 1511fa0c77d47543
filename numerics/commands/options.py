"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

LOSSES = ("squared", "logistic", "softmax", "pseudo_huber")


def saved_network(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a `command` the options --model, --data and --loss."""
    options = (
        click.option(
            "--model",
            required=True,
            type=click.Path(dir_okay=False),
            help="npz with a, W, optionally b, c, activation.",
        ),
        click.option(
            "--data", required=True, type=click.Path(dir_okay=False), help="npz with X (n, d) and y."
        ),
        click.option(
            "--loss",
            default="squared",
            show_default=True,
            type=click.Choice(LOSSES),
            help="Loss of one sample.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
