"""Curvature of torch modules: against exact networks, known answers, another library; and what is refused."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from numerics import deep
from numerics.deep.torch import lenet, module_hessian, network_of, residual_network
from tests.house.tree import ROOT

torch = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Wrapped(nn.Module):
    """Hides what it holds, so that it is differentiated rather than recognised."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


def perceptron(sizes=(4, 6, 5, 3), activation=nn.Tanh, dtype=torch.float64, bias=True):
    torch.manual_seed(0)
    layers = []
    for inner, outer in itertools.pairwise(sizes):
        layers += [nn.Linear(inner, outer, bias=bias), activation()]
    return nn.Sequential(*layers[:-1]).to(dtype)


def data(n=7, d=4, q=3, loss="squared"):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d)).astype(np.float32)
    if loss == "softmax":
        return X, rng.integers(0, q, n)
    y = rng.integers(0, 2, (n, q)) if loss == "logistic" else rng.standard_normal((n, q))
    return X, y.astype(np.float32)


PARTS = {"H": lambda H: H, "G": lambda H: H.gauss_newton, "R": lambda H: H.residual}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [("squared", nn.Tanh), ("softmax", nn.ReLU), ("logistic", nn.SiLU), ("pseudo_huber", nn.Tanh)],
)
def test_differentiated_and_exact_agree_within_the_estimated_rounding(dtype, loss, activation):
    net, (X, y) = perceptron(activation=activation, dtype=dtype), data(loss=loss)
    exact, found = module_hessian(net, X, y, loss), module_hessian(Wrapped(net), X, y, loss, batch_size=3)
    assert isinstance(exact, deep.Hessian)
    assert not isinstance(found, deep.Hessian)
    for part in PARTS.values():
        one, two = part(exact), part(found)
        size = max(one.bound.size, 1e-30)
        assert two.rounding_error() < 1e4 * torch.finfo(dtype).eps * size
        assert np.linalg.norm(one.toarray() - two.toarray()) <= two.rounding_error() + one.rounding_error()
        v = np.random.default_rng(1).standard_normal(one.shape[0])
        assert np.linalg.norm(one @ v - two @ v) <= two.rounding_error() * np.linalg.norm(v)
        for name in ("trace", "frobenius_norm", "spectral_norm", "nuclear_norm"):
            a, b = getattr(one, name)(), getattr(two, name)()
            assert not b.exact
            assert abs(a.value - b.value) <= a.error + b.error, name
        values = two.eigenvalues()
        assert (np.abs(one.eigenvalues(method="dense").value - values.value) <= values.error).all()
    left, right = exact.input_gradient(), found.input_gradient()
    assert abs(left.value - right.value) <= left.error + right.error
    low, high = found.eigenvalue_bounds()
    assert low.value - low.error <= found.spectral_norm().value <= high.value + high.error + 1e-6


def test_a_wrong_curvature_of_the_loss_is_noticed(monkeypatch):
    from numerics.deep.torch.losses import OutputLoss

    right = OutputLoss.curved
    monkeypatch.setattr(OutputLoss, "curved", lambda *words: 1.01 * right(*words))
    net, (X, y) = perceptron(), data()
    found = module_hessian(Wrapped(net), X, y)
    apart = np.linalg.norm(module_hessian(net, X, y).toarray() - found.toarray())
    assert apart > 10 * found.rounding_error()


def test_lanczos_and_the_matrix_agree_and_vectors_are_eigenvectors():
    found = module_hessian(Wrapped(perceptron()), *data())
    whole = np.linalg.eigvalsh(found.toarray())
    for which, wanted in (("largest", whole[::-1]), ("smallest", whole)):
        top = found.eigenvalues(3, which, True, method="lanczos")
        assert_allclose(top.value, wanted[:3], atol=1e-10)
        assert_allclose(found @ top.vectors[:, 0], top.value[0] * top.vectors[:, 0], atol=1e-8)
        assert not top.exact
        assert not top.proved.any()
    assert found.inertia().value == (whole < -1e-10).sum()
    assert not found.spectral_distribution([0.0, 1.0]).exact


