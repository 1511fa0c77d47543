"""Estimates from products with random vectors: how often the truth is within their errors."""

import numpy as np
import pytest

from numerics.deep.torch import module_hessian
from numerics.deep.torch.estimates import sampled

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


class Unlike(torch.nn.Module):
    """A perceptron that is not recognised as one."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.ModuleList(
            [torch.nn.Linear(4, 9), torch.nn.Linear(9, 9), torch.nn.Linear(9, 3)]
        )
        self.double()

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x))
        return self.layers[-1](x)


@pytest.mark.parametrize("probes", [12, 15, 30])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_estimates_from_few_products_cover_the_truth_as_often(probes, decay):
    rng = np.random.default_rng(5)
    values = rng.standard_normal(150) / np.arange(1, 151) ** decay
    Q = np.linalg.qr(rng.standard_normal((150, 150)))[0]
    H, hits = Q * values @ Q.T, np.zeros(2)
    for seed in range(300):
        found = sampled(lambda V: V @ H, 150, probes, seed)
        norm, error = found.norm()
        hits[0] += abs(found.trace - values.sum()) <= 2 * found.trace_error
        hits[1] += abs(norm - np.linalg.norm(values)) <= 2 * error
    assert hits.min() >= 267  # 89 % of 300; 285 are expected, and plain standard errors reach 250


@pytest.mark.slow
def test_estimates_cover_the_truth_as_standard_errors_do():
    rng = np.random.default_rng(0)
    found = module_hessian(Unlike(), rng.standard_normal((20, 4)), rng.standard_normal((20, 3)))
    truth = {"trace": found.trace().value, "frobenius_norm": found.frobenius_norm().value}
    hits = dict.fromkeys(truth, 0)
    for seed in range(60):
        for name, value in truth.items():
            one = getattr(found, name)("estimate", probes=36, seed=seed)
            hits[name] += abs(one.value - value) <= 2 * one.error
    assert min(hits.values()) >= 52  # of 60; 57 are expected


class Wavy(torch.nn.Module):
    """Units whose derivatives lose digits, being cosines of large numbers."""

    def __init__(self, seed, outputs):
        super().__init__()
        torch.manual_seed(seed)
        self.inner = torch.nn.Parameter(0.5 * torch.randn(4, 6))
        self.outer = torch.nn.Linear(4, outputs)

    def forward(self, x):
        z = x @ self.inner.T
        return self.outer(torch.nn.functional.softplus(z) * torch.cos(z))


def test_rounding_in_single_precision_is_within_the_errors_that_are_told():
    """The same module in double precision is the truth; with plain changes by units one in sixty was off."""
    names = ("trace", "frobenius_norm", "eigenvalues", "spectral_norm", "input_gradient")
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, q = int(rng.integers(1, 4)), int(rng.choice([1, 3]))
        X = torch.from_numpy(10.0 ** rng.uniform(1, 3) * rng.standard_normal((n, 6))).float()
        y = torch.from_numpy(rng.standard_normal((n, q)) if seed % 2 else rng.integers(0, q + (q == 1), n))
        loss = "squared" if seed % 2 else "softmax" if q == 3 else "logistic"
        y = y if seed % 2 or q == 3 else y[:, None].float()
        found = module_hessian(Wavy(seed, q), X, y, loss)
        truth = module_hessian(Wavy(seed, q).double(), X.double(), y, loss)
        for name in names:
            one, exact = getattr(found, name)(), getattr(truth, name)()
            apart = np.abs(np.asarray(one.value) - np.asarray(exact.value))
            assert np.max(apart) <= np.max(one.error), (seed, name)
