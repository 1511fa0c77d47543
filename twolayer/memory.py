"""How much memory there is: the machine's, or what its container allows."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

UNKNOWN = 8 * 2**30
"""What is assumed where neither the system nor a container says."""

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
OWN_GROUPS = "/proc/self/cgroup"


def available() -> float:
    """Bytes of memory that this process may hope for; what a container allows is read once.

    Examples
    --------
    >>> available() > 2**20
    True
    """
    return min(_machine(), _allowed((*LIMITS, *_of_groups(OWN_GROUPS, LIMITS))))


@cache
def _allowed(paths: tuple[str, ...]) -> float:
    return min(filter(None, map(_limit, paths)), default=math.inf)


@cache
def _of_groups(listed: str, limits: tuple[str, str]) -> tuple[str, ...]:
    """Files with the limits of this process's control groups and of those around them.

    A batch system or a service manager limits a group below the root, as lines "4:memory:/job/step" or, in
    version 2, "0::/job/step" say.
    """
    try:
        lines = Path(listed).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ()
    found = []
    for _, kinds, place in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        root = limits[1] if kinds else limits[0]
        if (kinds and "memory" not in kinds.split(",")) or ".." in Path(place).parts:
            continue
        folder, file = root.rsplit("/", 1)
        own = Path(place.lstrip("/"))
        found += [f"{folder}/{each}/{file}" for each in (own, *own.parents)]
    return tuple(found)


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
