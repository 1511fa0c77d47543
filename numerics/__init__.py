"""Training, attack sets, basins, deep networks, figures and the command line."""
