"""The one report: the verdicts, a section for each claim, the tables, and how each number was made."""

from numerics.report.folder import write

__all__ = ["write"]
