"""How often a soft volume is trusted and outside its interval, on singular and symmetric posteriors.

``python -m benchmarks volumes --processes 2 --store work --write docs/volumes-battery.md`` makes the page.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics import volume
from numerics.statistics.shares import share
from numerics.sweeps.executors import executor
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.threads import one_thread
from numerics.sweeps.workplace import Workplace, as_plain
from numerics.volume.estimate import TRUSTED

from .battery_cases import Case, cases
from .battery_page import page
from .battery_regions import RUNS, regions

TARGET = 0.05
"""Share of trusted values that may lie outside their 95 % interval."""


@dataclass(frozen=True)
class Tried:
    """The task of one piece, ("soft" or an estimator of regions, number of the case, repeat).

    Parameters
    ----------
    short : bool
    seed : int
    options : tuple of (str, int)
        `steps` and `walkers` of the soft volume, where they are not its own.
    """

    short: bool
    seed: int
    options: tuple[tuple[str, int], ...] = ()

    def __call__(self, piece: tuple[str, int, int]) -> Shard:
        kind, index, repeat = piece
        rng = np.random.default_rng([self.seed, index, repeat])
        if kind == "soft":
            row = tried(cases(self.short)[index], rng, dict(self.options))
        else:
            region = regions(self.short)[index]
            found = RUNS[kind](region, rng)
            row = {"kind": region.kind, "name": region.name, "truth": region.truth, "images": region.images}
            row |= found.as_dict()
        return {name: np.array(np.nan if item is None else item) for name, item in row.items()}


def tried(case: Case, rng: np.random.Generator, options: dict[str, Any]) -> dict[str, Any]:
    """The soft volume of a `case`, beside the truth."""
    found = volume.learning_coefficient(
        case.landscape, case.centre, n_beta=case.n_beta, gamma=case.gamma, rng=rng, **options
    )
    return {
        "kind": case.kind,
        "name": f"{case.name}, n beta = {case.n_beta:g}",
        "dimension": len(case.centre),
        "truth": case.truth,
        "slope": case.slope,
        **found.as_dict(),
    }


def measured(
    place: Workplace, short: bool, repeats: int, seed: int = 0, options: tuple[tuple[str, int], ...] = ()
) -> list[dict[str, Any]]:
    """Every estimator on everything that it is tried on, as rows of plain data."""
    count = {"soft": len(cases(short)), **dict.fromkeys(RUNS, len(regions(short)))}
    pieces = [(kind, i, r) for kind, total in count.items() for i in range(total) for r in range(repeats)]
    key = fingerprint("battery, 1", short, repeats, seed, options)
    found = place.finished("battery", Tried(short, seed, options), pieces, key)
    return [{"estimator": kind, **as_plain(shard)} for (kind, _, _), shard in found]


def off(row: dict[str, Any]) -> float:
    """How far a row's value is from the truth, or from the truth without images; NaN without value."""
    if row["log_volume"] is None:
        return math.nan
    away: float = row["log_volume"] - row["truth"]
    return min(away, away + row.get("images", 0.0), key=abs)


def outside(row: dict[str, Any]) -> bool:
    """Whether a row's value lies outside its interval; a refused one has none."""
    return row["error"] is not None and abs(off(row)) > row["error"] + EXACTNESS


EXACTNESS = 2e-3
"""Nats to which truths by quadrature are known."""


def counts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of some `rows`: how many were trusted, and wrong; and how many of those not trusted were right."""
    trusted = [row for row in rows if row["verdict"] == TRUSTED]
    others = [row for row in rows if row["verdict"] != TRUSTED]
    wrong = share(sum(map(outside, trusted)), max(len(trusted), 1))
    near = [row for row in others if abs(off(row)) < 0.1]
    slopes = [row for row in trusted if row.get("slope") is not None]
    missed = [
        abs(row["coefficient"] - row["slope"]) > row["coefficient_error"] + 3 * EXACTNESS for row in slopes
    ]
    return {
        "tried": len(rows),
        "trusted": len(trusted),
        "wrong": wrong.count,
        "low": wrong.low,
        "high": wrong.high,
        "worst": max((abs(off(row)) for row in trusted), default=math.nan),
        "not trusted": len(others),
        "alarms": len(near),
        "slopes": len(slopes),
        "slopes wrong": sum(missed),
    }


def told(name: str, done: int, total: int) -> None:
    print(f"\r{name}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks volumes", description=__doc__)
    parser.add_argument("--short", action="store_true", help="only what takes little")
    parser.add_argument("--repeats", type=int, default=1, help="of every estimate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, help="how many to work with; here by default")
    parser.add_argument("--store", type=Path, help="folder that keeps finished work, to go on from")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE as well")
    chosen = parser.parse_args(words)
    if chosen.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {chosen.repeats}")
    with executor(chosen.processes and f"processes:{chosen.processes}") as pool, one_thread():
        place = Workplace(pool, chosen.store, None, told)
        rows = measured(place, chosen.short, chosen.repeats, chosen.seed)
    text = page(rows, counts, outside, chosen.repeats, TARGET, "--short " * chosen.short)
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")
    return 0
