"""What `twolayer norms` prints: every exact norm of a saved network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import twolayer as tl
from numerics.files.datasets import doubts, load_inputs
from numerics.files.labels import as_targets

SPECTRUM_LIMIT = 2000


def measure(
    net: tl.TwoLayer,
    data: str | Path,
    loss: str,
    spectrum: bool | None = None,
    largest: int | None = None,
    progress: Callable[[float, str], None] | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    """Measure a network on the inputs and targets of a file.

    Parameters
    ----------
    net : TwoLayer
    data : str or Path
    loss : str
    spectrum : bool, optional
        Whether to form the matrix for what needs its eigenvalues; by default if P is at most 2000.
    largest : int, optional
        How many of the largest eigenvalues are sought; those that are not proved to be are not `exact`.
    progress : callable, optional
        Told how far each is.
    target : str, optional
        The target's column, see :func:`numerics.files.tables.read_table`.

    Returns
    -------
    dict
        For every quantity its value, error, whether it is exact, and the method; and "conventions".
    """
    notes: list[str] = []
    X, y = load_inputs(data, target, text=True, notes=notes)
    notes += doubts(X, Path(data).name)
    y, mapped = as_targets(y, loss)
    H = tl.Hessian(net, X, y, loss)
    found = {
        "risk": tl.risk(net, X, y, loss),
        "gradient_norm": tl.gradient_norm(net, X, y, loss),
        "frobenius_norm": H.frobenius_norm(progress=progress),
        "trace": H.trace(),
        "gauss_newton_frobenius_norm": H.gauss_newton.frobenius_norm(progress=progress),
        "gauss_newton_trace": H.gauss_newton.trace(),
        "residual_frobenius_norm": H.residual.frobenius_norm(progress=progress),
        "residual_trace": H.residual.trace(),
    }
    if H.shape[0] <= SPECTRUM_LIMIT if spectrum is None else spectrum:
        found.update(of_eigenvalues(H.eigenvalues(progress=progress)))
    if largest is not None:
        found.update(one_by_one(H.eigenvalues(largest, progress=progress)))
    conventions = {
        "risk": H.convention,
        "H": "Hessian of the risk; G its Gauss-Newton part, R = H - G the residual part",
        "error": "bound of the rounding error of the value, the inputs taken as exact",
        **({"targets": mapped} if mapped else {}),
        **({"data": " ".join(notes)} if notes else {}),
        "samples": X.shape[0],
        "parameters": H.shape[0],
        "activation": net.activation.name,
        "preactivations_at_a_kink": H.n_kinks,
        "version": tl.__version__,
    }
    return {**{name: each.as_dict() for name, each in found.items()}, "conventions": conventions}


def one_by_one(several: tl.Measurement) -> dict[str, tl.Measurement]:
    """The eigenvalues by rank, each exact if it is proved that none before it is missing."""
    proved = getattr(several, "proved", np.ones(len(several.value), dtype=bool))
    columns = zip(several.value.tolist(), several.error.tolist(), proved.tolist(), strict=True)
    return {
        f"eigenvalue_{rank}": tl.Measurement(value, error, exact, several.method, several.convention)
        for rank, (value, error, exact) in enumerate(columns, 1)
    }


def of_eigenvalues(all_of_them: tl.Measurement) -> dict[str, tl.Measurement]:
    """Return what follows from the eigenvalues, descending, and their common error bound."""
    values, error = np.asarray(all_of_them.value), float(np.max(all_of_them.error))

    def made(value: float, spread: float) -> tl.Measurement:
        return tl.Measurement(value, spread, True, all_of_them.method, all_of_them.convention)

    undecided = int((np.abs(values) <= error).sum())
    return {
        "spectral_norm": made(float(np.abs(values).max()), error),
        "nuclear_norm": made(float(np.abs(values).sum()), 1.001 * error * len(values)),
        "largest_eigenvalue": made(float(values[0]), error),
        "smallest_eigenvalue": made(float(values[-1]), error),
        "negative_eigenvalues": made(int((values < -error).sum()), undecided),
    }


def text(found: dict[str, Any]) -> str:
    """Return the measurements as lines for a person."""
    lines = [
        f"{name:28} {each['value']:.12g} +- {each['error']:.2g}  ({each['method']})"
        for name, each in found.items()
        if name != "conventions"
    ]
    notes = [f"{name}: {said}" for name, said in found["conventions"].items()]
    return "\n".join([*lines, "", *notes])
