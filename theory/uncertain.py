"""Numbers with a bound of their own error, as theorems use them: those of ``twolayer`` over the bridge."""

from theory.bridge import SLACK, UNIT, Uncertain, known

__all__ = ["SLACK", "UNIT", "Uncertain", "known"]
