"""Reading JSON that nobody vouches for: what is not exactly as wanted is refused, with a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

import numpy as np

from theory.bridge.network import Array

MOST_DEPTH, MOST_TEXT = 12, 400
MARKS = re.compile(r"[\\\"\[\]{}]")
PRINTABLE = re.compile(r"[ -~]*")
FLOAT = re.compile(r"-?0x[01]\.?[0-9a-f]{0,13}p[+-][0-9]{1,4}")


class Refused(ValueError):
    """A file that is no certificate, or whose claims were not confirmed."""


def refuse(why: str) -> NoReturn:
    """Raise Refused with the reason `why`."""
    raise Refused(why)


def parsed(content: bytes) -> Any:
    """The plain data of JSON `content`, whose only numbers are short integers.

    Raises
    ------
    Refused
        If it is not whole, is nested deeply, repeats a field, or holds another number.
    """
    try:
        written = content.decode("utf-8")
        _check_depth(written)
        return json.loads(
            written,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        refuse("the file is not UTF-8 text")
    except json.JSONDecodeError as reason:
        refuse(f"the file is not whole JSON: {reason.msg} at character {reason.pos}")


def _check_depth(written: str) -> None:
    depth = 0
    quoted, skipped = False, -1
    for found in MARKS.finditer(written):
        mark, position = found[0], found.start()
        if position == skipped:
            continue
        if mark == "\\":
            skipped = position + 1
        elif mark == '"':
            quoted = not quoted
        elif not quoted:
            depth += 1 if mark in "[{" else -1
        if depth > MOST_DEPTH:
            refuse(f"the file must be nested at most {MOST_DEPTH} deep")


def _no_number(written: str) -> NoReturn:
    refuse(f"numbers must be integers, or text in hexadecimal or decimal; got {written[:40]}")


def _integer(digits: str) -> int:
    if len(digits) > 10:
        refuse(f"an integer must have at most 10 digits; got {digits[:40]}")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        refuse("a field must occur once")
    return found


def fields(value: Any, names: tuple[str, ...], where: str) -> dict[str, Any]:
    """`value` if it is an object with exactly the fields `names`; `where` says what it is.

    Raises
    ------
    Refused
        If it is not.
    """
    if not isinstance(value, dict):
        refuse(f"{where} must be an object")
    extra, missing = sorted(set(value) - set(names)), sorted(set(names) - set(value))
    if extra or missing:
        said = [f"unknown {', '.join(map(repr, extra))[:100]}"] * bool(extra)
        refuse(f"{where} must have the fields {', '.join(names)}; got {'; '.join([*said, *_lacks(missing)])}")
    return value


def _lacks(missing: list[str]) -> list[str]:
    return [f"no {', '.join(missing)}"] if missing else []


def array(value: Any, name: str, where: str) -> Array:
    """An array of finite float64 numbers, of two dimensions at most, from `value`, lists of hexadecimal text.

    Of the shape of the lists.

    Raises
    ------
    Refused
        If it is anything else; `name` and `where` say what it is.
    """
    rows = value if isinstance(value, list) else [value]
    flat = [number for row in rows for number in (row if isinstance(row, list) else [row])]
    if not all(isinstance(number, str) and FLOAT.fullmatch(number) for number in flat):
        refuse(f"{name} of {where} must hold finite numbers as hexadecimal text")
    if len({len(row) if isinstance(row, list) else -1 for row in rows}) > 1:
        refuse(f"{name} of {where} must be rectangular")
    numbers = np.array([_float(number, name, where) for number in flat])
    nested = isinstance(value, list) and bool(rows) and isinstance(rows[0], list)
    shape = (len(rows), -1) if nested and flat else (len(flat),) if isinstance(value, list) else ()
    return numbers.reshape(shape)


def _float(number: str, name: str, where: str) -> float:
    try:
        found = float.fromhex(number)
    except OverflowError:
        refuse(f"{name} of {where} must hold finite numbers; got {number}")
    if found.hex() != number:
        refuse(f"{name} of {where} must hold float64 numbers as float.hex writes them; got {number}")
    return found


def text(value: Any, what: str) -> str:
    """`value` if it is printable text that is not too long; `what` says what it is.

    Raises
    ------
    Refused
        If it is not.
    """
    if not (isinstance(value, str) and 0 < len(value) <= MOST_TEXT and PRINTABLE.fullmatch(value)):
        refuse(f"{what} must be text of at most {MOST_TEXT} printable characters")
    return value


def one_of(value: Any, names: Collection[str], what: str) -> str:
    """`value` if it is one of `names`; `what` says what it is.

    Raises
    ------
    Refused
        If it is not.
    """
    if text(value, what) not in names:
        refuse(f"{what} must be one of {', '.join(names)}; got {value!r}")
    return str(value)
