"""Many networks, or millions of passes, in compiled kernels without bounds."""
