"""Sentences of records, written in plain letters, with their symbols as formulas."""

from __future__ import annotations

import re

PIECES = (
    (r"E\|grad_x f\|\^2", r"\\mathbb{E}\\lvert\\nabla_x f\\rvert^2"),
    (r"E\|(f|J|M x|x~)\|\^2", r"\\mathbb{E}\\lvert \1\\rvert^2"),
    (r"\|theta\|\^2", r"\\lvert\\theta\\rvert^2"),
    (r"\|\(a, c\)\|\^2", r"\\lvert(a, c)\\rvert^2"),
    (r"\|E J\|\^2", r"\\lvert\\mathbb{E} J\\rvert^2"),
    (r"\bsqrt\(n q\)", r"\\sqrt{nq}"),
    (r"\bgrad_x f\b", r"\\nabla_x f"),
    (r"\|grad R\|\^2", r"\\lvert\\nabla\\mathcal R\\rvert^2"),
    (r"\blambda_(max|min)\(([GK])\) R\b", r"\\lambda_{\\\1}(\2)\\,\\mathcal R"),
    (r"\b(?:lambda_|l)(max|min)\(([GHKR])\)", r"\\lambda_{\\\1}(\2)"),
    (r"\bd(?:R)/d([wA])(~?)_k", r"\\partial\\mathcal R/\\partial \1\2_k"),
    (r"\btr ([GHK])(?:_\(?([a-zA-Z0-9 ]+?)\)?)?(?![\w(])", r"\\operatorname{tr} \1_{\2}"),
    (r"\|([A-Z])(?:_(bb|[0-9]|l))?\|_([F2])(\^[0-9])?", r"\\lVert \1_{\2}\\rVert_{\3}\4"),
    (r"\|([a-z])(~?)(?:_(k|l|i))?\|(?!_)(\^[0-9])?", r"\\lvert \1\2_{\3}\\rvert\4"),
    (r"\|([a-z])\|_([12])", r"\\lvert \1\\rvert_\2"),
    (r"\b([GH])_(bb|W|ii)\b", r"\1_{\2}"),
    (r"\b([GHR])_\(b1 b1\)", r"\1_{b_1 b_1}"),
    (r"\bw~_k", r"w~_k"),
    (r"\b(W(?:_1)?) W(?:_1)?\^T", r"\1 \1^{\\top}"),
    (r"\b(W(?:_1)?)\^T u\b", r"\1^{\\top} u"),
    (r"\bJ J\^T / n\b", r"J J^{\\top}/n"),
    (r"\bJ J\^T", r"J J^{\\top}"),
    (r"(?<![\w^{])([AWabuvwxz])_([1ikl])(?![\w^}])", r"\1_\2"),
    (r"\bsum_([ik])\b", r"\\sum_\1"),
)
"""Plain symbols and their LaTeX; a tilde after a letter stands over it."""

ANY = re.compile("|".join(f"(?:{plain})" for plain, _ in PIECES))
BETWEEN = re.compile(r"\$ (\\<= |= |\+ )?\$")
RELATIONS = {None: r"\\,", r"\<= ": r"\\le ", "= ": "= ", "+ ": "+ "}


def words(text: str) -> str:
    """Text with the characters that Markdown would take for markup escaped."""
    for mark in "\\_*|<$":
        text = text.replace(mark, "\\" + mark)
    return text


def sentence(text: str) -> str:
    r"""`text` as Markdown, its symbols as formulas.

    Examples
    --------
    >>> sentence("|H|_F bounds tr G_bb")
    '$\\lVert H\\rVert_{F}$ bounds $\\operatorname{tr} G_{bb}$'
    """
    parts, last = [], 0
    for found in ANY.finditer(text):
        parts += [words(text[last : found.start()]), f"${latex(found[0])}$"]
        last = found.end()
    joined = "".join([*parts, words(text[last:])])
    return BETWEEN.sub(lambda found: RELATIONS[found[1]].replace("\\\\", "\\"), joined)


def latex(symbol: str) -> str:
    """The LaTeX of one plain symbol.

    Raises
    ------
    ValueError
        If no piece is written so.
    """
    for plain, made in PIECES:
        found = re.fullmatch(plain, symbol)
        if found:
            text = found.expand(made)
            return re.sub(r"_\{\}", "", re.sub(r"([a-zA-Z])~", r"\\tilde \1", text))
    raise ValueError(f"symbol must be one of PIECES; got {symbol!r}")
