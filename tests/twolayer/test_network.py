"""The network: its outputs, input gradients, parameter vector and layout."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given

import twolayer as tl
from numerics import deep
from tests.oracle import oracle
from tests.oracle.comparison import assert_within, distance, vector_distance
from tests.oracle.oracle_jets import balls, jet
from tests.oracle.strategies import ACTIVATIONS, ordinary, problems, random_problem
from twolayer.model import activation


def flat(rows):
    return [v for row in rows for v in row]


@given(p=ordinary())
def test_outputs_are_those_of_the_definition(p):
    truth, f = oracle.reference(p).f, p.net(p.X)
    assert f.shape == ((len(p.X),) if np.ndim(p.a) == 1 else (len(p.X), p.outputs))
    size = 1 + np.abs(p.a).sum() * np.abs(p.net.jets(p.X)[0]).max()
    assert_within(vector_distance(f, flat(truth)), 1e-13 * float(size), "f")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_input_gradients_are_those_of_the_definition(name):
    p = random_problem(3, n=4, d=3, m=2, q=2, activation=name)
    network = oracle.Network(p)
    with balls:
        for i, row in enumerate(p.net.input_gradient(p.X)):
            slopes = [jet(name, network.preactivation(i, k))[1] for k in range(2)]
            for o, j in np.ndindex(2, 3):
                terms = [network.a[o, k] * slopes[k] * network.W[k, j] for k in range(2)]
                assert_within(distance(row[o, j], sum(terms)), 1e-12)


@given(p=problems())
def test_a_scalar_output_is_the_first_of_one(p):
    if np.ndim(p.a) == 1:
        wide = p.but(a=p.a[None], c=None if p.c is None else np.atleast_1d(p.c), y=p.y[:, None])
        assert (p.net.theta == wide.net.theta).all()
        assert (p.net(p.X) == wide.net(p.X)[:, 0]).all()
        size = np.abs(p.net.jets(p.X)[1] * p.a) @ np.abs(p.W)
        assert (np.abs(p.net.input_gradient(p.X) - wide.net.input_gradient(p.X)[:, 0]) <= 1e-14 * size).all()
        assert (p.hessian.toarray() == wide.hessian.toarray()).all()


@given(p=problems())
def test_theta_is_laid_out_as_promised(p):
    net = p.net
    parts = {"a": p.a, "W": p.W, "b": p.b, "c": p.c}
    present = {name: part for name, part in parts.items() if part is not None}
    assert list(net.layout) == list(present)
    assert net.theta.shape == (p.size,)
    for name, where in net.layout.items():
        assert (net.theta[where] == np.ravel(present[name])).all()


@given(p=problems())
def test_replacing_theta_gives_the_network_of_theta(p):
    net = p.net
    same = net.replace(net.theta)
    assert (same.theta == net.theta).all()
    assert (same(p.X) == net(p.X)).all()
    assert net.replace(np.arange(p.size)).theta.tolist() == list(range(p.size))
    assert net.replace(2 * net.theta).activation is net.activation


def test_a_network_keeps_its_own_read_only_arrays():
    W = np.ones((2, 3))
    net = tl.TwoLayer([1.0, 2.0], W)
    W[:] = 5.0
    assert (net.W == 1.0).all()
    with pytest.raises(ValueError, match="read-only"):
        net.W[0, 0] = 2.0


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.uint8, bool])
def test_other_numbers_are_converted(kind):
    whole = np.array([[1, 0], [0, 1], [1, 1]])
    net = tl.TwoLayer(whole[0].astype(kind), whole[:2].astype(kind))
    assert net.theta.dtype == np.float64
    expected = tl.TwoLayer(whole[0], whole[:2]).theta
    assert (net.theta == expected).all()
    H = tl.Hessian(net, whole.astype(kind), whole[:, 0].astype(kind))
    assert (H.toarray() == tl.Hessian(net, whole, whole[:, 0]).toarray()).all()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("step", [1, -1, 2])
def test_memory_order_and_strides_do_not_show(order, step):
    p = random_problem(2, n=6, d=4, m=3, q=2)
    X = np.repeat(p.X, abs(step), axis=0)[::step] if step != 1 else p.X
    strided = p.but(W=np.array(p.W, order=order), a=np.array(p.a, order=order), X=np.array(X, order=order))
    plain = p.but(X=np.ascontiguousarray(X))
    assert np.allclose(strided.hessian.toarray(), plain.hessian.toarray(), rtol=1e-14, atol=1e-15)


def test_every_built_in_activation_has_a_name():
    assert set(ACTIVATIONS) == set(activation.available())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.parametrize("b", [None, [0.5, 1.0]])
def test_copies_and_pickles_are_read_only_too(copied, b):
    two = tl.TwoLayer([1.0, 2.0], [[3.0], [4.0]], b, 0.5, "gelu")
    for net in (two, deep.Network.of(two)):
        twin = copied(net)
        assert (twin.theta == net.theta).all()
        assert twin.activation.name == "gelu"
        for array in twin.parts.values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0.0
