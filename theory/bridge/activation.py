"""Activations compiled from text or an expression, for use wherever a built-in one is."""

import hashlib
import math
import os
import re
import sys
import tempfile
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import sympy as sp

from theory.analysis.admission import activation_expression
from theory.analysis.pieces import pieces
from theory.bridge.floor import floor, grid
from theory.emit.activation_module import activation_module
from theory.expressions.activations import z
from theory.expressions.budget import within
from theory.expressions.grammar import ACTIVATION
from twolayer.errors.rounding import JET_ERROR
from twolayer.jit import kernel_folder
from twolayer.model.activation import Activation, available

SECONDS = 10.0
"""What showing that an expression is an activation may take, and what deriving its kernels may."""

NAME = re.compile(r"[^\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def activation(expression: sp.Expr | str, name: str | None = None, **parameters: float) -> Activation:
    """A compiled activation made from an expression, to be used wherever a built-in one is.

    Its derivatives, constants and kernels are derived and emitted as those of the built-in activations;
    the emitted module is written to the user's cache folder for reading (``activation.jets.__code__`` or
    a traceback names it) and for numba, and only the text just emitted is ever executed.

    Parameters
    ----------
    expression : sympy.Expr or str
        In one symbol, or text such as ``"z*sigmoid(z)"`` or a built-in's name; see
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

    Takes a few seconds to derive and compile; the machine code is kept on disk.

    Examples
    --------
    >>> swish = activation("z*sigmoid(2*z)")
    >>> swish.jet(0.0)
    (0.0, 0.5, 1.0)
    >>> import twolayer as tl
    >>> tl.TwoLayer(a=[1.0], W=[[3.0]], activation=activation("z**4"))([[1.0]])
    array([81.])
    """
    shown = str(expression)[:80]
    with within(SECONDS, f"activation must be shown to be one; got {shown!r}, which does not end"):
        exact = activation_expression(with_numbers(expression, parameters))
    if name is not None and not NAME.fullmatch(name):
        raise ValueError(f"name must be printable text without quotes and backslashes; got {name!r}")
    return _compiled(exact, name or str(exact))


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


@lru_cache(maxsize=256)
def _compiled(expression: sp.Expr, name: str) -> Activation:
    with within(SECONDS, f"activation must be derived; got {name[:80]!r}, which does not end"):
        text = activation_module(name, expression, z, "an expression", "twolayer.")
    module = ModuleType(f"twolayer_activation_{_digest(text)}")
    sys.modules[module.__name__] = module  # numba looks it up when it loads machine code
    exec(compile(text, _written(text), "exec"), vars(module))
    return _with_floor(Activation.of_module(module), expression)


def _with_floor(made: Activation, expression: sp.Expr) -> Activation:
    points = np.array(grid())
    values = [np.empty_like(points) for _ in range(3)]
    made.jets(points, *values)
    found = floor(pieces(expression), points.tolist(), [row.tolist() for row in values], JET_ERROR)
    return replace(made, floor=found)


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
            _replace(path, text)
    except OSError:
        return f"<activation {_digest(text)}>"
    return str(path)


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, suffix=".part", delete=False) as file:
        file.write(text.encode())
    os.replace(file.name, path)


def built_in(name: str) -> bool:
    """Whether an activation of that `name` comes with the package."""
    return name in available()
