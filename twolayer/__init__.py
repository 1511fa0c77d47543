"""Exact curvature of two-layer networks."""

__version__ = "0.1.0"
