"""Copies of a network that compute the same function: units permuted, signs flipped, units rescaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..arrays import Array
from ..model.network import TwoLayer
from .problem import Problem
from .strategies import problems

MOST_DOUBLINGS = 4


Pair = tuple[Problem, Problem]


def symmetric_copies(*, rescaled: bool = True, **choices: Any) -> st.SearchStrategy[Pair]:
    r"""Pairs of problems on the same data whose networks are the same function.

    Units are permuted; units of an odd (even) activation change the sign of all their weights (of their
    input weights); units of a homogeneous activation of degree p are rescaled, :math:`(a, w, b) \to
    (a / t^p, t w, t b)` with t a power of two, so that no weight is rounded.

    Parameters
    ----------
    rescaled : bool
        Whether to rescale. Permutations and signs leave every norm of the Hessian alone, rescaling does not.
    **choices
        As for :func:`twolayer.testing.problems`.

    Returns
    -------
    strategy of (Problem, Problem)

    Examples
    --------
    >>> from hypothesis import given
    >>> import twolayer as tl
    >>> from twolayer.testing import assert_equal
    >>> @given(symmetric_copies(rescaled=False))
    ... def test_the_norm_has_the_symmetries_of_the_function(pair):
    ...     one, other = (tl.Hessian(*problem).frobenius_norm() for problem in pair)
    ...     assert_equal(one, other)
    >>> test_the_norm_has_the_symmetries_of_the_function()
    """
    return problems(**choices).flatmap(lambda problem: _pair(problem, rescaled))


@st.composite
def _pair(draw: st.DrawFn, problem: Problem, rescaled: bool) -> Pair:
    m = len(problem.net.W)
    order = np.array(draw(st.permutations(range(m))))
    signs = np.where(draw(st.lists(st.booleans(), min_size=m, max_size=m)), -1.0, 1.0)
    doublings = st.integers(-MOST_DOUBLINGS, MOST_DOUBLINGS) if rescaled else st.just(0)
    factors = np.exp2(draw(st.lists(doublings, min_size=m, max_size=m)))
    net = permuted(rescaled_units(flipped(problem.net, signs), factors), order)
    return problem, Problem(net, problem.X, problem.y, problem.loss)


def permuted(net: TwoLayer, order: Any) -> TwoLayer:
    """The network `net` with its units in another `order`, (m,).

    Examples
    --------
    >>> permuted(TwoLayer([1.0, 2.0], [[3.0], [4.0]]), [1, 0]).a
    array([2., 1.])
    """
    b = None if net.b is None else net.b[order]
    return TwoLayer(net.a[..., order], net.W[order], b, net.c, net.activation)


def flipped(net: TwoLayer, signs: Array) -> TwoLayer:
    """The network `net` with units whose ``signs[k]`` is -1 written otherwise. `signs` has shape (m,).

    All weights of such a unit are negated where s is odd, its input weights where s is even; where s is
    neither, or has kinks (where derivatives are those from the left), the network is returned as it is.

    Examples
    --------
    >>> flipped(TwoLayer([1.0], [[3.0]], activation="tanh"), np.array([-1.0])).theta
    array([-1., -3.])
    >>> flipped(TwoLayer([1.0], [[3.0]], activation="square"), np.array([-1.0])).theta
    array([ 1., -3.])
    """
    s = net.activation
    if not s.parity or s.kinks:
        return net
    return _multiplied(net, signs if s.parity == "odd" else np.ones_like(signs), signs)


def rescaled_units(net: TwoLayer, factors: Array) -> TwoLayer:
    """The network `net` with the input weights of unit k times ``factors[k]`` > 0. `factors` has shape (m,).

    Output weights are divided to match; where s is not homogeneous the network is returned as it is.

    Examples
    --------
    >>> rescaled_units(TwoLayer([1.0], [[3.0]], activation="square"), np.array([2.0])).theta
    array([0.25, 6.  ])
    """
    degree = net.activation.homogeneity
    return net if degree is None else _multiplied(net, factors ** -float(degree), factors)


def _multiplied(net: TwoLayer, outputs: Array, inputs: Array) -> TwoLayer:
    b = None if net.b is None else net.b * inputs
    return TwoLayer(net.a * outputs, net.W * inputs[:, None], b, net.c, net.activation)
