"""Names of drafts that say whose they are, so that those of killed runs can be told and cleared."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
OWNER = re.compile(r"(?P<host>[0-9a-f]{8})-(?P<pid>[0-9]{1,9})-.*")


def prefix(what: str) -> str:
    """What the name of a draft of `what` by this process begins with.

    Examples
    --------
    >>> dead(prefix("report") + "x7f", "report")
    False
    """
    return f".{what}-{HOST}-{os.getpid()}-"


def dead(name: str, what: str) -> bool:
    """Whether `name` is that of a draft of `what` by a run of this machine whose number no process bears."""
    made = OWNER.fullmatch(name.removeprefix(f".{what}-")) if name.startswith(f".{what}-") else None
    return made is not None and made["host"] == HOST and not alive(int(made["pid"]))


def alive(pid: int) -> bool:
    """Whether a process of this number runs on this machine; True where that cannot be asked."""
    if sys.platform == "win32":  # there os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # there is one, of another user
        return True
    return True


@contextmanager
def alone(target: Path, what: str = "the output folder must be written") -> Iterator[None]:
    """A block in which no other run has one for `target`, a path in a folder that exists.

    Parameters
    ----------
    target : Path
    what : str
        What a refusal says of it, up to "by one run at a time".

    Raises
    ------
    ValueError
        If another has. Where the system or the file system knows no locks, nothing is asked.
    """
    lock = target.with_name(f".{target.name}-lock")
    with _locked(lock, target, what):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@contextmanager
def _locked(lock: Path, target: Path, what: str) -> Iterator[None]:
    try:
        fcntl: Any = import_module("fcntl")
    except ImportError:  # Windows
        yield
        return
    if lock.exists() and not lock.is_file():
        raise ValueError(f"{lock} must be a lock of twolayer or absent; got a folder, a device or a pipe")
    while True:
        with lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{what} by one run at a time; got {target}, which another has") from None
            except OSError:  # a file system without locks
                yield
                return
            if _same(file.fileno(), lock):  # not one that a run has just removed at its end
                yield
                return


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
