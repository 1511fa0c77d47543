"""The one place that says how kernels are compiled and where the machine code is kept.

Numba keys its cache by a function's own file: after an edit of an inner kernel in another file the
caller would go on returning old numbers. Here the cache folder is named by a hash of every kernel
source of the package, so any edit, and any new version, starts a new folder. Folders of other
versions that nobody used for `KEEP_DAYS` are removed.

The folder lies under the environment variable ``TWOLAYER_CACHE_DIR`` if set, else under the user's
cache folder. Where it cannot be written, or others may write into it, kernels are compiled in memory, anew in
each process; so is a kernel whose file is damaged or cannot be kept.
"""

import hashlib
import inspect
import os
import pickle
import re
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
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


def error_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """As `reduction_kernel`, for bounds that add the smallest numbers to products: no addition is fused.

    A fused multiply-add with a subnormal addend costs Intel's processors a hundred cycles and more; a
    multiplication and an addition after it cost two.
    """
    return _compile(function, fastmath={"reassoc", "nsz"})


def scalar_error_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """As `scalar_kernel`, no addition being fused, as in `error_kernel`, nor its order changed."""
    return _compile(function, fastmath=False, forceinline=True)


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
    compiled = numba.njit(**OPTIONS | options)(function)
    if folder is not None and os.path.exists(inspect.getfile(function)):
        with _numba_caches_in(folder):
            compiled._cache = KernelCache(function)
    if signature is not None:
        compiled.compile(signature)
        compiled.disable_compile()
    return cast(Callable[P, T], compiled)


class _Checked(IndexDataCacheFile):
    """Numba's files of one kernel, each behind its checksum: machine code with a wrong bit is not run."""

    def _save_index(self, overloads: Any) -> None:
        self._put(self._index_path, self._version, (self._source_stamp, overloads))

    def _load_index(self) -> Any:
        if not os.path.exists(self._index_path):
            return {}
        version, (stamp, overloads) = self._get(self._index_path)
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_data(self, name: str, data: Any) -> None:
        self._put(os.path.join(self._cache_path, name), self._version, data)

    def _load_data(self, name: str) -> Any:
        return self._get(os.path.join(self._cache_path, name))[1]

    def _put(self, path: str, *content: Any) -> None:
        body = self._dump(content)  # type: ignore[no-untyped-call]
        with self._open_for_write(path) as file:
            os.chmod(file.name, 0o600)  # whatever the umask says
            file.write(hashlib.blake2b(body).digest() + body)

    def _get(self, path: str) -> Any:
        written = read_own(path)
        size = hashlib.blake2b().digest_size
        if hashlib.blake2b(written[size:]).digest() != written[:size]:
            raise ValueError("its checksum is wrong")
        return pickle.loads(written[size:])


class KernelCache(FunctionCache):
    """Numba's cache of one kernel, whose every failure means that the kernel is compiled in memory."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        given = self._cache_file
        base, stamp = self._impl.filename_base, given._source_stamp
        self._cache_file = _Checked(self._cache_path, base, stamp)  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code kept for a signature; None, said once, if it is damaged."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as reason:  # whatever a damaged file makes its reader raise
            _say_once(f"a damaged file was left aside, and its kernel compiled again ({_why(reason)})")
            with suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code; a full disk, said once, loses nothing but time."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except Exception as reason:  # a disk that is full, a folder that is gone
            _say_once(f"compiled kernels could not be kept ({_why(reason)})")


@cache
def _say_once(what: str) -> None:
    warnings.warn(f"twolayer's cache of kernels: {what}", RuntimeWarning, stacklevel=2)


def _why(reason: Exception) -> str:
    strerror = getattr(reason, "strerror", None)
    return strerror.lower() if strerror else type(reason).__name__


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
    try:
        root = cache_root()
        folder = root / "kernels" / source_hash()
        for each in (root, root / "kernels", folder):
            if not each.is_dir():
                each.parent.mkdir(parents=True, exist_ok=True)
                each.mkdir(mode=0o700, exist_ok=True)
            if not _own(each.stat()):
                _say_once(f"{each} belongs to another user or may be written by others, so it is not used")
                return None
        tempfile.TemporaryFile(dir=folder).close()
        os.utime(folder)
    except (OSError, RuntimeError, KeyError):  # no permission, no room, or a user without a home
        return None
    _remove_stale(folder)
    return folder


def read_own(path: str | Path, most: int = 2**31) -> bytes:
    """What a file of the cache holds.

    Raises
    ------
    ValueError
        If another user could have written it, or it is no ordinary file of at most `most` bytes.
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        if not _own(found):
            raise ValueError("it is not the user's own alone")
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise ValueError("it is no file of the cache's")
        return file.read()


def _own(found: os.stat_result) -> bool:
    """Whether this user alone can write a file, or into a folder: what is found there is unpickled."""
    if not hasattr(os, "getuid"):  # Windows, where a profile's folders are its user's own
        return True
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


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
