"""Theorems as records: hypotheses, claim, examples, one family a file."""
