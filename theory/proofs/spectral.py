"""Proofs of theorems T9 to T12 and of those from the literature, relation by relation."""

from __future__ import annotations

import sympy as sp

from theory.proofs.input_gradient import BEGIN, by_spectral
from theory.proofs.lemmas.draws import t
from theory.proofs.steps import By, Chain, Identity, Same, Step
from theory.quantities.rescaling import FACTOR

largest_G, risk = t("lmax(G)"), t("risk")
samples = t("n") * t("q")
spectral, C1, stretch = t("spectral(W)"), t("C1"), sp.Integer(int(FACTOR)) ** 2


def rayleigh(left: sp.Expr, scale: sp.Expr, vector: str) -> Chain:
    """left = v^T G v / scale <= lmax(G) |v|^2 / scale = lmax(G)."""
    return (
        Step(t(f"rayleigh(G, {vector})") / scale, Identity("G = E[J^T J] along this direction")),
        Step(largest_G * t(f"norm({vector})") ** 2 / scale, By("Rayleigh", A="G", v=vector)),
        Step(largest_G, Identity()),
    )


def by_kernel(head: str) -> Chain:
    """A norm of G is that of K."""
    return (
        Step(t(f"{head}(J'*J)"), Same("G", "J'*J")),
        Step(t(f"{head}(J*J')"), By(f"A B and B A, {head}", V="J")),
        Step(t(f"{head}(K)"), Same("J*J'", "K")),
    )


def one(right: str, lemma: str, **bound: str) -> Chain:
    """One application of a lemma."""
    return (Step(t(right), By(lemma, **bound)),)


def by_curvature(factor: int, ceiling: str) -> Chain:
    """factor tr G <= E|J|^2, where Lam is at most the ceiling, 1 / factor."""
    return (
        Step(factor * t("mean_trace(Lam, J*J')"), Identity("G = E[J^T Lam J]")),
        Step(
            factor * t(ceiling) * t("mean_of_traces(J*J')"),
            By("curvature below", L="Lam", S="J*J'", C=ceiling),
        ),
        Step(t("mean_square_jacobian"), Identity()),
    )


RANK: Chain = (
    Step(t("rank(J'*J)"), Same("G", "J'*J")),
    Step(t("rows(J)"), By("rank of a Gram matrix", V="J")),
    Step(samples, Identity("J has n q rows")),
)
MEAN_JACOBIAN: Chain = (
    Step(t("rayleigh(K, ones)"), Identity("the mean over samples")),
    Step(t("lmax(K)") * t("norm(ones)") ** 2, By("Rayleigh", A="K", v="ones")),
    Step(t("lmax(K)"), Identity()),
    Step(t("lmax(J*J')"), Same("K", "J*J'")),
    Step(t("lmax(J'*J)"), By("A B and B A, lmax", V="J")),
    Step(largest_G, Same("J'*J", "G")),
)
SIDES = {"x": "active sides", "y": "passive sides"}
VARIATION: Chain = (
    Step(1 + 2 * t("least_sum(active sides, passive sides)"), Identity("g is the smaller of g- and g+")),
    Step(1 + 2 * t("total(active sides)"), By("the smaller of two", **SIDES)),
    Step(
        1 + 2 * t("roots(mean values, mean slopes)"),
        Identity("where the unit is active s(z) = w x + b, and elsewhere it is zero"),
    ),
    Step(
        1 + t("total(mean values)") + t("total(mean slopes)"),
        By("AM-GM, sums", x="mean values", y="mean slopes"),
    ),
    Step(t("mean_jacobian^2"), Identity("the mean over samples of J, unit by unit")),
    *MEAN_JACOBIAN,
)
PARTS = {"M": "H", "N": "G", "K": "R"}
UP = {"M": "H", "N": "R", "K": "G"}
BLOCK_H, BLOCK_G = {"N": "H_bb", "M": "H"}, {"N": "G_bb", "M": "G"}

