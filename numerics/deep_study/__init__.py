"""Good and bad minima of deep networks on images: `twolayer deep`."""
