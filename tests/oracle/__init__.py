"""References that share no code with the packages, and their own tests."""
