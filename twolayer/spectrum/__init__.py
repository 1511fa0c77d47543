"""Eigenvalues, their counts and log-determinants, each enclosed."""
