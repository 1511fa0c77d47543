"""What is known of one expression in z, rigorously: suprema, zeros, pieces, constants."""
