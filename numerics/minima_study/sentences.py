"""What was found, in words: every number in them is taken from the results."""

from __future__ import annotations

from typing import Any

from numerics.minima_study.columns import BY_KEY
from numerics.minima_study.findings import of_arm, order
from numerics.minima_study.resampled import correlation
from numerics.statistics.words import in_words, of_them, with_interval
from theory import theorems

Results = dict[str, Any]

SAID = {
    "frobenius_norm": "the Frobenius norm |H|_F",
    "log_product_all": "the volume proxy, of the n largest eigenvalues,",
    "input_gradient_train": "the mean squared input gradient E|grad_x f|^2",
}
"""How a measure is called within a sentence."""

PREDICTORS = tuple(SAID)


def conclusions(results: Results) -> list[str]:
    """Return the findings of an experiment as sentences."""
    if not results["minima"]:
        return ["No minimum was finished."]
    left = [results["left_out"]] if results.get("left_out") else []
    return left + [text for texts in by_claim(results).values() for text in texts]


def by_claim(results: Results) -> dict[str, list[str]]:
    """The findings as sentences, by the key of the claim that they belong to; minima must be there."""
    first = results["minima"][0]["arm"]
    return {
        "differ": [_training(results["minima"])],
        "volume": [*_prediction(results, first), *_other_arms(results, first), *_flattest_bad(results)],
        "complexity": _inequalities(results["theorems"]),
    }


def _training(minima: list[dict[str, Any]]) -> str:
    fits = in_words(sum(facts["accuracy"]["train"] == 1.0 for facts in minima), len(minima))
    stationary = [facts for facts in minima if _stationary(facts)]
    target = sum("target" in facts["training"]["why"] for facts in minima)
    ended = in_words(len(stationary), len(minima))
    negative = sum(facts["negative_eigenvalues"]["certain"] > 0 for facts in stationary)
    rest = len(minima) - len(stationary) - target
    text = (
        f"Of {len(minima)} networks, whatever the attack, {fits} fit every genuine sample; training took "
        f"{ended} to residuals or a gradient of zero within rounding"
    )
    if stationary:
        text += f", and of these {in_words(negative, len(stationary))} had a Hessian with an eigenvalue that "
        text += "is negative beyond rounding"
    text += f"; {target} ended at the target risk of a loss whose infimum is not attained" if target else ""
    return text + (f"; {rest} ended with a gradient that is not zero within rounding." if rest else ".")


def _prediction(results: Results, arm: str) -> list[str]:
    chosen = of_arm(results["minima"], arm)
    return [text for key in PREDICTORS if (text := _predictor(chosen, key))]


def _predictor(chosen: list[dict[str, Any]], key: str) -> str:
    """How one measure goes with test accuracy over the minima of one arm; empty where nothing is known."""
    whole, within = (_ranked(chosen, key, within=within) for within in (False, True))
    if whole is None:
        return ""
    ordered, repeats = order(chosen, BY_KEY[key])
    text = f"Over the {len(chosen)} minima of the arm “{chosen[0]['arm']}”, {SAID[key]} and test accuracy "
    text += f"have rank correlation {whole}"
    text += f", and {within} among minima that met equally many wrong labels" if within else ""
    if repeats:
        text += f"; in {of_them(ordered, repeats)} repeats the minimum with the most of them is the sharper "
        text += "one"
    return text + "."


def _ranked(chosen: list[dict[str, Any]], key: str, *, within: bool = False) -> str | None:
    """A rank correlation with its interval, if it has one, as text."""
    found = correlation(chosen, key, "test_accuracy", within=within)
    if found.value is None:
        return None
    return with_interval(found.value, found.low, found.high)


def _other_arms(results: Results, first: str) -> list[str]:
    found = []
    for arm in dict.fromkeys(facts["arm"] for facts in results["minima"]):
        chosen = of_arm(results["minima"], arm)
        rank = _ranked(chosen, "frobenius_norm")
        if arm != first and rank is not None:
            ordered, repeats = order(chosen, BY_KEY["frobenius_norm"])
            found.append(
                f"In the arm “{arm}”, {SAID['frobenius_norm']} and test accuracy have rank correlation "
                f"{rank} over {len(chosen)} minima, and in {of_them(ordered, repeats)} repeats the minimum "
                "with the most wrong labels is the sharper one."
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
        f"has |H|_F = {_norm(worst):.3g} and test accuracy {worst['accuracy']['test']:.2f}; of the "
        f"{len(good)} unattacked minima of all arms with the same loss, {in_words(sharper, len(good))} "
        f"had a larger |H|_F"
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
            found.append(f"Theorem {theorems[identifier].name}, is applicable nowhere here.")
            continue
        applicable, holds = (sum(row[key] for row in rows) for key in ("applicable", "holds"))
        bounds = [row for row in rows if row["ratios"] and min(row["ratios"]) < 1 - 1e-6]
        text = f"Theorem {theorems[identifier].name}, holds in {of_them(holds, applicable)} comparisons"
        if bounds:
            tightest = max(bounds, key=lambda row: max(row["ratios"]))
            where = "at a minimum" if tightest["where"] == "minimum" else "at a random start"
            text += (
                f"; the closest to equality, {where} by variant “{tightest['variant']}”, has the left side "
                f"at "
                f"{max(tightest['ratios']):.2g} of the right"
            )
        found.append(text + ".")
    return found
