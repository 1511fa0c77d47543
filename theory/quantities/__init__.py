"""What theorems speak of, in floats with rounding bounds."""
