"""Derivations, theorems and population formulas of two-layer networks."""
