"""How often a proved theorem is called violated: ``python -m benchmarks.false_alarms``. It must be never."""

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from numerics.verify.cases import case, jittered, moved
from theory import theorems
from theory.quantities.network import Situation
from theory.records.theorem import PROVED, Hypothesis

PROVEN = [theorem for theorem in theorems.values() if theorem.status == PROVED]
EXAMPLES = [example for theorem in PROVEN for example in theorem.equalities]
SMALLEST, LARGEST = -17, -12  # decimal exponents of a relative move at rounding level
CONDITIONS: list[tuple[Hypothesis, ...]] = [
    (*theorem.hypotheses, *variant.hypotheses) for theorem in PROVEN for variant in theorem.variants.values()
]


def networks(rng: np.random.Generator) -> Iterator[Situation]:
    """Equality cases moved at rounding level, adversarial networks, and those moved at rounding level."""
    while True:
        yield jittered(EXAMPLES[rng.integers(len(EXAMPLES))], rng, SMALLEST, LARGEST)
        at = case(rng, CONDITIONS[rng.integers(len(CONDITIONS))])
        yield at
        fits = at.loss == "squared" and bool(rng.random() < 0.5)
        yield moved(at, rng, 10.0 ** rng.uniform(SMALLEST, LARGEST), fits)


def tried(at: Situation) -> tuple[int, list[str]]:
    """How many relations were compared at a network, and which were called violated."""
    count, alarms = 0, []
    for theorem in PROVEN:
        try:
            checks = theorem.check_at(at).variants
        except ValueError:  # a value beyond the floating-point range: refused, not judged
            continue
        count += sum(check.applicable for check in checks.values())
        alarms += [
            f"{theorem.id} ({name}): {check.why}, at {at.net!r}"
            for name, check in checks.items()
            if check.holds is False
        ]
    return count, alarms


def main(words: list[str] | None = None) -> int:
    """Print the counts and every alarm; exit code 1 if there was one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarms", description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1_000_000, help="comparisons to make at least")
    parser.add_argument("--seed", type=int, default=0, help="determines every network")
    chosen = parser.parse_args(words)
    total, alarms, visited = 0, [], 0
    start = time.process_time()
    with tqdm(total=chosen.evaluations, unit="check", file=sys.stderr, mininterval=1.0) as bar:
        for at in networks(np.random.default_rng(chosen.seed)):
            count, found = tried(at)
            total, visited, alarms = total + count, visited + 1, alarms + found
            bar.update(count)
            if total >= chosen.evaluations:
                break
    seconds = time.process_time() - start
    print(f"{total:,} comparisons at {visited:,} networks, {len(alarms)} alarms, {seconds:.0f} s of CPU time")
    print("\n".join(alarms))
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
