"""The file of a certificate: JSON that is written from a claim, and read without trusting a byte of it."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from theory.certify.certificate import Certificate
from theory.certify.entries import plain, read
from theory.certify.json_fields import fields, parsed, refuse

FORMAT, VERSION = "twolayer certificate", 1
MOST_BYTES, MOST_CERTIFICATES = 2**23, 500
MOST_WORK = 2**35  # products of numbers of 256 bits, some minutes
CONVENTIONS = {
    "risk": "the mean over samples of the loss; the squared loss is |f - y|^2 / 2",
    "theta": "a row by row, W row by row, b, c; absent parts left out",
    "H": "the Hessian of the risk by theta; G its Gauss-Newton part, R = H - G",
    "kinks": "one-sided, from the left",
    "numbers": "networks and data are exactly the float64 numbers written; enclosures are rounded outwards",
    "y": "null stands for the network's own outputs, without rounding",
}
HEAD = ("format", "version", "made_with", "conventions", "certificates", "digest")
WORD = re.compile(r"[\w .,+:()-]{1,100}")


def document(certificates: list[Certificate]) -> dict[str, Any]:
    """The plain data of a file that holds `certificates`."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "made_with": versions(),
        "conventions": CONVENTIONS,
        "certificates": [plain(certificate) for certificate in certificates],
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
    written = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return blake2b(written.encode(), digest_size=16).hexdigest()


def save(path: str | Path, certificates: list[Certificate]) -> None:
    """Write `certificates` to a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        An ordinary file is replaced; a link stands for the file behind it.
    certificates : list of Certificate

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If it is a folder, a device, a pipe or a loop of links, none of which is replaced.

    Examples
    --------
    >>> import tempfile, twolayer as tl
    >>> from theory.certify import certify_quantity
    >>> net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/risk.json", [certify_quantity("risk", net, [[3.0]], [0.0])])
    ...     load(f"{folder}/risk.json")[0].claim["enclosure"]
    ['1.8E+1', '1.8E+1']
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise ValueError(f"path must be a new or an ordinary file; got {path}, a folder, a device or a pipe")
    draft = target.with_name(f".{target.name}-{os.getpid()}")
    written = json.dumps(document(certificates), indent=1, allow_nan=False) + "\n"
    try:
        with draft.open("x", encoding="utf-8") as file:  # not what another has put there under this name
            file.write(written)
        os.replace(draft, target)
    except OSError as reason:
        raise OSError(reason.errno, reason.strerror, str(path)) from reason
    finally:
        with suppress(OSError):
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
    if Path(path).exists() and not Path(path).is_file():
        refuse("a certificate must be a file; got a folder, a device or a pipe")
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        refuse(f"a certificate must have at most {MOST_BYTES} bytes")
    found = fields(parsed(content), HEAD, "the file")
    _check_head(found)
    listed = found["certificates"]
    if not (isinstance(listed, list) and 1 <= len(listed) <= MOST_CERTIFICATES):
        refuse(f"certificates must be a list of 1 to {MOST_CERTIFICATES}")
    certificates = [read(each, f"certificate {i}") for i, each in enumerate(listed)]
    if sum(map(work, certificates)) > MOST_WORK:
        refuse("the networks are too large, or the precision too high, to be checked in minutes")
    return certificates


def work(certificate: Certificate) -> float:
    """About how many products of numbers of 256 bits it takes to check a `certificate`."""
    of, P = certificate.subject, certificate.subject.n_parameters
    rows, said = len(of.X) * len(of.A), str(certificate.claim)
    size = max(P, rows) if "K" in said or "kernel" in said else P
    return float((rows * P**2 + 40 * size**3) * max(1.0, certificate.bits / 256))


def _check_head(found: dict[str, Any]) -> None:
    if found["format"] != FORMAT or found["version"] != VERSION or isinstance(found["version"], bool):
        got = f"{str(found['format'])[:40]!r}, {str(found['version'])[:40]}"
        refuse(f"format must be {FORMAT!r}, version {VERSION}; got {got}")
    if digest({key: value for key, value in found.items() if key != "digest"}) != found["digest"]:
        refuse("the digest does not fit: the file was changed or damaged")
    made = fields(found["made_with"], tuple(versions()), "made_with")
    if not all(isinstance(text, str) and WORD.fullmatch(text) for text in made.values()):
        refuse("made_with must hold versions")
    if found["conventions"] != CONVENTIONS:
        refuse("the conventions must be those of this version")
