"""How far volume estimates are off, and how often their intervals hold: ``python -m benchmarks.volumes``."""

import argparse

import numpy as np

from numerics import volume
from numerics.potentials import ellipsoid

DIMENSION, CONDITION = 100, 1e3


def main(words: list[str] | None = None) -> None:
    """Print, for each estimator, its errors over repeats on an ellipsoid whose volume is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.volumes", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args(words).repeats
    bowl, centre = ellipsoid(np.geomspace(1, CONDITION, DIMENSION)), np.zeros(DIMENSION)
    truth = bowl.log_volume(1.0)
    ways = {
        "radial, isotropic": lambda rng: volume.radial(
            bowl, centre, threshold=1.0, preconditioner=None, directions=100, rng=rng
        ),
        "radial": lambda rng: volume.radial(bowl, centre, threshold=1.0, directions=100, rng=rng),
        "tempering": lambda rng: volume.tempering(bowl, centre, threshold=1.0, rng=rng),
    }
    print(f"ellipsoid, D = {DIMENSION}, condition {CONDITION:g}, {repeats} repeats; nats")
    print("| estimator | mean off | standard deviation | in the interval | within 0.1 | evaluations |")
    print("|---|---|---|---|---|---|")
    for name, way in ways.items():
        found = [way(np.random.default_rng([1, seed])) for seed in range(repeats)]
        off = np.array([one.log_volume - truth for one in found])
        held = np.mean([abs(one.log_volume - truth) <= one.error for one in found])
        said = "refused" if {one.verdict for one in found} == {"refused"} else f"{held:.1%}"
        cost = np.mean([one.evaluations for one in found])
        near = np.mean(np.abs(off) < 0.1)
        print(f"| {name} | {off.mean():.2g} | {off.std():.2g} | {said} | {near:.1%} | {cost:,.0f} |")


if __name__ == "__main__":
    main()
