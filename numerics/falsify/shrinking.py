"""Making a counter-example small: fewer samples, units and inputs, and rounder numbers.

Hypothesis can shrink only what its own strategies drew, and none of them draws the end of a gradient ascent;
so the shrinking is done here, greedily and without chance, down to an example of which no part can be left
out and no number made rounder alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from theory.quantities.example import Example
from theory.quantities.network import Situation

PARTS = ("a", "W", "b", "c", "X", "y")
DIGITS = (1, 2, 3, 5, 8)
SMALL = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 0.5, 0.1, 100.0, 1000.0)


def example_of(at: Situation, fitted: bool, activation: str) -> Example:
    """The network of `at` and its data as plain numbers; y is left to the network if it is `fitted`."""
    net = at.net
    return Example(
        "found by search",
        a=net.a.tolist(),
        W=net.W.tolist(),
        X=np.asarray(at.X).tolist(),
        y=None if fitted else np.asarray(at.y).tolist(),
        b=None if net.b is None else net.b.tolist(),
        c=None if net.c is None else net.c.tolist(),
        activation=activation,
        loss=at.loss,
    )


def shrinking(example: Example, wanted: Callable[[Example], bool], budget: int = 1500) -> Iterator[Example]:
    """Smaller and smaller examples, by steps that each keep an example wanted, until none does.

    Parameters
    ----------
    example : Example
    wanted : callable
        Example -> whether it still shows what it should.
    budget : int
        How often `wanted` may be asked.

    Yields
    ------
    Example

    Examples
    --------
    >>> long = Example("", a=[0.7, -1.3], W=[[2.2], [0.4]], X=[[1.1], [3.7]], y=[0.1, 0.2])
    >>> *_, last = shrinking(long, lambda each: sum(map(abs, each.a)) > 1)
    >>> last.a, last.W, last.X, last.y
    ([2.0], [[0.0]], [[0.0]], None)
    """
    tried, asked = {repr(example)}, 0
    while True:
        for candidate in simpler(example):
            if repr(candidate) in tried or size(candidate) >= size(example):
                continue
            if asked == budget:
                return
            asked += 1
            tried.add(repr(candidate))
            if wanted(candidate):
                example = candidate
                yield example
                break
        else:
            return


def size(example: Example) -> tuple[int, int]:
    """How many numbers an example has, and how many digits they take; what is compared to call it smaller."""
    numbers = [number for name in PARTS for number in _numbers(getattr(example, name))]
    return len(numbers), sum(map(weight, numbers))


def weight(number: float) -> int:
    """How much there is to read in a number.

    Examples
    --------
    >>> [weight(number) for number in (0.0, 1.0, 2.0, -1.0, 0.5, 3.25)]
    [0, 11, 12, 21, 35, 50]
    """
    text = repr(float(number)).removesuffix(".0")
    return 10 * len(text) + sum(int(digit) for digit in text if digit.isdigit()) if number else 0


def simpler(example: Example) -> Iterator[Example]:
    """Changes of an example, the largest first."""
    yield from fewer(example)
    if example.y is not None and example.loss == "squared":
        yield replace(example, y=None)
    yield from _rounder(example)
    yield from _plainer(example)


def fewer(example: Example) -> Iterator[Example]:
    """An `example` with one sample, unit, input, output or kind of bias less."""
    arrays = {name: np.asarray(getattr(example, name)) for name in _given(example)}
    for count, axes in _cuts(example, arrays):
        for place in range(count) if count > 1 else ():
            cut = {name: axis for name, axis in axes.items() if name in arrays}
            yield _with(example, {name: np.delete(arrays[name], place, cut[name]).tolist() for name in cut})
    if example.b is not None:
        yield replace(example, b=None)
        # where W v = b for some v, inputs moved by v do what the biases did
        moved = arrays["X"] + np.linalg.lstsq(arrays["W"], arrays["b"], rcond=1e-9)[0]
        yield replace(example, b=None, X=moved.tolist())
    if example.c is not None:
        yield replace(example, c=None)


def _cuts(example: Example, arrays: dict[str, Any]) -> list[tuple[int, dict[str, int]]]:
    """How many samples, units, inputs and outputs there are, and along which axes they are cut."""
    (n, d), m = arrays["X"].shape, len(arrays["W"])
    found = [(n, {"X": 0, "y": 0}), (m, {"a": -1, "W": 0, "b": 0}), (d, {"W": 1, "X": 1})]
    if arrays["a"].ndim == 2 and example.loss == "squared":
        found.append((len(arrays["a"]), {"a": 0, "c": 0, "y": 1}))
    return found


def _rounder(example: Example) -> Iterator[Example]:
    """All numbers, or those of one array, with fewer digits; an array over its largest entry, or rescaled."""
    given = _given(example, numbers=True)
    for names in (("W", "X"), ("a", "y"), ("a", "W")):
        for factor in (0.1, 10.0) if set(names) <= set(given) else ():
            inverse = factor if "y" in names else 1 / factor
            pair = zip(names, (factor, inverse), strict=True)
            yield _with(example, {name: _mapped(getattr(example, name), _times(by)) for name, by in pair})
    for digits in DIGITS:
        yield _with(example, {name: _mapped(getattr(example, name), _to(digits)) for name in given})
    for name in given:
        array = getattr(example, name)
        largest = max(map(abs, _numbers(array)))
        if largest > 0:
            yield _with(example, {name: _mapped(array, _times(1 / largest))})
        for digits in DIGITS:
            yield _with(example, {name: _mapped(array, _to(digits))})


def _plainer(example: Example) -> Iterator[Example]:
    """A plainer number in place of one, and of all others of its size."""
    given = _given(example, numbers=True)
    numbers = {abs(number) for name in given for number in _numbers(getattr(example, name))} - {0.0}
    for number in sorted(numbers, key=weight, reverse=True):
        for plain in _plain(number):
            change = _instead(number, plain)
            yield _with(example, {name: _mapped(getattr(example, name), change) for name in given})
    for name in given:
        array = getattr(example, name)
        for place, number in enumerate(_numbers(array)):
            for plain in (*_plain(abs(number)), abs(number)):
                for signed in dict.fromkeys((plain, plain if number > 0 else -plain)):
                    yield _with(example, {name: _placed(array, place, signed)})


def _with(example: Example, parts: dict[str, Any]) -> Example:
    return replace(example, **parts)


def _given(example: Example, numbers: bool = False) -> list[str]:
    """The parts that are there; only those that are `numbers`, not labels."""
    labelled = numbers and example.loss in ("logistic", "softmax")
    return [name for name in PARTS if getattr(example, name) is not None and not (labelled and name == "y")]


def _plain(number: float) -> list[float]:
    """Numbers that may stand for a positive one, the plainest first."""
    near = [_to(digits)(number) for digits in DIGITS]
    found = dict.fromkeys([*SMALL, 10.0 ** np.floor(np.log10(number)), *near]) if number else {}
    return sorted((float(each) for each in found if weight(each) < weight(number)), key=weight)


def _times(factor: float) -> Callable[[float], float]:
    return lambda number: float(f"{number * factor:.15g}")


def _to(digits: int) -> Callable[[float], float]:
    return lambda number: float(f"{number:.{digits - 1}e}")


def _instead(old: float, new: float) -> Callable[[float], float]:
    return lambda number: float(np.copysign(new, number)) if abs(number) == old else number


def _numbers(array: Any) -> list[float]:
    return [] if array is None else np.asarray(array, dtype=float).ravel().tolist()


def _mapped(array: Any, change: Callable[[float], float]) -> Any:
    values = np.asarray(array, dtype=float)
    changed = np.array([change(number) + 0.0 for number in values.ravel().tolist()])
    return changed.reshape(values.shape).tolist()


def _placed(array: Any, place: int, number: float) -> Any:
    values = np.array(array, dtype=float)
    values.ravel()[place] = number
    return values.tolist()
