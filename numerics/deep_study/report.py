"""One HTML page on the minima of deep networks."""

from __future__ import annotations

from html import escape
from typing import Any

from numerics.deep_study.columns import BY_KEY
from numerics.deep_study.findings import with_interval
from numerics.pages import definitions, document, embedded, listed, number, table
from numerics.plotting import Drawn

Results = dict[str, Any]

SUMMARY = (
    "test_accuracy",
    "frobenius_norm",
    "trace",
    "largest_eigenvalue",
    "non_uniformity",
    "log_product_all",
    "log_volume",
    "input_gradient_train",
    "input_gradient_test",
)

LIMITS = (
    "A correlation over attack sizes shows that attacks make minima both sharper and worse; only the one "
    "among minima of equal arm and size says whether flatness predicts.",
    "Minima that share a split and a start are not independent, so the intervals are a little too narrow.",
    "|H|_F, tr H and λmax depend on the parameters, the step and the number of samples: see the controls.",
    "The soft volume in the tables is that of the quadratic part, exact for it; sampled volumes, with "
    "their verdicts, are those of small networks only.",
    "The softmax loss has no minimum on separable data: its arms stop at a stated risk. Beyond the ten "
    "largest, their eigenvalues are those of the Gauss-Newton part, with the Frobenius norm of the residual "
    "part in their error.",
    "At a kink within rounding of a pre-activation the error of a ReLU network includes the whole jump.",
)


def page(results: Results, drawn: list[Drawn]) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    results : dict
        The content of results.json.
    drawn : list of Drawn
        Figures to embed.
    """
    title = "Good and bad minima of deep networks"
    partial = "; ".join(results["stopped"])
    parts = [
        f"<h1>{title}</h1>",
        f"<p><b>{escape(results['conclusions'][0])}</b></p>",
        f'<p class="warning">Partial: {escape(partial)}</p>' if partial else "",
        f"<p>{escape(_introduction(results))}</p>",
        "<h2>What was found</h2>" if results["conclusions"][1:] else "",
        listed(results["conclusions"][1:]),
        *(embedded(each) for each in drawn),
        "<h2>Means by arm and attack size</h2>",
        _summary(results),
        "<h2>Does flatness predict test accuracy?</h2>",
        _correlations(results),
        "<h2>Bounds of the input gradient</h2>",
        _bounds(results),
        "<h2>Sampled volumes</h2>",
        _volumes(results),
        "<h2>What flatness does not show</h2>",
        *(_control(name, cells) for name, cells in results["controls"].items()),
        "<h2>Conventions</h2>",
        definitions(results["conventions"]),
        "<h2>Limits</h2>",
        listed(LIMITS),
        "<h2>How this was made</h2>",
        _provenance(results),
    ]
    return document(title, parts)


def _introduction(results: Results) -> str:
    data = results["data"]
    return (
        f"Fully connected networks of several depths were trained on {data['name']}, on genuine samples "
        "together with an attack set of wrong labels and then, but for the arms that say otherwise, on "
        "the genuine samples alone, until they fit these perfectly. For each of the "
        f"{len(results['minima'])} minima the curvature is computed exactly and compared with the accuracy "
        f"on {data['test']} test samples."
    )


def _summary(results: Results) -> str:
    head = ["arm", "attack", "minima", *(escape(BY_KEY[key].title) for key in SUMMARY)]
    rows = (
        [escape(row["arm"]), str(row["attack"]), str(row["count"]), *(_spread(row, key) for key in SUMMARY)]
        for row in results["summary"]
    )
    return table(head, rows) + "<p>Mean ± standard deviation over repeats.</p>"


def _spread(row: dict[str, Any], key: str) -> str:
    spread = row[f"{key}_sd"]
    return number(row[key]) + (f'<span class="spread"> ± {spread:.2g}</span>' if spread else "")


def _correlations(results: Results) -> str:
    head = ["arm", "measure", "all minima", "minima", "equal arm and attack size", "repeats in order"]
    rows = [
        [
            escape(row["arm"]),
            escape(BY_KEY[row["predictor"]].title),
            with_interval(row, "all"),
            str(row["minima"]),
            with_interval(row, "within"),
            f"{row['repeats_in_order']} of {row['repeats']}" if "repeats" in row else "–",
        ]
        for row in results["correlations"]
    ]
    whole = sum("repeats" not in row for row in results["correlations"])
    note = (
        "Spearman's rank correlation with test accuracy and its 95 % interval (Bonett and Wright). In "
        "order: repeats in which the most attacked minimum is sharper than the one without an attack."
    )
    by_arm = f"<details><summary>Arm by arm</summary>{table(head, rows[whole:])}</details>"
    return f"<p>{escape(note)}</p>" + table(head, rows[:whole]) + (by_arm if rows[whole:] else "")


def _bounds(results: Results) -> str:
    head = ["bound of E|∇ₓf|²", "minima", "largest left / right", "smallest"]
    found: dict[str, list[float]] = {}
    for facts in results["minima"]:
        left = facts["input_gradient"]["train"]["value"]
        for name, right in facts["input_gradient_bounds"].items():
            found.setdefault(name, []).append(left / right)
    rows = (
        [escape(BOUNDS[name]), str(len(ratios)), f"{max(ratios):.6g}", f"{min(ratios):.3g}"]
        for name, ratios in found.items()
    )
    return table(head, rows)


BOUNDS = {
    "identity": "⟨W₁W₁ᵀ, G_bb⟩, an identity",
    "spectral_times_trace": "|W₁|² tr G_bb",
    "frobenius_times_frobenius": "|W₁W₁ᵀ|_F |G_bb|_F",
    "frobenius_times_all": "|W₁W₁ᵀ|_F |G|_F",
}


def _volumes(results: Results) -> str:
    rows = [
        [
            escape(facts["arm"]),
            str(facts["attack"]),
            str(facts["repeat"]),
            name,
            f"{number(each['log_volume'])} ± {number(each['error'])}",
            each["verdict"],
            escape(each["why"]),
        ]
        for facts in results["minima"]
        for name, each in facts.get("volumes", {}).items()
    ]
    head = ["arm", "attack", "repeat", "volume", "ln", "verdict", "why"]
    return table(head, rows) if rows else "<p>None were asked for.</p>"


def _control(name: str, cells: list[dict[str, Any]]) -> str:
    rows = [{"repeat": each["repeat"], **row} for each in cells for row in each["rows"]]
    if not rows:
        return ""
    head = [escape(key.replace("_", " ")) for key in rows[0]]
    body = ([escape(_cell(value)) for value in row.values()] for row in rows)
    return f"<h3>{escape(name)}</h3>" + table(head, body)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _provenance(results: Results) -> str:
    data = results["data"]
    facts = {
        "seed": str(results["seed"]),
        "data": f"{data['name']}: {data['samples']} samples, {data['inputs']} inputs, {data['classes']} "
        f"classes; SHA-256 {data['sha256']}",
        "scaling": data["scaling"],
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        **({"credit": data["credit"]} if data["credit"] else {}),
    }
    return definitions(facts)
