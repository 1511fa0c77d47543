"""Certificates: quantities, theorems and minima proved in ball arithmetic (extra ``[certify]``).

The balls come from the derivation that everything else comes from: the one expression of the activation, that
of the loss, and the templates of one unit. No compiled code and no float64 result is trusted.
"""

from theory.certify.certificate import Certificate
from theory.certify.check import check
from theory.certify.file import load, save
from theory.certify.json_fields import Refused
from theory.certify.make import certify_eigenvalues, certify_minimum, certify_quantity, certify_theorem
from theory.certify.unique_minimum import Minimum, unique_minimum

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
