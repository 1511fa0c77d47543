"""Hypothesis's limit of time for one example, which the first call of a kernel would miss."""

from datetime import timedelta

from hypothesis import settings

USUAL = timedelta(milliseconds=200)
"""What Hypothesis sets itself; any other deadline was chosen by somebody."""


def take_away() -> None:
    """Load a profile without a deadline, unless one was chosen."""
    if settings().deadline == USUAL:
        settings.register_profile("twolayer", deadline=None)
        settings.load_profile("twolayer")
