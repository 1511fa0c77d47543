"""Numbers that know how far off they may be."""
