"""Figures of the instruments themselves: how wrong estimators are, and how long things take."""
