"""The paper's central claim made testable: do good minima own the larger basins?

Four parts: which minima random starts of students reach, by four ways down, and whether volumes predict how
often; true basins of attraction measured by the flow, beside the shares of starts they catch; how often
random and attacked starts reach good minima on a spiral and on digits, and the volumes about them; every
volume estimator where the answer is known.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from numerics.basin_study import classifiers
from numerics.basin_study import students as basin_study_students
from numerics.basin_study.answer import answer
from numerics.basin_study.classifiers import GOOD, classes
from numerics.basin_study.known_volumes import compared
from numerics.basin_study.problems import digits, further, scalable, spiral, symmetries
from numerics.basin_study.students import SPREAD, student
from numerics.basin_study.true_basins import true_basins
from numerics.files.provenance import versions
from numerics.sweeps.workplace import Workplace


@dataclass(frozen=True)
class Size:
    """How much is done.

    Parameters
    ----------
    students : tuple of int
        Teacher-student problems, by number.
    student_starts : int
        Starts of each.
    basin_starts : int
        Starts of the small student, whose basins are measured.
    starts : int
        Starts of the spiral and the digits, for every attack size.
    attacks : tuple of int
        Attack sizes as percentages of the genuine samples.
    steps : int
        Of the walkers of a volume.
    volumes : int
        Most minima of a student whose volumes are measured: those that the flow takes most starts to.
    large : bool
        Whether volumes are compared in up to 1,000 dimensions.
    """

    students: tuple[int, ...]
    student_starts: int
    basin_starts: int
    starts: int
    attacks: tuple[int, ...]
    steps: int
    volumes: int
    large: bool


QUICK = Size((1,), 40, 0, starts=4, attacks=(0, 100), steps=200, volumes=24, large=False)
FULL = Size((0, 1, 2), 300, 1000, starts=20, attacks=(0, 25, 50, 100), steps=200, volumes=1000, large=True)


def experiment(
    seed: int, size: Size, place: Workplace | None = None, activation: str = "tanh"
) -> dict[str, Any]:
    """Run all parts, or what time allows.

    Parameters
    ----------
    seed : int
        Determines every number but the times.
    size : Size
    place : Workplace, optional
        Here, by default.
    activation : str
        Of every network, by its built-in name, but for those of the known volumes.

    Returns
    -------
    dict
        Plain data for JSON; "stopped" says what was left undone, and is empty if nothing was.
    """
    place = place or Workplace()
    clock = time.perf_counter()
    results: dict[str, Any] = {
        "made_by": "twolayer basins",
        "seed": seed,
        "activation": activation,
        "size": asdict(size),
        "conventions": conventions(activation),
        "versions": versions(),
        "students": [
            student(each, seed, size.student_starts, size.steps, place, activation, size.volumes)
            for each in size.students
        ],
        "problems": classes(
            tuple(replace(made(seed), activation=activation) for made in (spiral, digits)),
            seed,
            size.starts,
            size.attacks,
            size.steps,
            place,
        ),
        "known_volumes": compared(seed, size.large, place),
        "basins": true_basins(seed, size.basin_starts, place, activation)
        if size.basin_starts and not scalable(activation)
        else None,
    }
    partial, seconds = bool(place.stopped), time.perf_counter() - clock
    return {
        **results,
        "answer": answer(results),
        "partial": partial,
        "stopped": place.stopped,
        "seconds": seconds,
    }


def conventions(activation: str) -> dict[str, str]:
    """What the numbers of a study with this activation mean, by name."""
    labels = CONVENTIONS["labels"].format(symmetries(activation))
    return {**CONVENTIONS, "labels": labels, **further(activation)}


CONVENTIONS = {
    "risk": "R = (1/n) sum_i (f(x_i) - y_i)^2 / 2",
    "intervals": "shares carry Clopper and Pearson's intervals at 95 %, each for itself; means Student's; "
    "rank correlations Bonett and Wright's",
    "labels": "by gradient flow, confirmed at a tenth of the tolerance; minima that are equal after {} are "
    "one; -1 no minimum, -2 undecided",
    "ways": "gradient descent and SGD, with fixed learning rates, end in the basin of the minimum to which "
    "the flow leads from where they stop",
    "student_starts": f"every parameter from N(0, {SPREAD:g}^2)",
    "student_volumes": f"ln of the mean of exp(-{basin_study_students.N_BETA:g} (R - R(minimum))) under the "
    f"Gaussian of precision {basin_study_students.GAMMA:g} about the minimum, plus ln of its orbit's size",
    "class_volumes": f"the same with {classifiers.N_BETA:g} and {classifiers.GAMMA:g}, without orbits: a "
    "soft sublevel set, not the basin of attraction",
    "log_product": "minus the sum of logs of the n / 2 largest Hessian eigenvalues",
    "test_risk": f"the risk of a student on {basin_study_students.UNSEEN:,} inputs that it has not seen",
    "good": f"test accuracy of at least {GOOD:g}",
    "basins": f"log-mass of the basin of one image of a minimum under N(0, {SPREAD:g}^2), by the flow itself",
}
