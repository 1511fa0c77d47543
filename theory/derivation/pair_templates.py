"""Inner products between the derivatives of two samples, unit by unit: the exact norms without a matrix.

Unit k sees sample i through the coordinates (a_k, z_k), and the weights (w_k, b_k) only through z_k. The
covectors of two samples therefore have inner product 1 in a_k and K0 in z_k, K0 = x~_i . x~_j the inner
product of the two inputs, with 1 appended when there are hidden biases. J_i . J_j, <J_i J_i', d2f_j> and
<d2f_i, d2f_j> are the contractions of the derivatives of a_k s(z_k) with this metric. With q outputs there
are q coordinates a_tk. Units add up; different units do not meet in R.
"""

import sympy as sp

from theory.derivation.letters import K0, K0_II, Act, Letters, e, k, o, r, t

ONE = Letters(several=False)


def pre(sample: str) -> sp.Symbol:
    """The pre-activation of unit k at `sample`."""
    return sp.Symbol(f"z_{sample}k", real=True)


def unit(letters: Letters, sample: str, index: sp.Symbol) -> sp.Expr:
    """What unit k adds to output `index` at `sample`."""
    return letters.a(k, index) * Act(0, pre(sample))


def jacobian_inner(letters: Letters = ONE) -> sp.Expr:
    """What unit k adds to the tangent kernel: J_i . J_j, or entry (o, r) of J_i J_j' with several outputs.

    Examples
    --------
    >>> jacobian_inner()
    K0_ij*a_k**2*Act(1, z_ik)*Act(1, z_jk) + Act(0, z_ik)*Act(0, z_jk)
    """
    left, right = unit(letters, "i", o), unit(letters, "j", r)
    by_a = left.diff(letters.a(k, t)) * right.diff(letters.a(k, t))
    by_z = left.diff(pre("i")) * right.diff(pre("j"))
    return letters.total(by_a, t) + K0 * by_z


def output_bias_inner(letters: Letters = ONE) -> sp.Expr:
    """What the output bias adds to the tangent kernel.

    Examples
    --------
    >>> output_bias_inner(), output_bias_inner(Letters(several=True))
    (1, KroneckerDelta(o, r))
    """
    slopes = [letters.of("c", index).diff(letters.of("c", t)) for index in (o, r)]
    return letters.total(sp.Mul(*slopes), t)


def gauss_newton_inner(letters: Letters = ONE) -> sp.Expr:
    """<G_i, G_j> = tr(Lam_i M_ij Lam_j M_ij'), with M_ij = J_i J_j' summed over units already.

    Examples
    --------
    >>> gauss_newton_inner()
    Lam_i*Lam_j*M_ij**2
    """
    kernel = [letters.of("M_ij", *pair) for pair in ((r, e), (o, t))]
    return letters.total(letters.of("Lam_i", o, r) * letters.of("Lam_j", e, t) * sp.Mul(*kernel), o, r, t, e)


def mixed_inner(letters: Letters = ONE) -> sp.Expr:
    """What unit k adds to <G_i, R_j>, R_j = sum_e g_je d2f_je: the second derivative of f_j along J_i.

    Examples
    --------
    >>> sp.factor(mixed_inner())
    K0_ij*Lam_i*a_k*g_j*(K0_ij*a_k**2*Act(1, z_ik)*Act(2, z_jk) + 2*Act(0, z_ik)*Act(1, z_jk))*Act(1, z_ik)
    """
    first, second, z = unit(letters, "i", o), unit(letters, "i", r), pre("i")
    # Lam is symmetric: the two orders of (a, z) give the same
    along_az = 2 * first.diff(letters.a(k, t)) * second.diff(z)
    along_zz = first.diff(z) * second.diff(z)
    curvature = letters.of("Lam_i", o, r)
    mixed = letters.total(curvature * along_az * _residual_az(letters, "j"), o, r, t)
    return sp.expand(
        K0 * mixed + K0**2 * letters.total(curvature * along_zz, o, r) * _residual_zz(letters, "j")
    )


