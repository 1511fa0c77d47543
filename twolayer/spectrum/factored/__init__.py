"""Symmetric matrices factored, each factorization checked after the fact."""
