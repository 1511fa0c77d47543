"""An attack on the promise that a killed run loses nothing: runs are killed, what they leave is looked at.

    python -m benchmarks kills --count 30

`twolayer basins` and `twolayer reproduce`, on this process, threads and processes, are ended by SIGKILL or
SIGINT at random times, again and again in one folder, so that each goes on where the last was stopped. After
each: no traceback was printed; an earlier report in the output folder is whole; no shard that was whole is
missing; no process of the run is left; and after SIGINT no draft is left beside the output. Then two runs at
once into one folder, folders that are links or cannot be written, and (as root, on Linux) a file system of a
few MiB that fills up. With --whole one more run of each kind is killed when some of its work is finished, and
let finish when it is begun again; its numbers are compared with those of a run that nobody disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from numerics.files.folders import fresh_folder, write_text
from numerics.files.seals import SEAL
from numerics.sweeps.store import Store

RUN = "from numerics.commands.main import main; main()"
ROOT = Path(__file__).parents[1]
KINDS = {
    "basins here": ["basins", "--quick"],
    "basins on threads": ["basins", "--quick", "--executor", "threads:2"],
    "basins on processes": ["basins", "--quick", "--executor", "processes:2"],
    "reproduce": ["reproduce", "--quick", "--parts", "two-layer"],
    "reproduce all": ["reproduce", "--quick", "--parts", "all"],
}
EARLIER = "an earlier report"
UNREPEATED = ("seconds", "timing", "versions", "folder", "command", "date", "seal")
"""Words in the names of fields of results whose content differs from run to run."""


@dataclass
class Report:
    """How many runs were ended, and the promises that were broken."""

    ended: int = 0
    broken: list[str] = field(default_factory=list)

    def expect(self, kept: bool, what: str) -> None:
        """Count a promise that was not `kept`."""
        if not kept:
            self.broken.append(what)


def started(words: list[str], out: Path, seed: int = 0) -> subprocess.Popen[str]:
    """The command, on its way, in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *words, "--out", str(out), "--seed", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(run: subprocess.Popen[str], how: int, seconds: float) -> str:
    """What a `run` ended by `how` after so many `seconds` says on stderr, once all of it is gone."""
    try:
        return run.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        run.send_signal(how)
    try:  # stderr ends when the last process that holds it does: workers too
        return run.communicate(timeout=120)[1]
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        return f"{run.communicate()[1]}\nTraceback: processes were left behind"


def shards(folder: Path) -> set[Path]:
    """The whole shards of every store below `folder`."""
    found: set[Path] = set()
    for manifest in folder.rglob("sweep.json"):
        mark = json.loads(manifest.read_text(encoding="utf-8"))
        store = Store(manifest.parent, mark["key"], mark["count"])
        found |= {store.path(i) for i in range(store.count) if store.path(i).exists() and store.read(i)}
    return found


def kills(name: str, count: int, longest: float, report: Report, rng: random.Random, folder: Path) -> Path:
    """End a command of the kind `name` so many times in one folder."""
    out = folder / "out"
    with fresh_folder(out) as draft:
        write_text(draft / "earlier.txt", EARLIER)
    before = shards(folder)
    for number in range(count):
        how = (signal.SIGKILL, signal.SIGINT)[number % 2]
        dead = set(folder.glob(".out*"))  # what a killed run left: one that is stopped at once clears nothing
        run = started(KINDS[name], out)
        said = ended(run, how, rng.uniform(1.0, longest))
        report.ended += 1
        where = f"{name}, {how.name} number {number}"
        report.expect("Traceback" not in said, f"{where}: {said[-600:]}")
        finished = run.returncode in (0, 3) or (out / "results.json").exists()
        whole = finished or (out / "earlier.txt").read_text() == EARLIER
        report.expect(whole, f"{where}: the earlier report is gone")
        drafts = [path.name for path in folder.glob(".out*") if path not in dead]
        report.expect(how == signal.SIGKILL or not drafts, f"{where}: {drafts} are left")
        found = shards(folder)
        report.expect(run.returncode == 0 or found >= before, f"{where}: shards were lost")
        report.expect(run.returncode != 2, f"{where}: refused: {said[-600:]}")
        before = found
        print(f"{where}: exit {run.returncode}, {len(found)} shards", flush=True)
    return out