def test_blocks_are_cut_out_of_the_matrix():
    found = module_hessian(Wrapped(perceptron()), *data())
    block = found.block(("inner.0.bias", "inner.4.weight"))
    sizes = [each.numel() for each in perceptron().parameters()]
    starts = dict(zip(found.groups, np.cumsum([0, *sizes]), strict=False))
    where = np.r_[starts["inner.0.bias"] + np.arange(6), starts["inner.4.weight"] + np.arange(15)]
    assert_allclose(block.toarray(), found.toarray()[np.ix_(where, where)], atol=1e-14)
    with pytest.raises(ValueError, match=r"names must be among inner\.0\.weight"):
        found.block("0.bias")


def test_losses_of_torch_are_taken_as_they_are():
    net, (X, y) = perceptron(), data()
    ours = module_hessian(Wrapped(net), X, y).toarray()
    theirs = module_hessian(Wrapped(net), X, y, nn.MSELoss(), batch_size=2)
    assert_allclose(theirs.toarray(), 2 / 3 * ours, atol=1e-13)
    assert "MSELoss() of all 7 samples at once" in theirs.convention
    X, y = data(loss="softmax")
    ours = module_hessian(net, X, y, "softmax").toarray()
    assert_allclose(module_hessian(net, X, y, nn.CrossEntropyLoss()).toarray(), ours, atol=1e-13)
    linear = module_hessian(net, X, y, lambda f, y: f.mean())
    assert linear.gauss_newton.frobenius_norm().value == 0.0


@pytest.mark.parametrize("make", [lambda: lenet(8), lambda: residual_network(width=3, blocks=1)])
def test_convolutional_examples_have_the_hessian_that_another_library_has(make):
    library = pytest.importorskip("curvlinops")
    torch.manual_seed(1)
    net = make().double()
    X, y = torch.randn(4, 1, 8, 8).double(), torch.randint(0, 10, (4,))
    found = module_hessian(net, X, y, "softmax")
    theirs = library.HessianLinearOperator(
        net, nn.CrossEntropyLoss(), list(net.parameters()), [(X, y)], check_deterministic=False
    )
    v = np.random.default_rng(0).standard_normal(found.shape[0])
    assert_allclose(found @ v, (theirs @ torch.from_numpy(v)).numpy(), atol=1e-12)
    u = np.random.default_rng(1).standard_normal(found.shape[0])
    assert_allclose(u @ (found @ v), v @ (found @ u), rtol=1e-9)


class Circular(nn.Module):
    """A deep linear network of circular convolutions with filters as long as the signal."""

    def __init__(self, depth, n):
        super().__init__()
        self.filters = nn.ParameterList([torch.randn(n, dtype=torch.float64) for _ in range(depth)])

    def forward(self, x):
        for w in self.filters:
            circulant = torch.stack([torch.roll(w, shift) for shift in range(len(w))], dim=1)
            x = x @ circulant.T
        return x


@pytest.mark.parametrize(("depth", "n"), [(1, 4), (2, 5), (3, 6)])
def test_circular_convolutions_have_the_known_spectrum_at_zero_loss(depth, n):
    """n sum_l prod_(k != l) |w^_k(omega)|^2 for every frequency omega, and zeros, with white inputs.

    Inputs with E[x x^T] = I and the loss |f - y|^2 / 2; the sum over the n outputs gives the factor n.
    """
    torch.manual_seed(depth)
    net = Circular(depth, n)
    X = np.eye(n) * n**0.5
    y = net(torch.from_numpy(X)).detach()
    found = module_hessian(net, X, y).eigenvalues()
    powers = np.abs(np.fft.fft([w.detach().numpy() for w in net.filters], axis=1)) ** 2
    wanted = n * sum(np.prod(np.delete(powers, layer, axis=0), axis=0) for layer in range(depth))
    assert_allclose(found.value[:n], np.sort(wanted)[::-1], rtol=1e-10)
    assert np.abs(found.value[n:]).max(initial=0.0) <= max(found.error.max(), 1e-10)


