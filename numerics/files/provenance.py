"""What a result was made with."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import twolayer as tl

PACKAGES = ("numpy", "scipy", "numba", "sympy", "matplotlib")


def versions() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    found = {"twolayer": tl.__version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = str(getattr(sys.modules.get(name), "__version__", "unknown"))
    return {**found, "machine": f"{platform.system()} {platform.machine()}"}