def difference(one: object, other: object, place: str = "results") -> str:
    """Where two results differ first, but for times, versions and what the command was; "" if nowhere."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        seal = {SEAL} if "seconds" in one or "timing" in one else set[str]()  # of times as well
        names = [name for name in one if name not in seal and not any(word in name for word in UNREPEATED)]
        pairs = [(one[name], other[name], f"{place}.{name}") for name in names]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(a, b, f"{place}[{at}]") for at, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        alike = one == other or (one != one and other != other)  # NaN is none of the reasons
        return "" if alike else f"{place}: {str(one)[:80]} against {str(other)[:80]}"
    return next((found for found in (difference(*pair) for pair in pairs) if found), "")


def killed_at_work(name: str, out: Path, report: Report, rng: random.Random) -> None:
    """Kill one more run, when some of its work is finished and not all of it."""
    run = started(KINDS[name], out)
    while run.poll() is None and not shards(out.parent):
        time.sleep(0.1)
    said = ended(run, signal.SIGKILL, rng.uniform(0.1, 3.0))
    report.ended += 1
    count = len(shards(out.parent))
    report.expect(
        run.returncode == -signal.SIGKILL and count > 0, f"{name}: not killed at work: {said[-600:]}"
    )
    print(f"{name}, SIGKILL at work: exit {run.returncode}, {count} shards", flush=True)


def finished(name: str, out: Path, report: Report) -> None:
    """Let a run that was killed finish, and compare it with one that was not."""
    calm = out.with_name("calm")
    for each in (out, calm):
        run = started(KINDS[name], each)
        said = run.communicate()[1]
        report.expect(run.returncode == 0, f"{name}: exit {run.returncode}: {said[-600:]}")
    one, other = (json.loads((each / "results.json").read_text()) for each in (out, calm))
    apart = difference(one, other)
    report.expect(not apart, f"{name}: a run that was killed gives other numbers: {apart}")


def refused(words: list[str], out: Path, what: str, report: Report) -> None:
    """A run that has to end with one line on stderr."""
    run = started(words, out)
    said = run.communicate(timeout=600)[1]
    lines = [line for line in said.splitlines() if line.startswith(("Error", "Traceback"))]
    one = run.returncode == 2 and len(lines) == 1 and lines[0].startswith("Error")
    report.expect(one, f"{what}: exit {run.returncode}: {said[-600:]}")
    print(f"{what}: exit {run.returncode}: {' '.join(lines)}", flush=True)


def places(report: Report, folder: Path) -> None:
    """Outputs where nothing can be written, or where another run writes."""
    (folder / "file").write_text("a file")
    (folder / "target").mkdir()
    (folder / "link").symlink_to(folder / "target")
    (folder / "nowhere").symlink_to(folder / "absent")
    for words in (KINDS["reproduce"], KINDS["basins here"]):
        for name in ("file", "file/below", "link", "nowhere", "x" * 300):
            refused(words, folder / name, f"{words[0]} into {name[:20]}", report)
        for name in ("/proc/out", "/dev/null/out"):
            refused(words, Path(name), f"{words[0]} into {name}", report)
    first = started(KINDS["basins here"], folder / "two")
    end = time.monotonic() + 120
    while not list(folder.glob(".two-lock")) and time.monotonic() < end:
        time.sleep(0.1)
    refused(KINDS["basins here"], folder / "two", "a second run into one folder", report)
    said = ended(first, signal.SIGINT, 1.0)
    report.expect("Traceback" not in said, f"the first of two runs, interrupted: {said[-600:]}")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path | None]:
    """A file system in memory of the given size; None where it may not be mounted."""
    place = folder / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def full_disk(report: Report, folder: Path) -> None:
    """Runs on a file system that is full, or that fills up."""
    for size, leave in (("64k", 0), ("128k", 16_384)):
        (folder / size).mkdir()
        with small_disk(folder / size, size) as disk:
            if disk is None:
                print("a full disk: not tried, no file system may be mounted here")
                return
            fill(disk / "filler", leave)
            for words in (KINDS["basins here"], KINDS["reproduce"]):
                run = started(words, disk / "out")
                said = ended(run, signal.SIGINT, 240.0)
                report.expect("Traceback" not in said, f"{words[0]} on a full disk: {said[-600:]}")
                report.expect(run.returncode != 0, f"{words[0]} on a full disk says that all is well")
                print(
                    f"{words[0]}, {leave} bytes left: exit {run.returncode}: {said.strip()[-300:]}",
                    flush=True,
                )


def fill(path: Path, leave: int) -> None:
    """Write until the disk is full, then give back so many bytes."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - leave))


def main(words: list[str]) -> int:
    """Print what the attack found; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks kills", description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="kills of each kind, 30 by default")
    parser.add_argument("--kinds", nargs="*", choices=tuple(KINDS), default=list(KINDS), metavar="KIND")
    parser.add_argument("--longest", type=float, default=40.0, help="latest second of a kill, 40 by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="let runs finish, and compare their numbers")
    parser.add_argument("--kills-only", action="store_true", help="no odd folders, no full disks")
    chosen = parser.parse_args(words)
    # started in the background of a shell this process, and so its children, would ignore SIGINT
    signal.signal(signal.SIGINT, signal.default_int_handler)
    report, rng = Report(), random.Random(chosen.seed)
    for name in chosen.kinds:
        with tempfile.TemporaryDirectory() as folder:
            out = kills(name, chosen.count, chosen.longest, report, rng, Path(folder))
            if chosen.whole:
                killed_at_work(name, out, report, rng)
                finished(name, out, report)
    if not chosen.kills_only:
        with tempfile.TemporaryDirectory() as folder:
            places(report, Path(folder))
            full_disk(report, Path(folder))
    print(
        "\n".join([f"{report.ended} runs were ended; {len(report.broken)} promises broken", *report.broken])
    )
    return int(bool(report.broken))
