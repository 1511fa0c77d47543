"""An attack on certificates: networks and claims are changed at random, what is accepted is judged anew.

    python -m benchmarks lies --seconds 300 --seed 7

A network with data is drawn and changed: numbers scaled, copied, set to zero or moved by one unit in their
last place; units, samples, biases, targets, the activation and the loss exchanged or taken away. A claim is
made of what the checker itself would find there, and changed: ends moved, swapped, rounded or exchanged,
names and verdicts replaced. Whatever is then accepted is evaluated once more in balls of 120 digits by the
tests' own code, which shares none with the checker's: an accepted claim that is certainly false, or of
something that is not defined, is a broken promise, and so is an error that is no refusal.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.oracle.judge import falsehood
from tests.oracle.strategies import random_problem
from tests.oracle.truths import ACTIVATIONS
from theory.catalogue import theorems
from theory.certify.balls.balls import Undecided, precision
from theory.certify.balls.decimals import ends, number
from theory.certify.certificate import Certificate, fault
from theory.certify.entries import plain, read
from theory.certify.json_fields import Refused
from theory.certify.make import theorem_certificate
from theory.certify.quantities.exact_network import Subject
from theory.certify.quantities.matrices import MATRICES
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import spectrum
from theory.certify.quantities.numbers import enclosed
from theory.certify.quantities.verdict import decided
from theory.certify.unique_minimum import minimum_of
from theory.quantities.registry import QUANTITIES

LOSSES = ("squared", "logistic", "pseudo_huber", "softmax")
BITS = 128
Plain = dict[str, Any]


@dataclass
class Report:
    """How many claims were made, how many of them accepted, and those that should not have been."""

    made: int = 0
    accepted: int = 0
    broken: list[str] = field(default_factory=list)


def drawn(rng: np.random.Generator) -> Plain:
    """The plain data of a small network with data, before it is changed."""
    loss = str(rng.choice(LOSSES))
    q = None if loss != "softmax" and rng.random() < 0.7 else int(rng.integers(2, 4))
    p = random_problem(
        int(rng.integers(2**32)),
        *(int(rng.integers(1, top)) for top in (5, 3, 4)),
        q,
        biased=bool(rng.random() < 0.6),
        offset=bool(rng.random() < 0.5),
        activation=str(rng.choice(ACTIVATIONS)),
        loss=loss,
        coarse=bool(rng.random() < 0.5),
    )
    y = np.asarray(p.y)
    y = y if loss == "softmax" else y.reshape(len(p.X), -1).astype(float)
    c = None if p.c is None else np.asarray(p.c, dtype=float)
    a, W, b, X = (None if v is None else np.asarray(v, dtype=float) for v in (p.a, p.W, p.b, p.X))
    of = Subject(a, W, b, c, X, y, p.activation, loss)
    return dict(plain(Certificate({}, of, BITS))["network"])


def changed(network: Plain, rng: np.random.Generator) -> Plain:
    """`network` with one thing changed."""
    other = copy.deepcopy(network)
    way = rng.integers(10)
    if way == 0:
        other["activation"] = str(rng.choice(ACTIVATIONS))
    elif way == 1:
        other["loss"] = str(rng.choice(LOSSES[:3]))
        if other["loss"] == "logistic" and other["y"] and isinstance(other["y"][0], list):
            other["y"] = [[float(rng.integers(2)).hex() for _ in row] for row in other["y"]]
    elif way == 2:
        other[str(rng.choice(["b", "c", "y"]))] = None
    elif way == 3:
        _exchange_rows(other, rng)
    else:
        _change_number(other, rng)
    return other


def _exchange_rows(network: Plain, rng: np.random.Generator) -> None:
    """One unit made like another, silenced or taken away; one sample repeated."""
    W, X = network["W"], network["X"]
    k, l = (int(v) for v in rng.integers(len(W), size=2))
    if rng.random() < 0.4:
        W[k] = list(W[l])
        if network["b"]:
            network["b"][k] = network["b"][l]
    elif rng.random() < 0.5:
        W[k] = [(0.0).hex()] * len(W[k])
    elif rng.random() < 0.5 and not isinstance(network["a"][0], list):
        network["a"][k] = (0.0).hex()
    else:
        X[int(rng.integers(len(X)))] = list(X[0])


def _change_number(network: Plain, rng: np.random.Generator) -> None:
    """One number scaled, copied, rounded, moved a little, or set to zero."""
    name = str(rng.choice([n for n in "aWbcXy" if network[n] is not None]))
    if name == "y" and isinstance(network["y"][0], int):
        network["y"][0] = int(rng.integers(2))
        return
    if isinstance(network[name], str):
        network[name] = _number(network[name], rng)
        return
    row = network[name]
    row = row[int(rng.integers(len(row)))] if isinstance(row[0], list) else row
    at = int(rng.integers(len(row)))
    row[at] = _number(row[at], rng) if rng.random() < 0.8 else row[0]


def _number(text: str, rng: np.random.Generator) -> str:
    value, far = float.fromhex(text), rng.choice([1, 1, 1, 8, 30, 140])
    choices = [0.0, -value, float(round(value)), np.nextafter(value, 9.0), 1.0, 5.0, -5.0]
    scaled = value * 10.0 ** float(rng.uniform(-far, far))
    return float(scaled if rng.random() < 0.4 else rng.choice(choices)).hex()


def claim_of(rng: np.random.Generator, of: Subject, bits: int) -> Plain:
    """A claim that the checker's own arithmetic finds at a network; Undecided where it finds none."""
    kind = rng.random()
    if kind < 0.5:
        name = str(rng.choice(list(QUANTITIES)))
        return {
            "kind": "quantity",
            "name": name,
            "enclosure": ends(*enclosed(name, of, int(rng.integers(1, 25)))),
        }
    if kind < 0.65:
        name = str(rng.choice(list(MATRICES)))
        with precision(bits):
            found = [ends(ball, bits) for ball in spectrum(name, BallNetwork(of))]
        return {"kind": "eigenvalues", "matrix": name, "enclosures": found}
    if kind < 0.95:
        id = str(rng.choice(list(theorems)))
        variant = str(rng.choice(list(theorems[id].variants)))
        return theorem_certificate(id, variant, of, decided(theorems[id], variant, of)).claim
    found = minimum_of(of, None, bits)
    if not found.proved:
        raise Undecided(found.why)
    numbers = {"radius": found.radius, "within": found.within, "least_eigenvalue": found.least_eigenvalue}
    return {"kind": "unique minimum", **{name: value.hex() for name, value in numbers.items()}}


