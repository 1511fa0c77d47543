"""Shares, rank correlations, weights and their intervals."""
