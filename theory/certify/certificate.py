"""What can be certified, and how each claim is checked from the numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from theory.certify.balls.activation import activation, allowance
from theory.certify.balls.balls import Undecided, arb, precision
from theory.certify.balls.decimals import inside, number, outside
from theory.certify.quantities.exact_network import Subject
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import spectrum
from theory.certify.quantities.numbers import quantity
from theory.certify.quantities.verdict import decided
from theory.certify.unique_minimum import minimum_of
from theory.expressions.activations import ACTIVATIONS
from theory.expressions.names import require_known

RAISE = 4  # by how much a checker may raise the precision of a certificate
MOST_BITS = 4096
Claim = dict[str, Any]


@dataclass(frozen=True)
class Certificate:
    """A claim about a network with data, and the precision at which it was proved.

    Parameters
    ----------
    claim : dict
        Plain data; its "kind" is one of :data:`KINDS`.
    subject : Subject
        The network and its data.
    bits : int
    """

    claim: Claim
    subject: Subject
    bits: int


def theorem_called(id: str, variant: str) -> Any:
    """The theorem `id`, which has that `variant`.

    Raises
    ------
    ValueError
        If there is no such theorem or variant.
    """
    from theory.catalogue import theorems

    require_known("id", [id], theorems)
    require_known("variant", [variant], theorems[id].variants)
    return theorems[id]


def fault(certificate: Certificate) -> str:
    """Why a claim could not be confirmed from the numbers of its network, or "" if it was."""
    try:
        called = certificate.subject.activation
        with allowance(called, called in ACTIVATIONS).within("its activation must be understood"):
            activation(called)
    except Exception as reason:  # a formula that nobody vouches for, in the hands of sympy
        return str(reason) or type(reason).__name__
    try:
        return KINDS[certificate.claim["kind"]](certificate)
    except (Undecided, ValueError) as reason:
        return str(reason)


def _precisions(certificate: Certificate) -> Iterable[int]:
    bits = certificate.bits
    while bits <= min(RAISE * certificate.bits, MOST_BITS):
        yield bits
        bits *= 2


def _inside(what: str, ball: arb, stated: list[str]) -> tuple[bool, str]:
    """Whether a ball settles that a number lies between the ends stated, and what is wrong if it does not."""
    low, high = map(number, stated)
    if inside(ball, low, high):
        return True, ""
    verdict = "is not" if outside(ball, low, high) else "is not certain to be"
    return (
        verdict == "is not",
        f"{what} {verdict} between {_short(stated[0])} and {_short(stated[1])}: {ball.str(15)}",
    )


def _short(decimal: str) -> str:
    return f"{float(number(decimal)):.15g}"


def _quantity_fault(certificate: Certificate) -> str:
    name, why = certificate.claim["name"], ""
    for bits in _precisions(certificate):
        with precision(bits):
            ball = quantity(name, BallNetwork(certificate.subject))
            final, why = _inside(name, ball, certificate.claim["enclosure"])
        if final:
            return why
    return why


def _eigenvalues_fault(certificate: Certificate) -> str:
    name, stated, why = certificate.claim["matrix"], certificate.claim["enclosures"], ""
    for bits in _precisions(certificate):
        with precision(bits):
            balls = spectrum(name, BallNetwork(certificate.subject))
            if len(balls) != len(stated):
                return f"{name} has {len(balls)} eigenvalues; {len(stated)} are stated"
            found = [
                _inside(f"eigenvalue {i} of {name}", *each)
                for i, each in enumerate(zip(balls, stated, strict=True))
            ]
        why = next((text for _, text in found if text), "")
        if not why or any(final and text for final, text in found):
            return why
    return why


def _theorem_fault(certificate: Certificate) -> str:
    claim, of = certificate.claim, certificate.subject
    theorem = theorem_called(claim["id"], claim["variant"])
    relation = str(theorem.variants[claim["variant"]].relation)
    if claim["relation"] != relation:
        return f"{claim['id']} ({claim['variant']}) says {relation}"
    verdict = decided(theorem, claim["variant"], of)
    if verdict.verdict != claim["verdict"]:
        return (
            f"{claim['id']} ({claim['variant']}) is {verdict.verdict}, not {claim['verdict']}: {verdict.why}"
        )
    assert verdict.left is not None  # the verdicts that a claim may have come with both sides
    assert verdict.right is not None
    for name, ball in (("left", verdict.left), ("right", verdict.right)):
        why = _inside(f"the {name} side", ball, claim[name])[1]
        if why:
            return why
    return ""


def _minimum_fault(certificate: Certificate) -> str:
    claim = certificate.claim
    radius, within, least = (float.fromhex(claim[name]) for name in ("radius", "within", "least_eigenvalue"))
    found = minimum_of(certificate.subject, radius, certificate.bits)
    if not found.proved:
        return found.why
    if found.within > within:
        return f"the zero is known to lie within {found.within:.6g} of theta, not {within:.6g}"
    if found.least_eigenvalue < least:
        return f"the least eigenvalue is known to be {found.least_eigenvalue:.6g} at least, not {least:.6g}"
    return ""


KINDS: dict[str, Callable[[Certificate], str]] = {
    "quantity": _quantity_fault,
    "eigenvalues": _eigenvalues_fault,
    "theorem": _theorem_fault,
    "unique minimum": _minimum_fault,
}
"""How each kind of claim is checked."""
