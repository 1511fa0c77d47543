"""What can be certified: how each claim is made, and how it is checked from the numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from theory.certify.balls import Undecided, arb, precision
from theory.certify.decimals import ends, inside, number, outside
from theory.certify.heads import spectrum
from theory.certify.jets import activation
from theory.certify.matrices import MATRICES
from theory.certify.minimum import Minimum, minimum_of, unique_minimum
from theory.certify.place import Place
from theory.certify.quantities import enclosed, quantity
from theory.certify.relations import EQUAL, NOT_APPLICABLE, PROVED, VIOLATED, Verdict, decided
from theory.certify.subject import Subject, subject

RAISE = 4  # by how much a checker may raise the precision of a certificate
MOST_BITS = 4096
ROOM = 2.0**-10
Claim = dict[str, Any]


class NotApplicable(Undecided):
    """A hypothesis of a theorem is certainly false at a network."""


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


def certify_quantity(
    name: str, net: Any, X: Any, y: Any, loss: Any = "squared", digits: int = 15
) -> Certificate:
    """Certify an enclosure of a quantity.

    Parameters
    ----------
    name : str
        Of :data:`theory.quantities.QUANTITIES`, such as "frobenius(H)".
    net, X, y, loss
        As for ``twolayer.Hessian``; `y` None means the network's own outputs.
    digits : int
        Decimal digits wanted.

    Raises
    ------
    ValueError
        If there is no such quantity, or the data does not fit.
    Undecided
        If no finite enclosure was found.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> certify_quantity("trace(H)", net, [[3.0]], [0.0]).claim["enclosure"]
    ['4.5E+1', '4.5E+1']
    """
    of = subject(net, X, y, loss)
    ball, bits = enclosed(name, of, digits)
    return Certificate({"kind": "quantity", "name": name, "enclosure": ends(ball, bits)}, of, bits)


def certify_eigenvalues(
    net: Any, X: Any, y: Any, loss: Any = "squared", matrix: str = "H", bits: int = 128
) -> Certificate:
    """Certify enclosures of all eigenvalues of a matrix, in ascending order.

    Parameters
    ----------
    matrix : str
        One of G, H, R, G_bb, H_bb, W*W', K.
    bits : int
        The precision.
    net, X, y, loss
        As for :func:`certify_quantity`.

    Raises
    ------
    ValueError
        If there is no such matrix, or the data does not fit.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> low, high = certify_eigenvalues(net, [[3.0]], None).claim["enclosures"][-1]
    >>> float(low), float(high)
    (45.0, 45.0)
    """
    if matrix not in MATRICES:
        raise ValueError(f"matrix must be one of {', '.join(MATRICES)}; got {matrix!r}")
    of = subject(net, X, y, loss)
    with precision(bits):
        found = [ends(ball, bits) for ball in spectrum(matrix, Place(of))]
    return Certificate({"kind": "eigenvalues", "matrix": matrix, "enclosures": found}, of, bits)


def certify_theorem(id: str, variant: str, net: Any, X: Any, y: Any, loss: Any = "squared") -> Certificate:
    """Certify that a theorem's relation is proved, violated, or an equality to 100 bits, at a network.

    Parameters
    ----------
    id, variant : str
        Of ``theory.theorems``.
    net, X, y, loss
        As for :func:`certify_quantity`.

    Raises
    ------
    ValueError
        If there is no such theorem or variant, or the data does not fit.
    NotApplicable
        If a hypothesis is certainly false there.
    Undecided
        If balls do not decide.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([2.0, 1.0], [[1.0], [0.5]])
    >>> certify_theorem("input-gradient", "i", net, [[3.0]], [0.0]).claim["verdict"]
    'proved'
    """
    of = subject(net, X, y, loss)
    return theorem_certificate(id, variant, of, decided(theorem_called(id, variant), variant, of))


def theorem_called(id: str, variant: str) -> Any:
    """The theorem `id`, which has that `variant`.

    Raises
    ------
    ValueError
        If there is no such theorem or variant.
    """
    from theory.catalogue import theorems

    if id not in theorems:
        raise ValueError(f"id must be one of {', '.join(theorems)}; got {id!r}")
    if variant not in theorems[id].variants:
        raise ValueError(f"variant must be one of {', '.join(theorems[id].variants)}; got {variant!r}")
    return theorems[id]


def theorem_certificate(id: str, variant: str, of: Subject, verdict: Verdict) -> Certificate:
    """The certificate of a `verdict` on a `variant` of the theorem `id` at the network `of`.

    Raises
    ------
    Undecided
        If the verdict decides nothing.
    """
    if verdict.verdict == NOT_APPLICABLE:
        raise NotApplicable(f"{id} ({variant}) is not applicable: {verdict.why}")
    if verdict.left is None or verdict.right is None or verdict.verdict not in (PROVED, VIOLATED, EQUAL):
        raise Undecided(f"{id} ({variant}) is {verdict.verdict}: {verdict.why}")
    claim = {
        "kind": "theorem",
        "id": id,
        "variant": variant,
        "relation": str(theorem_called(id, variant).variants[variant].relation),
        "verdict": verdict.verdict,
        "left": ends(verdict.left, verdict.bits),
        "right": ends(verdict.right, verdict.bits),
    }
    return Certificate(claim, of, verdict.bits)


def certify_minimum(
    net: Any, X: Any, y: Any, radius: float | None = None, loss: Any = "squared"
) -> Certificate:
    """Certify that exactly one zero of the gradient is near, a strict minimum; see :func:`unique_minimum`.

    Parameters
    ----------
    net, X, y, radius, loss
        As for :func:`theory.certify.minimum.unique_minimum`.

    Raises
    ------
    ValueError
        If the data does not fit.
    Undecided
        If the proof does not succeed.

    Examples
    --------
    >>> import twolayer as tl
    >>> net = tl.TwoLayer([1.0], [[0.5]], [0.25])
    >>> claim = certify_minimum(net, [[-1.0], [0.0], [2.0], [3.0]], None).claim
    >>> claim["kind"], float.fromhex(claim["within"]) < float.fromhex(claim["radius"])
    ('unique minimum', True)
    """
    found = unique_minimum(net, X, y, radius, loss)
    if not found.proved:
        raise Undecided(found.why)
    return Certificate(_minimum_claim(found), found.subject, found.bits)


def _minimum_claim(found: Minimum) -> Claim:
    # room for another machine's approximate eigenvectors
    within, least = found.within * (1 + ROOM), found.least_eigenvalue * (1 - ROOM)
    numbers = {"radius": found.radius, "within": within, "least_eigenvalue": least}
    return {"kind": "unique minimum", **{name: number.hex() for name, number in numbers.items()}}


def fault(certificate: Certificate) -> str:
    """Why a claim could not be confirmed from the numbers of its network, or "" if it was."""
    try:
        activation(certificate.subject.activation)
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
            ball = quantity(name, Place(certificate.subject))
            final, why = _inside(name, ball, certificate.claim["enclosure"])
        if final:
            return why
    return why


def _eigenvalues_fault(certificate: Certificate) -> str:
    name, stated, why = certificate.claim["matrix"], certificate.claim["enclosures"], ""
    for bits in _precisions(certificate):
        with precision(bits):
            balls = spectrum(name, Place(certificate.subject))
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
