"""Proofs of theorems T1 to T6, relation by relation."""

from __future__ import annotations

import sympy as sp

from theory.proofs.facts import DELTA
from theory.proofs.lemmas.draws import t
from theory.proofs.steps import By, Chain, Identity, Same, Step

WW, R_MEAN = "W*W'", "mean(r*a*s2)"
gradient, pairing = t("input_gradient"), t("inner(W*W', G_bb)")
spectral, frobenius = t("spectral(W)"), t("frobenius(W)")
C2, risk = t("C2"), t("risk")
deviation = sp.Pow(2 * risk, sp.Rational(1, 2), evaluate=False)
root = sp.sqrt(t("mean_square(r)"))

BEGIN = Step(pairing, Identity("the chain rule: grad_x f = W^T u"))


def by_spectral() -> Chain:
    """input gradient <= |W|_2^2 tr G_bb."""
    return (
        BEGIN,
        Step(t(f"spectral({WW})") * t("trace(G_bb)"), By("von Neumann, spectral", A=WW, B="G_bb")),
        Step(spectral**2 * t("trace(G_bb)"), By("Gram, spectral", V="W")),
    )


def by_largest() -> Chain:
    """input gradient <= |W|_F^2 lmax(G_bb)."""
    return (
        BEGIN,
        Step(t(f"trace({WW})") * t("lmax(G_bb)"), By("von Neumann, largest", A=WW, B="G_bb")),
        Step(frobenius**2 * t("lmax(G_bb)"), By("Gram, trace", V="W")),
    )


def by_frobenius() -> Chain:
    """input gradient <= |W W^T|_F |G_bb|_F."""
    return (
        BEGIN,
        Step(t(f"frobenius({WW})") * t("frobenius(G_bb)"), By("Cauchy-Schwarz", A=WW, B="G_bb")),
    )


def by_paths() -> Chain:
    """input gradient <= (sum_k |w_k| sqrt(G_bb[k,k]))^2."""
    return (
        BEGIN,
        Step(t(f"paths({WW}, G_bb)") ** 2, By("paths", A=WW, B="G_bb")),
        Step(t("sum(|w|sqrt(G_bb))") ** 2, Identity()),
    )


def extended(chain: Chain, *steps: Step) -> Chain:
    """A chain and further steps."""
    return (*chain, *steps)


def interpolated(chain: Chain) -> Chain:
    """A chain to an expression in G_bb, then H_bb in its place."""
    last = chain[-1].to
    names = {item: t(item.name.replace("G_bb", "H_bb")) for item in last.free_symbols}
    reason = Identity("H_bb = G_bb") if "sum" in str(last) else Same("G_bb", "H_bb")
    return (*chain, Step(last.xreplace(names), reason))


IN_G = {
    "i": extended(
        by_spectral(),
        Step(spectral**2 * t("trace(G)"), By("principal block, trace", N="G_bb", M="G")),
    ),
    "ii": extended(
        by_largest(),
        Step(frobenius**2 * t("lmax(G)"), By("principal block, lmax", N="G_bb", M="G")),
    ),
    "iii": extended(
        by_frobenius(),
        Step(t(f"frobenius({WW})") * t("frobenius(G)"), By("principal block, frobenius", N="G_bb", M="G")),
    ),
}
HEAVIER = t("trace(G_Wb)") / (1 + t("smallest_input"))


def with_residuals(weight: sp.Expr, chain: Chain, split: Chain, curvature: str, norm: str) -> Chain:
    """A chain to weight times a norm of G_bb, which `split` bounds by H_bb and the diagonal."""
    averages = By(f"averages, {norm}", r="r", a="a", s="s2", C="C2")
    return (
        *chain,
        *split,
        Step(weight * (t(curvature) + C2 * t(f"{norm}(a)") * root), averages),
        Step(weight * (t(curvature) + C2 * t(f"{norm}(a)") * deviation), Identity("E|r|^2 = 2R")),
    )


