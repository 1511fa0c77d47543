"""Making certificates of what can be proved about a network."""

from __future__ import annotations

from typing import Any

from theory.certify.balls.balls import Undecided, precision
from theory.certify.balls.decimals import ends
from theory.certify.certificate import Certificate, Claim, theorem_called
from theory.certify.quantities.exact_network import Subject, subject
from theory.certify.quantities.matrices import MATRICES
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import spectrum
from theory.certify.quantities.numbers import enclosed
from theory.certify.quantities.verdict import EQUAL, NOT_APPLICABLE, PROVED, VIOLATED, Verdict, decided
from theory.certify.unique_minimum import Minimum, unique_minimum
from theory.expressions.names import require_known

MARGIN = 2.0**-10


class NotApplicable(Undecided):
    """A hypothesis of a theorem is certainly false at a network."""


def certify_quantity(
    name: str, net: Any, X: Any, y: Any, loss: Any = "squared", digits: int = 15
) -> Certificate:
    """Certify an enclosure of a quantity.

    Parameters
    ----------
    name : str
        Of :data:`theory.quantities.registry.QUANTITIES`, such as "frobenius(H)".
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
    require_known("matrix", [matrix], MATRICES)
    of = subject(net, X, y, loss)
    with precision(bits):
        found = [ends(ball, bits) for ball in spectrum(matrix, BallNetwork(of))]
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
        As for :func:`theory.certify.unique_minimum.unique_minimum`.

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
    within, least = found.within * (1 + MARGIN), found.least_eigenvalue * (1 - MARGIN)
    numbers = {"radius": found.radius, "within": within, "least_eigenvalue": least}
    return {"kind": "unique minimum", **{name: number.hex() for name, number in numbers.items()}}
