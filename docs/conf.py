"""Sphinx configuration; ``sphinx-build -W docs docs/_build`` makes the pages."""

import sys
from pathlib import Path

from twolayer import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "twolayer"
author = "the twolayer developers"
copyright = "the twolayer developers"  # the name that Sphinx wants
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "faces",
    "formulas",
    "gallery",
    "links",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autodoc_typehints = "none"  # the docstrings say types, shapes and units
exclude_patterns = ["_build", "_extensions"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
html_math_renderer = "mathml"
html_theme = "furo"
html_title = "twolayer"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["formulas.css", "figures.css"]