def test_a_loader_in_order_is_read_and_one_that_shuffles_is_refused():
    net, (X, y) = Wrapped(perceptron()), data()
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(dataset, batch_size=3)
    whole = module_hessian(net, X, y).toarray()
    assert_allclose(module_hessian(net, loader).toarray(), whole, atol=1e-14)
    assert_allclose(module_hessian(net, list(loader)).toarray(), whole, atol=1e-14)
    with pytest.raises(
        ValueError, match=r"loader that shuffles \(RandomSampler\): make it with shuffle=False"
    ):
        module_hessian(net, torch.utils.data.DataLoader(dataset, shuffle=True))

    class Noisy(torch.utils.data.Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, at):
            return torch.randn(4), torch.zeros(3)

    with pytest.raises(ValueError, match="loader that shuffles or alters"):
        module_hessian(net, torch.utils.data.DataLoader(Noisy()))
    with pytest.raises(TypeError, match="y must be None beside a loader"):
        module_hessian(net, loader, y)


def test_without_torch_the_rest_works_and_the_extra_is_named():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from numerics import deep\n"
        "import numerics.deep.torch\n"
        "deep.random_network([2, 3, 1], seed=0)\n"
        "try: numerics.deep.torch.module_hessian(None, None)\n"
        "except ImportError as missing: print(missing)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "torch must be installed: pip install '.[torch]' in a clone"


DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_device_gives_what_exact_arithmetic_gives(device, dtype):
    net, (X, y) = perceptron(dtype=dtype), data()
    here, there = module_hessian(net, X, y), module_hessian(Wrapped(net.to(device)), X, y)
    apart = np.linalg.norm(here.toarray() - there.toarray())
    assert apart <= here.rounding_error() + there.rounding_error()


RECOGNISED = {
    "one layer": (nn.Sequential(nn.Linear(4, 2)), "identity"),
    "nested": (nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.GELU()), nn.Linear(3, 2)), "gelu"),
    "dropout in evaluation": (
        nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 2)).eval(), "relu",
    ),
    "no biases": (perceptron((4, 3, 2), nn.Sigmoid, torch.float32, bias=False), "sigmoid"),
    "flattened": (
        nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.LeakyReLU(), nn.Linear(3, 2)), "leaky_relu",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RECOGNISED)
def test_recognised_modules_are_the_same_function(case):
    module, activation = RECOGNISED[case]
    net = network_of(module)
    assert net.activation.name == activation
    X = torch.randn(5, 4)
    assert_allclose(net(X.numpy()), module(X).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert net.n_parameters == sum(each.numel() for each in module.parameters())


def shared():
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.Tanh(), layer)


def hooked():
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    net[0].register_forward_hook(lambda *words: None)
    return net


NOT_RECOGNISED = {
    "two activations": nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)),
    "softplus with a threshold": nn.Sequential(nn.Linear(4, 3), nn.Softplus(), nn.Linear(3, 2)),
    "an activation at the end": nn.Sequential(nn.Linear(4, 3), nn.Tanh()),
    "two layers without an activation": nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)),
    "another slope": nn.Sequential(nn.Linear(4, 3), nn.LeakyReLU(0.2), nn.Linear(3, 2)),
    "shared weights": shared(),
    "a hook": hooked(),
    "convolutions": lenet(8),
    "a module of one's own": Wrapped(perceptron()),
}


@pytest.mark.parametrize("case", NOT_RECOGNISED)
def test_what_is_no_plain_network_is_not_taken_for_one(case):
    assert network_of(NOT_RECOGNISED[case]) is None


