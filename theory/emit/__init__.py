"""Expressions into the modules of twolayer/generated; `python -m theory.emit --update` writes them."""
