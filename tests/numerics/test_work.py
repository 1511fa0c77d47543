"""How much work the main job does at each minimum, counted: no clock, so that it holds on any machine."""

import cProfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

from numerics.files.datasets import digits_task
from numerics.minima_study import reproduce
from numerics.minima_study.arms import QUICK
from twolayer.forward.errors import forward

SAMPLES = 200  # genuine, and so the order of the tangent kernel
LARGEST_BLOCK = (
    64  # inputs of the digits, and more than the units: what the theorems' m x m matrices are below
)
SMALL, FACTORS, PASSES = 5, 30, 40  # at each minimum, the training before it included


class Count:
    """Calls of a function by the order of its first argument."""

    def __init__(self, function):
        self.function, self.orders = function, Counter()

    def __call__(self, A, *args, **kwargs):
        self.orders[len(A)] += 1
        return self.function(A, *args, **kwargs)


def counted(monkeypatch, work):
    """Eigensystems and Cholesky factors by order, and the number of forward passes."""
    systems, factors = Counter(), Counter()
    for module, names in ((linalg, ("eigh", "eigvalsh", "svd")), (np.linalg, ("eigh", "eigvalsh", "svd"))):
        for name in names:
            count = Count(getattr(module, name))
            count.orders = systems
            monkeypatch.setattr(module, name, count)
    count = Count(linalg.cho_factor)
    count.orders = factors
    monkeypatch.setattr(linalg, "cho_factor", count)
    profile = cProfile.Profile()
    done = profile.runcall(work)
    passes = sum(each.callcount for each in profile.getstats() if each.code is forward.__code__)
    return done, systems, factors, passes


@pytest.mark.slow
def test_a_minimum_costs_one_eigensystem_of_the_kernel(monkeypatch):
    arms = [replace(arm, repeats=1) for arm in QUICK]
    done, systems, factors, passes = counted(
        monkeypatch, lambda: reproduce.reproduce(digits_task(), arms, 0)[0]
    )
    count = len(done["minima"])
    assert count == sum(len(arm.attacks) for arm in arms)
    assert {m["negative_eigenvalues"]["method"] for m in done["minima"]} == {"kernel of G, R in the error"}
    assert max(systems) == SAMPLES
    assert systems[SAMPLES] == count + len(arms)  # and one at each random start
    small = [order for order in systems if order != SAMPLES]
    assert max(small) <= LARGEST_BLOCK
    assert sum(systems[order] for order in small) <= SMALL * (count + len(arms))
    assert sum(factors.values()) <= FACTORS * count
    assert passes <= PASSES * count


def test_the_count_sees_an_eigensystem_of_the_hessian(monkeypatch):
    import twolayer as tl

    net = tl.TwoLayer(np.ones(3), np.eye(3))
    H = tl.Hessian(net, np.eye(3), np.ones(3))
    _, systems, factors, passes = counted(monkeypatch, lambda: H.eigenvalues(method="dense"))
    assert systems == {12: 1}
    assert not factors
    assert passes == 0
    assert counted(monkeypatch, lambda: tl.Hessian(net, np.eye(3), np.ones(3)))[3] == 1
