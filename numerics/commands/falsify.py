"""The command ``twolayer falsify``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import Integers, Numbers

if TYPE_CHECKING:
    from numerics.falsify.result import Falsification


EXAMPLE = "'input_gradient <= spectral(W)**2 * trace(H_bb)'"


@click.command("falsify", short_help="Search for a network that violates an inequality.")
@click.argument("inequality")
@click.option("--activation", help="A built-in name, or an expression in z [default: any built-in].")
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=Numbers(min=0, max=1e6, min_open=True),
    help="When to give up.",
)
@click.option("--seed", default=0, show_default=True, type=Integers(min=0), help="Determines every start.")
@click.option("--interpolating", is_flag=True, help="Only networks whose residuals are all zero.")
@click.option("--outputs", type=Integers(1, 10), help="Outputs q [default: 1, or what ID needs].")
@click.option("--hidden-bias/--no-hidden-bias", default=None, help="With or without b [default: both].")
@click.option("--output-bias/--no-output-bias", default=None, help="With or without c [default: both].")
@click.option(
    "--loss",
    type=click.Choice(("squared", "logistic", "softmax", "pseudo_huber")),
    help="Loss of one sample [default: squared, or what ID needs].",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the network and the snippet in it.")
def falsify(inequality: str, seconds: float, seed: int, as_json: bool, **family: Any) -> None:
    """Search for a network with data at which an inequality is false beyond rounding.

    INEQUALITY is two sums of products with <=, <, >=, > or == between them, or the id of a theorem
    (ID/VARIANT for one of its relations). Quantities by name: risk, input_gradient (E|grad_x f|^2),
    trace(M) frobenius(M) lmax(M) nuclear(M) of M in H, G, H_bb, G_bb, norm(a), norm1(a), norm_inf(a),
    spectral(W), frobenius(W), C1, C2 (sup |s'|, sup |s''|), n, d, m; numbers, + - * / **, sqrt, abs and
    parentheses. Conventions: risk is the mean of (f - y)^2/2.

    Prints Python that shows the smallest counter-example found and exits with 1; if the inequality
    survives, the network with the largest ratio left/right, and exits with 0. Surviving is no proof.
    Ctrl-C ends the search and keeps what was found (exit code 130 if that refutes nothing). A text that
    begins with - goes after --.

    \b
    Examples:
      twolayer falsify "lmax(G_bb) <= input_gradient"
      twolayer falsify "input_gradient <= spectral(W)**2 * trace(H_bb)" --interpolating
      twolayer falsify wu-zhu-e-unsquared --activation tanh --json > refuted.json
      twolayer falsify "norm(a)**2 <= lmax(H)" > counter_example.py; python counter_example.py
    """
    from theory.expressions.outline import check_outline

    check_outline(inequality, "INEQUALITY", f"a relation between quantities such as {EXAMPLE}")
    if family["activation"] and not family["activation"].isidentifier():
        from theory.expressions.grammar import parse_activation

        parse_activation(family["activation"])

    from numerics.falsify.search import falsify as search
    from numerics.falsify.starts import Family
    from theory.claims import claims

    found: list[Falsification] = []
    wanted = claims(inequality)
    for each in wanted:
        found.append(_with_bar(search, each, Family(**family), seconds=seconds / len(wanted), seed=seed))
        if found[-1].partial:
            break
    click.echo(as_text(found, as_json))
    refuted = any(each.refuted for each in found)
    raise click.exceptions.Exit(1 if refuted else 130 if found[-1].partial else 0)


def _with_bar(search: Any, claim: Any, family: Any, seconds: float, seed: int) -> Falsification:
    """Search with a bar on stderr that shows the time that is left."""
    from tqdm import tqdm

    form = " ".join(claim.name.split())[:40] + ": {percentage:3.0f}%|{bar}| {n:.0f} of {total:.0f} s"
    with tqdm(total=seconds, leave=False, disable=None, delay=1.0, bar_format=form) as bar:

        def tell(step: float) -> None:
            bar.update(min(step, seconds - bar.n))

        found: Falsification = search(claim, family, seconds=seconds, seed=seed, progress=tell)
    return found


def as_text(found: list[Falsification], as_json: bool) -> str:
    """What was found, as Python, or as JSON: the first refutation, or else the largest ratio, before all."""
    if not as_json:
        return "\n\n".join(each.snippet() or f"# {each.verdict()}" for each in found)
    first = max(found, key=lambda each: (each.refuted, each.example is not None))
    whole = first.as_dict()
    if len(found) > 1:
        whole["variants"] = {each.claim.name: each.as_dict() for each in found}
    return json.dumps(whole, indent=1, allow_nan=False)
