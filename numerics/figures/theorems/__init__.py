"""Figures of the theorems: how tight they are, and where trained networks stand."""
