"""The results as a table, for a terminal and for a page, and the machine they were found on."""

import os
import platform
import re
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import CPU_CLOCK, THREADS
from .case import Case
from .fingerprint import date
from .race import Timing

CLOCK = "the target"  # with which the name of a contender begins that only waits
WIDTHS = {"avx512f": "AVX-512", "avx2": "AVX2"}  # the widest first
LIBRARIES = ("numpy", "scipy", "numba", "torch", "jax", "diffrax", "curvlinops-for-pytorch")

BLOCK = re.compile(r"(?<=<!-- made by python -m benchmarks -->\n).*?(?=<!-- end -->)", re.DOTALL)
"""Where a page holds a table of ours."""

ON_A_PAGE = """Made on {day} by `{command}`, with the code of {date}; run it to see your own machine's.

{machine}. Everything in float64; inputs are drawn with seed 0; threads: {threads}; clock: {clock}.
All are timed in turns in one process, after compilation; the times are medians. In brackets: how many times
as long as ours it took.

| work | size | twolayer | others |
|---|---|---|---|
"""

HEAD = """# Benchmarks

Made by `python -m benchmarks`.

{machine}. Everything in float64; threads: {threads}; clock: {clock}.
Ours and the peers' are timed in turns in one process, after compilation; the times are medians. In brackets:
how many times longer than ours it took, and how many times longer it should take at least (met or missed).

| work | size | twolayer | peers |
|---|---|---|---|
"""


def machine() -> dict[str, str]:
    """The processor, the number of its cores, and the versions of the libraries."""
    found = {"processor": _processor(), "cores": str(os.cpu_count()), "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> str:
    """The processor's name, and how wide its vectors are where the system says so: one name covers both."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        flags = next((line.split() for line in lines if line.startswith("flags")), [])
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
    width = next((said for flag, said in WIDTHS.items() if flag in flags), "")
    return f"{name} ({width})" if width else name


def seconds_text(seconds: float) -> str:
    """Three digits with a unit.

    >>> seconds_text(0.01234)
    '12.3 ms'
    """
    unit, scale = next(
        (u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)) if seconds >= s or u == "us"
    )
    return f"{seconds / scale:.3g} {unit}"


def _peer(timing: Timing) -> str:
    if timing.seconds is None or timing.ratio is None:
        return f"{timing.name}: not installed"
    verdict = "met" if timing.met else "missed"
    return (
        f"{timing.name}: {seconds_text(timing.seconds)} ({timing.ratio:.3g}; {timing.target:.3g} {verdict})"
    )


def row(case: Case, timings: list[Timing]) -> str:
    ours, peers = timings[0], timings[1:]
    assert ours.seconds is not None
    return f"| {case.work} | {case.size} | {seconds_text(ours.seconds)} | {'<br>'.join(map(_peer, peers))} |"


def memory_row(size: str, total: int, imports: int, limit: float) -> str:
    verdict = "met" if total < limit else "missed"
    note = f"{imports / 1e9:.2f} GB of it the imports; at most {limit / 1e9:.3g} GB {verdict}"
    return f"| peak memory of the exact Frobenius norm | {size} | {total / 1e9:.2f} GB | {note} |"


def head(found: dict[str, str]) -> str:
    return HEAD.format(**_setting(found))


def _setting(found: dict[str, str]) -> dict[str, Any]:
    known = [name for name in ("python", *LIBRARIES) if found[name] != "not installed"]
    libraries = ", ".join(f"{name} {found[name]}" for name in known)
    text = f"{found['processor']}, {found['cores']} cores; {libraries}"
    return {"machine": text, "threads": THREADS, "clock": "processor time" if CPU_CLOCK else "wall"}


def record(found: dict[str, str], command: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A run as plain data: machine, command, days of the run and of its code, settings, and a row a case."""
    settings = {"threads": THREADS, "clock": "processor time" if CPU_CLOCK else "wall"}
    return {
        "machine": found,
        "command": command,
        "day": time.strftime("%Y-%m-%d"),
        "code": date(),
        "settings": settings,
        "results": records,
    }


def beside(page: Path) -> Path:
    """Where the numbers of a `page` lie."""
    return page.parent / "measured" / f"{page.stem}.json"


def in_page(text: str, found: dict[str, str], command: str, records: list[dict[str, Any]]) -> str:
    """The `text` of a page with the table of `records` in it, in place of the one that it holds.

    Raises
    ------
    ValueError
        If the page holds no place for a table.
    """
    if not BLOCK.search(text):
        raise ValueError("the page must hold a block made by python -m benchmarks; got none")
    top = ON_A_PAGE.format(**_setting(found), day=time.strftime("%Y-%m-%d"), date=date(), command=command)
    table = top + "".join(map(_on_a_page, records))
    return BLOCK.sub(lambda _: table, text, count=1)


def _on_a_page(record: dict[str, Any]) -> str:
    if "timings" not in record:
        imports = f"{record['imports'] / 1e9:.2f} GB of it the imports"
        size = f"{record['bytes'] / 1e9:.2f} GB"
        return f"| peak memory of the exact Frobenius norm | {record['size']} | {size} | {imports} |\n"
    ours, *peers = record["timings"]
    others = [
        f"{peer['name']}: {seconds_text(peer['seconds'])} ({peer['ratio']:.3g})"
        for peer in peers
        if peer["seconds"] is not None and not peer["name"].startswith(CLOCK)
    ]
    times = f"{seconds_text(ours['seconds'])} | {'<br>'.join(others)}"
    return f"| {record['work']} | {record['size']} | {times} |\n"


def as_data(case: Case, timings: list[Timing]) -> dict[str, Any]:
    return {"work": case.work, "size": case.size, "timings": [vars(t) | {"met": t.met} for t in timings]}
