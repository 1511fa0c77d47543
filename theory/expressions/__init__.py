"""What may be written as an activation or a loss, and how it is rewritten."""
