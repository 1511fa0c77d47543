"""Every figure of the project as a script: `twolayer figures`."""

from numerics.figures.catalogue import FIGURES, chosen
from numerics.figures.output import attempted, made
from numerics.figures.script import Missing, Script, Setting

__all__ = ["FIGURES", "Missing", "Script", "Setting", "attempted", "chosen", "made"]
