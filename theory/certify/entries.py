"""One certificate as plain data, and back, every shape and number looked at before any work is done."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from theory.catalogue import theorems
from theory.certify.balls.decimals import NUMBER
from theory.certify.certificate import KINDS, MOST_BITS, Certificate
from theory.certify.json_fields import array, fields, one_of, refuse, text
from theory.certify.quantities.exact_network import Subject
from theory.certify.quantities.matrices import MATRICES
from theory.certify.quantities.verdict import EQUAL, PROVED, VIOLATED
from theory.expressions.losses import LOSSES
from theory.quantities.registry import QUANTITIES

MOST_PARAMETERS, MOST_FORMULA = 1000, 200
LOSS_NAMES = (*LOSSES, "softmax")
FIELDS: dict[str, tuple[str, ...]] = {
    "quantity": ("kind", "name", "enclosure"),
    "eigenvalues": ("kind", "matrix", "enclosures"),
    "theorem": ("kind", "id", "variant", "relation", "verdict", "left", "right"),
    "unique minimum": ("kind", "radius", "within", "least_eigenvalue"),
}
"""The fields of each kind of claim."""

NAMES: dict[str, Collection[str]] = {
    "name": QUANTITIES,
    "matrix": MATRICES,
    "id": theorems,
    "verdict": (PROVED, VIOLATED, EQUAL),
}
"""What the fields of a claim that are names may be."""


def plain(certificate: Certificate) -> dict[str, Any]:
    """The plain data of a `certificate`, its floats as hexadecimal text."""
    of = certificate.subject
    arrays = {name: _hex(getattr(of, name)) for name in ("a", "W", "b", "c", "X")}
    y = of.y.tolist() if of.loss == "softmax" and of.y is not None else _hex(of.y)
    network = {"activation": of.activation, "loss": of.loss, **arrays, "y": y}
    return {"claim": certificate.claim, "network": network, "bits": certificate.bits}


def _hex(array: Any) -> Any:
    if array is None:
        return None
    flat = [float(number).hex() for number in np.ravel(array)]
    return np.array([*flat, None], object)[:-1].reshape(np.shape(array)).tolist()


def read(value: Any, where: str) -> Certificate:
    """The certificate that plain data stands for, its claim not yet checked; `where` names it in messages.

    Parameters
    ----------
    value : Any
        What a file held.
    where : str

    Raises
    ------
    Refused
        If it is not one.
    """
    found = fields(value, ("claim", "network", "bits"), where)
    bits = found["bits"]
    if not isinstance(bits, int) or isinstance(bits, bool) or not 32 <= bits <= MOST_BITS:
        refuse(f"bits of {where} must be an integer from 32 to {MOST_BITS}")
    of = _subject(found["network"], where)
    return Certificate(_claim(found["claim"], where), of, bits)


def _subject(value: Any, where: str) -> Subject:
    found = fields(value, ("activation", "loss", "a", "W", "b", "c", "X", "y"), f"network of {where}")
    if len(text(found["activation"], f"activation of {where}")) > MOST_FORMULA:
        refuse(f"activation of {where} must have at most {MOST_FORMULA} characters")
    one_of(found["loss"], LOSS_NAMES, f"loss of {where}")
    a, W, X = (array(found[name], name, where) for name in ("a", "W", "X"))
    b, c = (None if found[name] is None else array(found[name], name, where) for name in ("b", "c"))
    if a.ndim not in (1, 2) or W.ndim != 2 or X.ndim != 2 or min(a.size, W.size, X.size) < 1:
        refuse(f"a must be (m,) or (q, m), W (m, d), X (n, d) in {where}")
    (m, d), n, q = W.shape, len(X), len(np.atleast_2d(a))
    fits = a.shape[-1] == m and X.shape[1] == d and (b is None or b.shape == (m,))
    if not fits or (c is not None and c.shape != (() if a.ndim == 1 else (q,))):
        refuse(f"the shapes of a, W, b, c and X of {where} must fit")
    P = a.size + W.size + (m if b is not None else 0) + (q if c is not None else 0)
    if P > MOST_PARAMETERS:
        refuse(f"{where} must have at most {MOST_PARAMETERS} parameters; got {P}")
    return Subject(a, W, b, c, X, _targets(found, n, q, where), found["activation"], found["loss"])


def _targets(found: dict[str, Any], n: int, q: int, where: str) -> Any:
    loss, y = found["loss"], found["y"]
    if loss == "softmax":
        whole = isinstance(y, list) and all(isinstance(k, int) and not isinstance(k, bool) for k in y)
        if q < 2 or not whole or len(y) != n or not all(0 <= k < q for k in y):
            refuse(f"y of {where} must be {n} classes from 0 to {q - 1}, with q >= 2")
        return np.array(y, dtype=np.int64)
    if y is None:
        if loss == "logistic":
            refuse(f"y of {where} must be labels 0 or 1")
        return None
    targets = array(y, "y", where)
    if targets.shape != (n, q):
        refuse(f"y of {where} must be ({n}, {q})")
    if loss == "logistic" and not np.isin(targets, (0.0, 1.0)).all():
        refuse(f"y of {where} must be labels 0 or 1")
    return targets


def _claim(value: Any, where: str) -> dict[str, Any]:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        refuse(f"claim of {where} must have a kind among {', '.join(KINDS)}")
    claim = fields(value, FIELDS[kind], f"claim of {where}")
    checks = {"enclosure": _ends, "left": _ends, "right": _ends, "enclosures": _list_of_ends}
    for name, content in claim.items():
        checks.get(name, text)(content, f"{name} of {where}")
    for name in NAMES:
        if name in claim:
            one_of(claim[name], NAMES[name], f"{name} of {where}")
    if kind == "theorem":
        one_of(claim["variant"], theorems[claim["id"]].variants, f"variant of {where}")
    if kind == "unique minimum":
        _check_positive(claim, where)
    return claim


def _check_positive(claim: dict[str, Any], where: str) -> None:
    for name in ("radius", "within", "least_eigenvalue"):
        if not array(claim[name], name, where) > 0:
            refuse(f"{name} of {where} must be positive")


def _ends(value: Any, what: str) -> None:
    two = isinstance(value, list) and len(value) == 2
    if not two or not all(isinstance(end, str) and NUMBER.fullmatch(end) for end in value):
        refuse(f"{what} must be two decimals such as 1.25E-3")


def _list_of_ends(value: Any, what: str) -> None:
    if not (isinstance(value, list) and 1 <= len(value) <= 10 * MOST_PARAMETERS):
        refuse(f"{what} must be a list")
    for each in value:
        _ends(each, what)
