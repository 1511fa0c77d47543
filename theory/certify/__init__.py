"""Certificates: quantities, theorems and minima proved in ball arithmetic (extra ``[certify]``).

The balls come from the derivation that everything else comes from: the one expression of the activation, that
of the loss, and the templates of one unit. No compiled code and no float64 result is trusted.
"""

from theory.certify.checking import check
from theory.certify.claims import Certificate
from theory.certify.document import load, save
from theory.certify.making import (
    certify_eigenvalues,
    certify_minimum,
    certify_quantity,
    certify_theorem,
)
from theory.certify.minimum import Minimum, unique_minimum
from theory.certify.reading import Refused

__all__ = [
    "Certificate",
    "Minimum",
    "Refused",
    "certify_eigenvalues",
    "certify_minimum",
    "certify_quantity",
    "certify_theorem",
    "check",
    "load",
    "save",
    "unique_minimum",
]
