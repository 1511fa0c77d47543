"""All eigenvalues from LAPACK's reduction to a tridiagonal matrix: every proof of it, each of them forced."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.linalg import lapack

from twolayer.jit import SETTINGS
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.tridiagonal import rebuilding, reducing, similarity, small, tiles
from twolayer.threads import Threads

KINDS = ("flat", "steep", "low rank", "clusters", "falling", "rising", "diagonal", "zero", "blocks")


def symmetric(kind, P, seed=0):
    """A symmetric matrix of order P whose entries are of moderate size."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((P, P))
    powers = np.logspace(0, -7, P)
    made = {
        "flat": lambda: A,
        "steep": lambda: A.T @ (A * np.arange(1.0, P + 1)[:, None] ** -3),
        "low rank": lambda: A[:, :3] @ A[:, :3].T,
        "clusters": lambda: np.linalg.qr(A)[0] * (np.arange(P) % 3) @ np.linalg.qr(A)[0].T,
        "falling": lambda: A * np.outer(powers, powers),
        "rising": lambda: A * np.outer(powers, powers)[::-1, ::-1],
        "diagonal": lambda: np.diag(A[0]),
        "zero": lambda: 0 * A,
        "blocks": lambda: np.kron(np.eye(-(-P // 4)), A[:4, :4] if P >= 4 else np.ones((4, 4)))[:P, :P],
    }[kind]()
    return 0.5 * (made + made.T)


def tridiagonal(diagonal, beside):
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def apart(A, B):
    """The distance of two spectra, in order."""
    return np.linalg.norm(np.linalg.eigvalsh(A) - np.linalg.eigvalsh(B))


def forced(A, road, parts=None):
    """The bound by one of the roads, for LAPACK's reduction or for `parts` in its place."""
    diagonal, beside, reduced, factors = parts or similarity.reduction(A)
    if road == "rebuilt":
        return rebuilding.rebuilding_error(A, diagonal, beside, reduced, factors, Watch())
    Qt = similarity.basis(reduced, factors)
    if road == "small":
        return small.proved_error(A, diagonal, beside, Qt, lapack.dsterf(diagonal, beside)[0])
    return similarity.similarity_error(A, diagonal, beside, Qt, road == "sharp")


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles, panels and chunks of a few rows, so that small matrices have many of each."""
    monkeypatch.setattr(rebuilding, "PANEL", 5)
    monkeypatch.setattr(rebuilding, "TILE", 7)
    monkeypatch.setattr(tiles, "TILE", 7)
    monkeypatch.setattr(rebuilding, "CHUNKS", ((0.5, 2), (0.0, 3)))


@pytest.mark.parametrize("road", ["rebuilt", "plain", "sharp", "small"])
@pytest.mark.parametrize("P", [2, 5, 65, 300])
def test_a_wrong_reduction_is_caught(road, P):
    """Whatever LAPACK returns, the bound holds and is no smaller than what was planted."""
    A = symmetric("flat", P, P)
    size = np.linalg.norm(A)
    right = similarity.reduction(A)
    assert forced(A, road, right) < 1e-12 * size * (8 if road == "rebuilt" else 1)
    places = [(0, 0), (0, P - 1), (1, 0), (1, P - 2)]
    places += [(2, (P - 1, 0)), (2, (P - 1, P // 2 - 1))] if P > 2 else []
    for at, which in places:
        for much in (1e-9, 1e-3):
            parts = [part.copy(order="F") for part in right]
            parts[at][which] += much
            error = forced(A, road, parts)
            assert apart(A, tridiagonal(*parts[:2])) <= error + 1e-14 * size
            assert error >= much * (1.0 if at < 2 else 1e-2)


@pytest.mark.parametrize("road", ["plain", "sharp"])
def test_a_singular_basis_proves_nothing(road):
    A = symmetric("flat", 30)
    diagonal, beside, reduced, factors = similarity.reduction(A)
    right = similarity.basis(reduced, factors)
    for change in (lambda Qt: Qt.__setitem__(0, Qt[1]), lambda Qt: Qt.__imul__(2.0)):
        Qt = right.copy()
        change(Qt)
        with pytest.raises(ArithmeticError, match="must be invertible"):
            similarity.similarity_error(A, diagonal, beside, Qt, road == "sharp")


@pytest.mark.parametrize("wrong", [2.0, 1e200, np.nan, np.inf])
@np.errstate(invalid="ignore", over="ignore")
def test_the_kernel_proves_nothing_by_a_singular_basis_or_wrong_values(wrong):
    A = symmetric("flat", 30)
    diagonal, beside, reduced, factors = similarity.reduction(A)
    values, Qt = np.linalg.eigvalsh(A), similarity.basis(reduced, factors)
    assert small.proved_error(A, diagonal, beside, Qt, values) < 1e-13 * np.linalg.norm(A)
    assert small.proved_error(A, diagonal, beside, Qt[[1, *range(1, 30)]], values) == np.inf
    assert small.proved_error(A, diagonal, beside, Qt * wrong, values) == np.inf
    assert small.proved_error(A, diagonal, beside, Qt, values + wrong) > 1.9
    assert small.proved_error(A, diagonal * wrong, beside, Qt, values) > 1.9
    A[3, 3] += wrong
    assert small.proved_error(A, diagonal, beside, Qt, values) > 1.9


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "zero"])
@pytest.mark.parametrize("P", [2, 3, 7, 8, 9, 16, 17, 48])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_the_kernel_proves_every_kind_of_small_matrix(kind, P, scale):
    """The eigenvalues of LAPACK are right to rounding; those of forty digits are right."""
    A = symmetric(kind, P, P) * scale
    values, error = similarity.tridiagonal_eigenvalues(A)
    size = np.linalg.norm(A)
    assert error <= 3e-14 * size + 1e-150
    if P > 9:
        assert np.linalg.norm(values - np.linalg.eigvalsh(A)) <= error + 1e-14 * size
        return
    with mpmath.workdps(40):
        truth = mpmath.eigsy(mpmath.matrix(A.tolist()), eigvals_only=True)
        assert mpmath.norm(mpmath.matrix(values.tolist()) - truth) <= error


@pytest.mark.parametrize("P", [1, 2, 7, 8, 9, 21])
def test_products_by_chunks_against_fractions(P):
    rng = np.random.default_rng(P)
    Qt, A = np.linalg.qr(rng.standard_normal((P, P)))[0], symmetric("steep", P, P)
    made = np.empty((P, P))
    small.fill_product(Qt, A, made)
    left, right = ([[Fraction(x) for x in row] for row in M.tolist()] for M in (Qt, A))
    exact = [[sum(x * y for x, y in zip(row, column, strict=True)) for column in right] for row in left]
    off = [
        [Fraction(x) - y for x, y in zip(*rows, strict=True)]
        for rows in zip(made.tolist(), exact, strict=True)
    ]
    allowed = 2.0**-53 * ((small.CHUNK + 1) * np.sqrt(P) + 2 * (P // small.CHUNK + 1)) * np.linalg.norm(A)
    assert np.linalg.norm(np.array(off, dtype=float)) <= allowed


@pytest.mark.parametrize("wrong", [3.0, np.nan, np.inf, 1e200])
def test_what_are_no_reflections_prove_nothing(wrong):
    A = symmetric("flat", 30)
    diagonal, beside, reduced, factors = similarity.reduction(A)
    reduced[29, 7] = wrong
    with np.errstate(all="ignore"), pytest.raises(ArithmeticError, match="reflections must be orthogonal"):
        rebuilding.rebuilding_error(A, diagonal, beside, reduced, factors, Watch())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("P", [2, 3, 17, 64, 66, 129, 200])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_rebuilding_holds_for_every_kind_of_matrix(kind, P, scale):
    A = symmetric(kind, P, P) * scale
    diagonal, beside, *_ = similarity.reduction(A)
    error, size = forced(A, "rebuilt"), np.linalg.norm(A)
    assert apart(A, tridiagonal(diagonal, beside)) <= error + 1e-14 * size
    assert error <= 2e-12 * rebuilding.weight(diagonal, beside) * size + 1e-150


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("P", [2, 6, 7, 8, 23, 41])
def test_many_small_tiles_rebuild_the_same(kind, P, small_tiles):
    A = symmetric(kind, P, P)
    parts = similarity.reduction(A)
    error, size = forced(A, "rebuilt", parts), np.linalg.norm(A)
    assert error <= 1e-12 * rebuilding.weight(*parts[:2]) * size + 1e-150
    if P > 2 and size:
        parts[1][P // 2] += size
        assert forced(A, "rebuilt", parts) >= size


@pytest.mark.parametrize("order", [3, 20, 26])
def test_closed_forms_with_multiple_eigenvalues(order):
    """Sums of second differences in two directions, turned by a reflection: 4 - 2 cos - 2 cos, in pairs."""
    T = 2 * np.eye(order) - np.eye(order, k=1) - np.eye(order, k=-1)
    v = np.where(np.arange(order**2) % 3, 1.0, -1.0)
    H = np.eye(order**2) - 2 * np.outer(v, v) / order**2
    K = np.kron(T, np.eye(order)) + np.kron(np.eye(order), T)
    A = H @ K @ H
    A = 0.5 * (A + A.T)
    one = 2 - 2 * np.cos(np.pi * np.arange(1, order + 1) / (order + 1))
    truth = np.sort((one[:, None] + one).ravel())
    for road in ("rebuilt", "plain"):
        diagonal, beside, *_ = similarity.reduction(A)
        values = np.linalg.eigvalsh(tridiagonal(diagonal, beside))
        assert np.linalg.norm(values - truth) <= forced(A, road) + 1e-14 * np.linalg.norm(A)


@pytest.mark.parametrize(("r", "k"), [(3, 1), (9, 3), (24, 8)])
@pytest.mark.parametrize("kind", ["flat", "steep", "falling", "low rank"])
def test_a_step_in_fifty_digits(r, k, kind, small_tiles):
    """M' against B M B^T for the stored V and the exact R, and B B^T against I."""
    A = symmetric(kind, r, k)
    _, _, reduced, factors = similarity.reduction(A)
    B = rebuilding.Reflected(rebuilding.reflections(reduced, 0, k)[:, factors[:k] != 0])
    M = symmetric("flat", r, 5)
    with mpmath.workdps(50):
        V = mpmath.matrix(B.V.tolist())
        G, _ = rebuilding.gram(B.V)
        R = mpmath.matrix(np.triu(G, 1).tolist()) + mpmath.matrix(np.diag(np.diag(G) / 2).tolist())
        exact = mpmath.eye(r) - V * R**-1 * V.T
        wanted = exact * mpmath.matrix(M.tolist()) * exact.T
        assert mpmath.mnorm(exact * exact.T - mpmath.eye(r), "f") <= B.defect * np.sqrt(r)
        miss = mpmath.matrix(B.S.tolist()) * R - mpmath.eye(len(B.S))
        assert mpmath.mnorm(miss, "f") <= B.missed * (1 + 1e-12)
        for chunk in (1, 2, 3, 64):
            made = M.copy()
            edges = tiles.tile_edges(5, r + 5)
            with Threads() as threads:
                shift = B.apply(made, edges, float(np.linalg.norm(M)), chunk, threads)
            made = np.tril(made) + np.tril(made, -1).T
            off = mpmath.mnorm(mpmath.matrix(made.tolist()) - wanted, "f")
            assert off <= shift <= 1e-12 * np.linalg.norm(M)


@pytest.mark.parametrize(("r", "k"), [(1, 1), (6, 3), (7, 8), (23, 5), (40, 9)])
def test_products_of_tiles_against_the_whole_by_any_number_of_threads(r, k, small_tiles, monkeypatch):
    """To the last bit the same for one thread and two; what is above the tiles of a row is not read."""
    rng = np.random.default_rng(r)
    M, edges = symmetric("flat", r), tiles.tile_edges(3, r + 3)
    V, W = rng.standard_normal((2, r, k))
    lower = np.where(np.arange(r) < np.repeat(edges[1:], np.diff(edges))[:, None], M, np.nan)
    found = []
    for count in (1, 2):
        monkeypatch.setattr(SETTINGS, "NUMBA_NUM_THREADS", count)
        changed = lower.copy()
        with Threads() as threads:
            product = tiles.symmetric_product(lower, V, edges, 3, threads)
            added = tiles.subtract_products(changed, V, W, edges, 2, threads)
        assert added == 2 * -(-k // 2)
        assert np.allclose(product, M @ V, rtol=0, atol=1e-13)
        assert np.allclose(np.tril(changed), np.tril(M - V @ W.T - W @ V.T), rtol=0, atol=1e-13)
        assert np.array_equal(np.isnan(changed), np.isnan(lower))
        found.append((product, changed))
    for one, two in zip(*found, strict=True):
        assert np.array_equal(one, two, equal_nan=True)


@pytest.mark.parametrize(("r", "k"), [(1, 1), (5, 2), (40, 7)])
def test_gram_matrices_against_fractions(r, k):
    V = np.random.default_rng(r).uniform(-1, 1, (r, k)) / np.sqrt(r)
    G, rounding = rebuilding.gram(V)
    rows = [[Fraction(x) for x in row] for row in V.tolist()]
    missing = [
        [Fraction(float(G[i, j])) - sum(row[i] * row[j] for row in rows) for j in range(k)] for i in range(k)
    ]
    assert np.linalg.norm(np.array(missing, dtype=float)) <= rounding < 1e-15


def test_spectral_bounds_are_above_and_near():
    for k in (1, 2, 30, 64):
        N = symmetric("flat", k, k)
        largest = np.abs(np.linalg.eigvalsh(N)).max()
        assert largest <= rebuilding.spectral_bound(N) <= 1.2 * largest


def test_the_road_follows_the_weight_of_the_trailing_parts(monkeypatch):
    """Steep matrices are rebuilt, flat, small and sharp ones are not; whichever it is, the bound holds."""
    taken = []
    for name in ("rebuilding_error", "similarity_error", "proved_error"):
        original = getattr(similarity, name)
        monkeypatch.setattr(
            similarity, name, lambda *a, name=name, original=original: taken.append(name) or original(*a)
        )
    monkeypatch.setattr(similarity, "MIDDLING", 150)
    for kind, P, sharp in (
        ("steep", 150, False),
        ("steep", 149, False),
        ("flat", 500, False),
        ("steep", 150, True),
        ("steep", 48, True),
        ("steep", 48, False),
    ):
        A = symmetric(kind, P)
        values, error = similarity.tridiagonal_eigenvalues(A, sharp)
        assert np.linalg.norm(values - np.linalg.eigvalsh(A)) <= error + 1e-14 * np.linalg.norm(A)
    assert taken == ["rebuilding_error", *4 * ["similarity_error"], "proved_error"]


def test_wrong_eigenvalues_of_the_tridiagonal_matrix_are_caught(monkeypatch):
    A = symmetric("flat", 40)
    truth = np.linalg.eigvalsh(A)
    monkeypatch.setattr(lapack, "dsterf", lambda d, e: (truth + np.eye(40)[-1] / 500, 0))
    assert similarity.tridiagonal_eigenvalues(A)[1] >= 1 / 500


@pytest.mark.parametrize("size", [5, 60])
def test_tiny_entries_beside_one_of_size_one_do_no_harm(size):
    """Of such matrices LAPACK's dsterf gets one in thirty wrong, and 0.83 for 0.84 of the first."""
    rng = np.random.default_rng(0)
    heavy, tiny = 0.84213911, 10.0 ** -np.array([100.0, 130.0, 145.0, 160.0, 190.0, 400.0])
    first = [1e-100, 1e-145, 1e-130, 1e-145, 1e-145], [1e-130, heavy, 1e-130, 1e-160]
    others = [(rng.choice(tiny, 5), np.insert(rng.choice(tiny, 3), 1, heavy)) for _ in range(200)]
    for diagonal, beside in [first, *others]:
        A = np.zeros((size, size))
        A[:5, :5] = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        values, error = similarity.tridiagonal_eigenvalues(A)
        assert error < 1e-14 * size
        assert abs(values[[0, -1]] - [-heavy, heavy]).max() < 1e-15
        assert abs(values[1:-1]).max() < 1e-99


def test_a_watch_breaks_rebuilding_off():
    A = symmetric("steep", 200)
    with pytest.raises(TimeoutError, match="proving the reduction"):
        rebuilding.rebuilding_error(A, *similarity.reduction(A), Watch(max_seconds=0.0))


@pytest.mark.parametrize("P", [513, 577])
def test_panels_make_what_lapack_makes(P):
    """And the clock is looked at between them."""
    A, told = symmetric("flat", P), []
    expected = lapack.dsytrd(A.T, lower=1, lwork=64 * P)
    diagonal, beside, reduced, factors = reducing.reduction(A, Watch(lambda *said: told.append(said)))
    for found, other in zip((np.tril(reduced), diagonal, beside, factors), expected, strict=False):
        assert np.allclose(found, np.tril(other) if other.ndim == 2 else other, rtol=0, atol=1e-11)
    assert len(told) == -(-(P - reducing.SHORT) // reducing.WIDTH)
    with pytest.raises(TimeoutError, match="reducing a matrix"):
        reducing.reduction(A, Watch(max_seconds=0.0))
