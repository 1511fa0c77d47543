"""Good and bad minima of networks on real data: `twolayer reproduce`."""
