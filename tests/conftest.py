"""Hypothesis profiles: ``pytest --hypothesis-profile=thorough`` searches longer."""

from hypothesis import HealthCheck, settings

# The first example of a test may compile kernels: no deadline.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=50, **COMMON)
settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, **COMMON)
settings.register_profile("thorough", max_examples=1000, **COMMON)
settings.load_profile("default")
