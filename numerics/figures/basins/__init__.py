"""Figures of basins of attraction: how often starts reach a minimum, and how large its basin is."""
