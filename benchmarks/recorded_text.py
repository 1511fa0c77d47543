"""What README and pages say of the recorded run, between two comments."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from numerics.verdicts import CLAIMS, LEVELS

PAGES = ("README.md", "docs/index.md", "docs/tutorials/minima.md")
BLOCK = re.compile(r"(<!-- made by nox -s record: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
LINE = 120


def written(text: str, record: dict[str, Any], page: str) -> str:
    """The `text` of a `page` with every block in it made anew from the `record`.

    Raises
    ------
    ValueError
        If the page has no block.
    """
    if not BLOCK.search(text):
        raise ValueError(f"{page} must have a block made by nox -s record; got none")
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found[2]](record, page) + found[3], text)


def verdicts(record: dict[str, Any], page: str) -> str:
    """The answer, the picture, and a line for each claim."""
    place = "docs/images" if page == "README.md" else "images"
    lines = [
        wrapped(f"{answer(record)} Numbers in brackets are 95 % intervals."),
        "",
        f"![Every measured effect with its interval, beside what it must exceed]({place}/verdict.png)",
        "",
        "| claimed | found | verdict |",
        "|---|---|---|",
    ]
    for each in record["verdicts"]:
        lines.append(f"| {CLAIMS[each['claim']].text} | {each['found']} | **{each['verdict']}** |")
    return "\n".join([*lines, "", wrapped(f"*{made(record)}*")]) + "\n"


def picture(record: dict[str, Any], page: str) -> str:
    """The answer and the picture."""
    return "\n".join(
        [
            "![Every measured effect with its interval, beside what it must exceed](images/verdict.png)",
            "",
            wrapped(f"{answer(record)} [How it is found](tutorials/minima.md). *{made(record)}*"),
            "",
        ]
    )


def sizes(record: dict[str, Any], page: str) -> str:
    """How many minima are searched, among how many images."""
    data = record["data"]
    text = (
        f"It searches {record['minima']} minima of two-layer networks on {data['name']}, with "
        f"{record['genuine']} images to train on and {data['test']} to test, then basins and deep networks. "
        f"{answer(record)} *{made(record)}*"
    )
    return wrapped(text) + "\n"


def answer(record: dict[str, Any]) -> str:
    """How many claims got which verdict."""
    found = [each["verdict"] for each in record["verdicts"]]
    counts = {level: found.count(level) for level in LEVELS if level in found}
    said = " and ".join(f"{count} {'is' if count == 1 else 'are'} {level}" for level, count in counts.items())
    return f"Of the {len(found)} claims of the paper's abstract, {said}."


def made(record: dict[str, Any]) -> str:
    """With what the numbers were made."""
    day = date.fromisoformat(record["code"]["date"])
    versions = ", ".join(f"{name} {record['versions'][name]}" for name in ("python", "numpy", "scipy"))
    return (
        f"Made by `{record['command']}`, seed {record['seed']}, with the code of {day.day} {day:%B %Y}; "
        f"{record['machine']}, {versions}."
    )


def wrapped(text: str) -> str:
    """`text` in lines of at most `LINE` letters."""
    lines, words = [""], text.split()
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


BLOCKS = {"verdicts": verdicts, "picture": picture, "sizes": sizes}
"""What may be written, by the name that stands in the comment."""
