"""One pass over the samples, and what rounding may do to it."""
