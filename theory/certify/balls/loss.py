"""The losses and their derivatives by the outputs in balls, from their one expression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from theory.certify.balls.balls import Rows, arb, total
from theory.certify.balls.programs import Program
from theory.derivation.letters import o, r
from theory.derivation.loss_derivatives import P, Y, loss_forms
from theory.expressions.losses import LOSSES, f, y
from theory.expressions.stable import derivatives

DIFFERENCE = ("squared", "pseudo_huber")  # losses that depend on f - y alone


@dataclass(frozen=True)
class LossJet:
    """The loss of one sample, its gradient (q,) and its Hessian (q, q) by the outputs."""

    value: arb
    slope: list[arb]
    curvature: Rows


def loss_jet(loss: str, outputs: list[arb], target: Any) -> LossJet:
    """The loss called `loss` at the `outputs` of one sample.

    Parameters
    ----------
    loss : str
    outputs : list of arb
    target : sequence of arb, int or None
        One number for each output; a class for softmax; None for targets equal to the outputs.

    Raises
    ------
    ValueError
        If there is no such loss, or targets cannot equal outputs.

    Examples
    --------
    >>> jet = loss_jet("squared", [arb(3)], [arb(1)])
    >>> float(jet.value), float(jet.slope[0]), float(jet.curvature[0][0])
    (2.0, 2.0, 1.0)
    """
    if target is None:
        if loss not in DIFFERENCE:
            raise ValueError(
                f"loss must be {' or '.join(DIFFERENCE)} for targets equal to outputs; got {loss}"
            )
        outputs, target = [arb(0)] * len(outputs), [arb(0)] * len(outputs)
    return _softmax(outputs, int(target)) if loss == "softmax" else _separable(loss, outputs, target)


@cache
def _program(loss: str) -> Program:
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join((*LOSSES, 'softmax'))}; got {loss}")
    return Program(derivatives(LOSSES[loss], f, 2), [f, y])


def _separable(loss: str, outputs: list[arb], target: list[arb]) -> LossJet:
    jets = [_program(loss)(output, wanted) for output, wanted in zip(outputs, target, strict=True)]
    q = len(jets)
    curvature = [[jets[i][2] if i == j else arb(0) for j in range(q)] for i in range(q)]
    return LossJet(total(jet[0] for jet in jets), [jet[1] for jet in jets], curvature)


@cache
def _softmax_programs() -> tuple[Program, Program]:
    """The derived slope and curvature, in p_o, p_r and the deltas (o = y), (o = r)."""
    forms = loss_forms("softmax")
    letters = {P[o]: _P_O, P[r]: _P_R, sp.KroneckerDelta(o, Y): _HIT, sp.KroneckerDelta(o, r): _SAME}
    slope, curvature = (form.xreplace(letters) for form in (forms.slope, forms.curvature))
    return Program([slope], [_P_O, _HIT]), Program([curvature], [_P_O, _P_R, _SAME])


_P_O, _P_R, _HIT, _SAME = sp.symbols("p_o p_r hit same", real=True)


def _softmax(outputs: list[arb], label: int) -> LossJet:
    """log sum_t exp f_t - f_y with the outputs taken relative to that of the label, which changes nothing."""
    slope, curvature = _softmax_programs()
    q = len(outputs)
    p = [1 / total((other - output).exp() for other in outputs) for output in outputs]
    others = total((outputs[t] - outputs[label]).exp() for t in range(q) if t != label)
    return LossJet(
        others.log1p(),
        [slope(p[t], arb(t == label))[0] for t in range(q)],
        [[curvature(p[t], p[u], arb(t == u))[0] for u in range(q)] for t in range(q)],
    )
