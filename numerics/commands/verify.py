"""The command ``twolayer verify``."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from numerics.commands.options import Integers
from numerics.files.folders import fresh_folder, require_writable

if TYPE_CHECKING:
    from pathlib import Path

    from numerics.verify.certification import Certified
    from numerics.verify.search import Tally


class Unconfirmed(click.ClickException):
    """A certificate that was refused: one line on stderr, exit code 1."""


@click.command("verify", short_help="Check theorems on random and adversarial networks; prove them in balls.")
@click.argument("ids", nargs=-1)
@click.option(
    "--samples",
    default=2000,
    show_default=True,
    type=Integers(0, 10**9),
    help="Networks on which every theorem is checked.",
)
@click.option("--seed", default=0, show_default=True, type=Integers(min=0), help="Determines every network.")
@click.option("--save", help="Folder for the network of every tightest ratio, as npz for `twolayer norms`.")
@click.option(
    "--certify",
    is_flag=True,
    help="Prove each relation in ball arithmetic at its examples and tightest networks.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False), help="With --certify: file for the certificates (JSON)."
)
@click.option(
    "--check", "file", type=click.Path(), help="Prove the claims of a certificate anew, and nothing else."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the tightest networks in it.")
def verify(
    ids: tuple[str, ...],
    samples: int,
    seed: int,
    save: str | None,
    certify: bool,
    out: str | None,
    file: str | None,
    as_json: bool,
) -> None:
    """Check theorems on their own examples and on random and adversarial networks.

    IDS are ids of theorems; without any, all are checked, those whose ids end in -any-depth on networks of
    one to six layers. A relation is violated only if its sides are
    on the wrong sides beyond their rounding bounds. Exit code 1 if a proved theorem is violated, a
    refuted one is not, or a certificate fails. Ctrl-C ends the search; what was counted is printed.

    With --certify (extra [certify]) every relation on two layers is proved rigorously, for the exact
    numbers of the network; an equality can only be enclosed, and "undecided" never passes. --check trusts
    nothing in its file but the network: exit code 0 if all was confirmed, 1 if refused, 2 if unreadable.

    \b
    Examples:
      twolayer verify
      twolayer verify input-gradient balanced-relu --samples 20000 --seed 1
      twolayer verify --json > verified.json
      twolayer verify --certify --samples 200 --out certificates.json
      twolayer verify --check certificates.json
    """
    if file is not None:
        if ids or certify or out is not None or save is not None:
            raise ValueError("--check must stand alone, with --json at most; got other arguments")
        return _check(file, as_json)
    if out is not None and not certify:
        raise ValueError("--out must come with --certify; got it alone")
    if out:
        require_writable(out)
    if certify:
        import theory.certify  # noqa: F401  without the extra it fails here, not after the search
    with nullcontext() if save is None else fresh_folder(save) as folder:  # refused before the search
        tallies, partial = _searched(ids, samples, seed)
        found, cut = _certified(tallies) if certify and not partial else ([], False)
        partial = partial or cut
        click.echo(_json(tallies, found, seed, partial) if as_json else _text(tallies, found, partial))
        if folder is not None:
            _save_tightest(folder, tallies)
    if out:
        _save(out, found)
    if partial:
        raise click.exceptions.Exit(130)
    passed = all(tally.passed for tally in tallies) and all(each.passed for each in found)
    raise click.exceptions.Exit(not passed)


def _searched(ids: tuple[str, ...], samples: int, seed: int) -> tuple[list[Tally], bool]:
    from tqdm import tqdm

    from numerics.deep import theorems as deep
    from numerics.verify import search as job

    two, any_depth = _told_apart(ids)
    total = samples * (len(two) + len(any_depth))
    with tqdm(total=total, unit="check", leave=False, disable=None) as bar:
        tallies, partial = job.verify(two, samples, seed, bar.update) if two else ([], False)
        if any_depth and not partial:
            more, partial = deep.verify(any_depth, samples, seed, bar.update)
            tallies += more
    return tallies, partial


def _save_tightest(folder: Path, tallies: list[Tally]) -> None:
    from numerics.verify import search as job

    job.save(tallies, folder)


def _told_apart(ids: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The ids of theorems on two layers, and of those on any depth; all of both without any."""
    from theory import theorems, theorems_at_any_depth
    from theory.expressions.names import require_known

    require_known("IDS", ids, [*theorems, *theorems_at_any_depth])
    wanted = ids or (*theorems, *theorems_at_any_depth)
    two = [name for name in wanted if name in theorems]
    return two, [name for name in wanted if name in theorems_at_any_depth]


def _certified(tallies: list[Tally]) -> tuple[list[Certified], bool]:
    """What balls say of each theorem on two layers, and whether the user interrupted it."""
    from tqdm import tqdm

    from numerics.verify.certification import certified
    from theory import theorems

    found: list[Certified] = []
    try:
        flat = [tally for tally in tallies if tally.theorem.id in theorems]
        for tally in tqdm(flat, unit="theorem", leave=False, disable=None):
            found.append(certified(tally))
    except KeyboardInterrupt:
        return found, True
    return found, False


def _save(out: str, found: list[Certified]) -> None:
    from theory.certify import save

    made = [case.certificate for each in found for case in each.cases if case.certificate]
    if not made:
        raise ValueError(f"--out must have a certificate to write; got none, so {out} was not written")
    save(out, made)


def _json(tallies: list[Tally], found: list[Certified], seed: int, partial: bool) -> str:
    rows: list[dict[str, Any]] = [tally.as_dict() for tally in tallies]
    for row, each in zip(rows, found, strict=False):
        row["certified"] = each.as_dict()
    return json.dumps({"theorems": rows, "seed": seed, "partial": partial}, indent=1, allow_nan=False)


def _text(tallies: list[Tally], found: list[Certified], partial: bool) -> str:
    from numerics.verify import certification
    from numerics.verify import search as job

    parts = [job.text(tallies, partial), *([certification.text(found)] if found else [])]
    return "\n\n".join(parts)


def _check(file: str, as_json: bool) -> None:
    """Print what a file of certificates proves, or say on stderr why it is refused."""
    from tqdm import tqdm

    from theory.certify import Refused, check
    from theory.certify.check import described

    try:
        with tqdm(unit="claim", leave=False, disable=None, delay=2) as bar:
            certificates = check(file, bar.update)
    except Refused as reason:
        raise Unconfirmed(f"{file}: {reason}") from reason
    lines = [described(certificate) for certificate in certificates]
    click.echo(
        json.dumps({"confirmed": lines}, indent=1) if as_json else "\n".join([*lines, "all confirmed"])
    )
