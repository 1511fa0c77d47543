"""What stands around the formulas in a generated module."""

HEADER = '''"""{title}

Written by theory.emit from {origin}; do not edit.
Rewrite: {command}
"""
'''

ACTIVATION = '''
@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: {cost}.
    """
{body}
    return s, s1, s2
'''

JETS = '''

@kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    for i in range(Z.size):
        S[i], S1[i], S2[i] = jet(Z[i])


@kernel
def slopes(Z: Array, S: Array, S1: Array) -> None:
    """Fill S, S1 with the same s and first derivative, where no second one is asked for."""
    for i in range(Z.size):
        S[i], S1[i], _ = jet(Z[i])
'''

SINE_JETS = '''

@kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    far = 0
    for i in range(Z.size):
        S[i], S1[i], S2[i] = near_jet(Z[i])
        far += not abs(Z[i]) <= elementary.SIN_COS_BOUND
    if far > 0:
        for i in range(Z.size):
            if not abs(Z[i]) <= elementary.SIN_COS_BOUND:
                S[i], S1[i], S2[i] = jet(Z[i])


@kernel
def slopes(Z: Array, S: Array, S1: Array) -> None:
    """Fill S, S1 with the same s and first derivative, where no second one is asked for."""
    far = 0
    for i in range(Z.size):
        S[i], S1[i], _ = near_jet(Z[i])
        far += not abs(Z[i]) <= elementary.SIN_COS_BOUND
    if far > 0:
        for i in range(Z.size):
            if not abs(Z[i]) <= elementary.SIN_COS_BOUND:
                S[i], S1[i], _ = jet(Z[i])
'''

THIRD_CONSTANT = '''

@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = SUP3
'''

THIRD_VANISHING = '''

@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative on [Z - radius, Z + radius]; -1 where s is straight.

    It is -2 where s is straight so far that no product with floats tells.
    """
    for i in range(Z.size):
        least = abs(Z[i]) - radius[i]
        straight = -2.0 if least >= FADED else -1.0
        T[i] = straight if least >= VANISHING else SUP3
'''

THIRD = '''

@scalar_kernel
def third_bound(box: tuple[float, float]) -> float:
    """Return a bound of the third derivative's absolute value on an interval.

    Operations: {cost}.
    """
{body}
    return bound


@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = min(SUP3, third_bound(interval.around(Z[i], radius[i])))
'''

LOSS = '''
@scalar_kernel
def jet(f: float, y: float) -> tuple[float, float, float]:
    """Return l(f, y), dl/df, d2l/df2.

    Operations: {cost}.
    """
{body}
    return l, g, lam


@kernel
def losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2 at outputs F and targets Y: flat contiguous arrays."""
    for i in range(F.size):
        L[i], G[i], LAM[i] = jet(F[i], Y[i])
'''

SOFTMAX = '''
@kernel
def sample(f: Array, label: int, g: Array, lam: Array) -> float:
    """Fill g (q,) and lam (q, q) for one sample's outputs f (q,), and return l.

    Probabilities are shares of exp(f - max f); what an output lacks to 1 is the sum of the others.
    """
    top, value, slope, total = 0, 0.0, 0.0, 0.0
    for o in range(f.size):
        top = o if f[o] > f[top] else top
    for o in range(f.size):
        g[o] = elementary.exp(f[o] - f[top])
        total += g[o]
    for o in range(f.size):
        share, rest = g[o] / total, 0.0
        for r in range(f.size):
            if r != o:
                partner = g[r] / total
                rest += partner
                lam[o, r] = {other_curvature}
        lam[o, o] = {own_curvature}
        if o == top:
            value = (f[top] - f[label]) + elementary.log1p(rest * total)
        if o == label:
            slope = {own_slope}
    for o in range(f.size):
        share = g[o] / total
        g[o] = slope if o == label else {other_slope}
    return value


@kernel
def losses(F: Array, Y: Labels, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2. F, G (n, q); Y (n,) labels; L (n,); LAM (n, q, q)."""
    for i in range(F.shape[0]):
        L[i] = sample(F[i], Y[i], G[i], LAM[i])
'''
