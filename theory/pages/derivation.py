"""The docs' page of the derivation, made from the derivation."""

from decimal import ROUND_CEILING, Context

from theory.analysis.constants import Supremum
from theory.derivation.derive import Derivation, derive
from theory.derivation.loss_derivatives import loss_forms
from theory.derivation.printing import latex
from theory.derivation.sections import READABLE, Section
from theory.expressions.losses import LOSSES

DIGITS = 12

INTRODUCTION = r"""# The derivation

Printed by `theory.derive`, written by `python -m theory.emit --update`; do not edit. The same for an
activation and a loss of your choice: `twolayer derive "z*sigmoid(z)" --loss logistic` or, in Python,
`theory.derive("z*sigmoid(z)", "logistic")`, whose `gradient`, `hessian` and `pairs` are sympy expressions
to go on with, and whose `latex()` goes into a paper.

Nothing grows with the network. Unit $k$ and another unit $l$, inputs $j$ and $p$, outputs $o$ and $r$ stand
for all; a rest that is not looked at holds the other terms. sympy differentiates
$a_k s(z_k) + a_l s(z_l) + c$ and contracts the derivatives over the weights of a unit: two samples see each
other's $w_k$ through $K^0_{ij}$ alone. The tests assemble these templates into the whole Hessian of small
networks and subtract sympy's own Hessian of the written-out risk, with nothing assumed of $s$ and $\ell$:
the difference is zero.

$s$ is the activation, $g = \partial \ell / \partial f$ and $\Lambda = \partial^2 \ell / \partial f^2$ of
one sample. The risk is the mean of $\ell$ over $n$ samples, and its Hessian $H = G + R$: $G$ is the
Gauss-Newton part, the terms with $\Lambda$; $R$ the residual part, the terms with $g$. The parameters are
$\theta = (a, W \text{ row by row}, b, c)$; without hidden biases the rows and columns of $b$ are absent and
$K^0_{ij}$ has no 1, without output biases those of $c$ are and $M_{ij}$ has none.
"""


def derivation_page() -> str:
    """The text of the page."""
    one, several = derive("tanh", "squared"), derive("tanh", "squared", outputs=2)
    blocks = [INTRODUCTION, _generic("One output", one), _generic("Several outputs", several)]
    return "\n".join([*blocks, _losses()])


def _generic(title: str, derived: Derivation) -> str:
    """The sections that hold for any activation and loss."""
    kept = [
        section for section in derived.sections if section.title not in ("Activation", "Loss of one sample")
    ]
    return "\n".join([f"## {title}\n", *(_section(section) for section in kept)])


def _section(section: Section) -> str:
    rows = " \\\\\n".join(equation.latex("&") for equation in section.equations)
    return f"### {section.title}\n\n$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$\n"


def _losses() -> str:
    parts = ["## Losses\n\nActivations and their constants have [a page of their own](activations.md).\n"]
    for name in [*LOSSES, "softmax"]:
        derived = derive("identity", name)
        section = next(section for section in derived.sections if section.title == "Loss of one sample")
        bound = _bound(loss_forms(name).supremum)
        norm = ", in the operator norm" if name == "softmax" else ""
        rows = _section(section).partition("\n\n")[2]
        third = rf"$\sup \lvert \partial^3 \ell / \partial f^3 \rvert {bound}${norm}."
        parts.append(f"### {name}\n\n{rows}\n{third}\n")
    return "\n".join(parts)


def _bound(supremum: Supremum) -> str:
    if supremum.exact is not None and len(str(supremum.exact)) <= READABLE:
        return f"= {latex(supremum.exact)}"
    upwards = Context(prec=DIGITS, rounding=ROUND_CEILING)
    return rf"\leq {upwards.create_decimal_from_float(supremum.value)}"
