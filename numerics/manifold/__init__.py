"""Gradients of curvature, and walks along the manifold of zero loss towards flat or sharp solutions."""

from numerics.manifold.gradients import newton_norm_gradient, trace_gradient
from numerics.manifold.walk import Walk, walk

__all__ = ["Walk", "newton_norm_gradient", "trace_gradient", "walk"]
