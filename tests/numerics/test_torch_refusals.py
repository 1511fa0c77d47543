"""Modules whose curvature would be wrong or not reproducible are refused in one line."""

import numpy as np
import pytest

from numerics.deep.torch import lenet, module_hessian

torch = pytest.importorskip("torch")
nn = torch.nn
torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 4)), RNG.standard_normal((6, 3))


class Of(nn.Module):
    """A linear layer, then whatever is given."""

    def __init__(self, after, extra=None):
        super().__init__()
        self.linear, self.after, self.extra = nn.Linear(4, 3), after, extra

    def forward(self, x):
        return self.after(self.linear(x), self)


def frozen():
    net = nn.Sequential(nn.Linear(4, 3))
    net[0].bias.requires_grad_(False)
    return net


def mixed():
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3).double())


def not_finite():
    net = nn.Linear(4, 3)
    with torch.no_grad():
        net.weight[0, 0] = float("nan")
    return net


class Once(torch.autograd.Function):
    """z^2, whose derivative is not to be differentiated."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, slope):
        return 2 * ctx.saved_tensors[0] * slope


class Silent(torch.autograd.Function):
    """z^2, whose derivative hides that it depends on z."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**2

    @staticmethod
    def backward(ctx, slope):
        return 2 * ctx.saved_tensors[0].detach() * slope


def counting(z, self):
    self.linear.count = getattr(self.linear, "count", 0) + 1
    return z * self.linear.count


def own_inputs(z, self):
    return z.sub_(1.0)


def hooked(z, self):
    z.register_hook(lambda slope: 2 * slope)
    return torch.tanh(z)


class ChangesInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x):
        return self.linear(x.mul_(2.0))


class Remembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return self.linear(x)


def complains(z, self):
    raise AssertionError("word " * 1000 + "\nand more")


