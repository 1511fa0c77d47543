"""Networks of torch and scikit-learn: their own outputs, gradients, losses and Hessians are the judges."""

import itertools

import numpy as np
import pytest

import twolayer as tl

RNG = np.random.default_rng(0)
SKLEARN_TO_OURS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


def sequential(torch, d, m, q, activation, bias=True):
    nn = torch.nn
    layers = (nn.Linear(d, m, bias=bias), activation, nn.Linear(m, q, bias=bias))
    return nn.Sequential(*layers).double()


def data(d, n=7):
    rng = np.random.default_rng(d)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("name", ["Tanh", "Sigmoid", "ReLU", "SiLU", "GELU", "Softplus", "Identity"])
@pytest.mark.parametrize("q", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_gradient_and_hessian_are_those_of_torch(name, q, bias):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    module = sequential(torch, 3, 4, q, getattr(torch.nn, name)(), bias)
    net = tl.TwoLayer.from_torch(module)
    X, _ = data(3)
    Y = np.random.default_rng(2).standard_normal((len(X), q))
    theirs = module(torch.tensor(X)).detach().numpy()
    assert net(X).reshape(theirs.shape) == pytest.approx(theirs, rel=1e-9, abs=1e-12)

    inputs, targets = torch.tensor(X), torch.tensor(Y)
    names = [name for name, _ in module.named_parameters()]
    shapes = [p.shape for p in module.parameters()]
    theta = torch.nn.utils.parameters_to_vector(module.parameters()).detach()

    def risk(flat):
        parts = torch.split(flat, [shape.numel() for shape in shapes])
        named = {key: part.view(shape) for key, part, shape in zip(names, parts, shapes, strict=True)}
        out = torch.func.functional_call(module, named, (inputs,))
        return torch.nn.functional.mse_loss(out, targets) * q / 2

    y = Y[:, 0] if q == 1 else Y
    order = net.torch_order
    assert net.theta[order].tolist() == theta.tolist()
    ours = tl.gradient(net, X, y)[order]
    assert ours == pytest.approx(torch.func.grad(risk)(theta).numpy(), rel=1e-7, abs=1e-9)
    H = tl.Hessian(net, X, y).toarray()[np.ix_(order, order)]
    assert pytest.approx(torch.func.hessian(risk)(theta).numpy(), rel=1e-7, abs=1e-9) == H


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ELU", (0.7,)),
        ("CELU", (2.0,)),
        ("SELU", ()),
        ("Mish", ()),
        ("Hardtanh", (-2.0, 3.0)),
        ("Hardswish", ()),
        ("Hardsigmoid", ()),
        ("ReLU6", ()),
        ("Softsign", ()),
        ("Tanhshrink", ()),
        ("LogSigmoid", ()),
        ("Softshrink", (0.3,)),
        ("LeakyReLU", (0.2,)),
        ("Softplus", (3.0,)),
        ("GELU", ("tanh",)),
    ],
)
def test_activations_of_torch_with_their_parameters(name, arguments):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    module = sequential(torch, 3, 4, 1, getattr(torch.nn, name)(*arguments))
    X = 3 * data(3)[0]
    theirs = module(torch.tensor(X)).detach().numpy()[:, 0]
    assert tl.TwoLayer.from_torch(module)(X) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_narrow_numbers_convert_exactly(dtype):
    torch = pytest.importorskip("torch")
    module = sequential(torch, 3, 4, 1, torch.nn.Tanh()).to(getattr(torch, dtype))
    net = tl.TwoLayer.from_torch(module)
    assert net.W.tolist() == module[0].weight.double().tolist()