def test_shared_weights_are_differentiated_once():
    net = shared().double()
    X, y = data(d=3)
    found = module_hessian(net, X, y)
    assert found.shape == (12, 12)
    theta = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
    names = dict(net.named_parameters())

    def risk(vector):
        W, b = vector[:9].reshape(3, 3), vector[9:]
        f = torch.tanh(torch.from_numpy(X).double() @ W.T + b) @ W.T + b
        return ((f - torch.from_numpy(y).double()) ** 2).sum() / 14

    assert len(names) == 2
    assert_allclose(found.toarray(), torch.func.hessian(risk)(theta).numpy(), atol=1e-13)


class Row(nn.Module):
    """One output a sample, as a vector (n,)."""

    def __init__(self):
        super().__init__()
        self.inner = perceptron((4, 5, 1))

    def forward(self, x):
        return self.inner(x)[:, 0]


def test_one_output_may_be_a_vector_or_a_column():
    X, y = data(q=1)
    net = Row()
    whole = module_hessian(net.inner, X, y).toarray()
    flat = y[:, 0]
    for module, targets, loss in (
        (net.inner, flat, "squared"),
        (Wrapped(net.inner), flat, "squared"),
        (net, flat, "squared"),
        (net, y, "squared"),
        (net, flat, lambda f, t: ((f - t) ** 2).mean() / 2),
        (Wrapped(net.inner), y, lambda f, t: ((f - t) ** 2).mean() / 2),
    ):
        assert_allclose(module_hessian(module, X, targets, loss).toarray(), whole, atol=1e-13)


def test_normalisation_and_dropout_in_evaluation_are_differentiated():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Tanh(), nn.Dropout(), nn.Flatten(), nn.Linear(4, 2)
    ).double()
    X, y = torch.randn(6, 1, 4).double(), torch.randn(6, 2).double()
    net(X)
    found = module_hessian(net.eval(), X, y)
    names = list(dict(net.named_parameters()))
    theta = {name: value.detach() for name, value in net.named_parameters()}

    def risk(values):
        f = torch.func.functional_call(net, dict(zip(names, values, strict=True)), (X,))
        return ((f - y) ** 2).sum() / 12

    rows = torch.func.hessian(risk)(tuple(theta.values()))
    sizes = [each.numel() for each in theta.values()]
    blocks = [
        [H.reshape(a, b) for H, b in zip(row, sizes, strict=True)] for row, a in zip(rows, sizes, strict=True)
    ]
    assert_allclose(found.toarray(), np.block([[H.numpy() for H in row] for row in blocks]), atol=1e-13)


class Attention(nn.Module):
    """One head over the two halves of an input of four numbers."""

    def __init__(self):
        super().__init__()
        self.heads, self.last = nn.MultiheadAttention(2, 1, batch_first=True), nn.Linear(4, 2)

    def forward(self, x):
        z = x.view(-1, 2, 2)
        return self.last(self.heads(z, z, z, need_weights=False)[0].flatten(1))


def test_attention_has_the_second_derivatives_that_differences_of_gradients_have():
    torch.manual_seed(0)
    rng, module = np.random.default_rng(0), Attention().double()
    X, y = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    H = module_hessian(module, X, y)
    v = rng.standard_normal(H.shape[0])
    sizes = [H.model.parameters[name].numel() for name in H.groups]
    parts = dict(zip(H.groups, torch.split(torch.tensor(v), sizes), strict=True))
    ends = [
        H.model._with(
            {
                name: each + sign * 1e-5 * parts[name].reshape(each.shape)
                for name, each in H.model.parameters.items()
            }
        ).gradient()
        for sign in (1, -1)
    ]
    assert_allclose(H @ v, ((ends[0] - ends[1]) / 2e-5).numpy(), atol=1e-8)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("loss", ["squared", nn.MSELoss()])
def test_the_callers_mode_changes_nothing(mode, loss):
    module, (X, y) = Wrapped(perceptron()), (torch.as_tensor(each) for each in data())
    outside = module_hessian(module, X, y, loss)
    with mode():
        inside = module_hessian(module, X.clone(), y.clone(), loss)
        assert (inside.toarray() == outside.toarray()).all()
        assert inside.input_gradient().value == outside.input_gradient().value
        assert inside.rounding_error() == outside.rounding_error()
