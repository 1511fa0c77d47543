"""The built-in losses l(f, y) of one sample, each one expression.

``f`` is the output, ``y`` the target. A separable loss of several outputs is the sum of its scalar
expression over outputs; softmax cross-entropy couples the outputs and is stated as a template in
the log-partition ``log_sum_exp(f)`` (see :mod:`theory.derivation.derive`).
"""

import sympy as sp

f, y = sp.symbols("f y", real=True)

LOSSES: dict[str, sp.Expr] = {
    "squared": (f - y) ** 2 / 2,
    "logistic": sp.log(1 + sp.exp(f)) - y * f,
    "pseudo_huber": sp.sqrt(1 + (f - y) ** 2) - 1,
}
