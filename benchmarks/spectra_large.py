"""Counts at hundreds of thousands of parameters, in minutes: with no peer but a clock."""

from collections.abc import Iterator

import twolayer as tl

from .case import Case, Contender, problem, size_text


def cases(dry: bool) -> Iterator[Case]:
    """The inertia at 0 and a log-determinant, and a few of the largest eigenvalues."""
    shape = (7, 3, 2) if dry else (1000, 784, 1000)
    data, size = problem(*shape), size_text(*shape)
    for name, ask in (
        ("three largest eigenvalues", lambda H: H.eigenvalues(3)),
        ("spectral norm of R", lambda H: H.residual.spectral_norm()),
        ("logdet(50.)", lambda H: H.logdet(50.0)),
        ("inertia(0.)", lambda H: H.inertia(0.0)),
    ):
        work = Contender("twolayer", 1.0, lambda ask=ask: lambda: ask(tl.Hessian(*data)))
        yield Case(name, size, work)
