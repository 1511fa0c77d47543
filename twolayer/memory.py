"""How much memory there is: the machine's, or what its container allows."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

UNKNOWN = 8 * 2**30
"""What is assumed where neither the system nor a container says."""

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def available() -> float:
    """Bytes of memory that this process may hope for; what a container allows is read once.

    Examples
    --------
    >>> available() > 2**20
    True
    """
    return min(_machine(), _allowed(LIMITS))


@cache
def _allowed(paths: tuple[str, ...]) -> float:
    return min(filter(None, map(_limit, paths)), default=math.inf)


def _machine() -> int:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, others not every name
        return UNKNOWN


def _limit(path: str) -> int | None:
    """What a control group allows; None where it says nothing or "max"."""
    try:
        text = Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None
