"""Losses by name: the records that generated modules fill."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from . import built_in

KNOWN_AS = {
    "mse": (
        "squared",
        "with the factor 1/2, summed over outputs: torch's MSELoss of one output is twice that",
    ),
    "mseloss": ("squared", "with the factor 1/2, summed over outputs: MSELoss of one output is twice that"),
    "squared_error": ("squared", "with the factor 1/2"),
    "l2": ("squared", "with the factor 1/2"),
    "bce": ("logistic", "of one output before the sigmoid, as BCEWithLogitsLoss"),
    "bcewithlogitsloss": ("logistic", "of one output before the sigmoid"),
    "binary_crossentropy": ("logistic", "of one output before the sigmoid"),
    "log_loss": ("logistic", "for one output before the sigmoid, or 'softmax' for one output a class"),
    "crossentropy": ("softmax", "of outputs before the softmax; 'logistic' for one output"),
    "categorical_crossentropy": ("softmax", "of outputs before the softmax"),
    "sparse_categorical_crossentropy": ("softmax", "of outputs before the softmax"),
    "nllloss": ("softmax", "of outputs before the softmax, so leave the LogSoftmax out"),
    "bceloss": ("logistic", "of one output before the sigmoid"),
    "cross_entropy": (
        "softmax",
        "of outputs before the softmax, as CrossEntropyLoss; 'logistic' for one output",
    ),
    "crossentropyloss": ("softmax", "of outputs before the softmax"),
    "nll": ("softmax", "of outputs before the softmax"),
    "huber": ("pseudo_huber", "sqrt(1 + r^2) - 1, the smooth one: huber and smooth_l1 themselves have kinks"),
    **dict.fromkeys(
        ("mae", "l1", "l1loss", "absolute_error", "huberloss", "smoothl1loss"),
        ("pseudo_huber", "sqrt(1 + r^2) - 1, the smooth one: the absolute value has a kink"),
    ),
    "smooth_l1": ("pseudo_huber", "sqrt(1 + r^2) - 1, the smooth one"),
}


@dataclass(frozen=True)
class Loss:
    """A loss l(f, y) of one sample with everything derived from its one expression.

    Parameters
    ----------
    name, expression, latex : str
        What it is called, and the expression as text and as LaTeX.
    convention : str
        The formula with its factor, the mean, and what the targets are.
    sup1, sup2 : float
        Upper bounds of sup ``|dl/df|`` and sup ``|d2l/df2|``; for a loss that couples outputs, of the length
        and of the largest eigenvalue.
    sup3 : float
        An upper bound, tight to rounding, of sup ``|d3l/df3|``; for a loss that couples outputs, of its
        third derivative along three unit vectors.
    concordance : float
        An upper bound of sup ``|d3l/df3| / (d2l/df2)``: over a distance t of outputs the curvature changes
        by a factor of at most exp(concordance t), as a quadratic form if the loss couples outputs.
    peak : (float, float) or None
        The output at which d2l/df2 is largest is ``peak[0] + peak[1] y``, and it falls on both sides of it;
        None where it is constant or couples outputs.
    faded : float
        From this distance to the peak on no product of d2l/df2 with floats can be seen; for a loss that
        couples outputs, from this distance between the largest output and every other. inf if never.
    separable : bool
        Whether the loss of several outputs is the sum of the losses of each.
    labels : {"real", "binary", "classes"}
        The targets: real numbers, 0 or 1, or integers 0..q-1.
    losses : callable
        ``losses(F, Y, L, G, LAM)`` fills l, dl/df, d2l/df2; over flat contiguous float64 arrays if
        separable, else F and G (n, q), Y (n,) int64, L (n,), LAM (n, q, q).

    Examples
    --------
    >>> loss("squared").sup3
    0.0
    """

    name: str
    expression: str
    latex: str
    convention: str
    sup1: float
    sup2: float
    sup3: float
    concordance: float
    peak: tuple[float, float] | None
    faded: float
    separable: bool
    labels: str
    losses: Callable[..., None]

    @classmethod
    def of_module(cls, module: Any) -> "Loss":
        """The record of a generated module."""
        constants = {
            field: getattr(module, field.upper()) for field in cls.__annotations__ if field != "losses"
        }
        return cls(**constants, losses=module.losses)


def available() -> tuple[str, ...]:
    """Names of the losses.

    Examples
    --------
    >>> available()
    ('logistic', 'pseudo_huber', 'softmax', 'squared')
    """
    return built_in.names("losses")


def loss(which: str | Loss) -> Loss:
    """The loss called `which`; a :class:`Loss` is returned as it is.

    Parameters
    ----------
    which : str or Loss
        A name out of :func:`available`, or a record.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If no loss has that name; the message lists the nearest names.
    TypeError
        If `which` is neither text nor a Loss.

    Examples
    --------
    >>> loss("logistic").labels
    'binary'
    """
    if isinstance(which, Loss):
        return which
    if not isinstance(which, str):
        raise TypeError(f"loss must be a name or a Loss; got {type(which).__name__}")
    if which not in available():
        raise ValueError(f"loss must be one of {', '.join(available())}; got {which[:80]!r}{_hint(which)}")
    return _built_in(which)


def _hint(which: str) -> str:
    """What a name that people know from elsewhere is called here, or the nearest names."""
    said = "".join(letter for letter in which.lower() if letter.isalnum())
    known = {"".join(filter(str.isalnum, name)): found for name, found in KNOWN_AS.items()}
    if said in known:
        name, how = known[said]
        return f" (it is {name!r} here, {how})"
    near = get_close_matches(said, available(), cutoff=0.5)
    return f" (nearest: {', '.join(near)})" if near else ""


@cache
def _built_in(name: str) -> Loss:
    return Loss.of_module(built_in.module("losses", name))
