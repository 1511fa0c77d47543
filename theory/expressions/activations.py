"""The built-in activations, each one expression in the real symbol ``z``.

Everything else about an activation (derivatives, suprema, parity, homogeneity, kinks, stable code,
LaTeX) is derived from the expression below and from nothing else.
"""

import sympy as sp

z = sp.Symbol("z", real=True)

ACTIVATIONS: dict[str, sp.Expr] = {
    "tanh": sp.tanh(z),
    "sigmoid": 1 / (1 + sp.exp(-z)),
    "erf": sp.erf(z),
    "softplus": sp.log(1 + sp.exp(z)),
    "relu": sp.Max(0, z),
    "leaky_relu": sp.Max(z, z / 100),
    "relu_squared": sp.Max(0, z) ** 2,
    "silu": z / (1 + sp.exp(-z)),
    "gelu": z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "sin": sp.sin(z),
    "gaussian": sp.exp(-(z**2)),
    "square": z**2,
    "cube": z**3,
    "identity": z,
}
