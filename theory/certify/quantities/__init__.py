"""What theorems speak of, in balls."""
