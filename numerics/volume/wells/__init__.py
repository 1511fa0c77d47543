"""A posterior and its wells: what is known of it, a search for wells, and walkers in the cell of each."""
