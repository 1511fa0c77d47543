"""Hypothesis strategies for networks with data: ordinary ones and hard ones.

A problem is drawn as sizes, entries that are small multiples of 1/2 (with or without noise), a power of ten
for each array, and at most two degeneracies: what Hypothesis shrinks to is small, round and ordinary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from reprlib import repr as shown
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from ..model.activation import activation, available
from ..model.degeneracies import TWISTS, Parts
from ..model.network import TwoLayer
from .problem import Problem

Sizes = int | tuple[int, int]
LOSSES = ("squared", "logistic", "pseudo_huber", "softmax")
REAL = ("squared", "pseudo_huber")
MOST_DECADES = 30  # beyond, products of three arrays overflow
MOST_OF_A_SIZE = 10**6  # examples are made by the hundred
DRAWN = 100  # entries of an array that are drawn one by one
ROUND = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 1.5, -1.5, 3.0, -3.0)


@dataclass(frozen=True)
class Choices:
    """What :func:`problems` may draw: its arguments, checked; `sizes` are those of n, d and m."""

    activations: Sequence[Any]
    losses: Sequence[str]
    sizes: tuple[st.SearchStrategy[int], ...]
    outputs: st.SearchStrategy[int] | None
    hidden_bias: bool | None
    output_bias: bool | None
    decades: int
    twists: st.SearchStrategy[list[str]]


def problems(
    *,
    activations: Sequence[Any] | None = None,
    losses: Sequence[str] = ("squared",),
    samples: Sizes = (1, 9),
    inputs: Sizes = (1, 3),
    units: Sizes = (1, 4),
    outputs: Sizes | None = None,
    hidden_bias: bool | None = None,
    output_bias: bool | None = None,
    decades: int = 4,
    twists: Sequence[str] = tuple(TWISTS),
    least_twists: int = 0,
) -> st.SearchStrategy[Problem]:
    """Networks with data, hard cases among them.

    Parameters
    ----------
    activations : sequence of str or Activation, optional
        All built-in ones by default.
    losses : sequence of {"squared", "logistic", "pseudo_huber", "softmax"}
        Targets are drawn as the loss takes them; softmax makes at least two outputs.
    samples, inputs, units : int or (least, most)
        The sizes n, d and m.
    outputs : int, (least, most) or None
        None is a scalar output, `a` of shape (m,); else `a` is (q, m).
    hidden_bias, output_bias : bool or None
        Whether there are any; None draws it.
    decades : int
        Every array is multiplied by a power of ten up to this one, down to its inverse; 0 leaves them alone.
    twists : sequence of str
        Which degeneracies of ``twolayer.testing.TWISTS`` may be drawn, up to two at a time.
    least_twists : int
        How many of them at least.

    Returns
    -------
    strategy of Problem

    Raises
    ------
    ValueError
        If a name is unknown, or a size or a count is out of range.

    Examples
    --------
    >>> from hypothesis import given
    >>> import twolayer as tl
    >>> @given(problems(losses=("squared", "logistic")))
    ... def test_the_risk_is_not_negative(problem):
    ...     assert tl.risk(*problem).upper >= 0
    >>> test_the_risk_is_not_negative()
    """
    losses = _require_known("losses", losses, LOSSES)
    if not losses:
        raise ValueError("losses must be a list of one or more; got none")
    twists = _require_known("twists", twists, TWISTS)
    listed = list(available()) if activations is None else _listed("activations", activations)
    if not listed:
        raise ValueError("activations must be a list of one or more; got none")
    for each in () if activations is None else listed:
        activation(each)  # here, not when the first example is drawn
    _require_count("decades", decades, MOST_DECADES)
    _require_count("least_twists", least_twists, min(2, len(twists)), " to match twists")
    for name, flag in (("hidden_bias", hidden_bias), ("output_bias", output_bias)):
        if not (flag is None or isinstance(flag, bool)):
            raise ValueError(f"{name} must be True, False or None; got {shown(flag)}")
    names = st.lists(st.sampled_from(list(twists)), min_size=least_twists, max_size=2, unique=True)
    return _problem(
        Choices(
            listed,
            list(losses),
            tuple(_size(*named) for named in (("samples", samples), ("inputs", inputs), ("units", units))),
            _count_of_outputs(outputs, losses),
            hidden_bias,
            output_bias,
            decades,
            names if twists else st.just([]),
        )
    )


@st.composite
def _problem(draw: st.DrawFn, choices: Choices) -> Problem:
    loss = draw(st.sampled_from(choices.losses))
    n, d, m = (draw(size) for size in choices.sizes)
    q = _outputs(draw, choices.outputs, loss)
    flags = [_flag(draw, wanted) for wanted in (choices.hidden_bias, choices.output_bias)]
    parts = _arrays(draw, n, d, m, q, loss, *flags)
    if choices.decades:
        _rescale(draw, parts, loss, choices.decades)
    names = draw(choices.twists)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)) if names else 0)
    for name in names:
        TWISTS[name](parts, rng)
    return _made(parts, draw(st.sampled_from(choices.activations)), loss)


def networks(**choices: Any) -> st.SearchStrategy[TwoLayer]:
    """Networks alone.

    Parameters
    ----------
    **choices
        As for :func:`problems`.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(networks(units=3, hidden_bias=True))
    ... def test_the_layout_covers_every_parameter(net):
    ...     assert sum(part.stop - part.start for part in net.layout.values()) == net.n_parameters
    >>> test_the_layout_covers_every_parameter()
    """
    return problems(**choices).map(lambda problem: problem.net)


def degenerate(**choices: Any) -> st.SearchStrategy[Problem]:
    """Problems with one or two degeneracies: copied, silent or dead units, kinks hit, and others.

    Parameters
    ----------
    **choices
        As for :func:`problems`; `twists` names the degeneracies to draw from.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(degenerate(twists=("silent",)))
    ... def test_the_first_unit_is_silent(problem):
    ...     assert not problem.net.A[:, 0].any()
    >>> test_the_first_unit_is_silent()
    """
    return problems(**{"least_twists": 1, **choices})


def interpolating(**choices: Any) -> st.SearchStrategy[Problem]:
    """Problems whose targets are the network's own outputs: every residual is zero within rounding.

    Parameters
    ----------
    **choices
        As for :func:`problems`; of the losses, "squared" and "pseudo_huber".

    Raises
    ------
    ValueError
        If a loss has labels for targets, which no finite output meets.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(interpolating(decades=0))
    ... def test_the_risk_vanishes(problem):
    ...     assert problem.y.tolist() == problem.net(problem.X).tolist()
    >>> test_the_risk_vanishes()
    """
    _require_known("losses", choices.get("losses", REAL), REAL)
    return problems(**choices).map(
        lambda problem: Problem(problem.net, problem.X, problem.net(problem.X), problem.loss)
    )


def _listed(name: str, wanted: Any, what: str = "of one or more") -> list[Any]:
    """What a list holds; a text and what has no entries are none."""
    try:
        if not isinstance(wanted, (str, bytes)):
            return list(wanted)
    except TypeError:
        pass
    raise ValueError(f"{name} must be a list {what}; got {shown(wanted)}")


def _require_known(name: str, wanted: Sequence[str], known: Any) -> list[str]:
    names = list(known)
    given = _listed(name, wanted, f"among {', '.join(names)}")
    unknown = [each for each in given if not (isinstance(each, str) and each in names)]
    if unknown:
        raise ValueError(f"{name} must be among {', '.join(names)}; got {shown(unknown[0])}")
    return given


def _require_count(name: str, count: int, most: int, why: str = "") -> None:
    if not isinstance(count, Integral) or isinstance(count, bool) or not 0 <= count <= most:
        raise ValueError(f"{name} must be in 0..{most}{why}; got {shown(count)}")


def _size(name: str, size: Sizes) -> st.SearchStrategy[int]:
    ends = size if isinstance(size, (tuple, list)) else (size, size)
    whole = len(ends) == 2 and all(isinstance(end, Integral) and not isinstance(end, bool) for end in ends)
    if not whole or not 1 <= ends[0] <= ends[1]:
        raise ValueError(
            f"{name} must be an integer of at least 1, or (least, most) of them; got {shown(size)}"
        )
    if ends[1] > MOST_OF_A_SIZE:
        raise ValueError(f"{name} must be at most {MOST_OF_A_SIZE}; got {shown(size)}")
    return st.integers(int(ends[0]), int(ends[1]))


def _count_of_outputs(outputs: Sizes | None, losses: Sequence[str]) -> st.SearchStrategy[int] | None:
    if outputs is None:
        return None
    drawn = _size("outputs", outputs)
    most = max(outputs) if isinstance(outputs, (tuple, list)) else outputs
    if most < 2 and "softmax" in losses:
        raise ValueError(f"outputs must be 2 or more for softmax; got {shown(outputs)}")
    return drawn


def _outputs(draw: st.DrawFn, outputs: st.SearchStrategy[int] | None, loss: str) -> int | None:
    if outputs is None and loss != "softmax":
        return None
    q = draw(st.integers(2, 3) if outputs is None else outputs)
    assume(q >= 2 or loss != "softmax")
    return q


def _flag(draw: st.DrawFn, wanted: bool | None) -> bool:
    return bool(draw(st.booleans())) if wanted is None else wanted


def _arrays(
    draw: st.DrawFn, n: int, d: int, m: int, q: int | None, loss: str, biased: bool, offset: bool
) -> Parts:
    """Entries of every array: multiples of 1/2, or all of them moved by Gaussian noise.

    Those of an array too large for Hypothesis to draw one by one come from a seed, and shrink with it.

    The noise comes on top, so that Hypothesis can drop it and leave the rest of what it drew alone; and the
    simplest weight is 1, not 0, so that the simplest network is one to speak of.
    """
    noise = float(draw(st.booleans()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def numbers(*shape: int, simplest: float = 1.0) -> Any:
        if np.prod(shape) > DRAWN:
            seeded = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            return seeded.choice([simplest, *ROUND], shape) + noise * rng.standard_normal(shape)
        entries = st.sampled_from([simplest, *ROUND])
        found = draw(arrays_of.arrays(np.float64, shape, elements=entries, fill=st.nothing()))
        return found + noise * rng.standard_normal(shape)

    row = () if q is None else (q,)
    parts: Parts = {"a": numbers(*row, m), "W": numbers(m, d), "X": numbers(n, d), "fit": False}
    parts["b"] = numbers(m) if biased else None
    parts["c"] = numbers(*row) if offset else None
    if loss in REAL:
        return {**parts, "y": numbers(n, *row, simplest=0.0)}
    top, shape = ((q or 2) - 1, (n,)) if loss == "softmax" else (1, (n, *row))
    if np.prod(shape) > DRAWN:
        return {**parts, "y": rng.integers(0, top, shape, endpoint=True)}
    return {**parts, "y": draw(arrays_of.arrays(np.int64, shape, elements=st.integers(0, top)))}


def _rescale(draw: st.DrawFn, parts: Parts, loss: str, decades: int) -> None:
    for name in ("a", "W", "b", "c", "X", *("y" * (loss in REAL))):
        exponent = draw(st.integers(-decades, decades))
        if parts[name] is not None and exponent:
            parts[name] = parts[name] * 10.0**exponent


def _made(parts: Parts, activation: Any, loss: str) -> Problem:
    net = TwoLayer(parts["a"], parts["W"], parts["b"], parts["c"], activation=activation)
    fit = parts["fit"] and loss in REAL
    return Problem(net, parts["X"], net(parts["X"]) if fit else parts["y"], loss)
