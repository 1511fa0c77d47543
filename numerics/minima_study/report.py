"""One HTML page that tells what was done and found, with everything in it."""

from __future__ import annotations

import base64
import io
import math
from functools import cache
from html import escape
from typing import Any

from matplotlib import mathtext

from numerics.minima_study.columns import BY_KEY
from numerics.minima_study.facts import REPORTED
from numerics.pages import definitions, document, embedded, listed, number, table, typeset
from numerics.plotting import Drawn
from numerics.statistics.ranks import interval
from theory import theorems

Results = dict[str, Any]

SUMMARY = (
    (
        "test_accuracy",
        "frobenius_norm",
        "trace",
        "largest_eigenvalue",
        "input_gradient_train",
        "input_gradient_test",
    ),
    ("train_accuracy", "risk", "gradient_norm", "log_product_10", "log_product_50", "log_product_all"),
)

AT_ROUNDING = ("risk", "gradient_norm")

LIMITS = (
    "E|∇ₓf|² sees only the samples: a steep step between two samples is invisible to it. The value at test "
    "inputs is given beside it.",
    "Sharpness depends on the parameters: two networks with the same function can differ in |H|_F by any "
    "factor (theorem T8). The comparison here is between minima that training reached from the same "
    "starts.",
    "A product of eigenvalues is not a volume of a basin of attraction; it depends on k and on the scale "
    "of the parameters, and directions of zero curvature have to be left out.",
    "The logistic loss has no minimum on separable data: its Hessian shrinks with confidence alone, so its "
    "arm stops at a stated risk.",
    "Minima that differ in the attack set but share a start and a split are not independent; the counts by "
    "repeat and the correlations among minima of equal attack size are the safer ones.",
    "Good and bad mean test accuracy on these data; nothing here says how often random starts reach either.",
)

UNKNOWN = (
    "Of Wu, Zhu and E (2017, arXiv:1706.10239) the abstract, one figure and one quoted paragraph are known "
    "here. Its constants, the k of its product of eigenvalues and any factor before the logarithms, and "
    "the settings of its experiments are not; theorem T5 is rebuilt in its shape, and no number on this "
    "page is a number of the paper."
)


def page(results: Results, drawn: list[Drawn], opening: str = "") -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    results : dict
        The content of results.json.
    drawn : list of Drawn
        Figures to embed.
    opening : str
        HTML that comes first: the verdicts.
    """
    title = "Good and bad minima of two-layer networks"
    partial = (
        '<p class="warning">Partial: the run was interrupted. Everything below is about the minima that were '
        "finished before.</p>"
        if results["partial"]
        else ""
    )
    parts = [
        partial,
        f"<h1>{title}</h1>",
        f'<p class="warning">{escape(results["left_out"])}</p>' if results.get("left_out") else "",
        opening,
        f"<p>{_introduction(results)}</p>",
        "<h2>What was found</h2>",
        listed(results["conclusions"]),
        *(embedded(each) for each in drawn),
        "<h2>Means by attack size</h2>",
        _summary(results),
        "<h2>Does sharpness predict test accuracy?</h2>",
        _correlations(results),
        "<h2>Theorems</h2>",
        _theorems(results),
        "<h2>Conventions</h2>",
        definitions(results["conventions"]),
        "<h2>Limits</h2>",
        listed(LIMITS),
        f"<p>{typeset(UNKNOWN)}</p>",
        "<h2>How this was made</h2>",
        _provenance(results),
    ]
    return document(title, parts)


def _introduction(results: Results) -> str:
    data = results["data"]
    first = results["arms"][0]
    return escape(
        f"Networks f(x) = Σ aₖ s(wₖ·x + bₖ) were trained on {data['name']} ({data['labels']}), first on "
        f"{first['genuine']} genuine samples together with an attack set, further samples with wrong "
        f"labels, then on the genuine samples alone. They differ in what they say about the {data['test']} "
        f"test samples. For each of the {len(results['minima'])} minima the curvature is computed exactly, "
        "with a bound of its rounding error, and compared with the test accuracy and with theorems T1 to "
        "T5."
    )


def _summary(results: Results) -> str:
    tables = []
    for keys in SUMMARY:
        head = ["arm", "attack", "minima", *(typeset(BY_KEY[key].title) for key in keys)]
        rows = (
            [typeset(row["arm"]), str(row["attack"]), str(row["count"]), *(_spread(row, key) for key in keys)]
            for row in results["summary"]
        )
        tables.append(table(head, rows))
    return "\n".join(tables) + "<p>Mean ± standard deviation over repeats.</p>"


def _correlations(results: Results) -> str:
    head = ["arm", "predictor", "all minima", "equal attack size", "repeats in order"]
    rows = (
        [
            typeset(row["arm"]),
            typeset(BY_KEY[row["predictor"]].title),
            f"{ranked(row['all'], row['minima'])} ({row['minima']} minima)",
            f"{number(row['within'])} ({row['sizes']} sizes)",
            f"{row['repeats_in_order']} of {row['repeats']}",
        ]
        for row in results["correlations"]
    )
    note = (
        "Spearman's rank correlation with test accuracy over all minima of an arm, and its mean over "
        "attack sizes among the minima of one size. In order: repeats in which the minimum with the "
        "largest attack set is sharper than the one without. In brackets Bonett and Wright's 95 % "
        "interval, as if "
        "minima were independent; the intervals of the verdicts, drawn by repeats, do not assume that."
    )
    return f"<p>{typeset(note)}</p>" + table(head, rows)


def ranked(rank: float | None, count: int) -> str:
    """A rank correlation over `count` minima with Bonett and Wright's interval."""
    low, high = interval(rank, count)
    ends = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return ("–" if rank is None else f"{rank:.2f}") + ends