def twisted(claim: Plain, rng: np.random.Generator) -> Plain:
    """The claim with one thing changed."""
    other = copy.deepcopy(claim)
    kind = claim["kind"]
    if kind == "unique minimum":
        name = str(rng.choice(["radius", "within", "least_eigenvalue"]))
        other[name] = (float.fromhex(claim[name]) * 2.0 ** float(rng.uniform(-3, 3))).hex()
    elif kind == "eigenvalues":
        at = int(rng.integers(len(claim["enclosures"])))
        other["enclosures"][at] = _moved(claim["enclosures"][at], rng)
        if rng.random() < 0.2:
            other["matrix"] = str(rng.choice(list(MATRICES)))
    elif kind == "quantity":
        other["enclosure"] = _moved(claim["enclosure"], rng)
        if rng.random() < 0.2:
            other["name"] = str(rng.choice(list(QUANTITIES)))
    elif rng.random() < 0.5:
        other["verdict"] = str(rng.choice(["proved", "violated", "equal"]))
    else:
        name = str(rng.choice(["left", "right"]))
        other[name] = _moved(claim[name], rng)
    return other


def _moved(stated: list[str], rng: np.random.Generator) -> list[str]:
    """Ends swapped, drawn together, rounded, set to zero or moved by the width."""
    exact = [number(end) for end in stated]
    if max(map(abs, exact)) > 10**250:
        return stated[::-1]
    low, high = map(float, exact)
    width = max(high - low, 1e-16 * max(abs(low), abs(high)))
    choices = [
        stated[::-1],
        [stated[0], stated[0]],
        [stated[1], stated[1]],
        ["0E+0", "0E+0"],
        [_decimal(low + width), _decimal(high + width)],
        [_decimal(low - width), stated[0]],
        [_decimal(float(f"{low:.3g}")), _decimal(float(f"{high:.3g}"))],
    ]
    return choices[int(rng.integers(len(choices)))]


def _decimal(value: float) -> str:
    digits, power = f"{value:.16e}".split("e")
    return f"{digits}E{int(power):+d}"


def accepted(entry: Plain) -> bool:
    """Whether a checker confirms the certificate with this plain data."""
    try:
        return not fault(read(entry, "the certificate"))
    except Refused:
        return False


def attack(seconds: float, seed: int = 0, most: int | None = None) -> Report:
    """Attack for a time, or until `most` claims were made."""
    rng, report, until = np.random.default_rng(seed), Report(), time.monotonic() + seconds
    while time.monotonic() < until and (most is None or report.made < most):
        network = drawn(rng)
        for _ in range(int(rng.integers(4))):
            network = changed(network, rng)
        _try(network, rng, report)
    return report


def _try(network: Plain, rng: np.random.Generator, report: Report) -> None:
    """One claim at a network, as it is found and twice changed."""
    bits = int(rng.choice([32, 64, BITS]))
    stub = {"kind": "quantity", "name": "n", "enclosure": ["1E+0", "1E+0"]}
    entry: Plain = {"claim": stub, "network": network, "bits": bits}
    try:
        claim = claim_of(rng, read(entry, "the certificate").subject, bits)
    except (Undecided, ValueError):
        return
    except Exception as raised:
        report.broken.append(f"{raised!r} at {json.dumps(entry)}")
        return
    for each in (claim, twisted(claim, rng), twisted(claim, rng)):
        tried = {**entry, "claim": each}
        report.made += 1
        try:
            if not accepted(tried):
                continue
            report.accepted += 1
            why = falsehood(tried)
        except Exception as raised:
            why = repr(raised)
        if why:
            report.broken.append(f"{why}: {json.dumps(tried)}")


def main(words: list[str]) -> int:
    """Print what an attack found; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks lies", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="60 by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=5, help="broken promises printed, 5 by default")
    chosen = parser.parse_args(words)
    report = attack(chosen.seconds, chosen.seed)
    print(f"{report.made} claims, {report.accepted} accepted, {len(report.broken)} of them wrongly")
    print("\n".join(report.broken[: chosen.show]))
    return int(bool(report.broken))
