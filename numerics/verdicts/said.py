"""The verdicts in words: how many claims got which, a line for each, an effect as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from numerics.statistics.words import in_words
from numerics.verdicts.claims import LEVELS, Effect, Verdict

SENTENCES = {
    "accuracy gap": "Minima that met no wrong labels are right on more of the test samples than those that "
    "met the most, by a share of {effect}, the mean over {count} repeats.",
    "proxy, all minima": "Over all minima of {count} repeats, test accuracy and the volume proxy have rank "
    "correlation {effect}.",
    "proxy, equal attack": "Among minima that met equally many wrong labels it is {effect}.",
    "frequency and volume": "How often a minimum is reached and the soft volume about it have rank "
    "correlation {effect} over {count} minima.",
    "random starts, good": "Of {count} random starts, {part} led to a good minimum: a share of {effect}.",
    "attacked starts, good": "Of {count} attacked starts, {part} did: a share of {effect}.",
    "gain of SGD, ": "On the {rest}, SGD gains {effect} over the gradient flow, the mean over {count} "
    "starts.",
    "theorems, violated": "Of {count} comparisons, each of the two sides of one relation of a theorem at "
    "one network, {part} went against the theorem: a share of {effect}.",
    "norm and input gradient": "At the minima, the input gradient and the Frobenius norm of the Hessian have "
    "rank correlation {effect}.",
    "deep accuracy gap": "In deep networks the share of test samples that are right is higher by {effect} "
    "where no wrong labels were met, the mean over {count} repeats.",
    "deep proxy, all minima": "Over all their minima, test accuracy and the volume proxy have rank "
    "correlation {effect}.",
    "deep proxy, equal attack": "Among those that met equally many wrong labels it is {effect}.",
}
"""How each effect is said, by what its name begins with."""

IN_PART_SINCE = {
    "volume": "In part only: the first interval lies above 0, but not all of the others do.",
    "random": "In part only: random starts end well more often than not, but attacked starts are not shown "
    "to end badly.",
    "complexity": "In part only: that every simple function has a small Hessian, the converse of the "
    "theorem, is refuted (T8).",
    "deep": "In part only: among minima that met equally many wrong labels the correlation is not shown to "
    "lie above 0.",
}
"""Why a claim is supported in part and no more, by its key."""

LABELS = {
    "accuracy gap": "accuracy lost to wrong labels",
    "proxy, all minima": "accuracy and volume proxy, all minima",
    "proxy, equal attack": "the same, equally many wrong labels",
    "frequency and volume, ": "how often reached and volume, {rest}",
    "random starts, good": "random starts that end well",
    "attacked starts, good": "attacked starts that end well",
    "gain of SGD, ": "gain of SGD over the flow, {rest}",
    "theorems, violated": "comparisons that go against a theorem",
    "norm and input gradient": "Hessian norm and input gradient",
    "deep accuracy gap": "accuracy lost to wrong labels",
    "deep proxy, all minima": "accuracy and volume proxy, all minima",
    "deep proxy, equal attack": "the same, equally many wrong labels",
}
"""What each effect is called in a table or figure, by what its name begins with."""


def start_of(name: str, table: dict[str, str]) -> str:
    """The key of `table` that `name` begins with; `name` itself where there is none."""
    return next((start for start in table if name.startswith(start)), name)


def sentence(name: str, effect: Effect) -> str:
    """An effect as a sentence.

    Examples
    --------
    >>> sentence("gain of SGD, spiral", Effect(0.01, 0.0, 0.02, 4))
    'On the spiral, SGD gains 0.01 [0.00, 0.02] over the gradient flow, the mean over 4 starts.'
    >>> sentence("attacked starts, good", Effect(0.25, 0.01, 0.81, 4))
    'Of 4 attacked starts, 1 did: a share of 0.25 [0.01, 0.81].'
    >>> sentence("attacked starts, good", Effect(0.0, 0.0, 0.37, 8))
    'Of 8 attacked starts, none did: a share of 0.00 [0.00, 0.37].'
    """
    start = start_of(name, SENTENCES)
    part = in_words(round(effect.value * effect.count), effect.count)
    return SENTENCES[start].format(
        effect=effect, count=f"{effect.count:,}", part=part, rest=name.removeprefix(start)
    )


def label(name: str) -> str:
    """What an effect is called.

    Examples
    --------
    >>> label("gain of SGD, spiral"), label("frequency and volume")
    ('gain of SGD over the flow, spiral', 'how often reached and volume')
    """
    whole = name if start_of(name, LABELS) in LABELS else f"{name}, "
    start = start_of(whole, LABELS)
    return LABELS.get(start, name).format(rest=whole.removeprefix(start)).removesuffix(", ")


def answer(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict, as a sentence."""
    counts = {level: sum(verdict.level == level for verdict in verdicts) for level in LEVELS}
    said = [f"{count} {'is' if count == 1 else 'are'} {level}" for level, count in counts.items() if count]
    several = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else "".join(said)
    return f"Of the {len(verdicts)} claims, {several}."


def lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per verdict, for a terminal."""
    width = max(len(verdict.level) for verdict in verdicts)
    return [f"{verdict.level:{width}}  {verdict.claim.text}" for verdict in verdicts]
