"""Figures of deep networks: good and bad minima by depth, and training at the edge of stability."""