def test_a_module_that_applies_its_activation_in_forward():
    torch = pytest.importorskip("torch")

    class Stranger(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.second(torch.relu(self.first(x)))

    module = Stranger()
    assert tl.TwoLayer.from_torch(module, "relu").activation.name == "relu"
    with pytest.raises(ValueError, match="activation must be given"):
        tl.TwoLayer.from_torch(module)
    with pytest.raises(ValueError, match="outputs that differ from that with tanh"):
        tl.TwoLayer.from_torch(module, "tanh")


def test_modules_that_are_no_two_layer_network_are_refused_with_the_reason():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    three = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    ends = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid())
    odd = nn.Sequential(nn.Linear(2, 3), nn.RReLU(), nn.Linear(3, 1))
    normed = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 1))
    for module, message in (
        (three, "one hidden layer; for more see numerics.deep; got 3"),
        (ends, r"pass module\[:-1\], and the loss 'logistic'"),
        (odd, "got RReLU"),
        (normed, "must be Linear, activation, Linear; got Linear, BatchNorm1d"),
    ):
        with pytest.raises(ValueError, match=message):
            tl.TwoLayer.from_torch(module)
    with pytest.raises(TypeError, match="must be a torch module"):
        tl.TwoLayer.from_torch([1.0])
    skipping = nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 1))
    assert tl.TwoLayer.from_torch(skipping).W.shape == (3, 2)
    assert skipping.training


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("activation", list(SKLEARN_TO_OURS))
def test_regressors_of_scikit_learn(activation):
    networks = pytest.importorskip("sklearn.neural_network")
    X, y = data(3, 12)
    for targets in (y, np.stack([y, y**2], axis=1)):
        fitted = networks.MLPRegressor(
            hidden_layer_sizes=(4,), activation=activation, max_iter=5, alpha=0.3, random_state=0
        )
        fitted.fit(X, targets)
        net = tl.TwoLayer.from_sklearn(fitted)
        assert net(X) == pytest.approx(fitted.predict(X), rel=1e-9, abs=1e-12)
        _own_loss_and_gradient(fitted, X, targets, targets.reshape(len(X), -1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("labels", [["yes", "no"], [-1, 1], ["a", "b", "c"], [True, False]])
def test_classifiers_of_scikit_learn(labels):
    networks = pytest.importorskip("sklearn.neural_network")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X, _ = data(3, 12)
    y = np.array([labels[i % len(labels)] for i in range(12)])
    fitted = networks.MLPClassifier(hidden_layer_sizes=(4,), max_iter=5, alpha=0.2, random_state=0).fit(X, y)
    net = tl.TwoLayer.from_sklearn(fitted)
    F = net(X)
    if len(labels) == 2:
        ours = np.stack([1 / (1 + np.exp(F)), 1 / (1 + np.exp(-F))], axis=1)
    else:
        ours = np.exp(F) / np.exp(F).sum(axis=1, keepdims=True)
    assert ours == pytest.approx(fitted.predict_proba(X), rel=1e-9)
    _own_loss_and_gradient(fitted, X, y, preprocessing.LabelBinarizer().fit_transform(y))


def _own_loss_and_gradient(fitted, X, y, encoded):
    """Their _backprop gives loss and gradient, weight decay included; ours follow from a few differences."""
    sizes = [X.shape[1], *fitted.hidden_layer_sizes, fitted.n_outputs_]
    shapes = list(itertools.pairwise(sizes))

    def backprop(coefs, intercepts):
        fitted.coefs_, fitted.intercepts_ = coefs, intercepts
        activations = [X] + [None] * 2
        deltas = [None] * 2
        grads = [np.empty(shape) for shape in shapes]
        shifts = [np.empty(shape[1]) for shape in shapes]
        args = (X, encoded.astype(float), None, activations, deltas, grads, shifts)
        try:
            loss, grads, shifts = fitted._backprop(*args)
        except TypeError:
            loss, grads, shifts = fitted._backprop(*args[:2], *args[3:])
        return loss, np.concatenate([grads[1].T.ravel(), grads[0].T.ravel(), shifts[0], shifts[1]])

    fitted._optimizer = None
    coefs, intercepts = fitted.coefs_, fitted.intercepts_
    H = tl.Hessian.from_sklearn(fitted, X, y)
    direction = np.random.default_rng(5).standard_normal(H.shape[0])
    split = np.cumsum([shapes[1][0] * shapes[1][1], shapes[0][0] * shapes[0][1], shapes[0][1]])
    a, W, b, c = np.split(direction, split)
    steps = ([W.reshape(shapes[0][::-1]).T, a.reshape(shapes[1][::-1]).T], [b, c])
    h, ends = 1e-5, []
    for sign in (1, -1):
        moved = [w + sign * h * s for w, s in zip(coefs, steps[0], strict=True)]
        shifted = [w + sign * h * s for w, s in zip(intercepts, steps[1], strict=True)]
        ends.append(backprop(moved, shifted)[1])
    fitted.coefs_, fitted.intercepts_ = coefs, intercepts
    assert H @ direction == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-6)


def test_estimators_that_have_no_twin_say_why():
    networks = pytest.importorskip("sklearn.neural_network")
    pipeline = pytest.importorskip("sklearn.pipeline")
    with pytest.raises(ValueError, match="must be fitted"):
        tl.TwoLayer.from_sklearn(networks.MLPRegressor(hidden_layer_sizes=(3,)))
    with pytest.raises(TypeError, match=r"pass its last step, pipeline\[-1\]"):
        tl.TwoLayer.from_sklearn(pipeline.make_pipeline(networks.MLPRegressor(hidden_layer_sizes=(3,))))
    X, y = data(2, 20)
    with pytest.warns(Warning, match="Maximum iterations"):
        deep = networks.MLPRegressor(hidden_layer_sizes=(3, 3), max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"for more see numerics\.deep"):
        tl.TwoLayer.from_sklearn(deep)
    with pytest.raises(TypeError, match="must be an MLPRegressor or MLPClassifier; got int"):
        tl.TwoLayer.from_sklearn(3)


def test_shapes_that_a_transposition_would_cure_say_so():
    net = tl.TwoLayer(np.ones(3), np.ones((3, 2)))
    X, y = data(2)
    with pytest.raises(ValueError, match=r"pass W\.T"):
        tl.TwoLayer(np.ones(3), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"pass a\.T"):
        tl.TwoLayer(np.ones((3, 4)), np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"pass X\.T"):
        tl.Hessian(net, X.T, y)
    with pytest.raises(ValueError, match=r"pass y\[:, 0\]"):
        tl.Hessian(net, X, y[:, None])


def test_names_from_elsewhere_are_answered_with_ours():
    net = tl.TwoLayer([1.0], [[1.0]])
    for theirs, ours in (("mse", "squared"), ("bce", "logistic"), ("CrossEntropyLoss", "softmax")):
        with pytest.raises(ValueError, match=f"it is '{ours}' here"):
            tl.risk(net, [[1.0]], [1.0], theirs)
    with pytest.raises(ValueError, match="activation must be 'sigmoid', as it is called here"):
        tl.TwoLayer([1.0], [[1.0]], activation="logistic")
    assert tl.TwoLayer([1.0], [[1.0]], activation="z**2")([[3.0]]) == 9.0


@pytest.mark.filterwarnings("ignore")
def test_modules_in_other_wrappings():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    module = sequential(torch, 3, 4, 1, nn.LeakyReLU(0.25))
    theta = tl.TwoLayer.from_torch(module).theta.tolist()
    for wrapped in (torch.jit.script(module), torch.compile(module), nn.DataParallel(module)):
        net = tl.TwoLayer.from_torch(wrapped)
        assert net.theta.tolist() == theta
    normed = sequential(torch, 3, 4, 1, nn.Tanh())
    nn.utils.parametrizations.weight_norm(normed[0])
    X, _ = data(3)
    theirs = normed(torch.tensor(X)).detach().numpy()[:, 0]
    assert tl.TwoLayer.from_torch(normed)(X) == pytest.approx(theirs, rel=1e-12)
    prelu = sequential(torch, 3, 4, 1, nn.PReLU().double())
    assert tl.TwoLayer.from_torch(prelu)(X) == pytest.approx(prelu(torch.tensor(X)).detach().numpy()[:, 0])

    class Swapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(4, 1), nn.Linear(3, 4)

        def forward(self, x):
            return self.last(torch.tanh(self.first(x)))

    assert tl.TwoLayer.from_torch(Swapped(), activation="tanh").W.shape == (4, 3)


@pytest.mark.filterwarnings("ignore")
def test_what_holds_no_numbers_or_is_no_module_is_named():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    made = sequential(torch, 3, 4, 1, nn.Tanh())
    wrong = sequential(torch, 3, 4, 1, nn.Tanh())
    wrong[2].weight.data[0, 1] = float("nan")
    many = sequential(torch, 3, 4, 1, nn.PReLU(4).double())
    lazy = nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.Linear(4, 1))
    for module, kind, said in (
        (made.state_dict(), TypeError, "load the state into its module"),
        (nn.Linear, TypeError, "got the class Linear"),
        (lazy, ValueError, "call the module on inputs once"),
        (many, ValueError, "PReLU with a slope for each"),
        (wrong, ValueError, r"a must be finite; got nan at index \[0, 1\]"),
        (sequential(torch, 3, 4, 1, nn.Tanh()).to("meta"), ValueError, "a must hold numbers"),
        (sequential(torch, 3, 4, 1, nn.Tanh()).to(torch.cfloat), ValueError, "a must be real"),
    ):
        with pytest.raises(kind, match=said):
            tl.TwoLayer.from_torch(module)


