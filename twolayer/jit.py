"""The one place that says how kernels are compiled and where the machine code is kept.

Numba keys its cache by a function's own file: after an edit of an inner kernel in another file the
caller would go on returning old numbers. Here the cache folder is named by a hash of every kernel
source of the package, so any edit, and any new version, starts a new folder. Folders of other
versions that nobody used for `KEEP_DAYS` are removed.

The folder lies under the environment variable ``TWOLAYER_CACHE_DIR`` if set, else under the user's
cache folder. Where it cannot be written, kernels are compiled in memory, anew in each process.
"""

import hashlib
import inspect
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.compiler import Compiler

P = ParamSpec("P")
T = TypeVar("T")

# error_model="numpy": the check for a zero divisor would stop vectorisation.
# fastmath contract alone: reassociation would silently break compensated arithmetic.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
KEEP_DAYS = 30
SETTINGS: Any = numba.config
SOURCES = Path(__file__).parent


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function` to run on one thread, its machine code cached."""
    return _compile(function)


def scalar_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """As `kernel`, and always inlined by its callers: only then do loops over it become vectors."""
    return _compile(function, forceinline=True)


def reduction_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function`, whose sums may be evaluated in any order (so that they vectorise).

    Only for sums whose error bound holds in every order.
    """
    return _compile(function, fastmath={"contract", "reassoc", "nsz"})


def vector_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function`, whose arrays must not overlap: loops over them become vectors without checks.

    It frees the GIL. Neither it nor its callers may be inlined, or the promise is lost.
    """
    return _compile(function, pipeline_class=_Apart, nogil=True)


def pointer_kernel(signature: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Compile for one `signature` whose arguments may be kernels, passed as pointers; it frees the GIL.

    One compiled function then serves every activation and loss, and is cached on disk: numba does not cache
    a function that is specialised to the functions it is given. A kernel has to be compiled for the pointer's
    own signature before it is passed, by having been called.
    """
    return lambda function: _compile(function, signature=signature, nogil=True)


class _Apart(Compiler):
    """Numba's compiler with the flag, which no option of its own sets, that arrays do not overlap."""

    def __init__(self, *arguments: Any) -> None:
        flags = arguments[5]
        flags.noalias = True
        super().__init__(*arguments)  # type: ignore[no-untyped-call]


def _compile(function: Callable[P, T], signature: Any = None, **options: Any) -> Callable[P, T]:
    if SETTINGS.DISABLE_JIT:
        return function
    folder = kernel_folder()
    cached = folder is not None and os.path.exists(inspect.getfile(function))
    with _numba_caches_in(folder):
        compiled = numba.njit(signature, cache=cached, **OPTIONS | options)(function)
    return cast(Callable[P, T], compiled)


@contextmanager
def _numba_caches_in(folder: Path | None) -> Iterator[None]:
    # Numba reads this setting while decorating and never again, so other numba code is untouched.
    before = SETTINGS.CACHE_DIR
    SETTINGS.CACHE_DIR = "" if folder is None else str(folder)
    try:
        yield
    finally:
        SETTINGS.CACHE_DIR = before


def cache_root() -> Path:
    """The folder that holds everything the package caches; it may not exist yet."""
    chosen = os.environ.get("TWOLAYER_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("twolayer", appauthor=False)


@cache
def source_hash() -> str:
    """Hash of the path and text of every source file of the package, 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(SOURCES.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def kernel_folder() -> Path | None:
    """The folder of this version's machine code, made writable; None where that is impossible."""
    folder = cache_root() / "kernels" / source_hash()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        os.utime(folder)
    except OSError:
        return None
    _remove_stale(folder)
    return folder


def _remove_stale(folder: Path) -> None:
    oldest = time.time() - KEEP_DAYS * 86400
    for sibling in folder.parent.iterdir():
        if sibling == folder or not re.fullmatch("[0-9a-f]{16}", sibling.name):
            continue
        try:
            if sibling.stat().st_mtime < oldest:
                shutil.rmtree(sibling)
        except OSError:  # another process was faster, or the folder is not ours
            continue
