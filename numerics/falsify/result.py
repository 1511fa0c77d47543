"""What a search for a counter-example found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.claims import Claim, claim
from theory.quantities.check import Check
from theory.quantities.example import Example


@dataclass(frozen=True)
class Falsification:
    """What a search found.

    Parameters
    ----------
    claim : Claim
    refuted : bool
        Whether a network was found at which the claim fails beyond rounding.
    check : theory.quantities.check.Check or None
        The claim at the network below; None if no network resolved its sides.
    example : theory.quantities.example.Example or None
        The smallest counter-example, or the network whose sides come nearest to equality, made round.
    largest_ratio : float
        The largest left / right met; NaN if none was resolved.
    seconds : float
    evaluations : int
        Networks at which the claim, or its derivatives, were evaluated.
    note : str
        What was not done, and why.
    partial : bool
        Whether the user interrupted the search.
    """

    claim: Claim
    refuted: bool
    check: Check | None
    example: Example | None
    largest_ratio: float
    seconds: float
    evaluations: int
    note: str = ""
    partial: bool = False

    @property
    def ratio(self) -> float:
        """left / right at the network."""
        return math.nan if self.check is None else self.check.ratio

    def verdict(self) -> str:
        """One sentence."""
        if self.refuted and self.check:
            return f"refuted: {self.claim} fails; {self.check.why}"
        early = " until interrupted" if self.partial else ""
        ratio = "" if math.isnan(self.largest_ratio) else f"; left / right up to {self.largest_ratio:.9g}"
        return f"survived {self.evaluations} evaluations{early}: {self.claim}{ratio}"

    def snippet(self) -> str:
        """Python that makes the network, compares the sides and asserts the verdict; "" without a network."""
        if self.example is None:
            return ""
        named = self.claim.name if _means(self.claim) else str(self.claim)
        loss = "" if self.example.loss == "squared" else f", {self.example.loss!r}"
        lines = [
            f"# {self.verdict()}",
            *([f"# {self.note}"] if self.note else []),
            self.example.snippet(),
            f"check = claim({named!r}).check(net, X, y{loss})",
            'print(f"left {check.left.value:.9g}, right {check.right.value:.9g}: {check.why}")',
            f"assert check.holds is {not self.refuted}",
        ]
        return "\n".join(lines).replace("\n\n", "\nfrom theory import claim\n\n", 1)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a ratio that is not finite becomes None."""
        network = None
        if self.example is not None:
            names = ("a", "W", "b", "c", "X", "y", "activation", "loss")
            network = {name: getattr(self.example, name) for name in names}
            network["y"] = np.asarray(self.example.situation().y).tolist()
        ratios = {"ratio": self.ratio, "largest_ratio": self.largest_ratio}
        return {
            "inequality": str(self.claim),
            "claim": self.claim.name,
            "refuted": self.refuted,
            **{name: value if math.isfinite(value) else None for name, value in ratios.items()},
            "check": None if self.check is None else self.check.as_dict(),
            "network": network,
            "snippet": self.snippet(),
            "seconds": round(self.seconds, 3),
            "evaluations": self.evaluations,
            "note": self.note,
            "partial": self.partial,
        }


def _means(what: Claim) -> bool:
    """Whether the name of a claim is a text or an id that stands for it."""
    try:
        return bool(claim(what.name).relation == what.relation)
    except ValueError:
        return False
