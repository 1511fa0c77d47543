"""How much work the main job does at each minimum, counted: no clock, so that it holds on any machine."""

import cProfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

import twolayer as tl
from numerics.files.datasets import digits_task
from numerics.minima_study import facts, reproduce
from numerics.minima_study.arms import QUICK
from twolayer.forward.errors import forward
from twolayer.spectrum import methods

SAMPLES = 200  # genuine, and so the order of the tangent kernel
LARGEST_BLOCK = (
    64  # inputs of the digits, and more than the units: what the theorems' m x m matrices are below
)
SMALL, FACTORS, PASSES = 5, 30, 40  # at each minimum, the training before it included


class Count(Counter):
    """Calls by the order of the first argument."""

    def of(self, function):
        def call(A, *args, **kwargs):
            self[len(A)] += 1
            return function(A, *args, **kwargs)

        return call


def counted(work):
    """What `work` returns, its eigensystems and Cholesky factors by order, its number of forward passes."""
    systems, factors, profile = Count(), Count(), cProfile.Profile()
    with pytest.MonkeyPatch.context() as patched:
        for module in (linalg, np.linalg):
            for name in ("eigh", "eigvalsh", "svd"):
                patched.setattr(module, name, systems.of(getattr(module, name)))
        patched.setattr(linalg.lapack, "dsytrd", systems.of(linalg.lapack.dsytrd))
        patched.setattr(linalg, "cho_factor", factors.of(linalg.cho_factor))
        done = profile.runcall(work)
    passes = sum(each.callcount for each in profile.getstats() if each.code is forward.__code__)
    return done, systems, factors, passes


@pytest.mark.slow
def test_a_minimum_costs_one_eigensystem_of_the_kernel():
    arms = [replace(arm, repeats=1) for arm in QUICK]
    done, systems, factors, passes = counted(lambda: reproduce.reproduce(digits_task(), arms, 0)[0])
    count = len(done["minima"])
    assert count == sum(len(arm.attacks) for arm in arms)
    methods = {m["negative_eigenvalues"]["method"].split(";")[0] for m in done["minima"]}
    assert methods == {"kernel of G, R in the error"}
    assert max(systems) == SAMPLES
    assert count <= systems[SAMPLES] <= count + len(arms)  # and one at each random start at most
    small = [order for order in systems if order != SAMPLES]
    assert max(small) <= LARGEST_BLOCK
    assert sum(systems[order] for order in small) <= SMALL * (count + len(arms))
    assert sum(factors.values()) <= FACTORS * count
    assert passes <= PASSES * count


def test_the_count_sees_an_eigensystem_of_the_hessian():
    net = tl.TwoLayer(np.ones(3), np.eye(3))
    H = tl.Hessian(net, np.eye(3), np.ones(3))
    _, systems, factors, passes = counted(lambda: H.eigenvalues(method="dense"))
    assert systems == {12: 1}
    assert not factors
    assert passes == 0
    assert counted(lambda: tl.Hessian(net, np.eye(3), np.ones(3)))[3] == 1


def test_contradictory_labels_need_no_large_eigensystem(monkeypatch):
    monkeypatch.setattr(facts, "LARGE", 100)
    monkeypatch.setattr(methods, "EIGEN", 1e4)  # as dear beside a count as of some thousand parameters
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(20, 12)), 2, axis=0)  # every input twice, with both labels
    net = tl.TwoLayer(rng.normal(size=50), rng.normal(size=(50, 12)), rng.normal(size=50))
    H = tl.Hessian(net, X, np.tile([-1.0, 1.0], 20))
    found, systems, _, _ = counted(lambda: facts.eigenvalue_facts(H, 40))
    truth = np.linalg.eigvalsh(H.toarray())[::-1]
    values, error = found["eigenvalues"], found["negative_eigenvalues"]["error"]
    assert max(systems) < 100 < H.shape[0]
    assert len(values) in facts.PRODUCTS
    assert np.all(np.abs(truth[: len(values)] - values) <= error + 1e-12)
    low = found["negative_eigenvalues"]["certain"]
    assert low <= (truth < 1e-9).sum() <= low + found["negative_eigenvalues"]["zero_within_error"]
    assert found["log_products"]["40"] is None
