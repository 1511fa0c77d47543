"""Activations, one generated module each."""
