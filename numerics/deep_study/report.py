"""One HTML page on the minima of deep networks."""

from __future__ import annotations

from typing import Any

from numerics.deep_study import tables_shown as tables
from numerics.pages import Section, picture, study_page
from numerics.plotting import Drawn

Results = dict[str, Any]

TITLE = "Good and bad minima of deep networks"

WORDS = {
    "attack": "A set of further samples whose labels are wrong. A network is first trained on genuine "
    "samples and attack set together; it is how bad minima are found. The number is that of its samples.",
    "arm, repeat": "An arm is one setting of the experiment: depth, activation, loss, way down. A repeat is "
    "one random split of the data with one random start, followed through all sizes of the attack set.",
    "risk R, Hessian H": "R is the mean loss over the genuine samples, H the matrix of its second "
    "derivatives by all parameters, |H|_F its Frobenius norm, tr H its trace, lmax its largest eigenvalue. "
    "G is the Gauss-Newton part of H, G_bb its block of the first layer's biases, W_1 the first weights.",
    "non-uniformity": "How much the samples' own Hessians differ from their mean: 0 where all are equal. "
    "Stochastic descent leaves minima where it is large.",
    "log-product, −Σ log λ": "The sum of the logarithms of the k largest eigenvalues, top k; with its minus "
    "sign, the larger, the flatter.",
    "input gradient, E|∇ₓf|²": "Mean square of the outputs' derivatives by the inputs, over the genuine "
    "samples, or over test samples: how fast the network's answer changes when an image does.",
    "soft volume": "The logarithm of a volume about the minimum with a soft edge; the larger, the flatter. "
    "Its formula stands under Conventions.",
    "rank correlation": "Spearman's: 1 if two numbers rise together, −1 if one falls as the other rises, 0 "
    "if neither tells of the other. In brackets stands a 95 % interval.",
}

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
    sections = [
        Section(
            "What was found",
            items=results["conclusions"][1:],
            pictures=[picture(each) for each in drawn],
        ),
        Section("What the words mean", terms=WORDS),
        Section("Means by arm and attack size", tables=tables.means(results)),
        Section(
            "Does flatness predict test accuracy?",
            text=[tables.ABOUT_CORRELATIONS],
            tables=[tables.correlations(results, whole=True)],
            folded=[tables.correlations(results, whole=False)],
        ),
        Section("Bounds of the input gradient", tables=[tables.bounds(results)]),
        Section("Sampled volumes", tables=[tables.volumes(results)]),
        Section(
            "What flatness does not show",
            tables=[tables.control(name, cells) for name, cells in results["controls"].items()],
        ),
        Section("Limits", items=LIMITS),
        Section("Conventions", terms=results["conventions"]),
        Section("How this was made", terms=provenance(results)),
    ]
    answer, introduction = results["conclusions"][0], opening(results)
    return study_page(TITLE, answer, introduction, sections, results["stopped"])


def opening(results: Results) -> str:
    """What was done, in two sentences."""
    data = results["data"]
    return (
        f"Fully connected networks of several depths were trained on {data['name']}, on genuine samples "
        "together with an attack set of wrong labels and then, but for the arms that say otherwise, on "
        "the genuine samples alone, until they fit these perfectly. For each of the "
        f"{len(results['minima'])} minima the curvature is computed exactly and compared with the accuracy "
        f"on {data['test']} test samples."
    )


def provenance(results: Results) -> dict[str, str]:
    """What made the numbers, by name."""
    data = results["data"]
    facts = {
        "made by": results["made_by"],
        "seed": str(results["seed"]),
        "data": f"{data['name']}: {data['samples']} samples, {data['inputs']} inputs, {data['classes']} "
        f"classes; SHA-256 {data['sha256']}",
        "scaling": data["scaling"],
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        "credit": data["credit"],
    }
    return {name: text for name, text in facts.items() if text}
