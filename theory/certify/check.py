"""Checking a file of certificates from the numbers in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from theory.certify.certificate import Certificate, fault
from theory.certify.file import load
from theory.certify.json_fields import refuse


def check(path: str | Path, progress: Callable[[int], Any] | None = None) -> list[Certificate]:
    """Read a file of certificates and prove every claim in it anew.

    Parameters
    ----------
    path : str or Path
    progress : callable, optional
        Called with 1 after every certificate.

    Returns
    -------
    list of Certificate
        What was proved.

    Raises
    ------
    OSError
        If the file cannot be read.
    Refused
        If it is damaged, or a claim was not confirmed; the message says which and why.
    """
    certificates = load(path)
    for i, certificate in enumerate(certificates):
        why = fault(certificate)
        if why:
            refuse(f"certificate {i} ({described(certificate)}) is refused: {why}")
        if progress:
            progress(1)
    return certificates


def described(certificate: Certificate) -> str:
    """What a `certificate` claims, in a few words."""
    claim, of = certificate.claim, certificate.subject
    heads = {
        "quantity": "{name}",
        "eigenvalues": "eigenvalues of {matrix}",
        "theorem": "theorem {id}, {variant}: {verdict}",
        "unique minimum": "unique minimum",
    }
    return f"{heads[claim['kind']].format(**claim)}; {of.activation}, P = {of.n_parameters}, n = {len(of.X)}"
