"""Gradient, Hessian and norms of a network, derived as formulas."""
