"""A fresh process that imports the packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROBE = """
import numpy as np
from twolayer.model.activation import activation
Z = np.array([0.5]); S, S1, S2 = (np.empty(1) for _ in range(3))
activation("gaussian").jets(Z, S, S1, S2)
print(S[0])
"""


def probe(folder: Path, cache: Path, code: str = PROBE, **variables: str) -> str:
    """What `code` prints in a fresh process that imports the packages from `folder`."""
    environment = os.environ | {"TWOLAYER_CACHE_DIR": str(cache)} | variables
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
