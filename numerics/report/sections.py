"""What belongs to each claim of the report: figures, the part that measures it, and what readers ask next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from numerics.minima_study.sentences import by_claim
from numerics.verdicts import Verdict, glance
from numerics.verdicts.claims import Effect
from numerics.verdicts.said import label


@dataclass(frozen=True)
class Subject:
    """What a section has beside its verdict.

    Parameters
    ----------
    part : str
        Of ``--parts``, what measures it.
    figures : tuple of str
        Names of the catalogue; those that this run allows are shown.
    asked : tuple of (str, str)
        Questions of readers, and answers.
    """

    part: str
    figures: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]


SUBJECTS = {
    "differ": Subject(
        "two-layer",
        ("labels", "attack"),
        (
            (
                "Is it not obvious that wrong labels do harm?",
                "When training ends there are none left: every network is trained at last on the same "
                "genuine "
                "samples alone, until it fits all of them. The wrong labels only decide from where it "
                "comes, and "
                "so which of the many perfect fits it reaches.",
            ),
            (
                "How can accuracy fall below chance?",
                "Where a network met more wrong than right labels, it first learned the opposite of the "
                "classes. The genuine samples pull it back where they lie; between them it keeps some of the "
                "opposite, and so is wrong more often than a coin, which is right on half of two classes.",
            ),
            (
                "Are these minima at all, or networks stopped on the way?",
                "Training goes on until residuals or gradient are zero within rounding, and the eigenvalues "
                "of "
                "the Hessian are enclosed; the sentences above count how many ended so.",
            ),
        ),
    ),
    "volume": Subject(
        "two-layer,basins",
        ("flatness", "ranks", "frequency"),
        (
            (
                "Why is the proxy not simply called volume?",
                "It is the volume of a box or ellipsoid only where the risk is quadratic, and only in the "
                "directions that are counted. A basin of attraction is all starts that lead to a minimum, "
                "which "
                "the curvature at the minimum need not know of. The soft volume is that of a neighbourhood, "
                "measured by sampling; how often starts reach a minimum is the size of its basin under the "
                "law "
                "of the starts.",
            ),
            (
                "Why two correlations with the proxy?",
                "Wrong labels make minima both worse and sharper, so over all minima the two go together "
                "even "
                "if sharpness by itself said nothing. Among minima that met equally many wrong labels this "
                "explanation is excluded: that correlation is the harder test.",
            ),
        ),
    ),
    "random": Subject(
        "basins",
        ("starts", "fractions"),
        (
            (
                "What is a random start?",
                "Weights drawn independently, by the law that is named after Xavier Glorot, and biases of "
                "zero; from there damped Gauss-Newton steps on the genuine samples alone.",
            ),
            (
                "Is that many starts enough?",
                "The interval says what so many starts can tell, and the verdict is given by the interval, "
                "not "
                "by the share. Without --quick there are five times as many.",
            ),
        ),
    ),
    "noise": Subject(
        "basins",
        ("ways", "scrambling"),
        (
            (
                "What is the gradient flow?",
                "Gradient descent with infinitely small steps, here solved as a differential equation with "
                "control of its error. It has no noise at all, so what it finds owes nothing to noise.",
            ),
            (
                "Could another batch size or learning rate gain more?",
                "It could: one setting of SGD is compared, batches of ten samples. The verdict is about that "
                "setting.",
            ),
        ),
    ),
    "complexity": Subject(
        "two-layer",
        ("bounds",),
        (
            (
                "What is complexity here?",
                "The mean squared gradient of the network's output by its input, E|grad_x f|^2, over the "
                "genuine "
                "samples: how strongly the function answers to small changes of its input.",
            ),
            (
                "Which direction is proved, and which is missing?",
                "Proved for every network (T2, and T3 where all residuals are zero): a Hessian of small norm "
                "forces a small input gradient. The converse, that a function of small input gradient has a "
                "small Hessian, is false for arbitrary parameters (T8): the same function can be written "
                "with "
                "parameters of any curvature. That the two go together at minima which training reached is "
                "an "
                "observation, not a theorem.",
            ),
        ),
    ),
    "deep": Subject(
        "deep",
        ("depth",),
        (
            (
                "Which networks are these?",
                "Fully connected networks with one output for every class; chance is one over the number of "
                "classes. Their curvature is computed as exactly as that of two-layer networks.",
            ),
            (
                "Does the theorem hold for them as well?",
                "A bound of the same kind, by the first layer and the biases behind it, holds at any depth; "
                "deep/report.html beside this page has it evaluated at every minimum.",
            ),
        ),
    ),
}
"""By the key of the claim."""


def side(name: str, effect: Effect) -> str:
    """Where the interval of an effect lies, beside what it is compared with.

    Examples
    --------
    >>> side("accuracy gap", Effect(0.5, 0.4, 0.6, 10)), side("proxy, all minima", Effect(0.1, -0.1, 0.3, 10))
    ('above 0.05', 'holds 0')
    """
    least = glance.threshold(name)
    if effect.low <= least <= effect.high:
        return f"holds {least:g}"
    return f"{'above' if effect.low > least else 'below'} {least:g}"


def again(command: str, part: str) -> str:
    """The `command` of a report, for one part of it and into another folder.

    Examples
    --------
    >>> again("twolayer reproduce --quick --out here --parts all", "deep")
    'twolayer reproduce --quick --parts deep --out another-folder'
    """
    words = shlex.split(command)
    for option in ("--out", "--parts"):
        while option in words:
            place = words.index(option)
            del words[place : place + 2]
    return shlex.join([*words, "--parts", part, "--out", "another-folder"])


def section(
    verdict: Verdict, results: dict[str, Any], pictures: dict[str, Any], command: str
) -> dict[str, Any]:
    """Everything that the template shows of one claim."""
    subject = SUBJECTS[verdict.claim.key]
    return {
        "verdict": verdict,
        "effects": [
            {"name": label(name), "effect": effect, "side": side(name, effect), "count": effect.count}
            for name, effect in verdict.effects.items()
        ],
        "more": by_claim(results).get(verdict.claim.key, []) if results["minima"] else [],
        "figures": [pictures[name] for name in subject.figures if name in pictures],
        "asked": subject.asked,
        "command": again(command, subject.part),
    }