WWF = t(f"frobenius({WW})")
traced = spectral**2 * (t("trace(H_bb)") - t(f"trace({DELTA})"))
split_traces = (
    Step(traced, Identity("H_bb = G_bb + diag")),
    Step(spectral**2 * (t("trace(H_bb)") + t(f"norm1({R_MEAN})")), By("diagonal, trace", v=R_MEAN)),
)
TRIANGLE = {"M": "H_bb", "N": "G_bb", "K": DELTA}
split_frobenius = (
    Step(
        WWF * (t("frobenius(H_bb)") + t(f"frobenius({DELTA})")),
        By("triangle of a difference, frobenius", **TRIANGLE),
    ),
    Step(WWF * (t("frobenius(H_bb)") + t(f"norm({R_MEAN})")), By("diagonal, Frobenius", v=R_MEAN)),
)
split_spectral = (
    Step(
        frobenius**2 * (t("spectral(H_bb)") + t(f"spectral({DELTA})")),
        By("Weyl, largest of a difference", **TRIANGLE),
    ),
    Step(frobenius**2 * (t("spectral(H_bb)") + t(f"norm_inf({R_MEAN})")), By("diagonal, spectral", v=R_MEAN)),
)

paired_H, paired_D = t(f"inner({WW}, H_bb)"), t(f"inner({WW}, {DELTA})")
H2 = t("frobenius(H_bb)") ** 2
REBUILT: Chain = (
    Step(2 * pairing, Identity("the chain rule: grad_x f = W^T u")),
    Step(2 * paired_H - 2 * paired_D, Identity("H_bb = G_bb + diag")),
    Step(WWF**2 + H2 - 2 * paired_D, By("AM-GM, matrices", A=WW, B="H_bb")),
    Step(frobenius**4 + H2 - 2 * paired_D, By("Gram, Frobenius", V="W")),
    Step(
        frobenius**4 + H2 + 2 * t(f"weighted({WW}, {R_MEAN})"),
        By("diagonal, inner product", A=WW, v=R_MEAN),
    ),
    Step(
        frobenius**4 + H2 + 2 * C2 * t(f"weighted({WW}, a)") * root,
        By("averages, weighted", A=WW, r="r", a="a", s="s2", C="C2"),
    ),
    Step(frobenius**4 + H2 + 2 * C2 * t("sum(|a||w|^2)") * deviation, Identity("E|r|^2 = 2R")),
)

least = t(f"least({WW})")
converse: Chain = (
    Step(pairing / least, By("least eigenvalue", A=WW, B="G_bb")),
    Step(gradient / least, Identity("the chain rule: grad_x f = W^T u")),
)

CHAINS: dict[str, dict[str, Chain]] = {
    "input-gradient-identity": {"identity": (BEGIN,)},
    "input-gradient": {
        "i": by_spectral(),
        "ii": by_largest(),
        "iii": by_frobenius(),
        "iv": extended(
            by_spectral(),
            Step(spectral**2 * t("mean_of(|u|^2)"), Identity()),
            Step(
                spectral**2 * t("mean_product(1 + |x|^2, |u|^2)") / (1 + t("smallest(|x|^2)")),
                By("smallest weight, plus one", p="|x|^2", v="|u|^2"),
            ),
            Step(spectral**2 * HEAVIER, Identity()),
        ),
        "v": by_paths(),
        "i, G": IN_G["i"],
        "ii, G": IN_G["ii"],
        "iii, G": IN_G["iii"],
    },
    "interpolation": {
        "i": interpolated(by_spectral()),
        "ii": interpolated(by_largest()),
        "iii": interpolated(by_frobenius()),
        "v": interpolated(by_paths()),
        "|H|": (Step(t("frobenius(G)"), Same("H", "G")),),
        "tr H": (Step(t("trace(G)"), Same("H", "G")),),
        "i, H": extended(IN_G["i"], Step(spectral**2 * t("trace(H)"), Same("G", "H"))),
        "ii, H": extended(IN_G["ii"], Step(frobenius**2 * t("lmax(H)"), Same("G", "H"))),
        "iii, H": extended(IN_G["iii"], Step(WWF * t("frobenius(H)"), Same("G", "H"))),
    },
    "residuals": {
        "trace": with_residuals(spectral**2, by_spectral(), split_traces, "trace(H_bb)", "norm1"),
        "frobenius": with_residuals(WWF, by_frobenius(), split_frobenius, "frobenius(H_bb)", "norm"),
        "spectral": with_residuals(frobenius**2, by_largest(), split_spectral, "spectral(H_bb)", "norm_inf"),
    },
    "wu-zhu-e": {"rebuilt": REBUILT},
    "conditioned-converse": {
        "trace": converse,
        "frobenius": (Step(t("trace(G_bb)"), By("Frobenius <= trace", A="G_bb")), *converse),
        "lmax": (Step(t("trace(G_bb)"), By("largest <= trace", A="G_bb")), *converse),
    },
}
"""By theorem and relation."""
