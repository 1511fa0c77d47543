"""Checking a file of certificates from the numbers in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from theory.certify.certificate import Certificate, fault
from theory.certify.file import load
from theory.certify.json_fields import refuse
from theory.expressions.budget import within


def check(
    path: str | Path, progress: Callable[[int], Any] | None = None, seconds: float = 600.0
) -> list[Certificate]:
    """Read a file of certificates and prove every claim in it anew.

    Parameters
    ----------
    path : str or Path
    progress : callable, optional
        Called with 1 after every certificate.
    seconds : float
        What the whole check may take.

    Returns
    -------
    list of Certificate
        What was proved.

    Raises
    ------
    OSError
        If the file cannot be read.
    Refused
        If it is damaged, a claim was not confirmed, or time is out; the message says which and why.
    """
    certificates = load(path)
    end = time.monotonic() + seconds
    for i, certificate in enumerate(certificates):
        try:
            with within(max(end - time.monotonic(), 0.0), f"all {len(certificates)} must be checked"):
                why = fault(certificate)
        except ValueError as reason:
            refuse(f"certificate {i} ({described(certificate)}) was not reached in {seconds:g} s: {reason}")
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
