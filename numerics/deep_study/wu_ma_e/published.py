"""What was published: settings and tables, from the raw results in the repository leiwu0308/sgd.stability."""

from __future__ import annotations

from dataclasses import dataclass

HIDDEN = (500, 500, 500)
GENUINE = 1000
ATTACK_STEP = 0.1

LABEL_SEED = 12345
"""Of numpy's legacy generator, which drew the attack sets' labels."""

MOST_STEPS = 200_000

STEP_TARGET, ATTACK_TARGET = 1e-4, 5e-4
"""The loss that ends a descent, without and with attack sets."""

SMOOTHING = 0.1
"""Share of the newest loss in the running mean that is compared with the target."""


@dataclass(frozen=True)
class Published:
    """One line of a table.

    Parameters
    ----------
    test_accuracy : float
        In per cent.
    largest_eigenvalue, spread : float
        Mean over the runs, and its standard deviation (zero where there was one run).
    non_uniformity : float or None
    """

    test_accuracy: float
    largest_eigenvalue: float
    spread: float = 0.0
    non_uniformity: float | None = None


STEPS = {
    5.0: Published(81.0, 0.3968, 0.0022),
    1.0: Published(80.8, 1.925, 0.024),
    0.5: Published(80.5, 3.857, 0.025),
    0.1: Published(80.1, 19.62, 0.15),
    0.05: Published(79.9, 39.32, 0.52),
    0.01: Published(80.4, 53.5, 4.3),
}
"""By the step of full-batch descent on the 1,000 genuine images; five runs each."""

ATTACKS = {
    0: Published(79.8, 19.5, non_uniformity=44.0),
    200: Published(71.9, 18.7, non_uniformity=48.0),
    400: Published(65.1, 18.4, non_uniformity=50.0),
    600: Published(57.8, 19.6, non_uniformity=55.0),
    800: Published(51.0, 18.6, non_uniformity=61.0),
    1000: Published(47.9, 19.2, non_uniformity=59.0),
    1500: Published(37.8, 20.7, non_uniformity=76.0),
    2000: Published(32.3, 22.4, non_uniformity=88.0),
    3000: Published(24.5, 25.0, non_uniformity=96.0),
    4000: Published(19.3, 21.3, non_uniformity=87.0),
}
"""By the size of the attack set, step 0.1; one run each."""

REPEATS = 5
HOUR_STEPS, HOUR_ATTACKS = (5.0, 1.0, 0.5), (0, 400, 1000, 2000)
"""What `--quick` repeats."""