REFUSED = {
    "dropout": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.1)), "no dropout in training mode"),
    "nested dropout": (
        lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.AlphaDropout())),
        "no dropout",
    ),
    "attention": (lambda: nn.TransformerEncoderLayer(4, 2), "no dropout in training mode"),
    "functional dropout": (lambda: Of(lambda z, self: nn.functional.dropout(z)), "draws random numbers"),
    "noise": (lambda: Of(lambda z, self: z + torch.randn_like(z)), "draws random numbers"),
    "batch norm": (lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), "no normalisation by batches"),
    "no statistics": (
        lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False)).eval(),
        "not normalise by the batch",
    ),
    "a mean over samples": (
        lambda: Of(lambda z, self: z - z.mean(dim=0)),
        "must not depend on other samples",
    ),
    "in place": (
        lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 3)),
        r"not work in place: set inplace=False; got ReLU at '1'",
    ),
    "changes its inputs": (ChangesInputs, "changes its inputs"),
    "a counter": (lambda: Of(counting), "other outputs for the same inputs"),
    "a buffer": (Remembers, "another buffer 'seen'"),
    "frozen": (frozen, "got '0.bias' with requires_grad=False"),
    "unused": (
        lambda: Of(lambda z, self: z, nn.Linear(2, 2)),
        r"no path from 'extra\.weight', 'extra\.bias'",
    ),
    "detached": (lambda: Of(lambda z, self: z.detach()), "must depend on the parameters"),
    "no parameters": (nn.Tanh, "must have parameters"),
    "no values": (
        lambda: nn.Linear(4, 3, device="meta"),
        "must have values; got 'weight' on the device meta",
    ),
    "samples made one": (lambda: nn.Sequential(nn.Flatten(0), nn.Linear(24, 3)), r"outputs must be \(n, q\)"),
    "two precisions": (mixed, "parameters must all be float32 or all float64"),
    "half": (lambda: nn.Linear(4, 3).half(), r"float64, on one device; got torch\.float16 on cpu"),
    "not finite": (not_finite, "parameters must be finite; got NaN or infinity in 'weight'"),
    "outputs not finite": (lambda: Of(lambda z, self: z / 0), "outputs must be finite"),
    "once": (lambda: Of(lambda z, self: Once.apply(z)), "twice differentiable by torch"),
    "a hook": (lambda: Of(hooked), "slopes that are off by .* has it hooks, or detached parts"),
    "a detached part": (lambda: Of(lambda z, self: z.tanh() * (1 + z.detach())), "slopes that are off by"),
    "a straight-through step": (lambda: Of(lambda z, self: z + (z.round() - z).detach()), "slopes that are"),
    "silent": (lambda: Of(lambda z, self: Silent.apply(z)), "second derivatives are off by"),
    "a scalar": (lambda: Of(lambda z, self: z.sum()), r"outputs must be \(n, q\)"),
    "images": (lambda: Of(lambda z, self: z[:, :, None, None]), r"outputs must be \(n, q\)"),
    "a tuple": (lambda: Of(lambda z, self: (z, z)), "got tuple"),
    "wrong inputs": (lambda: nn.Sequential(nn.Linear(5, 3), nn.ELU()), r"must take inputs \(6, 4\)"),
    "images wanted": (lenet, r"must take inputs \(6, 4\)"),
    "signals changed in place": (
        lambda: Of(lambda z, self: z.tanh().mul_(2)),
        "differentiable by torch; got: one of the variables",
    ),
    "torch's weight_norm": (
        lambda: nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), nn.Tanh()),
        "second derivatives that are not symmetric",
    ),
    "random slopes": (lambda: nn.Sequential(nn.Linear(4, 3), nn.RReLU()), "no random slopes in training"),
    "batch norm as a function": (
        lambda: Of(lambda z, self: nn.functional.batch_norm(z, None, None, training=True)),
        r"must take inputs \(1, 4\); got Expected more than 1 value",
    ),
    "whole numbers": (lambda: Of(lambda z, self: z.argmax(dim=1)), "floating-point numbers; got torch.int64"),
    "sparse": (
        lambda: Of(lambda z, self: z.to_sparse()),
        "dense floating-point numbers; got a sparse tensor",
    ),
    "an error of its own": (lambda: Of(lambda z, self: {}["a"]), "got KeyError: 'a'"),
    "a quotient by zero": (lambda: Of(lambda z, self: 1 / 0), "got ZeroDivisionError: division by zero"),
    "a long complaint": (lambda: Of(complains), r"got AssertionError: (word ){39}\.\.\.$"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_reason_is_one_line(case):
    make, reason = REFUSED[case]
    torch.manual_seed(0)
    before = torch.get_rng_state()
    module = make().train() if "no statistics" not in case else make()
    after = torch.get_rng_state()
    with pytest.raises(ValueError, match=reason) as caught:
        module_hessian(module, X, Y)
    assert "\n" not in str(caught.value)
    assert torch.equal(torch.get_rng_state(), after)
    torch.set_rng_state(before)


BAD_DATA = {
    "no samples": (X[:0], Y[:0], "squared", "n >= 1"),
    "fewer targets": (X, Y[:3], "squared", r"X and y must be of n >= 1 samples"),
    "NaN": (X * np.nan, Y, "squared", "X must be finite"),
    "text": (np.array([["a"] * 4] * 6), Y, "squared", "X must be an array of real numbers"),
    "sparse": (torch.ones(6, 4).to_sparse(), Y, "squared", "X must be a dense tensor with values"),
    "no values": (torch.ones(6, 4, device="meta"), Y, "squared", "X must be a dense tensor with values"),
    "a complex loss": (X, Y, lambda F, y: (F * 1j).sum(), "one finite real number"),
    "complex": (X, torch.ones(6, 3) * 1j, "squared", "y must be real"),
    "labels out of range": (X, np.array([0, 1, 2, 3, 0, 1]), "softmax", r"integer labels 0\.\.2"),
    "wrong targets": (X, Y[:, :2], "squared", "y must be"),
    "unknown loss": (X, Y, "mse", "'squared'"),
    "a loss of many numbers": (X, Y, nn.MSELoss(reduction="none"), "one finite real number"),
    "a loss that does not fit": (X, Y[:, :2], nn.CrossEntropyLoss(), "loss must take the outputs"),
    "a loss with an error": (X, Y, lambda F, y: 1 / 0, "got ZeroDivisionError: division by zero"),
    "a loss with noise": (
        X,
        Y,
        lambda F, y: (F * torch.rand(())).sum(),
        "loss must be deterministic",
    ),
    "a loss that torch cannot follow": (X, Y, lambda F, y: F.detach().sum(), "must be differentiable by"),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("hidden", [False, True])
def test_bad_data_is_named(case, hidden):
    inputs, targets, loss, reason = BAD_DATA[case]
    module = Of(lambda z, self: torch.tanh(z)) if hidden else nn.Sequential(nn.Linear(4, 3))
    with pytest.raises(ValueError, match=reason) as caught:
        module_hessian(module, inputs, targets, loss)
    assert "\n" not in str(caught.value)


def test_what_is_no_module_or_has_no_targets_is_a_type_error():
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module; got int"):
        module_hessian(3, X, Y)
    with pytest.raises(TypeError, match="y must be the targets"):
        module_hessian(nn.Linear(4, 3), X)
    with pytest.raises(ValueError, match="batch_size must be"):
        module_hessian(nn.Linear(4, 3), X, Y, batch_size=0)


def test_bad_words_are_named():
    found = module_hessian(Of(lambda z, self: torch.tanh(z)), X, Y)
    with pytest.raises(ValueError, match="method must be None, products or estimate"):
        found.trace("dense")
    with pytest.raises(ValueError, match="probes must be a whole number of at least 12"):
        found.trace("estimate", probes=3)
    with pytest.raises(ValueError, match="seed must be"):
        found.frobenius_norm("estimate", seed=-1)
    with pytest.raises(ValueError, match=r"k must be None or in 1\.\.15"):
        found.eigenvalues(16)


def test_a_sequential_that_computes_something_else_is_not_taken_for_a_network():
    outer, inner = (nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double() for _ in "ab")
    outer.forward = lambda x: 2 * nn.Sequential.forward(outer, x)
    inner[1].forward = lambda x: 2 * torch.tanh(x)
    for net in (outer, inner):

        def mean_loss(*theta, net=net):
            named = dict(zip(dict(net.named_parameters()), theta, strict=True))
            out = torch.func.functional_call(net, named, (torch.tensor(X),))
            return ((out - torch.tensor(Y)) ** 2).sum() / (2 * len(X))

        parameters = tuple(net.parameters())
        blocks = torch.autograd.functional.hessian(mean_loss, parameters)
        squares = [
            row[k].reshape(len(p.ravel()), -1)
            for k, (row, p) in enumerate(zip(blocks, parameters, strict=True))
        ]
        trace = sum(float(torch.trace(square)) for square in squares)
        assert abs(module_hessian(net, X, Y).trace().value - trace) < 1e-9


def test_a_sequential_with_a_parameter_that_no_layer_has_is_refused():
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    net.further = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    with pytest.raises(
        ValueError, match="every parameter must reach the outputs; got no path from 'further'"
    ):
        module_hessian(net, X, Y)


def test_a_module_that_bears_the_name_of_a_sequential_is_differentiated():
    plain = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
    wrapped = torch.fx.symbolic_trace(nn.Sequential(nn.Linear(4, 3)))
    wrapped.load_state_dict(plain.state_dict())
    assert type(wrapped).__name__ == "Sequential"
    norm, exact = (module_hessian(module, X, Y).frobenius_norm() for module in (wrapped, plain[:1]))
    assert not norm.exact
    assert abs(norm.value - exact.value) <= 1e-5 * exact.value


def test_another_mode_afterwards_is_refused_and_other_buffers_change_nothing():
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout()).double().eval()
    found = module_hessian(net, X, Y)
    v = np.ones(found.shape[0])
    before = found @ v
    net[1].running_mean += 1.0
    assert (found @ v == before).all()
    net.train()
    with pytest.raises(ValueError, match=r"must stay in the mode it was given in; got train\(\) or eval\(\)"):
        found @ v
    net.eval()
    assert (found @ v == before).all()


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Hardtanh, nn.Softshrink])
def test_kinks_are_no_wrong_slopes(activation):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), activation(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
    nn.init.zeros_(net[0].bias)  # so that black parts of an image stand on the kink
    images = torch.relu(torch.randn(5, 1, 8, 8) - 1)
    assert module_hessian(net, images, torch.randn(5, 3)).shape[0] == 151


@pytest.mark.parametrize("as_given", [torch.as_tensor, np.array])
def test_what_becomes_of_the_data_afterwards_changes_nothing(as_given):
    inputs, targets = as_given(X.copy()), as_given(Y.copy())
    module = Of(lambda z, _: torch.tanh(z)).double()
    found, truth = (module_hessian(module, inputs, targets) for _ in "ab")
    v = np.ones(truth.shape[0])
    before, error = truth @ v, truth.rounding_error()
    inputs[...], targets[...] = 5.0, 7.0
    assert (found @ v == before).all()
    assert found.rounding_error() == error
