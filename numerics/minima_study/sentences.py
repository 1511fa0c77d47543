"""What was found, in words: every number in them is taken from the results."""

from __future__ import annotations

from typing import Any

from numerics.minima_study.columns import BY_KEY
from numerics.minima_study.findings import of_arm
from theory import theorems

Results = dict[str, Any]


def conclusions(results: Results) -> list[str]:
    """Return the findings of an experiment as sentences."""
    if not results["minima"]:
        return ["No minimum was finished."]
    first = results["minima"][0]["arm"]
    return [
        *([results["left_out"]] if results.get("left_out") else []),
        _training(results["minima"]),
        *_trend(results, first),
        *_prediction(results, first),
        *_other_arms(results, first),
        *_flattest_bad(results),
        *_inequalities(results["theorems"]),
    ]


def _training(minima: list[dict[str, Any]]) -> str:
    fits = sum(facts["accuracy"]["train"] == 1.0 for facts in minima)
    stationary = [facts for facts in minima if _stationary(facts)]
    target = sum("target" in facts["training"]["why"] for facts in minima)
    negative = sum(facts["negative_eigenvalues"]["certain"] > 0 for facts in stationary)
    rest = len(minima) - len(stationary) - target
    text = (
        f"{fits} of {len(minima)} networks fit their genuine samples to 100 %, whatever the attack. "
        f"{len(stationary)} ended with residuals or gradient zero within rounding, and {negative} of these "
        "have a Hessian with an eigenvalue that is negative beyond rounding"
    )
    text += f"; {target} ended at the target risk of a loss whose infimum is not attained" if target else ""
    return text + (f"; {rest} ended with a gradient that is not zero within rounding." if rest else ".")


def _numbers(rows: list[dict[str, Any]], key: str, form: str) -> str:
    return ", ".join("–" if row[key] is None else format(row[key], form) for row in rows)


def _trend(results: Results, arm: str) -> list[str]:
    rows = [row for row in results["summary"] if row["arm"] == arm]
    if len(rows) < 2:
        return []
    listed = ", ".join(str(row["attack"]) for row in rows)
    pairs = [
        ("test_accuracy", ".2f"),
        ("frobenius_norm", ".3g"),
        ("trace", ".3g"),
        ("input_gradient_train", ".3g"),
        ("log_product_all", ".3g"),
    ]
    parts = [f"{BY_KEY[key].title} {_numbers(rows, key, form)}" for key, form in pairs]
    return [f"Arm “{arm}”, with {listed} attack samples, means over repeats: {'; '.join(parts)}."]


def _prediction(results: Results, arm: str) -> list[str]:
    rows = {row["predictor"]: row for row in results["correlations"] if row["arm"] == arm}
    said = ("frobenius_norm", "log_product_all", "input_gradient_train")
    return [_predictor(rows[key]) for key in said if rows[key]["all"] is not None]


def _predictor(row: dict[str, Any]) -> str:
    title = BY_KEY[row["predictor"]].title
    text = f"{title}: rank correlation with test accuracy {row['all']:+.2f} over {row['minima']} minima"
    if row["repeats"]:
        side = "less" if row["predictor"].startswith("log_product") else "more"
        text += (
            f"; in {row['repeats_in_order']} of {row['repeats']} repeats the most attacked minimum has "
            f"{side} of it than the unattacked one"
        )
    if row["within"] is not None:
        text += f"; among minima of equal attack size {row['within']:+.2f} (mean over {row['sizes']} sizes)"
        if abs(row["within"]) < abs(row["all"]) / 2:
            text += ", so most of the correlation comes from the size of the attack set"
    return text + "."


def _other_arms(results: Results, first: str) -> list[str]:
    found = []
    for arm in dict.fromkeys(facts["arm"] for facts in results["minima"]):
        rows = [row for row in results["correlations"] if row["arm"] == arm]
        norm = next(row for row in rows if row["predictor"] == "frobenius_norm")
        if arm != first and norm["all"] is not None:
            found.append(
                f"Arm “{arm}”: rank correlation of |H|_F with test accuracy {norm['all']:+.2f} over "
                f"{len(of_arm(results['minima'], arm))} minima, in order in "
                f"{norm['repeats_in_order']} of {norm['repeats']} repeats."
            )
    return found


def _flattest_bad(results: Results) -> list[str]:
    """The counter-example to "flat is good", if there is one: the flattest of the most attacked minima."""
    loss = results["arms"][0]["loss"]
    most = {arm["name"]: max(arm["attacks"]) for arm in results["arms"] if arm["loss"] == loss}
    alike = [facts for facts in results["minima"] if facts["arm"] in most and _stationary(facts)]
    bad = [facts for facts in alike if facts["attack"] == most[facts["arm"]] > 0]
    good = [facts for facts in alike if facts["attack"] == 0]
    if not bad or not good:
        return []
    worst = min(bad, key=_norm)
    sharper = sum(_norm(facts) > _norm(worst) for facts in good)
    text = (
        f"The flattest of the most attacked minima (arm “{worst['arm']}”, {worst['attack']} attack samples) "
        f"has |H|_F = {_norm(worst):.3g} and test accuracy {worst['accuracy']['test']:.2f}; {sharper} of "
        f"the {len(good)} unattacked minima of all arms with the same loss are sharper"
    )
    return [text + (": |H|_F alone does not tell good from bad across arms." if sharper else ".")]


def _stationary(facts: dict[str, Any]) -> bool:
    return str(facts["training"]["why"]).endswith("within rounding")


def _norm(facts: dict[str, Any]) -> float:
    return float(facts["frobenius_norm"]["value"])


def _inequalities(counts: list[dict[str, Any]]) -> list[str]:
    found = []
    for identifier in dict.fromkeys(row["theorem"] for row in counts):
        rows = [row for row in counts if row["theorem"] == identifier and row["applicable"]]
        if not rows:
            found.append(f"{theorems[identifier].name}: applicable nowhere here.")
            continue
        applicable, holds = (sum(row[key] for row in rows) for key in ("applicable", "holds"))
        bounds = [row for row in rows if row["ratios"] and min(row["ratios"]) < 1 - 1e-6]
        text = f"{theorems[identifier].name}: holds in {holds} of {applicable} comparisons"
        if bounds:
            tightest = max(bounds, key=lambda row: max(row["ratios"]))
            where = "at a minimum" if tightest["where"] == "minimum" else "at a random start"
            text += f"; tightest {max(tightest['ratios']):.2g}, by variant “{tightest['variant']}” {where}"
        found.append(text + ".")
    return found
