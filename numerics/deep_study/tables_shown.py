"""The tables of the page on deep networks, cell by cell."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from numerics.deep_study.columns import BY_KEY
from numerics.deep_study.findings import ALL, known, with_interval
from numerics.pages import Table, number
from numerics.pages.typesetting import spread

Results = dict[str, Any]

SUMMARY = {
    "Accuracy and curvature": (
        "test_accuracy",
        "frobenius_norm",
        "trace",
        "largest_eigenvalue",
        "non_uniformity",
    ),
    "Volume and input gradient": (
        "log_product_all",
        "log_volume",
        "input_gradient_train",
        "input_gradient_test",
    ),
}

ABOUT_CORRELATIONS = (
    "Over all minima attacks make networks both sharper and worse, so that a correlation is no surprise; "
    "among minima of equal arm and attack size this explanation is excluded, and that column is the harder "
    "test. Arm by arm, the last column counts repeats in which the most attacked minimum is sharper than the "
    "one without an attack."
)

BOUNDS = {
    "identity": Markup("⟨<i>W</i>₁<i>W</i>₁ᵀ, <i>G</i><sub>bb</sub>⟩, an identity"),
    "spectral_times_trace": Markup("‖<i>W</i>₁‖² tr <i>G</i><sub>bb</sub>"),
    "frobenius_times_frobenius": Markup(
        "‖<i>W</i>₁<i>W</i>₁ᵀ‖<sub>F</sub> ‖<i>G</i><sub>bb</sub>‖<sub>F</sub>"
    ),
    "frobenius_times_all": Markup("‖<i>W</i>₁<i>W</i>₁ᵀ‖<sub>F</sub> ‖<i>G</i>‖<sub>F</sub>"),
}

UNITS = {
    "rate": "learning rate",
    "edge": "2 / rate",
    "factor": "layers multiplied by",
    "target": "risk below",
    "why": "training ended because",
    "moved": "largest change of an output",
    "frobenius_norm_on_fewest": "|H|_F on the fewest",
    "trace_on_fewest": "tr H on the fewest",
}
"""What the columns of controls are called where their key does not say it."""


def means(results: Results) -> list[Table]:
    """Means and standard deviations over repeats, by arm and attack size."""
    return [
        Table(
            f"{what}, by arm and attack size: mean ± standard deviation over repeats",
            ["arm", "attack", "minima", *(BY_KEY[key].title for key in keys)],
            [
                [
                    row["arm"],
                    str(row["attack"]),
                    str(row["count"]),
                    *(spread(row[key], row[f"{key}_sd"]) for key in keys),
                ]
                for row in results["summary"]
            ],
        )
        for what, keys in SUMMARY.items()
    ]


def correlations(results: Results, *, whole: bool) -> Table:
    """Rank correlations of every measure with test accuracy: over all arms, or arm by arm."""
    rows = [
        [
            *([] if whole else [row["arm"]]),
            BY_KEY[row["predictor"]].title,
            with_interval(row, "all"),
            str(row["minima"]),
            with_interval(row, "within"),
            *([] if whole else [f"{row['repeats_in_order']} of {row['repeats']}"]),
        ]
        for row in results["correlations"]
        if ("repeats" not in row) == whole
    ]
    where = ALL if whole else "arm by arm"
    caption = f"Spearman's rank correlation with test accuracy, {where}; in brackets 95 % intervals"
    head = ["measure", "over all minima", "minima", "equal arm and attack size"]
    return Table(caption, head if whole else ["arm", *head, "repeats in order"], rows)


def bounds(results: Results) -> Table:
    """How tight the bounds of the input gradient are at the minima."""
    found: dict[str, list[float]] = {}
    for facts in known(results["minima"]):
        left = facts["input_gradient"]["train"]["value"]
        for name, right in facts["input_gradient_bounds"].items():
            found.setdefault(name, []).append(left / right)
    rows = [
        [BOUNDS[name], str(len(ratios)), f"{max(ratios):.4g}", f"{min(ratios):.4g}"]
        for name, ratios in found.items()
    ]
    caption = (
        "The input gradient divided by each of its bounds: no ratio may exceed 1 by more than rounding; the "
        "nearer to 1, the tighter"
    )
    return Table(caption, ["bound of E|grad_x f|^2", "minima", "largest ratio", "smallest ratio"], rows)


def volumes(results: Results) -> Table:
    """Sampled volumes with what their estimators say of them."""
    rows = [
        [
            facts["arm"],
            str(facts["attack"]),
            str(facts["repeat"]),
            name,
            spread(each["log_volume"], each["error"]),
            each["verdict"],
            each["why"],
        ]
        for facts in results["minima"]
        for name, each in facts.get("volumes", {}).items()
    ]
    return Table(
        "Logarithms of sampled volumes with 95 % intervals, and what each estimator says of its own number",
        ["arm", "attack", "repeat", "volume", "ln volume", "verdict", "why"],
        rows,
    )


def control(name: str, cells: list[dict[str, Any]]) -> Table:
    """The rows of one control; what is the same in all of them is said once, in the caption."""
    rows = [{"repeat": each["repeat"], **row} for each in cells for row in each["rows"]]
    keys = list(rows[0]) if rows else []
    same = [key for key in keys if key != "repeat" and all(row[key] == rows[0][key] for row in rows)]
    told = ", ".join(f"{called(key)} {written(rows[0][key])}" for key in same)
    caption = name[:1].upper() + name[1:] + (f"; in every row: {told}" if told else "")
    varied = [key for key in keys if key not in same]
    return Table(
        caption,
        [called(key) for key in varied],
        [[written(row[key]) for key in varied] for row in rows],
    )


def written(value: str | float | None) -> str:
    """A cell: text as it is, whole numbers whole, others with three digits.

    Examples
    --------
    >>> written("why"), written(1580), written(0.12345), written(None)
    ('why', '1,580', '0.123', '–')
    """
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else number(value)


def called(key: str) -> str:
    """What the column of a control is called, by its key."""
    if key in UNITS:
        return UNITS[key]
    return BY_KEY[key].title if key in BY_KEY else key.replace("_", " ")
