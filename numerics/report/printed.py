"""A page as PDF, by whatever browser is at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
VARIABLE = "TWOLAYER_BROWSER"
"""Environment variable with the browser to take; empty for none."""

SECONDS = 60.0


def browser() -> str | None:
    """The program that `VARIABLE` names, else the first of `BROWSERS` on the path; None for neither."""
    names = [os.environ[VARIABLE]] if VARIABLE in os.environ else BROWSERS
    return next((found for name in names if name and (found := shutil.which(name))), None)


def printed(page: Path, target: Path) -> bool:
    """Print the HTML file `page` to the PDF `target`; False, and no file, where that is not possible.

    Nothing is loaded from a network: our pages hold all they show. A browser that takes longer than a
    minute is ended.
    """
    program = browser()
    if program is None:
        return False
    with tempfile.TemporaryDirectory() as profile:
        made = Path(profile) / "page.pdf"
        done = finished(
            [
                program,
                "--headless",
                "--disable-gpu",
                "--no-pdf-header-footer",
                "--disable-background-networking",
                f"--user-data-dir={profile}",
                f"--print-to-pdf={made}",
                *unsandboxed(),
                page.resolve().as_uri(),
            ]
        )
        if not done or not made.is_file() or not made.read_bytes().startswith(b"%PDF"):
            return False
        shutil.copyfile(made, target)
    return True


def unsandboxed() -> list[str]:
    """What the browser needs to run as root, whom its sandbox refuses; it opens nothing but our page."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def finished(command: list[str]) -> bool:
    """Whether `command` ended well within `SECONDS`; whatever it prints is dropped."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