CHAINS: dict[str, dict[str, Chain]] = {
    "conservation": {"rate": (Step(sp.S.Zero, Identity("Euler: z s'(z) = p s(z)")),)},
    "scaling-zero-modes": {
        "modes": (Step(t("unit_gradient"), Identity("T11 differentiated by theta", squared=True)),)
    },
    "reparametrisation": {
        part: (
            Step(t(f"entry(stretched {part})"), Identity("the entry at a_1 of D^-1 M D^-1")),
            Step(t(f"lmax(stretched {part})"), By("diagonal entry", A=f"stretched {part}")),
        )
        for part in "GH"
    },
    "curvature-lower-bounds": {
        "homogeneous": rayleigh(
            (1 + t("degree")) ** 2 * t("mean_square_output"), t("norm(theta)") ** 2, "theta"
        ),
        "outputs": rayleigh(t("mean_square_output"), t("norm(a, c)") ** 2, "a_c"),
        "mean jacobian": MEAN_JACOBIAN,
        "variation": VARIATION,
        "variation, H": (*VARIATION, Step(t("lmax(H)"), Same("G", "H"))),
        "output bias": rayleigh(sp.S.One, sp.S.One, "e_c"),
    },
    "tangent-kernel-spectrum": {
        "rank": RANK,
        "rank of H": (Step(t("rank(G)"), Same("H", "G")), *RANK),
        "trace": by_kernel("trace"),
        "frobenius": by_kernel("frobenius"),
        "largest": by_kernel("lmax"),
        "nuclear": by_kernel("nuclear"),
    },
    "radial-volume-bias": {
        "short": one("diagonal_logs(H)", "Hadamard", A="H"),
        "by at most": one("mean_log(H)", "AM-GM, logarithms", A="H"),
        "short, block": one("diagonal_logs(H_bb)", "Hadamard", A="H_bb"),
        "by at most, block": one("mean_log(H_bb)", "AM-GM, logarithms", A="H_bb"),
    },
    "interlacing": {
        "largest": one("lmax(H)", "principal block, lmax", **BLOCK_H),
        "least": one("least(H_bb)", "principal block, least", **BLOCK_H),
        "frobenius": one("frobenius(H)", "principal block, frobenius", **BLOCK_H),
        "spectral": one("spectral(H)", "principal block, spectral", **BLOCK_H),
        "nuclear": one("nuclear(H)", "principal block, nuclear", **BLOCK_H),
        "largest, G": one("lmax(G)", "principal block, lmax", **BLOCK_G),
        "trace, G": one("trace(G)", "principal block, trace", **BLOCK_G),
    },
    "weyl": {
        "above": (Step(t("lmax(G)") + t("spectral(R)"), By("Weyl", **PARTS)),),
        "below": (Step(t("lmax(H)") + t("spectral(R)"), By("Weyl, of a difference", **PARTS)),),
        "frobenius": (Step(t("frobenius(G)") + t("frobenius(R)"), By("triangle, frobenius", **PARTS)),),
        "nuclear": (Step(t("nuclear(G)") + t("nuclear(R)"), By("triangle, nuclear", **PARTS)),),
        "trace": (Step(t("trace(G)") + t("trace(R)"), By("trace of a sum", **PARTS)),),
    },
    "norm-order": {
        "largest": one("frobenius(G)", "largest <= Frobenius", A="G"),
        "frobenius": one("trace(G)", "Frobenius <= trace", A="G"),
        "trace": (
            Step(
                sp.sqrt(t("rank(G)")) * t("frobenius(G)"),
                By("trace <= root of rank times Frobenius", A="G"),
            ),
            Step(sp.sqrt(t("rank(J'*J)")) * t("frobenius(J'*J)"), Same("G", "J'*J")),
            Step(sp.sqrt(t("rows(J)")) * t("frobenius(J'*J)"), By("rank of a Gram matrix", V="J")),
            Step(sp.sqrt(t("rows(J)")) * t("frobenius(G)"), Same("J'*J", "G")),
            Step(sp.sqrt(samples) * t("frobenius(G)"), Identity("J has n q rows")),
        ),
        "product": (Step(largest_G * t("trace(G)"), By("Frobenius <= largest times trace", A="G")),),
    },
    "negative-index": {
        "count": one("negative(R)", "adding psd, negative", **UP),
        "least": one("least(H)", "adding psd, least", **UP),
    },
    "sobolev-regularisation": {
        "trace": (
            *by_spectral(),
            Step(spectral**2 * t("mean_of(|u|^2)"), Identity()),
            Step(
                spectral**2 * t("mean_product(|x|^2, |u|^2)") / t("smallest(|x|^2)"),
                By("smallest weight", p="|x|^2", v="|u|^2"),
            ),
            Step(spectral**2 * t("trace(G_W)") / t("smallest_input"), Identity()),
        )
    },
    "tangent-kernel-flow": {
        "identity": (Step(t("kernel_energy"), Identity("grad R = J^T g / n")),),
        "lojasiewicz": (
            Step(t("least(K)") * t("norm(r/n)") ** 2, Identity("E|r|^2 = 2R")),
            Step(t("rayleigh(K, r/n)"), By("Rayleigh, least", A="K", v="r/n")),
            Step(t("gradient_norm") ** 2, Identity("grad R = J^T r / n")),
        ),
        "smooth": (
            Step(t("rayleigh(K, r/n)"), Identity("grad R = J^T r / n")),
            Step(t("lmax(K)") * t("norm(r/n)") ** 2, By("Rayleigh", A="K", v="r/n")),
            Step(2 * t("lmax(K)") * risk, Identity("E|r|^2 = 2R")),
            Step(2 * t("lmax(J*J')") * risk, Same("K", "J*J'")),
            Step(2 * t("lmax(J'*J)") * risk, By("A B and B A, lmax", V="J")),
            Step(2 * largest_G * risk, Same("J'*J", "G")),
        ),
    },
    "duplicated-unit": {
        "G": (Step(sp.S.Zero, Identity("J v = s(z_k) - s(z_l) = 0")),),
        "H": (
            Step(
                sp.sqrt(2) * t("twin_gradient"),
                Identity("dR/dw~_k = a_k E[g s'(z_k) x~]", squared=True),
            ),
        ),
    },
    "dead-unit": {
        "descent": (
            Step(t("norm(dead slopes)"), Identity("p = s'(0) E[g x~]", squared=True)),
            Step(-t("least(bordered(dead slopes))"), By("bordered matrix", v="dead slopes")),
            Step(-t("least(H)"), By("principal block, least", N="bordered(dead slopes)", M="H")),
        ),
    },
    "quadratic-units": {
        "input gradient": (Step(t("quadratic_gradient"), Identity("grad_x f = 2 M x")),),
        "descent": (
            Step(-2 * t("least(moments)"), Identity("moments = a_k E[g x x^T]")),
            Step(-t("least(2*moments)"), By("scaling by two, least", A="moments")),
            Step(-t("least(H)"), By("principal block, least", N="2*moments", M="H")),
        ),
    },
    "lipschitz": {
        "norms": (
            *by_spectral(),
            Step(spectral**2 * t("mean_square(a*s1)"), Identity()),
            Step(
                spectral**2 * C1**2 * t("norm(a)") ** 2,
                By("averages of squares", a="a", s="s1", C="C1"),
            ),
        ),
        "paths": (
            BEGIN,
            Step(t("paths(W*W', G_bb)") ** 2, By("paths", A="W*W'", B="G_bb")),
            Step(t("paths(W*W', gram(a*s1))") ** 2, Same("G_bb", "gram(a*s1)")),
            Step(
                C1**2 * t("spread(W*W', a)") ** 2,
                By("averages of squares, paths", A="W*W'", a="a", s="s1", C="C1"),
            ),
            Step(C1**2 * t("sum(|a||w|)") ** 2, Identity()),
        ),
    },
    "bounded-loss-curvature": {
        "squared": (Step(t("mean_square_jacobian"), Identity("Lam is the identity")),),
        "logistic": by_curvature(4, "quarter"),
        "softmax": by_curvature(2, "half"),
        "pseudo_huber": by_curvature(1, "one"),
    },
}
"""By theorem and relation."""
