"""All eigenvalues of a symmetric array through a tridiagonal form, checked after the fact."""
