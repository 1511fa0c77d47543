"""What takes a start to the minimum it leads to."""
