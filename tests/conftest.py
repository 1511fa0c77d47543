"""Hypothesis profiles.

The default one tries the same examples on every run: a failure belongs to the change that was made.
``pytest --hypothesis-profile=thorough`` searches anew, and longer. Figures are compared with stored pictures.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# The first example of a test may compile kernels: no deadline.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=50, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1000, print_blob=True, **COMMON)
settings.load_profile("default")

os.environ["TWOLAYER_EXECUTOR"] = "here"  # commands start no processes unasked
os.environ["TWOLAYER_BROWSER"] = ""  # reports are not printed, whatever the machine has


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Compare images, as ``--mpl`` does, wherever pytest-mpl is installed and is not making them."""
    if hasattr(config.option, "mpl") and config.option.mpl_generate_path is None:
        config.option.mpl = True
