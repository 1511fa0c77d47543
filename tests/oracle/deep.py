"""The Hessian of a deep network's risk in many digits, by arithmetic with gradients and Hessians of numbers.

It shares nothing with the package: every number carries its derivatives by all parameters, and the network
is evaluated neuron by neuron.
"""

from dataclasses import dataclass

import mpmath as mp
import numpy as np

DIGITS = 120


@dataclass
class Jet:
    """A number with its gradient (P,) and Hessian (P, P), objects of mpmath."""

    value: object
    slope: np.ndarray
    bend: np.ndarray

    def __add__(self, other):
        return Jet(self.value + other.value, self.slope + other.slope, self.bend + other.bend)

    def __mul__(self, other):
        crossed = np.outer(self.slope, other.slope)
        return Jet(
            self.value * other.value,
            self.value * other.slope + other.value * self.slope,
            self.value * other.bend + other.value * self.bend + crossed + crossed.T,
        )

    def through(self, s, s1, s2):
        return Jet(s, s1 * self.slope, s1 * self.bend + s2 * np.outer(self.slope, self.slope))


def tanh(z):
    t = mp.tanh(z)
    return t, 1 - t**2, -2 * t * (1 - t**2)


def relu(z):
    return (z, mp.mpf(1), mp.mpf(0)) if z > 0 else (mp.mpf(0), mp.mpf(0), mp.mpf(0))


def sine(z):
    return mp.sin(z), mp.cos(z), -mp.sin(z)


def softplus(z):
    p, rest = 1 / (1 + mp.exp(-z)), 1 / (1 + mp.exp(z))
    return mp.log1p(mp.exp(z)), p, p * rest


def identity(z):
    return z, mp.mpf(1), mp.mpf(0)


ACTIVATIONS = {"tanh": tanh, "relu": relu, "sin": sine, "softplus": softplus, "identity": identity}


def constant(value, P):
    zero = mp.mpf(0)
    return Jet(mp.mpf(float(value)), np.full(P, zero), np.full((P, P), zero))


def squared(f, y):
    terms = [f_o + constant(-y_o, len(f_o.slope)) for f_o, y_o in zip(f, y, strict=True)]
    whole = terms[0] * terms[0]
    for term in terms[1:]:
        whole = whole + term * term
    return whole * constant(0.5, len(whole.slope))


def softmax(f, y):
    """By the largest output, so that a confident sample's curvature, 1e-110 say, is no difference of ones."""
    P = len(f[0].slope)
    top = max(range(len(f)), key=lambda o: f[o].value)
    whole = constant(0.0, P)
    for o in range(len(f)):
        if o != top:
            ratio = f[o] + f[top] * constant(-1.0, P)
            whole = whole + ratio.through(*[mp.exp(ratio.value)] * 3)
    w = whole.value
    found = whole.through(mp.log1p(w), 1 / (1 + w), -1 / (1 + w) ** 2)
    return found if top == int(y) else found + f[top] + f[int(y)] * constant(-1.0, P)


def logistic(f, y):
    """log(1 + exp(f)) for y = 0 and log(1 + exp(-f)) for y = 1."""
    P = len(f[0].slope)
    whole = constant(0.0, P)
    for f_o, y_o in zip(f, y, strict=True):
        signed = f_o * constant(1.0 - 2.0 * float(y_o), P)
        whole = whole + signed.through(*softplus(signed.value))
    return whole


LOSSES = {"squared": squared, "softmax": softmax, "logistic": logistic}


def risk(weights, biases, activation, X, y, loss):
    """The risk as a `Jet`; theta is W_1 row by row, b_1, W_2, ..."""
    P = sum(np.size(W) + (0 if b is None else np.size(b)) for W, b in zip(weights, biases, strict=True))
    start, layers = 0, []

    def variable(value, index):
        made = constant(value, P)
        made.slope[index] = mp.mpf(1)
        return made

    for W, b in zip(weights, biases, strict=True):
        W = np.atleast_2d(W)
        rows = [
            [variable(w, start + i * W.shape[1] + j) for j, w in enumerate(row)] for i, row in enumerate(W)
        ]
        start += W.size
        offsets = None if b is None else [variable(v, start + i) for i, v in enumerate(np.atleast_1d(b))]
        start += 0 if b is None else np.size(b)
        layers.append((rows, offsets))
    total = constant(0.0, P)
    for x, target in zip(X, y, strict=True):
        h = [constant(each, P) for each in x]
        for depth, (rows, offsets) in enumerate(layers):
            z = []
            for i, row in enumerate(rows):
                whole = row[0] * h[0]
                for w, each in zip(row[1:], h[1:], strict=True):
                    whole = whole + w * each
                z.append(whole if offsets is None else whole + offsets[i])
            h = z if depth == len(layers) - 1 else [u.through(*ACTIVATIONS[activation](u.value)) for u in z]
        total = total + LOSSES[loss](h, np.atleast_1d(target) if loss != "softmax" else target)
    return Jet(total.value / len(X), total.slope / len(X), total.bend / len(X))


def reference(net, X, y, loss):
    """Gradient (P,) and Hessian (P, P) as objects of mpmath, at the exact values of the floats."""
    with mp.workdps(DIGITS):
        found = risk(net.weights, net.biases, net.activation.name, np.asarray(X), np.asarray(y), loss)
    return found.slope, found.bend


def norm(M):
    """Frobenius norm in many digits."""
    with mp.workdps(DIGITS):
        return mp.sqrt(mp.fsum(entry**2 for entry in np.ravel(M)))
