"""The same quantities written out by sympy in small networks."""
