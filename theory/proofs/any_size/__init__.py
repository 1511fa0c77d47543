"""Quantities as sums over indices of any range, for proofs at every size."""
