"""The file of a certificate: JSON that is written from a claim, and read without trusting a byte of it."""

from __future__ import annotations

import json
import os
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from theory.certify.claims import KINDS, MOST_BITS, Certificate
from theory.certify.decimals import NUMBER
from theory.certify.matrices import MATRICES
from theory.certify.relations import EQUAL, PROVED, VIOLATED
from theory.certify.subject import Subject

FORMAT, VERSION = "twolayer certificate", 1
MOST_BYTES, MOST_CERTIFICATES, MOST_DEPTH, MOST_TEXT = 2**23, 500, 12, 400
MOST_PARAMETERS, MOST_WORK = 1000, 2**31  # work: n q P^2 of one certificate
CONVENTIONS = {
    "risk": "the mean over samples of the loss; the squared loss is |f - y|^2 / 2",
    "theta": "a row by row, W row by row, b, c; absent parts left out",
    "H": "the Hessian of the risk by theta; G its Gauss-Newton part, R = H - G",
    "kinks": "one-sided, from the left",
    "numbers": "networks and data are exactly the float64 numbers written; enclosures are rounded outwards",
    "y": "null stands for the network's own outputs, without rounding",
}
WORD = re.compile(r"[\w .,+:()-]{1,100}")
FLOAT = re.compile(r"-?0x[01]\.?[0-9a-f]{0,13}p[+-]\d{1,4}")


class Refused(ValueError):
    """A file that is no certificate, or whose claims were not confirmed."""


def refuse(why: str) -> NoReturn:
    """Raise Refused with the reason `why`."""
    raise Refused(why)


