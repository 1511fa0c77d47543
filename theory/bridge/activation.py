"""Activations compiled from text or an expression, for use wherever a built-in one is."""

import hashlib
import math
import re
import sys
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from types import ModuleType

import numpy as np
import sympy as sp

from theory.analysis.admission import activation_expression
from theory.analysis.pieces import pieces
from theory.bridge.floor import SUBNORMAL, grid
from theory.bridge.floor import floor as measured_floor
from theory.bridge.kept import keep, kept, write_whole
from theory.emit.activation_module import activation_module
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.budget import Allowance
from theory.expressions.grammar import ACTIVATION, FUNCTIONS
from twolayer.errors.rounding import JET_ERROR
from twolayer.jit import kernel_folder
from twolayer.model.activation import Activation, available

SECONDS = 4.5
"""What showing that an expression is an activation, deriving and measuring its kernels may take in all."""

PATIENCE = 0.6
"""What the search for the exact form of a supremum may take: without it there is a bound."""

DERIVED: dict[tuple[sp.Expr, str], tuple[str, float]] = {}
"""The emitted modules and floors of this process."""

NAME = re.compile(r"[^\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def activation(expression: sp.Expr | str, name: str | None = None, **parameters: float) -> Activation:
    """A compiled activation made from an expression, to be used wherever a built-in one is.

    Its derivatives, constants and kernels are derived and emitted as those of the built-in activations;
    the emitted module is written to the user's cache folder for reading (``activation.jets.__code__`` or
    a traceback names it) and for numba; that file is never read again.

    Parameters
    ----------
    expression : sympy.Expr or str
        In one symbol, or text such as ``"z*sigmoid(z)"``, a built-in's name or one of torch's; see
        :func:`theory.analysis.admission.activation_expression`.
    name : str, optional
        What it is called; by default the expression.
    **parameters : float
        Numbers for other names in a text, as in ``activation("z*sigmoid(beta*z)", beta=1.5)``; each is taken
        as the decimal number that is printed for it.

    Returns
    -------
    twolayer.Activation

    Raises
    ------
    ValueError
        If the text is outside the grammar; if the expression is no continuous function of one real
        variable, holds a function that has no kernel, or cancels to less than half of its digits; or if
        the name is not printable.
    TypeError
        If it is neither text nor an expression.

    Notes
    -----
    The values are compared with 120 digits at some 800 points, and the largest deviation beyond the
    accuracy of the built-ins becomes the record's ``floor``, which every rounding bound takes into account.

    Takes a few seconds to derive and compile; both are kept on disk (:mod:`theory.bridge.kept`).

    Examples
    --------
    >>> swish = activation("z*sigmoid(2*z)")
    >>> swish.jet(0.0)
    (0.0, 0.5, 1.0)
    >>> import twolayer as tl
    >>> tl.TwoLayer(a=[1.0], W=[[3.0]], activation=activation("z**4"))([[1.0]])
    array([81.])
    """
    if name is not None and not NAME.fullmatch(name):
        raise ValueError(f"name must be printable text without quotes and backslashes; got {name!r}")
    asked = with_numbers(expression, parameters)
    if isinstance(asked, str) and asked in FUNCTIONS and asked not in ACTIVATIONS:
        name, asked = name or asked, f"{asked}(z)"
    question = f"{name!r}: {asked if isinstance(asked, str) else sp.srepr(asked)}"
    text, floor = _answer(question, asked, name)
    return _loaded(text, floor)


def with_numbers(expression: sp.Expr | str, parameters: dict[str, float]) -> sp.Expr | str:
    """A formula with numbers in place of its parameters, each in parentheses.

    Raises
    ------
    ValueError
        If a number is not finite, or a name is not in the text or has a meaning of its own.
    TypeError
        If there are parameters, but no text.

    Examples
    --------
    >>> with_numbers("z*sigmoid(beta*z)", {"beta": 1.5})
    'z*sigmoid((1.5)*z)'
    """
    if parameters and not isinstance(expression, str):
        raise TypeError(f"expression must be text to have parameters; got {type(expression).__name__}")
    for name, number in parameters.items():
        if name in ACTIVATION.names or name in ACTIVATION.functions:
            raise ValueError(f"parameters must have names of their own; got {name!r}, which has a meaning")
        if not math.isfinite(number):
            raise ValueError(f"{name} must be a finite number; got {number!r}")
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        if not word.search(expression):
            raise ValueError(f"parameters must be in the expression {expression[:80]!r}; got {name!r}")
        expression = word.sub(f"({format(Decimal(repr(float(number))), 'f')})", expression)
    return expression


def _answer(question: str, asked: sp.Expr | str, name: str | None) -> tuple[str, float]:
    """The emitted module of an activation and its floor, from the disk if they were derived before."""
    found = kept(question)
    if found is not None:
        return found
    shown = str(asked)[:80]
    allowance = Allowance(SECONDS)
    with allowance.within(f"activation must be shown to be one; got {shown!r}, which does not end"):
        exact = activation_expression(asked)
        called = name or str(exact)
    text, floor = _derived(exact, called, allowance)
    keep(question, text, floor)
    return text, floor


def _derived(expression: sp.Expr, name: str, allowance: Allowance) -> tuple[str, float]:
    if (expression, name) not in DERIVED:
        with allowance.within(f"activation must be derived; got {name[:80]!r}, which does not end"):
            text = activation_module(name, expression, z, "an expression", "twolayer.", PATIENCE)
        made = _loaded(text, SUBNORMAL)
        points = np.array(grid())
        values = [np.empty_like(points) for _ in range(3)]
        made.jets(points, *values)
        with allowance.within(f"activation must be measured; got {name[:80]!r}, which does not end"):
            rows = [row.tolist() for row in values]
            DERIVED[expression, name] = (
                text,
                measured_floor(pieces(expression), points.tolist(), rows, JET_ERROR),
            )
    return DERIVED[expression, name]


@lru_cache(maxsize=256)
def _loaded(text: str, floor: float) -> Activation:
    return replace(_compiled(text), floor=floor)


@lru_cache(maxsize=256)
def _compiled(text: str) -> Activation:
    module = ModuleType(f"twolayer_activation_{_digest(text)}")
    sys.modules[module.__name__] = module  # numba looks it up when it loads machine code
    exec(compile(text, _written(text), "exec"), vars(module))
    return Activation.of_module(module)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _written(text: str) -> str:
    """Path of a file that holds `text`, in the cache folder; a name that is no path if it cannot be written.

    What the file held before does not matter: it is made to hold `text`, and is not read by us again.
    """
    folder = kernel_folder()
    if folder is None:
        return f"<activation {_digest(text)}>"
    path = folder / f"activation_{_digest(text)}.py"
    try:
        if not (path.is_file() and path.read_bytes() == text.encode()):
            write_whole(path, text.encode())
    except OSError:
        return f"<activation {_digest(text)}>"
    return str(path)


def built_in(name: str) -> bool:
    """Whether an activation of that `name` comes with the package."""
    return name in available()
