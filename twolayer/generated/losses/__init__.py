"""One generated module per loss."""
