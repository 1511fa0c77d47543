"""Losses, one generated module each."""
