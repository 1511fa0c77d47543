"""The command ``twolayer certify``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import Integers, saved_network

if TYPE_CHECKING:
    from theory.certify import Certificate

Task = tuple[str, Any]


@click.command("certify", short_help="Prove numbers of a saved network, or its minimum, in ball arithmetic.")
@saved_network
@click.option("--quantity", "names", multiple=True, help='Such as "frobenius(H)"; may be repeated.')
@click.option("--digits", default=15, show_default=True, type=Integers(1, 300), help="Of quantities.")
@click.option(
    "--eigenvalues", "matrices", multiple=True, help="All eigenvalues of H, G, R, K, ...; likewise."
)
@click.option("--theorem", "ids", multiple=True, help="Every relation of this theorem; may be repeated.")
@click.option("--minimum", is_flag=True, help="Exactly one zero of the gradient is near, a strict minimum.")
@click.option("--out", type=click.Path(dir_okay=False), help="File for the certificates (JSON).")
@click.option("--json", "as_json", is_flag=True, help="Print the claims as JSON.")
def certify(
    model: str,
    data: str,
    loss: str,
    names: tuple[str, ...],
    digits: int,
    matrices: tuple[str, ...],
    ids: tuple[str, ...],
    minimum: bool,
    out: str | None,
    as_json: bool,
) -> None:
    """Prove what is asked for the exact numbers of a network and its data (extra [certify]).

    Exit code 1 if something could not be proved; what was proved is printed and written all the same. A
    relation whose hypotheses are false there is not applicable, which is no failure.
    `twolayer verify --check FILE` proves the claims of a file anew.

    \b
    Examples:
      twolayer certify --model net.npz --data data.npz --quantity "frobenius(H)" --digits 30
      twolayer certify --model net.npz --data data.npz --eigenvalues H --minimum --out proof.json
      twolayer certify --model net.npz --data data.npz --theorem input-gradient
    """
    from numerics.commands.bars import claim_bar
    from numerics.files.datasets import load_inputs
    from numerics.files.folders import require_writable
    from numerics.files.networks import read_model
    from theory.certify import save
    from theory.certify.balls.balls import Undecided
    from theory.certify.make import NotApplicable

    if out:
        require_writable(out)
    network = (read_model(model), *load_inputs(data), loss)
    tasks = [*_asked(names, matrices, ids), *([("minimum", None)] if minimum else [])]
    if not tasks:
        raise ValueError("--quantity, --eigenvalues, --theorem or --minimum must be given; got none")
    made, notes, open_ = [], [], []
    with claim_bar(len(tasks)) as tell:
        for done, (kind, what) in enumerate(tasks):
            tell(done, claimed := f"{kind}{'' if what is None else ' ' + _named(what)}")
            try:
                made.append(_made(kind, what, digits, *network))
            except NotApplicable as reason:
                notes.append(str(reason))
            except Undecided as reason:
                open_.append(f"{claimed} is not proved: {reason}")
    click.echo(_json(made, notes, open_) if as_json else "\n".join([*map(_text, made), *notes, *open_]))
    if out and made:
        save(out, made)
    raise click.exceptions.Exit(bool(open_))


def _asked(names: tuple[str, ...], matrices: tuple[str, ...], ids: tuple[str, ...]) -> Iterator[Task]:
    from theory import theorems
    from theory.certify.quantities.matrices import MATRICES
    from theory.expressions.names import require_known
    from theory.quantities.registry import QUANTITIES

    require_known("--theorem", ids, theorems)
    require_known("--quantity", names, QUANTITIES)
    require_known("--eigenvalues", matrices, MATRICES)
    yield from (("quantity", name) for name in names)
    yield from (("eigenvalues", matrix) for matrix in matrices)
    yield from (("theorem", (id, variant)) for id in ids for variant in theorems[id].variants)


def _named(what: Any) -> str:
    return what if isinstance(what, str) else f"{what[0]} ({what[1]})"


def _made(kind: str, what: Any, digits: int, net: Any, X: Any, y: Any, loss: str) -> Certificate:
    from theory import certify as job

    if kind == "quantity":
        return job.certify_quantity(what, net, X, y, loss, digits)
    if kind == "eigenvalues":
        return job.certify_eigenvalues(net, X, y, loss, what)
    if kind == "theorem":
        return job.certify_theorem(what[0], what[1], net, X, y, loss)
    return job.certify_minimum(net, X, y, loss=loss)


def _text(certificate: Certificate) -> str:
    """The claim of a certificate for a person."""
    claim = certificate.claim
    if claim["kind"] == "quantity":
        return f"{claim['name']} is in [{', '.join(claim['enclosure'])}]"
    if claim["kind"] == "eigenvalues":
        rows = (f"  [{', '.join(each)}]" for each in claim["enclosures"])
        return "\n".join([f"eigenvalues of {claim['matrix']}:", *rows])
    if claim["kind"] == "theorem":
        return f"{claim['id']} ({claim['variant']}) is {claim['verdict']}: {claim['relation']}"
    radius, within, least = (float.fromhex(claim[key]) for key in ("radius", "within", "least_eigenvalue"))
    return (
        f"within {radius:.3g} of theta there is exactly one zero of the gradient, a strict minimum; "
        f"it is within {within:.3g}, and no eigenvalue of H is below {least:.3g} there"
    )


def _json(made: list[Certificate], notes: list[str], open_: list[str]) -> str:
    claims = [certificate.claim for certificate in made]
    found = {"claims": claims, "not_applicable": notes, "not_proved": open_}
    return json.dumps(found, indent=1, allow_nan=False)
