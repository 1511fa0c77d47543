"""A checksum that results carry, so that a change made to them afterwards is seen."""

from __future__ import annotations

import hashlib
import json
from typing import Any

SEAL = "sha256"
UNSEALED = (SEAL, "timing")
"""What a checksum leaves out: itself, and times, in which equal runs differ."""


def sealed(results: dict[str, Any]) -> dict[str, Any]:
    """The `results` with the checksum of what a reader of their JSON will find.

    Examples
    --------
    >>> unbroken(sealed({"risk": 0.5}))
    True
    >>> unbroken({**sealed({"risk": 0.5}), "risk": 0.1})
    False
    """
    return {**results, SEAL: checksum(results)}


def unbroken(results: dict[str, Any]) -> bool:
    """Whether `results` that were read are those that were sealed."""
    return results.get(SEAL) == checksum(results)


def checksum(results: dict[str, Any]) -> str:
    """SHA-256 of the results as JSON with sorted keys, without `UNSEALED`."""
    kept = json.loads(json.dumps({name: each for name, each in results.items() if name not in UNSEALED}))
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