def _spread(row: dict[str, Any], key: str) -> str:
    spread = None if key in AT_ROUNDING else row[f"{key}_sd"]
    if not spread or row[key] is None:
        return number(row[key])
    value, half = with_spread(row[key], spread)
    return f'{value}<span class="spread"> ± {half}</span>'


def with_spread(value: float, spread: float) -> tuple[str, str]:
    """A value and its spread with equally many decimals, two digits of the spread.

    Examples
    --------
    >>> with_spread(0.4, 0.0263), with_spread(123.456, 12.3)
    (('0.400', '0.026'), ('123', '12'))
    """
    places = max(0, 1 - math.floor(math.log10(spread)))
    if places > 6 or abs(value) >= 1e6:
        return number(value), f"{spread:.2g}"
    return f"{value:.{places}f}", f"{spread:.{places}f}"


def _theorems(results: Results) -> str:
    parts = ["<p>In how many of the cases that apply the relation holds, and the largest left / right.</p>"]
    for theorem in (theorems[name] for name in REPORTED):
        counted = [row for row in results["theorems"] if row["theorem"] == theorem.id]
        rows = []
        for name, variant in theorem.variants.items():
            cells = [row for row in counted if row["variant"] == name]
            rows.append(
                [
                    typeset(name),
                    formula(variant.latex()),
                    *(_count(cells, where) for where in ("minimum", "start")),
                ]
            )
        parts.append(f"<h3>{typeset(theorem.name)}</h3><p>{typeset(theorem.statement)}</p>")
        parts.append(table(["variant", "relation", "at the minima", "at the random starts"], rows))
    return "\n".join(parts)


def _count(cells: list[dict[str, Any]], where: str) -> str:
    cell = next((row for row in cells if row["where"] == where), None)
    if cell is None or not cell["applicable"]:
        return "not applicable"
    largest = f", ratio ≤ {max(cell['ratios']):.2g}" if cell["ratios"] else ""
    return f"{cell['holds']} of {cell['applicable']}{largest}"


@cache
def formula(latex: str) -> str:
    """Return a formula as an embedded picture, its LaTeX as the alternative text."""
    stream = io.BytesIO()
    mathtext.math_to_image(f"${latex.replace(chr(92) + 'top', 'T')}$", stream, format="svg")
    image = base64.b64encode(stream.getvalue()).decode()
    return f'<img class="formula" src="data:image/svg+xml;base64,{image}" alt="{escape(latex)}">'


def _provenance(results: Results) -> str:
    data = results["data"]
    facts = {
        "seed": str(results["seed"]),
        "data": f"{data['name']}: {data['samples']} samples, {data['inputs']} inputs; {data['labels']}; "
        f"{data['reserve']} in reserve for attacks, {data['test']} to test; SHA-256 {data['sha256']}",
        "scaling": data["scaling"],
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        "wall time": f"{results['timing']['seconds']:.0f} s, on one thread",
        **({"credit": data["credit"]} if data["credit"] else {}),
    }
    return definitions(facts)
