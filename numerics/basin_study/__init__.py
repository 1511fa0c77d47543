"""Whether good minima own the larger basins: `twolayer basins`."""
