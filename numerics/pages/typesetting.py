"""Symbols and numbers of plain text as a page sets them."""

from __future__ import annotations

import math
import re

from markupsafe import Markup, escape

SYMBOLS = {
    r"\|([A-Z](?:_[a-z]+)?)\|_F": r"‖\1‖<sub>F</sub>",
    r"\bgrad_x f\b|∇ₓf": "∇<sub>x</sub><i>f</i>",
    r"\|²": "|<sup>2</sup>",
    r"\bdiag_([a-z])\b": r"diag<sub>\1</sub>",
    r"\bs&#39;&#39;": "s″",
    r"\btheta\b": "θ",
    r"&lt;=": "≤",
    r"&gt;=": "≥",
    r"(?<= )\.(?= )": "·",
    r"λmax|\blmax\b": "λ<sub>max</sub>",
    r"\bsum_([a-z])\b": r"Σ<sub>\1</sub>",
    r"\b([A-Za-z])_([a-z]{1,3}|\d)\b": r"<i>\1</i><sub>\2</sub>",
    r"(?<!<i>)\b([HGRW])\b(?![&;])": r"<i>\1</i>",
    r"\^(\d|T)": r"<sup>\1</sup>",
    r"(?<![\w.−-])-(?=\d)|(?<= )-(?= )": "−",
}
"""Symbols as they stand in plain text, and in a page."""

POWER = r"(?<![\w.])([\d.]+)e([+-]?)0*(\d+)\b"


def typeset(text: str) -> Markup:
    """`text` as HTML, its symbols set as a formula would be; what is HTML already stays as it is.

    Examples
    --------
    >>> typeset("|H|_F < 2")
    Markup('‖<i>H</i>‖<sub>F</sub> &lt; 2')
    """
    if isinstance(text, Markup):
        return text
    found = str(escape(text))
    for plain, made in SYMBOLS.items():
        found = re.sub(plain, made, found)
    return Markup(re.sub(POWER, power, found))


def cell(text: str) -> Markup:
    """A cell of a table as HTML: numbers with a true minus, powers of ten as such.

    Examples
    --------
    >>> cell("-1.5e-31")
    Markup('−1.5 × 10<sup>−31</sup>')
    """
    if isinstance(text, Markup):
        return text
    signed = re.sub(r"(?<![\w.])-(?=\d)", "−", str(escape(text)))
    return Markup(re.sub(POWER, power, signed))


def power(found: re.Match[str]) -> str:
    """A number as float writes it, with its power of ten written out."""
    sign = "−" if found[2] == "-" else ""
    return f"{found[1]} × 10<sup>{sign}{found[3]}</sup>"


def number(value: float | None) -> str:
    """Return a number with three digits, or a dash.

    Examples
    --------
    >>> number(0.12345), number(123456.0), number(None)
    ('0.123', '1.23e+05', '–')
    """
    return "–" if value is None else f"{value:.3g}"


def with_spread(value: float, deviation: float) -> tuple[str, str]:
    """A value and its spread with equally many decimals, two digits of the spread.

    Examples
    --------
    >>> with_spread(0.4, 0.0263), with_spread(123.456, 12.3)
    (('0.400', '0.026'), ('123', '12'))
    """
    if not 0 < deviation < math.inf:
        return number(value), number(deviation)
    places = max(0, 1 - math.floor(math.log10(deviation)))
    if places > 6 or abs(value) >= 1e6:
        return number(value), f"{deviation:.2g}"
    return f"{value:.{places}f}", f"{deviation:.{places}f}"


def spread(value: float | None, deviation: float | None) -> Markup | str:
    """`value` ± `deviation` for a table; a dash without a value, the value alone without a spread.

    Examples
    --------
    >>> spread(-0.4, 0.0263)
    Markup('−0.400<span class="spread"> ± 0.026</span>')
    >>> spread(2.0, None)
    '2'
    """
    if value is None or not deviation:
        return number(value)
    mean, half = with_spread(value, deviation)
    return Markup('{}<span class="spread"> ± {}</span>').format(cell(mean), cell(half))
