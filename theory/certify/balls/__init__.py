"""Ball arithmetic of activations, losses and eigenvalues."""
