"""Ctrl-C while a command ends: a report that is being written is finished, or one line says what is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from numerics.files.folders import FULL


@contextmanager
def held(what: str) -> Iterator[None]:
    """A block that the first Ctrl-C does not end; it is answered on stderr, and the second ends the block.

    Parameters
    ----------
    what : str
        What the block does, for the answer.

    Raises
    ------
    KeyboardInterrupt
        At the second Ctrl-C.

    Notes
    -----
    Only the main thread may set signal handlers: in any other the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def answer(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True
        click.echo(f"Ctrl-C waits until {what}; Ctrl-C again ends without.", err=True)

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def said_when_stopped(kept: Path) -> Iterator[None]:
    """A block whose end by Ctrl-C is said in one line, with the exit code 130; by a full disk, what is kept.

    Parameters
    ----------
    kept : Path
        Folder of the finished work.

    Raises
    ------
    click.exceptions.Exit
        With the code 130, for a KeyboardInterrupt.
    ValueError
        That the disk is full, say, with where finished work is kept.
    """
    try:
        yield
    except ValueError as reason:
        cause = reason.__cause__
        if not (isinstance(cause, OSError) and cause.errno in FULL and any(kept.rglob("*.npz"))):
            raise
        raise ValueError(f"{reason}; finished work is kept in {kept}: the same command goes on") from cause
    except KeyboardInterrupt:
        click.echo(f"Stopped; finished work is kept in {kept}: the same command goes on.", err=True)
        raise click.exceptions.Exit(130) from None


def unfinished(kept: Path, failures: list[str], interrupted: bool = False) -> NoReturn:
    """Say on stderr what failed, if anything did, and that the rest is kept; and end.

    Parameters
    ----------
    kept : Path
        Folder of the finished work.
    failures : list of str
        Of :class:`numerics.sweeps.workplace.Workplace`; the first is what broke, the others follow from it.
    interrupted : bool
        Whether Ctrl-C ended the work.

    Raises
    ------
    click.exceptions.Exit
        With the code 130 after Ctrl-C, 1 after a failure, else 3: out of time.
    """
    for said in failures[:1]:
        click.echo(f"Error: {said}", err=True)
    click.echo(f"Not finished; what is done is kept in {kept}: the same command goes on.", err=True)
    raise click.exceptions.Exit(130 if interrupted else 1 if failures else 3)
