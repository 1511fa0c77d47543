"""Modules written by ``theory.emit``; regenerate with ``python -m theory.emit --update``."""
