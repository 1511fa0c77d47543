"""What was found of each claim of the paper, decided from the numbers of a run by rules written down here."""

from numerics.verdicts.claims import CLAIMS, LEVELS, Verdict
from numerics.verdicts.rules import verdicts

__all__ = ["CLAIMS", "LEVELS", "Verdict", "verdicts"]