def residual_inner(letters: Letters = ONE) -> sp.Expr:
    """What unit k adds to <R_i, R_j>.

    Examples
    --------
    >>> residual_inner()
    K0_ij**2*a_k**2*g_i*g_j*Act(2, z_ik)*Act(2, z_jk) + 2*K0_ij*g_i*g_j*Act(1, z_ik)*Act(1, z_jk)
    """
    mixed = letters.total(_residual_az(letters, "i") * _residual_az(letters, "j"), t)
    return 2 * K0 * mixed + K0**2 * _residual_zz(letters, "i") * _residual_zz(letters, "j")


def gauss_newton_trace(letters: Letters = ONE) -> sp.Expr:
    """What unit k adds to tr G_i = tr(Lam_i J_i J_i').

    Examples
    --------
    >>> gauss_newton_trace()
    K0_ii*Lam_i*a_k**2*Act(1, z_ik)**2 + Lam_i*Act(0, z_ik)**2
    """
    kernel = jacobian_inner(letters).subs({pre("j"): pre("i"), K0: K0_II})
    return letters.total(sp.expand(letters.of("Lam_i", o, r) * kernel), o, r)


def residual_trace(letters: Letters = ONE) -> sp.Expr:
    """What unit k adds to tr R_i.

    Examples
    --------
    >>> residual_trace()
    K0_ii*a_k*g_i*Act(2, z_ik)
    """
    return K0_II * _residual_zz(letters, "i")


def _residual_az(letters: Letters, sample: str) -> sp.Expr:
    """R's entry of (a_tk, z_k): sum_e g_e d2f_e / da_tk dz_k."""
    derivative = unit(letters, sample, e).diff(letters.a(k, t), pre(sample))
    return letters.total(letters.of(f"g_{sample}", e) * derivative, e)


def _residual_zz(letters: Letters, sample: str) -> sp.Expr:
    """R's entry of (z_k, z_k): sum_e g_e d2f_e / dz_k^2."""
    return letters.total(letters.of(f"g_{sample}", e) * unit(letters, sample, e).diff(pre(sample), 2), e)


def pair_kernels() -> dict[str, dict[str, sp.Expr]]:
    """The pair forms of a scalar output as kernels of feature products summed over units.

    ``block_inner`` serves <d2f_i, d2f_j> with p = S1_i . S1_j, q = E2_i . E2_j, and <J_i J_i', d2f_j> with
    p = (S D)_i . S1_j, q = (D D)_i . E2_j.

    Examples
    --------
    >>> pair_kernels()["block_inner(p, q, kk)"]
    {'inner': kk**2*q + 2*kk*p}
    """
    ss, dd, kk, cc, p, q = sp.symbols("ss dd kk cc p q")
    s, s1, s2 = ([Act(n, pre(sample)) for sample in "ij"] for n in range(3))
    a, gradients = ONE.a(k), sp.Symbol("g_i", real=True) * sp.Symbol("g_j", real=True)
    block = sp.expand(residual_inner() / gradients)
    forms = {
        "jacobian_inner(ss, dd, kk, cc)": _in_features(
            jacobian_inner(), {s[0] * s[1]: ss, a**2 * s1[0] * s1[1]: dd}
        )
        + cc,
        "block_inner(p, q, kk)": _in_features(block, {s1[0] * s1[1]: p, a**2 * s2[0] * s2[1]: q}),
    }
    return {head: {"inner": form.subs(K0, kk)} for head, form in forms.items()}


def _in_features(form: sp.Expr, features: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """Each term of `form` with its product of one unit's derivatives replaced by the sum over units."""
    total = sp.S.Zero
    for term in sp.Add.make_args(form):
        product = next(product for product in features if not (term / product).has(Act))
        total += term / product * features[product]
    return total
