"""Options that several commands share."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import click

MOST_PROCESSES = 8  # that a command starts unasked


def _in_digits(value: Any) -> bool:
    """Whether a text holds no digit of another script, nor Python's 1_000, which may be meant as 1.000."""
    return not isinstance(value, str) or (value.isascii() and "_" not in value)


class Integers(click.IntRange):
    """A range of integers in decimal digits, and in no other script's."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The integer that `value` writes."""
        if not _in_digits(value):
            self.fail(f"{value!r} is not written in the digits 0 to 9 alone.", param, ctx)
        return super().convert(value, param, ctx)


class Numbers(click.FloatRange):
    """A range of finite numbers in decimal digits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that `value` writes."""
        if not _in_digits(value):
            self.fail(f"{value!r} is not written in the digits 0 to 9 alone.", param, ctx)
        found = super().convert(value, param, ctx)
        if found is not None and not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


def builtin(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The name `value` of an activation, if it is one of those that are built in.

    Parameters
    ----------
    ctx : click.Context
    param : click.Parameter
    value : str

    Raises
    ------
    click.BadParameter
        If there is none of that name.
    """
    from twolayer.model.activation import available

    if value not in available():
        raise click.BadParameter(
            f"activation must be one of {', '.join(available())}; got {value[:80]!r}", ctx, param
        )
    return value


def known_executor(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The name `value` of an executor, refused before anything is loaded if it is none.

    Parameters
    ----------
    ctx : click.Context
    param : click.Parameter
    value : str
    """
    from numerics.sweeps.executors import require_executor

    require_executor(value)
    return value


LOSSES = ("squared", "logistic", "softmax", "pseudo_huber")


def saved_network(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a `command` the options --model, --data and --loss."""
    options = (
        click.option(
            "--model",
            required=True,
            type=click.Path(dir_okay=False),
            help="npz or safetensors with a, W, optionally b, c, activation.",
        ),
        click.option(
            "--data",
            required=True,
            type=click.Path(dir_okay=False),
            help="npz or MATLAB with X (n, d) and y, or csv, npy, parquet.",
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


def executor_at_hand() -> str:
    """A process for each core that this one may use, up to `MOST_PROCESSES`; "here" where there is one."""
    may_use = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    cores = min(len(may_use(0)), MOST_PROCESSES)
    return f"processes:{cores}" if cores > 1 else "here"


def long_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a `command` the options --seed, --executor (as `where`), --store and --max-seconds."""
    options = (
        click.option(
            "--seed", default=0, show_default=True, type=Integers(min=0), help="Determines every number."
        ),
        click.option(
            "--executor",
            "where",
            default=executor_at_hand,
            show_default=f"processes:N, a process a core, at most {MOST_PROCESSES}",
            envvar="TWOLAYER_EXECUTOR",
            callback=known_executor,
            help="threads:N, processes:N, dask://HOST:PORT, or here: in this process.",
        ),
        click.option(
            "--store",
            type=click.Path(file_okay=False),
            help="Folder to keep finished work in. Default: one beside --out, removed at the end.",
        ),
        click.option(
            "--max-seconds",
            type=Numbers(min=0),
            help="Work no longer than this: report what is finished then.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def as_typed() -> str:
    """The command that is running, with the options that were given."""
    import shlex

    from click.core import ParameterSource

    context = click.get_current_context()
    words = ["twolayer", str(context.command.name)]
    for option in context.command.params:
        name = option.name or ""
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            value = context.params[name]
            words += [option.opts[-1]] if value is True else [option.opts[-1], str(value)]
    return shlex.join(words)
