"""The tables of the report, cell by cell."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Any

from markupsafe import Markup, escape
from matplotlib import mathtext

from numerics.minima_study import resampled
from numerics.minima_study.columns import BY_KEY, PREDICTORS
from numerics.minima_study.facts import REPORTED
from numerics.minima_study.findings import of_arm, order
from numerics.pages import Table, typeset
from numerics.pages.typesetting import spread
from numerics.verdicts.claims import Effect
from theory import theorems

Results = dict[str, Any]

SUMMARY = {
    "Accuracy, curvature and input gradient": (
        "test_accuracy",
        "frobenius_norm",
        "trace",
        "largest_eigenvalue",
        "input_gradient_train",
        "input_gradient_test",
    ),
    "How well training ended, and the volume proxy": (
        "train_accuracy",
        "risk",
        "gradient_norm",
        "log_product_10",
        "log_product_50",
        "log_product_all",
    ),
}

EQUAL = 1e-6
"""How far a ratio may be from 1 for the sides to be called equal."""

AT_ROUNDING = ("risk", "gradient_norm")


def titled(key: str) -> Markup:
    """The title of a column, typeset."""
    return typeset(BY_KEY[key].title)


def means(results: Results) -> list[Table]:
    """Means and standard deviations over repeats, by arm and attack size."""
    return [
        Table(
            f"{what}, by arm and number of wrong labels met: mean ± standard deviation over repeats",
            ["arm", "wrong labels", "minima", *(titled(key) for key in keys)],
            [
                [row["arm"], str(row["attack"]), str(row["count"]), *(mean(row, key) for key in keys)]
                for row in results["summary"]
            ],
        )
        for what, keys in SUMMARY.items()
    ]


def mean(row: Results, key: str) -> Markup | str:
    """A mean and its deviation over repeats; values at rounding have no deviation."""
    return spread(row[key], None if key in AT_ROUNDING else row[f"{key}_sd"])


def correlations(results: Results) -> Table:
    """Rank correlations of every measure with test accuracy, by arm, with intervals."""
    rows = []
    for arm in dict.fromkeys(facts["arm"] for facts in results["minima"]):
        chosen = of_arm(results["minima"], arm)
        for key in PREDICTORS:
            ordered, repeats = order(chosen, BY_KEY[key])
            both = [
                ranked(resampled.correlation(chosen, key, "test_accuracy", within=within))
                for within in (False, True)
            ]
            counts = f"{ordered} of {repeats}" if repeats else "–"
            rows.append([arm, titled(key), str(len(chosen)), *both, counts])
    return Table(
        "Spearman's rank correlation of each measure with test accuracy; in brackets 95 % intervals, by the "
        "bootstrap over repeats",
        [
            "arm",
            "measure",
            "minima",
            "over all minima",
            "among equally many wrong labels, mean over sizes",
            "repeats in which the most attacked minimum is the sharper",
        ],
        rows,
    )


def ranked(found: resampled.Resampled) -> str:
    """A correlation with its interval, a dash where there is none."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return str(Effect(found.value, found.low, found.high, found.repeats))


def checked(results: Results) -> list[dict[str, Any]]:
    """Name, statement and table of every theorem whose sides are evaluated."""
    found = []
    for theorem in (theorems[name] for name in REPORTED):
        counted = [row for row in results["theorems"] if row["theorem"] == theorem.id]
        rows = []
        for name, variant in theorem.variants.items():
            cells = [row for row in counted if row["variant"] == name]
            both = (held(cells, where) for where in ("minimum", "start"))
            rows.append([Markup(typeset(name)), formula(variant.latex()), *both])
        caption = f"{theorem.name}: in how many comparisons it holds, and the largest left side / right side"
        table = Table(caption, ["variant", "relation", "at the minima", "at the random starts"], rows)
        found.append({"name": theorem.name, "statement": theorem.statement, "table": table})
    return found


def held(cells: list[Results], where: str) -> str:
    """In how many comparisons a relation holds, of those where it applies, and how tight it is."""
    cell = next((row for row in cells if row["where"] == where), None)
    if cell is None or not cell["applicable"]:
        return "not applicable"
    largest = ""
    if cell["ratios"]:
        equal = max(abs(ratio - 1) for ratio in cell["ratios"]) < EQUAL
        largest = ", both sides equal" if equal else f", ratio ≤ {max(cell['ratios']):.2g}"
    return f"{cell['holds']} of {cell['applicable']}{largest}"


@cache
def formula(latex: str) -> Markup:
    """A formula as an embedded picture, its LaTeX as the alternative text."""
    stream = io.BytesIO()
    mathtext.math_to_image(f"${latex.replace(chr(92) + 'top', 'T')}$", stream, format="svg")
    image = base64.b64encode(stream.getvalue()).decode()
    return Markup('<img class="formula" src="data:image/svg+xml;base64,{}" alt="{}">').format(
        Markup(image), escape(latex)
    )
