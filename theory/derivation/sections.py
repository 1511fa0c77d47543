"""The equations of a derivation, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from theory.analysis.constants import Kink, Supremum
from theory.derivation import pair_templates
from theory.derivation.forms import Forms
from theory.derivation.letters import K0, K0_II, VZ_K, Act, b_k, e, k, o, p, r, t, w_kj, x_j, z_k
from theory.derivation.loss_derivatives import PARTITION, F, P
from theory.derivation.printing import Equation, latex, partial, text
from theory.derivation.unit_templates import partners
from theory.expressions import losses
from theory.expressions.activations import z

n, d, m = sp.symbols("n d m", integer=True, positive=True)
i, j = sp.symbols("i j", integer=True)
GG, GR, RR, HH, TRACE_G, TRACE_R = (
    sp.Symbol(name, real=True) for name in ("<G, G>", "<G, R>", "<R, R>", "|H|_F^2", "tr G", "tr R")
)
READABLE = 40


@dataclass(frozen=True)
class Section:
    """A title, its equations, and remarks as pairs of text and LaTeX."""

    title: str
    equations: tuple[Equation, ...]
    remarks: tuple[tuple[str, str], ...] = ()


def sections(derived: Forms) -> tuple[Section, ...]:
    """All sections of a derivation, `derived`, in order."""
    return (
        Section("Network", tuple(_network(derived))),
        Section("Activation", tuple(_activation(derived)), tuple(_activation_remarks(derived))),
        Section("Loss of one sample", tuple(_loss(derived))),
        Section("Output of one sample, by the weights", tuple(_jacobian(derived))),
        Section("Gradient of one sample's loss", tuple(_gradient(derived))),
        Section("Hessian of one sample's loss", tuple(_hessian(derived)), (HESSIAN_REMARK,)),
        Section("Hessian-vector product of one sample, along v", tuple(_product(derived))),
        Section("Input gradient of one sample", tuple(_input_gradient(derived))),
        Section("Norms from pairs of samples, without a matrix", tuple(_pairs(derived))),
    )


HESSIAN_REMARK = (
    "Terms with Lam are the Gauss-Newton part G, terms with g the residual part R; unit l is not unit k.",
    r"Terms with $\Lambda$ are the Gauss-Newton part $G$, terms with $g$ the residual part $R$; $l \neq k$.",
)


def _defined(left: sp.Expr, right: sp.Expr, note: str = "") -> Equation:
    return Equation(text(left), latex(left), right, note)


def _network(derived: Forms) -> Iterator[Equation]:
    letters = derived.letters
    yield _defined(z_k, sp.Sum(w_kj * x_j, (j, 1, d)) + (b_k if derived.hidden_bias else 0))
    units = sp.Sum(letters.a(k) * Act(0, z_k), (k, 1, m))
    yield _defined(letters.of("f", o), units + (letters.of("c", o) if derived.output_bias else 0))


def _activation(derived: Forms) -> Iterator[Equation]:
    for order, form in enumerate(derived.activation.derivatives):
        yield _defined(Act(order, z), form)
    for supremum in derived.activation.suprema:
        yield _supremum(supremum)


def _supremum(supremum: Supremum) -> Equation:
    name = f"|s{supremum.order * chr(39)}|"
    exact = supremum.exact
    if exact is None or len(str(exact)) > READABLE:
        return Equation(f"sup {name}", rf"\sup {name}", sp.Float(repr(supremum.value)), "", "<=")
    digits = "" if exact.is_Rational or exact.is_infinite else f"{supremum.value:.16g}"
    return Equation(f"sup {name}", rf"\sup {name}", exact, digits)


def _activation_remarks(derived: Forms) -> Iterator[tuple[str, str]]:
    found = derived.activation
    if found.parity:
        yield f"s is {found.parity}.", f"$s$ is {found.parity}."
    if found.homogeneity is not None:
        power = sp.Symbol("t") ** found.homogeneity
        yield f"s(t z) = {text(power)} s(z) for t > 0.", rf"$s(tz) = {latex(power)} s(z)$ for $t > 0$."
    yield from (_kink(kink) for kink in found.kinks)


def _kink(kink: Kink) -> tuple[str, str]:
    plain, tex = (
        [show(value) for value in (kink.location, kink.jump1, kink.jump2)] for show in (text, latex)
    )
    end = "the value there is the limit from the left."
    return (
        f"Kink at z = {plain[0]}: s' jumps by {plain[1]}, s'' by {plain[2]}; {end}",
        f"Kink at $z = {tex[0]}$: $s'$ jumps by ${tex[1]}$, $s''$ by ${tex[2]}$; {end}",
    )


def _loss(derived: Forms) -> Iterator[Equation]:
    loss, letters = derived.loss, derived.letters
    yield Equation("l", r"\ell", derived.loss_value)
    slope, curvature = loss.slope, loss.curvature
    if loss.separable:
        at = {losses.f: letters.of("f", o), losses.y: letters.of("y", o)}
        slope = slope.subs(at)
        curvature = curvature.subs(at) * (sp.KroneckerDelta(o, r) if letters.several else 1)
    else:
        yield _defined(P[o], sp.exp(F[o]) / PARTITION)
    yield _defined(letters.of("g", o), slope, "dl/df")
    yield _defined(letters.of("Lam", o, r), curvature, "d2l/df2")


def _jacobian(derived: Forms) -> Iterator[Equation]:
    what = text(derived.letters.of("f", t)), latex(derived.letters.of("f", t))
    for name, weight in derived.parameters.items():
        yield Equation(*partial(what, weight), derived.jacobian[name])


def _gradient(derived: Forms) -> Iterator[Equation]:
    for name, weight in derived.parameters.items():
        yield Equation(*partial(("l", r"\ell"), weight), derived.gradient[name])


def _hessian(derived: Forms) -> Iterator[Equation]:
    others = partners(derived.letters, derived.hidden_bias, derived.output_bias)
    for (row, column), entry in derived.hessian.items():
        left = partial(("l", r"\ell"), derived.parameters[row], others[column])
        yield Equation(*left, entry.value)


def _product(derived: Forms) -> Iterator[Equation]:
    letters = derived.letters
    vw_kj, vb_k = sp.symbols("vw_kj vb_k", real=True)
    vc = letters.of("vc", o)
    yield _defined(VZ_K, sp.Sum(vw_kj * x_j, (j, 1, d)) + (vb_k if derived.hidden_bias else 0))
    df = letters.of("df", o)
    yield _defined(df, sp.Sum(derived.tangent, (k, 1, m)) + (vc if derived.output_bias else 0))
    yield _defined(letters.of("h", o), letters.total(letters.of("Lam", o, e) * letters.of("df", e), e))
    along_z = derived.cotangent["hz"]
    entries = {"a_k": derived.cotangent["ha"], "w_kj": along_z * x_j, "b_k": along_z, "c": letters.of("h", o)}
    for name, weight in derived.parameters.items():
        yield Equation(f"(Hv)_{text(weight)}", f"(Hv)_{{{latex(weight)}}}", entries[name])


def _input_gradient(derived: Forms) -> Iterator[Equation]:
    what = text(derived.letters.of("f", o)), latex(derived.letters.of("f", o))
    yield Equation(*partial(what, x_j), sp.Sum(derived.input_slope, (k, 1, m)))


def _pairs(derived: Forms) -> Iterator[Equation]:
    letters, forms = derived.letters, derived.pairs
    x_ip, x_jp = sp.symbols("x_ip x_jp", real=True)
    yield _defined(K0, sp.Sum(x_ip * x_jp, (p, 1, d)) + int(derived.hidden_bias))
    bias = pair_templates.output_bias_inner(letters) if derived.output_bias else 0
    yield _defined(letters.of("M_ij", o, r), _over_units(forms["jacobian_inner"]) + bias, "J_i J_j'")
    yield _defined(GG, _over_pairs(pair_templates.gauss_newton_inner(letters)))
    yield _defined(GR, _over_pairs(_over_units(forms["mixed_inner"])))
    yield _defined(RR, _over_pairs(_over_units(forms["residual_inner"])))
    yield _defined(HH, GG + 2 * GR + RR)
    yield _defined(K0_II, sp.Sum(x_ip**2, (p, 1, d)) + int(derived.hidden_bias))
    own = letters.total(sp.expand(letters.of("Lam_i", o, r) * bias), o, r)
    yield _defined(TRACE_G, _mean(_over_units(forms["gauss_newton_trace"]) + own))
    yield _defined(TRACE_R, _mean(_over_units(forms["residual_trace"])))


def _over_units(term: sp.Expr) -> sp.Expr:
    return sp.Sum(term, (k, 1, m))


def _mean(term: sp.Expr) -> sp.Expr:
    return sp.Sum(term, (i, 1, n)) / n


def _over_pairs(term: sp.Expr) -> sp.Expr:
    return sp.Sum(term, (i, 1, n), (j, 1, n)) / n**2
