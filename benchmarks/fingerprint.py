"""A fingerprint of the code that makes the numbers of a recorded run, without comments and pictures."""

from __future__ import annotations

import ast
import hashlib
import io
import subprocess
import time
import tokenize
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PACKAGES = ("twolayer", "theory", "numerics")

SILENT = (
    "twolayer/testing",
    "theory/certify",
    "theory/emit",
    "theory/pages",
    "theory/proofs",
    "numerics/commands",
    "numerics/deep/theorems",
    "numerics/deep/torch",
    "numerics/deep_study/wu_ma_e",
    "numerics/falsify",
    "numerics/figures",
    "numerics/manifold",
    "numerics/pages",
    "numerics/report",
    "numerics/verify",
)
"""Rooms that draw, print, prove or answer other questions, and so change no number of the run."""

DRAWING = {
    *("figures.py", "glance.py", "page.py", "plots.py", "plotting.py"),
    *("report.py", "rows.py", "said.py", "seals.py", "sentences.py", "summary.py"),
    *("tables_drawn.py", "tables_shown.py"),
}
"""Files of `numerics` that show numbers and make none."""


def fingerprint(root: Path = ROOT) -> str:
    """Sixteen digits that change with the code of any file that :func:`sources` names."""
    digest = hashlib.sha256()
    for path in sources(root):
        text = bare(path.read_text(encoding="utf-8"))
        digest.update(f"{path.relative_to(root).as_posix()}\0{text}\0".encode())
    return digest.hexdigest()[:16]


def sources(root: Path = ROOT) -> list[Path]:
    """The files that make the numbers."""
    found = (path for package in PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [path for path in found if not silent(PurePosixPath(path.relative_to(root).as_posix()))]


def silent(path: PurePosixPath) -> bool:
    """Whether a file shows numbers and makes none."""
    shown = path.parts[0] == "numerics" and path.name in DRAWING
    return shown or any(str(room) in SILENT for room in path.parents)


def bare(code: str) -> str:
    """`code` without comments, docstrings and blank lines, the same for every version of Python.

    >>> bare('x = 1  # one')
    'x = 1'
    """
    lines = code.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(code)):
        for part in getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else []:
            if (
                isinstance(part, ast.Expr)
                and isinstance(part.value, ast.Constant)
                and isinstance(part.value.value, str)
            ):
                lines[part.lineno - 1 : part.end_lineno] = [""] * (
                    (part.end_lineno or part.lineno) - part.lineno + 1
                )
    return "\n".join(line.rstrip() for line in lines if line.strip())


def date() -> str:
    """The day of the newest commit that touched the code, or of the newest file where there is no git."""
    call = ["git", "log", "-1", "--format=%cs", "--", *PACKAGES]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        return done.stdout.strip()
    return time.strftime("%Y-%m-%d", time.gmtime(max(path.stat().st_mtime for path in sources())))
