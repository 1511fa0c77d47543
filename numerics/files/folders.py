"""Writing a folder of results whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from numerics.files.drafts import alone, dead, prefix

MARKER, ASIDE = ".twolayer", ".earlier"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextmanager
def fresh_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `path` when the block ends well, and vanishes when it does not.

    An earlier folder made by this function is replaced; anything else that exists is left alone. What a run
    that was killed left beside `path` is cleared; an earlier folder that it had moved aside is put back.

    Parameters
    ----------
    path : str or Path
        Where the folder is to appear. Missing parents are created.

    Yields
    ------
    Path
        An empty folder beside `path`, on the same file system.

    Raises
    ------
    ValueError
        If `path` exists and is neither an empty folder nor one of ours, cannot be written, or is being
        written by another run.
    """
    target = Path(os.path.abspath(path))
    with ExitStack() as held:
        try:
            _check_free(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(alone(target))
            _clear(target)
            draft = Path(tempfile.mkdtemp(prefix=prefix(target.name), dir=target.parent))
        except OSError as reason:
            raise _unwritable(path, reason) from reason
        held.callback(shutil.rmtree, draft, ignore_errors=True)
        try:
            (draft / MARKER).write_text("This folder was written by twolayer, which may replace it.\n")
            yield draft
            draft.chmod(0o777 & ~_umask())
            _put_in_place(draft, target)
        except OSError as reason:
            if str(draft) not in str(reason.filename) and reason.errno not in FULL:
                raise
            raise _unwritable(path, reason) from reason


def _unwritable(path: str | Path, reason: OSError) -> ValueError:
    return ValueError(f"the output folder must be one that can be written; got {path}: {reason.strerror}")


def _clear(target: Path) -> None:
    """Remove the drafts of killed runs; one killed between two renamings left the earlier folder aside."""
    for beside in target.parent.glob(".*"):
        aside = dead(beside.name, f"{target.name}{ASIDE}")
        if aside and _ours(beside) and not target.exists():
            beside.rename(target)
        elif aside or dead(beside.name, target.name):
            shutil.rmtree(beside, ignore_errors=True)


def _umask() -> int:
    """Return the permissions that new folders lack; ``mkdtemp`` makes them private whatever it says."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_free(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and not target.is_symlink() and (_ours(target) or not any(target.iterdir())):
        return
    raise ValueError(
        f"the output folder must be new, empty, or an earlier report of twolayer; got {target}, "
        "which holds something else: choose another with --out"
    )


def _ours(target: Path) -> bool:
    return (target / MARKER).is_file()


def _put_in_place(draft: Path, target: Path) -> None:
    """Rename `draft` to `target`; an earlier folder is moved aside first and removed last."""
    _check_free(target)
    if not target.exists():
        draft.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=prefix(f"{target.name}{ASIDE}"), dir=target.parent))
    target.rename(aside)
    try:
        draft.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all, as UTF-8 with Unix line ends."""
    write_bytes(path, lambda stream: stream.write(text.encode()))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as JSON that any reader takes: no NaN, no infinities."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def require_writable(out: str) -> None:
    """Refuse a file `out` that cannot be written later, before any work is done for it.

    Parameters
    ----------
    out : str
        A path as given to --out; a link stands for the file behind it.

    Raises
    ------
    ValueError
        If its folder is absent or cannot be written, or it is no ordinary file: a device, a pipe, a loop.
    """
    target = Path(os.path.realpath(out))
    if not target.parent.is_dir():
        raise ValueError(f"--out must be a file in a folder that exists; got {out}")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise ValueError(f"--out must be a new or an ordinary file; got {out}, a device, a pipe or a loop")
    if not os.access(target.parent, os.W_OK):
        raise ValueError(f"--out must be a file in a folder that can be written; got {out}")


@contextmanager
def kept_folder(path: str | Path) -> Iterator[Path]:
    """Give the folder `path` itself, new or one of ours, to add to: what is in it stays, whatever happens.

    Raises
    ------
    ValueError
        As for :func:`fresh_folder`.
    """
    target = Path(os.path.abspath(path))
    with ExitStack() as held:
        try:
            _check_free(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(alone(target))
            target.mkdir(exist_ok=True)
            write_text(target / MARKER, "This folder was written by twolayer, which may replace it.\n")
        except OSError as reason:
            raise _unwritable(path, reason) from reason
        try:
            yield target
        except OSError as reason:
            if reason.errno not in FULL:
                raise
            raise _unwritable(path, reason) from reason


@dataclass
class Work:
    """A folder of finished work.

    Attributes
    ----------
    folder : Path
    needless : bool
        Whether it is to be removed at the end, because what was made of it is in its place.
    """

    folder: Path
    needless: bool = False


@contextmanager
def work_folder(path: str | Path) -> Iterator[Work]:
    """Keep the folder `path` of finished work for one run alone, which may call it needless.

    It is removed, if at all, while it is still this run's: another that begins at the same moment is refused,
    or finds nothing, and never a folder that vanishes below it.

    Parameters
    ----------
    path : str or Path
        It need not exist, and is not made; the folder it is to be in is. Where no lock can be made beside it,
        other runs are not asked for.

    Yields
    ------
    Work

    Raises
    ------
    ValueError
        If another run has it.
    """
    work, place = Work(Path(path)), Path(os.path.realpath(path))
    with ExitStack() as held:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(alone(place, "the folder of finished work must be used"))
        yield work
        if work.needless:
            shutil.rmtree(work.folder, ignore_errors=True)


def write_bytes(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill the file `path`, whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=prefix(path.name), dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
