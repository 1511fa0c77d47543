"""For your own property tests: Hypothesis strategies for networks with data, and assertions that know errors.

>>> from hypothesis import given
>>> import twolayer as tl
>>> from twolayer import testing
>>> @given(testing.problems(hidden_bias=True))
... def test_a_block_is_no_larger_than_the_whole(problem):
...     H = tl.Hessian(*problem)
...     testing.assert_at_most(H.block("b").frobenius_norm(), H.frobenius_norm())
>>> test_a_block_is_no_larger_than_the_whole()

The first call of a kernel loads it or compiles it, and no deadline of an example should fail a true property
by that: importing this takes Hypothesis's deadline away, unless you have chosen one.
"""

from ..model.degeneracies import TWISTS
from .assertions import assert_at_most, assert_equal, assert_holds
from .deadline import take_away
from .problem import Problem
from .strategies import degenerate, interpolating, networks, problems
from .symmetries import symmetric_copies

take_away()

__all__ = [
    "TWISTS",
    "Problem",
    "assert_at_most",
    "assert_equal",
    "assert_holds",
    "degenerate",
    "interpolating",
    "networks",
    "problems",
    "symmetric_copies",
]


def __dir__() -> list[str]:
    return __all__
