"""Proofs of theorem T7: networks whose units are balanced."""

from __future__ import annotations

from theory.proofs.lemmas.draws import t
from theory.proofs.steps import By, Chain, Identity, Same, Step

BALANCED_TRACE = t("total(balanced activities)") + t("total(balanced reaches)")
UNIT_BY_UNIT = Identity("the squares of the entries of J, unit by unit")
ENERGIES, REACHES = t("energies(balances, s1, W~, X~)"), t("reaches(balances, s1, W~, X~)")
UNITS = {"c": "balances", "s": "s1", "V": "W~", "Y": "X~"}
several = 1 + t("q")

LEAST_OF_ALL: Chain = (
    Step(2 * t("roots(activities, reaches)"), Identity()),
    Step(
        t("total(activities)") + t("total(reaches)"),
        By("AM-GM, sums", x="activities", y="reaches"),
    ),
    Step(t("trace(G)"), UNIT_BY_UNIT),
)

CHAINS: dict[str, dict[str, Chain]] = {
    "balanced-relu": {
        "lmax": (
            Step(t("lmax(balanced G)"), Same("balanced H", "balanced G")),
            Step(t("trace(balanced G)"), By("largest <= trace", A="balanced G")),
        ),
        "trace": (
            Step(t("q") * ENERGIES + REACHES, Identity("s = z s', unit by unit")),
            Step(several * REACHES, By("Cauchy-Schwarz, pre-activations", **UNITS)),
            Step(
                several * t("one") ** 2 * t("loads(balances, W~, X~)"),
                By("bounded slopes", C="one", **UNITS),
            ),
            Step(
                several * t("mean_square_input") * t("sum(|a||w~|)"),
                Identity("|w~_k|^2 |a_k| / |w~_k| = |a_k| |w~_k|"),
            ),
        ),
        "least": (
            Step(
                2 * t("roots(balanced activities, balanced reaches)"),
                Identity("rescaling multiplies one and divides the other"),
            ),
            Step(BALANCED_TRACE, By("AM-GM, sums", x="balanced activities", y="balanced reaches")),
            Step(t("trace(balanced G)"), UNIT_BY_UNIT),
        ),
        "least of all": LEAST_OF_ALL,
        "least of H": (*LEAST_OF_ALL, Step(t("trace(H)"), Same("G", "H"))),
    },
}
"""By theorem and relation."""
