"""Every page of docs/ that is made; `python -m theory.pages --update` writes them."""
