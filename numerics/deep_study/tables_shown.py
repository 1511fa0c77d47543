"""The tables of the page on deep networks, cell by cell."""

from __future__ import annotations

from typing import Any

from numerics.deep_study.columns import BY_KEY
from numerics.deep_study.findings import ALL, with_interval
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
    "test. The last column counts repeats in which the most attacked minimum is sharper than the one without "
    "an attack."
)

BOUNDS = {
    "identity": "⟨W₁W₁ᵀ, G_bb⟩, an identity",
    "spectral_times_trace": "|W₁|² tr G_bb",
    "frobenius_times_frobenius": "|W₁W₁ᵀ|_F |G_bb|_F",
    "frobenius_times_all": "|W₁W₁ᵀ|_F |G|_F",
}

UNITS = {
    "rate": "learning rate",
    "factor": "layers multiplied by",
    "samples": "samples",
    "target": "risk below",
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
    for facts in results["minima"]:
        left = facts["input_gradient"]["train"]["value"]
        for name, right in facts["input_gradient_bounds"].items():
            found.setdefault(name, []).append(left / right)
    rows = [
        [BOUNDS[name], str(len(ratios)), f"{max(ratios):.6g}", f"{min(ratios):.3g}"]
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
    """The rows of one control."""
    rows = [{"repeat": each["repeat"], **row} for each in cells for row in each["rows"]]
    head = [UNITS.get(key, titled(key)) for key in (rows[0] if rows else ())]
    body = [[value if isinstance(value, str) else number(value) for value in row.values()] for row in rows]
    return Table(name[:1].upper() + name[1:], head, body)


def titled(key: str) -> str:
    """The title of a column of numbers, by its key."""
    return BY_KEY[key].title if key in BY_KEY else key.replace("_", " ")
