"""Hypothesis strategies for :class:`tests.oracle.problem.Problem`: ordinary ones and nasty ones.

A problem is drawn as a shape, a seed, a power of ten for each array, and at most two twists. Shrinking
thus leads to small shapes, scales of one and no twist.
"""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from tests.oracle import oracle
from tests.oracle.oracle_jets import SEPARABLE, SERIES
from tests.oracle.problem import Problem

ACTIVATIONS = tuple(SERIES)
LOSSES = (*SEPARABLE, "softmax")


def _saturated(p: Problem, rng: np.random.Generator) -> Problem:
    """The first unit far out on both sides."""
    return p.but(W=np.vstack([p.W[:1] * rng.choice([30.0, 300.0]), p.W[1:]]))


def _duplicated_unit(p: Problem, rng: np.random.Generator) -> Problem:
    """The last unit a copy of the first, with the same or the opposite output weight."""
    a, W = p.a.copy(), p.W.copy()
    W[-1], a[..., -1] = W[0], a[..., 0] * rng.choice([1.0, -1.0])
    return p.but(a=a, W=W, b=None if p.b is None else np.append(p.b[:-1], p.b[0]))


def _silent_unit(p: Problem, rng: np.random.Generator) -> Problem:
    """A unit with no outgoing weight."""
    a = p.a.copy()
    a[..., 0] = 0.0
    return p.but(a=a)


def _dead_unit(p: Problem, rng: np.random.Generator) -> Problem:
    """A unit with no incoming weight: every pre-activation is 0, a kink of ReLU."""
    W = p.W.copy()
    W[0] = 0.0
    return p.but(W=W, b=None if p.b is None else np.append(0.0, p.b[1:]))


def _near_kink(p: Problem, rng: np.random.Generator) -> Problem:
    """A pre-activation that cancels, exactly or up to rounding."""
    X = p.X.copy()
    if p.b is None:
        X[0] = 0.0
        return p.but(X=X)
    X[0, 1:] = 0.0
    return p.but(X=X, b=np.append(-p.W[0, 0] * X[0, 0], p.b[1:]))


def _duplicated_sample(p: Problem, rng: np.random.Generator) -> Problem:
    return p.but(X=np.vstack([p.X[:-1], p.X[:1]]), y=np.concatenate([p.y[:-1], p.y[:1]]))


def _interpolating(p: Problem, rng: np.random.Generator) -> Problem:
    """Targets equal to the outputs, correctly rounded."""
    if p.loss in ("logistic", "softmax"):
        return p
    return p.but(y=oracle.floats(oracle.reference(p).f).reshape(np.shape(p.y)))


def _cancelling(p: Problem, rng: np.random.Generator) -> Problem:
    """Targets for which the residual part undoes the Gauss-Newton part as far as it can."""
    if p.loss != "squared":
        return p
    truth = oracle.reference(p.but(y=np.zeros(np.shape(p.y))))
    units = [np.eye(len(p.X) * p.outputs)[j].reshape(np.shape(p.y)) for j in range(np.size(p.y))]
    at_zero = oracle.floats(truth.R)
    columns = [at_zero - oracle.floats(oracle.reference(p.but(y=unit)).R) for unit in units]
    scale = np.abs(columns).max() or 1.0
    A = np.array([column.ravel() for column in columns]).T / scale
    residual = np.linalg.lstsq(A, -oracle.floats(truth.G).ravel() / scale, rcond=1e-10)[0]
    f = oracle.floats(truth.f).reshape(np.shape(p.y))
    return p.but(y=f - np.clip(residual, -1e12, 1e12).reshape(np.shape(p.y)))


TWISTS: dict[str, Callable[[Problem, np.random.Generator], Problem]] = {
    twist.__name__.strip("_"): twist
    for twist in (
        _saturated,
        _duplicated_unit,
        _silent_unit,
        _dead_unit,
        _near_kink,
        _duplicated_sample,
        _interpolating,
        _cancelling,
    )
}


def _targets(rng: np.random.Generator, loss: str, shape: tuple[int, ...], outputs: int) -> np.ndarray:
    if loss == "softmax":
        return rng.integers(0, outputs, shape[0])
    return rng.integers(0, 2, shape) if loss == "logistic" else rng.normal(size=shape)


def random_problem(
    seed: int,
    n: int = 3,
    d: int = 2,
    m: int = 2,
    q: int | None = None,
    *,
    biased: bool = True,
    offset: bool = True,
    activation: str = "tanh",
    loss: str = "squared",
    coarse: bool = False,
) -> Problem:
    """An ordinary problem; `q` None means a scalar output, `coarse` means small multiples of 1/2."""
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return rng.integers(-3, 4, shape) / 2 if coarse else rng.normal(size=shape)

    outputs = () if q is None else (q,)
    return Problem(
        numbers(*outputs, m),
        numbers(m, d),
        numbers(m) if biased else None,
        (numbers(*outputs) if q else float(numbers(1)[0])) if offset else None,
        numbers(n, d),
        _targets(rng, loss, (n, *outputs), q or 1),
        activation,
        loss,
    )


def scaled(p: Problem, exponents: dict[str, int]) -> Problem:
    """`p` with each named array times ten to its exponent; labels are left alone."""
    return p.but(**{name: getattr(p, name) * 10.0**e for name, e in exponents.items() if _scales(p, name)})


def _scales(p: Problem, name: str) -> bool:
    return getattr(p, name) is not None and not (name == "y" and p.loss in ("logistic", "softmax"))


@st.composite
def problems(
    draw: st.DrawFn,
    activations: tuple[str, ...] = ACTIVATIONS,
    losses: tuple[str, ...] = LOSSES,
    twists: tuple[str, ...] = tuple(TWISTS),
    most: tuple[int, int, int, int] = (9, 3, 4, 3),
    decades: int = 8,
) -> Problem:
    """Any problem up to n, d, m, q = `most`, arrays scaled by up to `decades` powers of ten."""
    n, d, m = (draw(st.integers(1, top)) for top in most[:3])
    loss = draw(st.sampled_from(losses))
    q = draw(st.integers(2, most[3]) if loss == "softmax" else st.none() | st.integers(1, most[3]))
    seed = draw(st.integers(0, 2**32 - 1))
    p = random_problem(
        seed,
        n,
        d,
        m,
        q,
        biased=draw(st.booleans()),
        offset=draw(st.booleans()),
        activation=draw(st.sampled_from(activations)),
        loss=loss,
        coarse=draw(st.booleans()),
    )
    if decades:
        exponent = st.just(0) | st.integers(-decades, decades)
        p = scaled(p, {name: draw(exponent) for name in "aWbcXy"})
    chosen = draw(st.lists(st.sampled_from(twists), max_size=2, unique=True)) if twists else []
    for name in chosen:
        p = TWISTS[name](p, np.random.default_rng(seed))
    return p


def ordinary(**restrictions: object) -> st.SearchStrategy[Problem]:
    """Problems with scales of one and no twist."""
    return problems(decades=0, twists=(), **restrictions)