def document(certificates: list[Certificate]) -> dict[str, Any]:
    """The plain data of a file that holds `certificates`."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "made_with": versions(),
        "conventions": CONVENTIONS,
        "certificates": [_plain(certificate) for certificate in certificates],
    }
    return {**body, "digest": digest(body)}


def versions() -> dict[str, str]:
    """Names and versions of what a certificate is made with."""
    from importlib.metadata import PackageNotFoundError, version

    def of(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    return {name: of(name) for name in ("twolayer", "python-flint", "sympy", "numpy")}


def digest(body: dict[str, Any]) -> str:
    """A checksum of everything else in a file, against damage: what protects from lies is the check."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def save(path: str | Path, certificates: list[Certificate]) -> None:
    """Write `certificates` to a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists.
    certificates : list of Certificate

    Raises
    ------
    OSError
        If it cannot be written.
    """
    draft = Path(f"{path}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(document(certificates), file, indent=1, allow_nan=False)
            file.write("\n")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def load(path: str | Path) -> list[Certificate]:
    """The certificates of a file, their claims not yet checked.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    OSError
        If the file cannot be read.
    Refused
        If it is too large, damaged, or not a certificate of this version; the message says why.
    """
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        refuse(f"a certificate must have at most {MOST_BYTES} bytes")
    found = _fields(
        _parsed(content),
        ("format", "version", "made_with", "conventions", "certificates", "digest"),
        "the file",
    )
    _check_head(found)
    listed = found["certificates"]
    if not (isinstance(listed, list) and 1 <= len(listed) <= MOST_CERTIFICATES):
        refuse(f"certificates must be a list of 1 to {MOST_CERTIFICATES}")
    return [_certificate(each, f"certificate {i}") for i, each in enumerate(listed)]


def _check_head(found: dict[str, Any]) -> None:
    if found["format"] != FORMAT or found["version"] != VERSION or isinstance(found["version"], bool):
        refuse(f"format must be {FORMAT!r}, version {VERSION}; got {found['format']!r}, {found['version']!r}")
    if digest({key: value for key, value in found.items() if key != "digest"}) != found["digest"]:
        refuse("the digest does not fit: the file was changed or damaged")
    made = _fields(found["made_with"], tuple(versions()), "made_with")
    if not all(isinstance(text, str) and WORD.fullmatch(text) for text in made.values()):
        refuse("made_with must hold versions")
    if found["conventions"] != CONVENTIONS:
        refuse("the conventions must be those of this version")


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode("utf-8")
        _check_depth(text)
        return json.loads(
            text,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        refuse("the file is not UTF-8 text")
    except json.JSONDecodeError as reason:
        refuse(f"the file is not whole JSON: {reason.msg} at character {reason.pos}")


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_DEPTH:
            refuse(f"the file must be nested at most {MOST_DEPTH} deep")


def _no_number(text: str) -> NoReturn:
    refuse(f"numbers must be integers, or text in hexadecimal or decimal; got {text[:40]}")


def _integer(text: str) -> int:
    return (
        int(text) if len(text) <= 10 else refuse(f"an integer must have at most 10 digits; got {text[:40]}")
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        refuse("a field must occur once")
    return found


def _fields(value: Any, names: tuple[str, ...], where: str) -> dict[str, Any]:
    """`value` if it is an object with exactly these fields."""
    if not isinstance(value, dict):
        refuse(f"{where} must be an object")
    extra, missing = sorted(set(value) - set(names)), sorted(set(names) - set(value))
    if extra or missing:
        said = [f"unknown {', '.join(map(repr, extra))[:100]}"] * bool(extra)
        refuse(f"{where} must have the fields {', '.join(names)}; got {'; '.join([*said, *_lacks(missing)])}")
    return value


def _lacks(missing: list[str]) -> list[str]:
    return [f"no {', '.join(missing)}"] if missing else []


def _plain(certificate: Certificate) -> dict[str, Any]:
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


def _certificate(value: Any, where: str) -> Certificate:
    found = _fields(value, ("claim", "network", "bits"), where)
    bits = found["bits"]
    if not isinstance(bits, int) or isinstance(bits, bool) or not 32 <= bits <= MOST_BITS:
        refuse(f"bits of {where} must be an integer from 32 to {MOST_BITS}")
    of = _subject(found["network"], where)
    return Certificate(_claim(found["claim"], where), of, bits)


def _subject(value: Any, where: str) -> Subject:
    found = _fields(value, ("activation", "loss", "a", "W", "b", "c", "X", "y"), f"network of {where}")
    for name in ("activation", "loss"):
        if not (isinstance(found[name], str) and 0 < len(found[name]) <= MOST_TEXT):
            refuse(f"{name} of {where} must be text of at most {MOST_TEXT} characters")
    a, W, X = (_array(found[name], name, where) for name in ("a", "W", "X"))
    b, c = (None if found[name] is None else _array(found[name], name, where) for name in ("b", "c"))
    if a.ndim not in (1, 2) or W.ndim != 2 or X.ndim != 2 or min(a.size, W.size, X.size) < 1:
        refuse(f"a must be (m,) or (q, m), W (m, d), X (n, d) in {where}")
    (m, d), n, q = W.shape, len(X), len(np.atleast_2d(a))
    fits = a.shape[-1] == m and X.shape[1] == d and (b is None or b.shape == (m,))
    if not fits or (c is not None and c.shape != (() if a.ndim == 1 else (q,))):
        refuse(f"the shapes of a, W, b, c and X of {where} must fit")
    P = a.size + W.size + (m if b is not None else 0) + (q if c is not None else 0)
    if P > MOST_PARAMETERS or n * q * P**2 > MOST_WORK:
        refuse(
            f"{where} must have at most {MOST_PARAMETERS} parameters and n q P^2 <= {MOST_WORK}; got P = {P}"
        )
    return Subject(a, W, b, c, X, _targets(found, n, q, where), found["activation"], found["loss"])


def _array(value: Any, name: str, where: str) -> Any:
    """An array of finite float64 numbers from nested lists of hexadecimal text."""
    try:
        texts = np.array(value)
    except ValueError:
        refuse(f"{name} of {where} must be rectangular")
    if texts.dtype.kind != "U" or texts.dtype.itemsize > 4 * 40 or texts.ndim > 2:
        refuse(f"{name} of {where} must hold numbers as hexadecimal text")
    flat = texts.ravel().tolist()
    if not all(FLOAT.fullmatch(text) for text in flat):
        refuse(f"{name} of {where} must hold finite numbers as hexadecimal text")
    numbers = np.array([float.fromhex(text) for text in flat])
    if not np.isfinite(numbers).all() or [number.hex() for number in numbers.tolist()] != flat:
        refuse(f"{name} of {where} must hold float64 numbers as float.hex writes them")
    return numbers.reshape(texts.shape)


def _targets(found: dict[str, Any], n: int, q: int, where: str) -> Any:
    loss, y = found["loss"], found["y"]
    if loss not in ("squared", "logistic", "softmax", "pseudo_huber"):
        refuse(f"loss of {where} must be a built-in one; got {loss[:40]!r}")
    if loss == "softmax":
        whole = isinstance(y, list) and all(isinstance(k, int) and not isinstance(k, bool) for k in y)
        if q < 2 or not whole or len(y) != n or not all(0 <= k < q for k in y):
            refuse(f"y of {where} must be {n} classes from 0 to {q - 1}, with q >= 2")
        return np.array(y, dtype=np.int64)
    if y is None:
        if loss == "logistic":
            refuse(f"y of {where} must be labels 0 or 1")
        return None
    targets = _array(y, "y", where)
    if targets.shape != (n, q):
        refuse(f"y of {where} must be ({n}, {q})")
    if loss == "logistic" and not np.isin(targets, (0.0, 1.0)).all():
        refuse(f"y of {where} must be labels 0 or 1")
    return targets


FIELDS: dict[str, tuple[str, ...]] = {
    "quantity": ("kind", "name", "enclosure"),
    "eigenvalues": ("kind", "matrix", "enclosures"),
    "theorem": ("kind", "id", "variant", "relation", "verdict", "left", "right"),
    "unique minimum": ("kind", "radius", "within", "least_eigenvalue"),
}


def _claim(value: Any, where: str) -> dict[str, Any]:
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        refuse(f"claim of {where} must have a kind among {', '.join(KINDS)}")
    claim = _fields(value, FIELDS[kind], f"claim of {where}")
    checks = {"enclosure": _ends, "left": _ends, "right": _ends, "enclosures": _list_of_ends}
    for name, content in claim.items():
        checks.get(name, _text)(content, f"{name} of {where}")
    if kind == "eigenvalues" and claim["matrix"] not in MATRICES:
        refuse(f"matrix of {where} must be one of {', '.join(MATRICES)}")
    if kind == "theorem" and claim["verdict"] not in (PROVED, VIOLATED, EQUAL):
        refuse(f"verdict of {where} must be {PROVED}, {VIOLATED} or {EQUAL}")
    if kind == "unique minimum":
        _check_positive(claim, where)
    return claim


def _check_positive(claim: dict[str, Any], where: str) -> None:
    for name in ("radius", "within", "least_eigenvalue"):
        if not _array(claim[name], name, where) > 0:
            refuse(f"{name} of {where} must be positive")


def _text(value: Any, what: str) -> None:
    if not (isinstance(value, str) and 0 < len(value) <= MOST_TEXT):
        refuse(f"{what} must be text of at most {MOST_TEXT} characters")


def _ends(value: Any, what: str) -> None:
    two = isinstance(value, list) and len(value) == 2
    if not two or not all(isinstance(end, str) and NUMBER.fullmatch(end) for end in value):
        refuse(f"{what} must be two decimals such as 1.25E-3")


def _list_of_ends(value: Any, what: str) -> None:
    if not (isinstance(value, list) and 1 <= len(value) <= 10 * MOST_PARAMETERS):
        refuse(f"{what} must be a list")
    for each in value:
        _ends(each, what)
