"""Derivatives of the losses by the output, and how fast their curvature can change."""

from dataclasses import dataclass
from functools import cache

import sympy as sp
from sympy.concrete.delta import deltasummation

from theory.analysis.constants import Supremum, constants, rounded_up
from theory.analysis.exact_suprema import digits
from theory.analysis.pieces import pieces
from theory.analysis.vanishing import FADED, LATEST, vanishing_point
from theory.derivation.letters import e, o, q, r, t
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.losses import LOSSES, f, y

F, P = sp.IndexedBase("f", real=True), sp.IndexedBase("p", real=True)
Y = sp.Symbol("y", integer=True)
PARTITION = sp.Sum(sp.exp(F[t]), (t, 1, q))


@dataclass(frozen=True)
class LossForms:
    """A loss of one sample and its derivatives; softmax's carry the output indices o, r, e."""

    name: str
    value: sp.Expr
    slope: sp.Expr
    curvature: sp.Expr
    third: sp.Expr
    steepest: Supremum
    most_curved: Supremum
    supremum: Supremum
    concordance: Supremum
    peak: sp.Expr | None
    faded: float
    separable: bool


@cache
def loss_forms(name: str) -> LossForms:
    """The derivatives of a built-in loss.

    Parameters
    ----------
    name : str
        A name in ``theory.expressions.losses.LOSSES``, or "softmax".

    Returns
    -------
    LossForms
        ``steepest``, ``most_curved`` and ``supremum`` bound the first three derivatives (of softmax, the
        length, and the form along unit vectors); ``concordance`` the third over the second, so that the
        second changes by a factor of at most exp(concordance t) over a distance t; for softmax see there.
        ``peak`` is the output at which the second derivative is largest, on both sides of which it falls;
        None where it is constant or a matrix. From ``faded`` on, away from the peak, no product of the
        second derivative with floats is seen: of softmax, from that distance between two outputs on.

    Raises
    ------
    ValueError
        If there is no such loss.

    Examples
    --------
    >>> loss_forms("squared").slope, loss_forms("squared").curvature, loss_forms("logistic").supremum.exact
    (f - y, 1, sqrt(3)/18)
    """
    return softmax() if name == "softmax" else separable(name, LOSSES[name])


def separable(name: str, value: sp.Expr) -> LossForms:
    """Derivatives of the loss called `name`, whose scalar expression `value` is in f and y.

    Raises
    ------
    ValueError
        If the third derivative depends on f and y otherwise than through f or f - y alone.
    """
    slope, curvature, third = (_shortest(sp.diff(value, f, order)) for order in (1, 2, 3))
    if third.has(y) and sp.simplify(third.subs(f, f + y)).has(y):
        raise ValueError(f"loss must have a third derivative in f or f - y alone; got {third}")
    suprema = [constants(value.subs({f: z, y: label})).suprema for label in (0, 1)]
    steepest, most_curved, supremum = (
        max(each, key=lambda found: found.value) for each in zip(*suprema, strict=True)
    )
    logarithm = sp.expand_log(sp.log(sp.simplify(curvature.subs({f: z, y: 0}))), force=True)
    concordance = constants(logarithm).suprema[0]  # (log l'')' = l''' / l''
    bounds = steepest, most_curved, supremum, concordance
    faded = vanishing_point(pieces(value.subs({f: z, y: 0})), FADED, LATEST)
    return LossForms(
        name, value, slope, curvature, third, *bounds, peak=_peak(third), faded=faded, separable=True
    )


def _peak(third: sp.Expr) -> sp.Expr | None:
    """The only zero of a third derivative, which is positive below it and negative above; None for zero."""
    if third == 0:
        return None
    found = [each for each in sp.solve(third, f) if each.is_real]
    signs = [sp.sign(sp.simplify(third.subs(f, each + step))) for each in found for step in (-1, 1)]
    if signs != [1, -1]:
        raise ValueError(f"loss must have one output where its curvature is largest; got {found}")
    return found[0]


def _shortest(expr: sp.Expr) -> sp.Expr:
    return min((expr, sp.factor(expr), sp.simplify(expr)), key=sp.count_ops)


def softmax() -> LossForms:
    """Softmax cross-entropy log sum_t exp f_t - f_y of q outputs, in the probabilities p.

    The third derivative is the third cumulant of the one-hot vector under p. Along a unit vector v it is the
    third central moment of v's entries, which lie in a range of sqrt 2. For a given mean such a moment is
    largest for two values (it is linear in the distribution), so the supremum is that of two outputs:
    sqrt(2)^3 times the supremum of the logistic function's second derivative. Along any further vector the
    derivative weighs the terms of the second central moment by entries of v less their mean, so it is at most
    sqrt 2 times the second derivative as a quadratic form: sqrt(2) times the logistic loss's own ratio, 1.

    The second derivative along v is the variance of v's entries: at most a quarter of the square of their
    range, sqrt(2)^2 times the logistic loss's own supremum. The slope is a difference of two distributions,
    no longer than that of two certainties, sqrt 2.

    Examples
    --------
    >>> softmax().slope, softmax().curvature
    (-KroneckerDelta(o, y) + p[o], KroneckerDelta(o, r)*p[o] - p[o]*p[r])
    """
    value, slope, curvature, third = softmax_jet()
    root = sp.sqrt(2)
    steepest = Supremum(1, rounded_up(digits(root)), root, "length")
    curved = root**2 * loss_forms("logistic").most_curved.exact
    most_curved = Supremum(2, rounded_up(digits(curved)), curved, "operator norm")
    exact = sp.sqrt(2) ** 3 * constants(ACTIVATIONS["sigmoid"]).suprema[1].exact
    supremum = Supremum(3, rounded_up(digits(exact)), exact, "operator norm")
    ratio = sp.sqrt(2) * loss_forms("logistic").concordance.exact
    concordance = Supremum(3, rounded_up(digits(ratio)), ratio, "quadratic form")
    bounds = steepest, most_curved, supremum, concordance
    faded = loss_forms("logistic").faded  # a share is at most exp(-t) at a distance t from the largest output
    return LossForms(
        "softmax", value, slope, curvature, third, *bounds, peak=None, faded=faded, separable=False
    )


@cache
def softmax_jet() -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    """Softmax cross-entropy and its first three derivatives, by f[o], f[r] and f[e], in the probabilities.

    Examples
    --------
    >>> softmax_jet()[2]
    KroneckerDelta(o, r)*p[o] - p[o]*p[r]
    """
    value = sp.log(PARTITION) - F[Y]
    slope = _derivative(value, o)
    curvature = _derivative(slope, r)
    return value, slope, curvature, _derivative(curvature, e)


def _derivative(expr: sp.Expr, output: sp.Symbol) -> sp.Expr:
    """The derivative by f[output], with the probabilities p_o = exp(f_o) / sum_t exp(f_t) as letters."""
    explicit = expr.replace(lambda node: node.func is sp.Indexed and node.base == P, _softmax_of)
    slope = sp.diff(explicit, F[output])
    slope = slope.replace(sp.Sum, lambda term, limits: deltasummation(term, limits, no_piecewise=True))
    letters = {sp.exp(F[index]): P[index] * PARTITION for index in (o, r, e)}
    return sp.expand(slope.subs(letters))


def _softmax_of(probability: sp.Indexed) -> sp.Expr:
    return sp.exp(F[probability.indices[0]]) / PARTITION
