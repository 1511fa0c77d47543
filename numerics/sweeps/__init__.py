"""Many pieces of work, each finished once, on any executor, resumed where they stopped."""