@pytest.mark.parametrize("kind", ["MLPRegressor", "MLPClassifier"])
def test_sample_weights_are_those_of_scikit_learn(kind):
    """A sample of weight 2 is one that is there twice."""
    networks = pytest.importorskip("sklearn.neural_network")
    X, y = data(2, 20)
    y = y > 0 if kind == "MLPClassifier" else y
    with pytest.warns(Warning, match="Maximum iterations"):
        fitted = getattr(networks, kind)(hidden_layer_sizes=(3,), max_iter=3, alpha=0.5).fit(X, y)
    twice = np.arange(20) % 3
    ours = tl.Hessian.from_sklearn(fitted, X, y, sample_weight=twice)
    same = tl.Hessian.from_sklearn(fitted, np.repeat(X, twice, axis=0), np.repeat(y, twice))
    assert ours.toarray() == pytest.approx(same.toarray(), rel=1e-12, abs=1e-14)
    for wrong in (np.zeros(20), np.ones((20, 1))):
        with pytest.raises(ValueError, match=r"sample_weight must be \(n,\)"):
            tl.Hessian.from_sklearn(fitted, X, y, sample_weight=wrong)
    with pytest.raises(TypeError, match="fit one, and pass that"):
        tl.TwoLayer.from_sklearn(networks.MLPRegressor)
