"""Activations by name: the records that generated modules fill."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from ..arrays import Array
from ..errors.rounding import SUBNORMAL
from . import built_in

KNOWN_AS = {
    "quick_gelu": "z*sigmoid(1.702*z)",
    "gelu_tanh": "z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2",
    "logistic": "sigmoid",
    "linear": "identity",
    "sine": "sin",
    "rbf": "gaussian",
    "arctan": "atan",
}
FORMULAS = (
    *(
        "abs",
        "asinh",
        "atan",
        "celu",
        "cos",
        "cosh",
        "elu",
        "erfc",
        "exp",
        "expm1",
        "hardshrink",
        "hardsigmoid",
    ),
    *("hardswish", "hardtanh", "log", "log1p", "logsigmoid", "mish", "relu6", "sech", "selu", "sign", "sinh"),
    *("softshrink", "softsign", "sqrt", "step", "swish", "tanhshrink"),
)
"""Names that formulas may hold as functions of one argument: each alone is a formula too."""
NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Activation:
    """An activation s with everything derived from its one expression.

    Parameters
    ----------
    name, expression, latex : str
        What it is called, and the expression as text and as LaTeX.
    sup0 : float
        An upper bound of sup ``|s|``, perhaps several times as large; inf where unbounded.
    sup1, sup2, sup3 : float
        Upper bounds, tight to rounding, of sup ``|s'|``, sup ``|s''|``, sup ``|s'''|`` over the reals
        away from kinks; inf where unbounded.
    parity : {"odd", "even", ""}
        Whether s(-z) is -s(z), s(z) or neither.
    homogeneity : int or None
        The degree k with s(t z) = t^k s(z) for every t > 0.
    kinks : tuple of (float, float, float)
        Where s' or s'' jumps: (z, jump of s', jump of s''). At a kink every value returned is the
        limit from the left.
    jets : callable
        ``jets(Z, S, S1, S2)`` fills s, s', s'' over flat contiguous float64 arrays.
    slopes : callable
        ``slopes(Z, S, S1)`` fills the same s and s', for work that asks for no more.
    jet : callable
        ``jet(z) -> (s, s', s'')`` of one float, to be called from kernels.
    third : callable
        ``third(Z, radius, T)`` fills T with bounds of ``|s'''|`` on [Z - radius, Z + radius], or with -1
        where s'' and s''' are below the smallest number and s' is constant to it, or with -2 where that
        holds of their products with floats too.
    floor : float
        Absolute error of the computed s, s', s'' beyond the relative one: one subnormal for the built-in
        activations, measured when a user's is made.

    Examples
    --------
    >>> activation("relu").kinks
    ((0.0, 1.0, 0.0),)
    >>> activation("cube").jet(2.0)
    (8.0, 12.0, 12.0)
    """

    name: str
    expression: str
    latex: str
    sup0: float
    sup1: float
    sup2: float
    sup3: float
    parity: str
    homogeneity: int | None
    kinks: tuple[tuple[float, float, float], ...]
    jets: Callable[[Array, Array, Array, Array], None]
    slopes: Callable[[Array, Array, Array], None]
    jet: Callable[[float], tuple[float, float, float]]
    third: Callable[[Array, Array, Array], None]
    floor: float = SUBNORMAL

    @classmethod
    def of_module(cls, module: Any) -> "Activation":
        """The record of a generated module, or of any namespace with the same contents."""
        constants = {
            field.name: getattr(module, field.name.upper())
            for field in fields(cls)
            if field.name not in (*KERNELS, "floor")
        }
        return cls(**constants, **{field: getattr(module, field) for field in KERNELS})


KERNELS = ("jets", "slopes", "jet", "third")


def available() -> tuple[str, ...]:
    """Names of the built-in activations.

    Examples
    --------
    >>> "tanh" in available()
    True
    """
    return built_in.names("activations")


def activation(which: str | Activation) -> Activation:
    """The activation called `which`; an :class:`Activation` is returned as it is.

    Parameters
    ----------
    which : str or Activation
        A name out of :func:`available`; a formula in z such as "z*sigmoid(2*z)" or a name that stands for
        one, such as "mish", of which the package ``theory`` makes a record, which takes seconds the first
        time; or such a record.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If no built-in has that name (the message lists the nearest names), or the formula is outside the
        grammar.
    TypeError
        If `which` is neither text nor an Activation.

    Examples
    --------
    >>> activation("tanh").parity
    'odd'
    """
    if isinstance(which, Activation):
        return which
    if not isinstance(which, str):
        name = str(getattr(which, "__name__", type(which).__name__)).lower()
        cure = f": pass its name, {name!r}" if name in (*available(), *FORMULAS) else ""
        raise TypeError(f"activation must be a name or an Activation; got {type(which).__name__}{cure}")
    if which in available():
        return _built_in(which)
    if NAME.fullmatch(which) and which != "z" and which not in FORMULAS:
        raise ValueError(_unknown(which))
    return _of_formula(which)


def _of_formula(text: str) -> Activation:
    """What ``theory.activation`` makes of a formula: imported by name, since twolayer stands without it."""
    try:
        derive = import_module("theory").activation
    except (ImportError, AttributeError) as reason:
        other = getattr(sys.modules.get("theory"), "__file__", None)
        why = f": {other} hides it, rename that" if other else ""
        raise ValueError(
            f"activation must be one of {', '.join(available())} where the package theory of twolayer cannot "
            f"be imported{why}; got {text[:80]!r}"
        ) from reason
    made: Activation = derive(text)
    return made


@cache
def _built_in(name: str) -> Activation:
    return Activation.of_module(built_in.module("activations", name))


def _unknown(name: str) -> str:
    if name.lower() in KNOWN_AS:
        return f"activation must be {KNOWN_AS[name.lower()]!r}, as it is called here; got {name!r}"
    near = get_close_matches(name.lower(), (*available(), *FORMULAS), cutoff=0.5)
    hint = f"nearest: {', '.join(near)}; " if near else ""
    return (
        f"activation must be one of {', '.join(available())}; got {name[:80]!r} "
        f"({hint}or a formula in z such as 'z*sigmoid(z)')"
    )
