"""Functions that generated code evaluates without loss: each closed under differentiation.

A derivative such as 1 - tanh^2 is exact in symbols and useless in floating point once tanh rounds to
1. Every function here states its derivative as a product of functions that keep their relative
accuracy everywhere, so differentiating again never subtracts nearly equal numbers.
"""

import sympy as sp


class Atom(sp.Function):
    """A real function of one real argument, with a stable derivative."""

    nargs = 1
    parity = ""

    @classmethod
    def eval(cls, argument: sp.Expr) -> sp.Expr | None:
        """Even and odd functions take the argument without a leading minus."""
        if cls.parity and argument.could_extract_minus_sign():
            mirrored = cls(-argument)
            return mirrored if cls.parity == "even" else -mirrored
        return None

    def _eval_is_real(self) -> bool:
        return True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative by the argument, in atoms."""
        return type(self).slope(self.args[0])


class Tanh(Atom):
    """tanh u."""

    parity = "odd"
    meaning = staticmethod(sp.tanh)
    slope = staticmethod(lambda u: SechSquared(u))


class SechSquared(Atom):
    """1 - tanh^2 u = sech^2 u."""

    parity = "even"
    meaning = staticmethod(lambda u: sp.sech(u) ** 2)
    slope = staticmethod(lambda u: -2 * Tanh(u) * SechSquared(u))


class Sigmoid(Atom):
    """1 / (1 + exp(-u))."""

    meaning = staticmethod(lambda u: 1 / (1 + sp.exp(-u)))
    slope = staticmethod(lambda u: SigmoidSlope(u))


class SigmoidSlope(Atom):
    """The product of the sigmoids of u and -u."""

    parity = "even"
    meaning = staticmethod(lambda u: 1 / (1 + sp.exp(-u)) / (1 + sp.exp(u)))
    slope = staticmethod(lambda u: -SigmoidSlope(u) * HalfTanh(u))


class HalfTanh(Atom):
    """tanh(u / 2), the difference of the sigmoids of u and -u."""

    parity = "odd"
    meaning = staticmethod(lambda u: sp.tanh(u / 2))
    slope = staticmethod(lambda u: 2 * SigmoidSlope(u))


class Softplus(Atom):
    """log(1 + exp u)."""

    meaning = staticmethod(lambda u: sp.log(1 + sp.exp(u)))
    slope = staticmethod(lambda u: Sigmoid(u))


class Erf(Atom):
    """The error function."""

    parity = "odd"
    meaning = staticmethod(sp.erf)
    slope = staticmethod(lambda u: ErfSlope(u))


class Erfc(Atom):
    """1 - erf u."""

    meaning = staticmethod(sp.erfc)
    slope = staticmethod(lambda u: -ErfSlope(u))


class ErfSlope(Atom):
    """2 / sqrt(pi) exp(-u^2)."""

    parity = "even"
    meaning = staticmethod(lambda u: 2 / sp.sqrt(sp.pi) * sp.exp(-(u**2)))
    slope = staticmethod(lambda u: -2 * u * ErfSlope(u))


class NormalCdf(Atom):
    """(1 + erf(u / sqrt 2)) / 2."""

    meaning = staticmethod(lambda u: sp.erfc(-u / sp.sqrt(2)) / 2)
    slope = staticmethod(lambda u: NormalDensity(u))


class NormalDensity(Atom):
    """exp(-u^2 / 2) / sqrt(2 pi)."""

    parity = "even"
    meaning = staticmethod(lambda u: sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi))
    slope = staticmethod(lambda u: -u * NormalDensity(u))


class Gauss(Atom):
    """exp(-u^2)."""

    parity = "even"
    meaning = staticmethod(lambda u: sp.exp(-(u**2)))
    slope = staticmethod(lambda u: -2 * u * Gauss(u))


class Expm1(Atom):
    """exp(u) - 1."""

    meaning = staticmethod(lambda u: sp.exp(u) - 1)
    slope = staticmethod(lambda u: sp.exp(u))


class Log1p(Atom):
    """log(1 + u)."""

    meaning = staticmethod(lambda u: sp.log(1 + u))
    slope = staticmethod(lambda u: 1 / (1 + u))


class Hypot1m(Atom):
    """sqrt(1 + u^2) - 1."""

    meaning = staticmethod(lambda u: sp.sqrt(1 + u**2) - 1)
    parity = "even"
    slope = staticmethod(lambda u: HypotSlope(u))


class HypotSlope(Atom):
    """u / sqrt(1 + u^2)."""

    meaning = staticmethod(lambda u: u / sp.sqrt(1 + u**2))
    parity = "odd"
    slope = staticmethod(lambda u: HypotInverse(u) ** 3)


class HypotInverse(Atom):
    """1 / sqrt(1 + u^2)."""

    meaning = staticmethod(lambda u: 1 / sp.sqrt(1 + u**2))
    parity = "even"
    slope = staticmethod(lambda u: -HypotSlope(u) * HypotInverse(u) ** 2)


class LogSquare(Atom):
    """log(1 + u^2)."""

    meaning = staticmethod(lambda u: sp.log(1 + u**2))
    parity = "even"
    slope = staticmethod(lambda u: 2 * HypotSlope(u) * HypotInverse(u))


class Sinh(Atom):
    """sinh u."""

    meaning = staticmethod(sp.sinh)
    parity = "odd"
    slope = staticmethod(lambda u: Cosh(u))


class Cosh(Atom):
    """cosh u."""

    meaning = staticmethod(sp.cosh)
    parity = "even"
    slope = staticmethod(lambda u: Sinh(u))


class Sech(Atom):
    """1 / cosh u."""

    meaning = staticmethod(sp.sech)
    parity = "even"
    slope = staticmethod(lambda u: -Tanh(u) * Sech(u))


class LogCosh(Atom):
    """log cosh u."""

    meaning = staticmethod(lambda u: sp.log(sp.cosh(u)))
    parity = "even"
    slope = staticmethod(lambda u: Tanh(u))


class Atan(Atom):
    """The arc tangent."""

    meaning = staticmethod(sp.atan)
    parity = "odd"
    slope = staticmethod(lambda u: HypotInverse(u) ** 2)


class Asinh(Atom):
    """The inverse of sinh."""

    meaning = staticmethod(sp.asinh)
    parity = "odd"
    slope = staticmethod(lambda u: HypotInverse(u))


def meaning(expression: sp.Expr) -> sp.Expr:
    """`expression` with every atom written out in sympy's own functions.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> meaning(Softplus(z))
    log(exp(z) + 1)
    """
    if not expression.args:
        return expression
    arguments = [meaning(argument) for argument in expression.args]
    if isinstance(expression, Atom):
        return expression.meaning(*arguments)
    return expression.func(*arguments)


BOUNDED = (
    *(Tanh, HalfTanh, HypotSlope, HypotInverse, Erf, Atan, sp.sin, sp.cos),
    *(SechSquared, Sech, SigmoidSlope, Sigmoid, ErfSlope, Erfc, NormalCdf, NormalDensity, Gauss),
)
"""Functions whose absolute value stays below 4."""

FADING = (
    *(SechSquared, Sech, SigmoidSlope, Sigmoid, ErfSlope, Erfc, NormalCdf, NormalDensity, Gauss),
    *(sp.exp, Expm1),
)
"""Functions that fall to 0 or grow exponentially: an unbounded factor must not meet them at either end."""
