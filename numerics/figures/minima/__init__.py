"""Figures of good and bad minima: what they look like, how they generalise, how sharp they are."""
