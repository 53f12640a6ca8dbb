"""Exact arithmetic, elimination and ranks over GF(p), against python-flint and Python integers."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from flint import nmod_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.device import Device
from theorycheck.computing.arrays import on_host
from theorycheck.field import arithmetic as field
from theorycheck.field import batched, elimination, stages
from theorycheck.field.arithmetic import array_module, fold, inverse, is_prime, matmul, reduce
from theorycheck.field.batched import batched_rank
from theorycheck.field.elimination import Elimination, RankProfile, rank, rank_profile

LARGEST = 8388593  # the largest prime below 2**23
PRIMES = (LARGEST, 8388587, 4194319, 101, 5, 3)  # small ones make accidental zeros likely
KINDS = ("dense", "low rank", "sparse", "extreme", "zero")

primes = st.sampled_from(PRIMES)
seeds = st.integers(0, 2**32 - 1)
sides = st.integers(0, 24)


def balanced(value: int, p: int) -> int:
    remainder = int(value) % p
    return remainder if remainder <= p // 2 else remainder - p


def python_product(a: np.ndarray, b: np.ndarray, p: int) -> list[Any]:
    exact = a.astype(int).astype(object) @ b.astype(int).astype(object)
    return np.vectorize(lambda x: balanced(x, p), otypes=[float])(exact).tolist()


def sample(kind: str, m: int, n: int, p: int, rng: np.random.Generator) -> np.ndarray:
    """A balanced matrix of one of the KINDS."""
    half = p // 2
    if kind == "low rank":
        inner = int(rng.integers(0, min(m, n) + 1))
        left = rng.integers(-half, half + 1, (m, inner)).astype(float)
        return matmul(left, rng.integers(-half, half + 1, (inner, n)).astype(float), p)
    if kind == "sparse":
        return (rng.random((m, n)) < 2 / (max(m, n) + 1)).astype(float)
    if kind == "extreme":
        return half * rng.choice([-1.0, 1.0], (m, n))
    entries = rng.integers(-half, half + 1, (m, n)).astype(float)
    return entries if kind == "dense" else 0 * entries


def bordered_identity(size: int, p: int) -> np.ndarray:
    """An identity of the given size with a border of two rows and columns, of rank size + 1.

    Each entry of the corner is met by a sum of ``size`` products of nearly the largest size, all
    of the same sign, so that a rounding error shows in the rank.
    """
    a = p // 2 - np.random.default_rng(size).integers(0, 4, (size + 2, size + 2)).astype(float)
    a[:size, :size] = np.eye(size)
    a[size:, size:] = python_product(a[size:, :size], a[:size, size:], p)
    a[-1, -1] += 1
    return a


def flint_matrix(a: np.ndarray, p: int) -> nmod_mat:
    m, n = a.shape
    return nmod_mat(m, n, a.astype(int).ravel().tolist(), p)


def first_basis(a: np.ndarray, p: int) -> list[int]:
    """The pivot columns of flint's reduced row echelon form."""
    echelon, size = flint_matrix(a, p).rref()
    entries = np.array([int(x) for x in echelon.entries()]).reshape(a.shape)
    return [int(row.argmax()) for row in entries[:size] != 0]


def check_profile(a: np.ndarray, p: int, profile: Any) -> None:
    rows, columns = list(profile.rows), list(profile.columns)
    assert profile.rank == len(rows) == len(set(rows)) == len(columns)
    assert columns == first_basis(a, p)
    assert int(flint_matrix(a[np.ix_(rows, columns)], p).det()) != 0


def eliminated(a: Any, p: int, cuts: list[int] | None = None) -> Any:
    """The profile from an Elimination fed with the column blocks between the given cuts."""
    result = Elimination(len(a), p, array_module(a))
    edges = [0, *sorted(cuts or []), a.shape[1]]
    for start, stop in pairwise(edges):
        result.extend(a[:, start:stop])
    assert result.n_columns == a.shape[1]
    on_rows = np.ix_(result.pivot_rows, result.pivot_columns)
    minor = on_host(a)[on_rows] if result.rank else on_host(a)[:0, :0]
    assert result.determinant == int(flint_matrix(minor, p).det())
    return SimpleNamespace(rank=result.rank, rows=result.pivot_rows, columns=result.pivot_columns)


# Arithmetic


def test_is_prime_against_a_sieve():
    sieve = np.ones(5000, dtype=bool)
    sieve[:2] = False
    for d in range(2, 71):
        sieve[2 * d :: d] = False
    assert [is_prime(n) for n in range(5000)] == sieve.tolist()
    assert [n for n in range(2**23 - 21, 2**23) if is_prime(n)] == [8388587, LARGEST]
    assert not is_prime(4093 * 4093)
    assert is_prime(2**24 - 3)


@pytest.mark.parametrize("p", PRIMES)
def test_reduce_at_edge_values(p: int):
    limit, half = 2**53 - 1, p // 2
    top = limit // p * p
    values = [0, p, half, half + 1, 2**52, limit - 1, limit]
    values += [top - half - 1, top - half, top - p, top, min(top + half, limit)]
    values += [-x for x in values]
    expected = [balanced(x, p) for x in values]
    assert reduce(np.array(values), p).tolist() == expected
    assert reduce(np.array(values, dtype=float), p).tolist() == expected


def test_reduce_where_the_nearest_multiple_is_no_float():
    limit = 2**53 - 1
    moduli = [p for p in range(3, 500, 2) if limit % p > p // 2 and (limit // p + 1) % 2]
    assert moduli
    for p in moduli:
        assert reduce(np.array([limit, -limit]), p).tolist() == [limit % p - p, p - limit % p]


@settings(deadline=None)
@given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1), max_size=50), primes)
def test_reduce_against_python(values: list[int], p: int):
    assert reduce(np.array(values, dtype=float), p).tolist() == [balanced(x, p) for x in values]


def test_reduce_dtypes_shapes_and_out():
    assert reduce(np.array([True, False]), 3).tolist() == [1, 0]
    assert reduce(np.array([-128, 127], dtype=np.int8), 101).tolist() == [-27, 26]
    assert reduce(np.array([2**32 - 1], dtype=np.uint32), 5).tolist() == [0]
    assert reduce(np.array(7), 5).tolist() == 2
    assert reduce(np.zeros((3, 0)), 5).shape == (3, 0)
    big = np.arange(400 * 301).reshape(400, 301)  # several cache-sized pieces
    expected = (big + 50) % 101 - 50
    assert np.array_equal(reduce(big, 101), expected)
    target = np.full((301, 400), np.nan).T
    assert reduce(big, 101, out=target) is target
    assert np.array_equal(target, expected)
    own = big.astype(float)
    assert np.array_equal(reduce(own, 101, out=own), expected)


@pytest.mark.parametrize("p", PRIMES)
def test_fold_keeps_its_bound_at_the_largest_sums(p: int):
    bound = p // 2 + 2
    largest = field.MAX_INNER * bound**2 + bound
    values = [s * (largest - d) for s in (1, -1) for d in range(2000)]
    folded = fold(np.array(values, dtype=float), p)
    assert max(abs(folded)) <= bound
    assert [balanced(x, p) for x in folded.tolist()] == [balanced(x, p) for x in values]


@settings(deadline=None)
@given(seeds, primes, sides, st.integers(0, 60), sides, st.sampled_from(KINDS))
def test_matmul_against_python(seed: int, p: int, m: int, k: int, n: int, kind: str):
    rng = np.random.default_rng(seed)
    a, b = sample(kind, m, k, p, rng), sample("dense", k, n, p, rng)
    assert matmul(a, b, p).tolist() == python_product(a, b, p)


@pytest.mark.parametrize("inner", [511, 512, 513, 1024, 1100])
@pytest.mark.parametrize("p", [LARGEST, 8388587])
def test_matmul_is_exact_at_the_largest_entries(p: int, inner: int):
    half = p // 2
    a = np.stack([np.full(inner, half), np.full(inner, -half)]).astype(float)
    b = np.stack([np.full(inner, half), np.resize([half, -half, half], inner)], axis=1)
    assert matmul(a, b.astype(float), p).tolist() == python_product(a, b, p)


def test_matmul_batches_and_rejects():
    rng = np.random.default_rng(3)
    a = rng.integers(-50, 51, (2, 1, 4, 600)).astype(float)
    b = rng.integers(-50, 51, (3, 600, 5)).astype(float)
    product = matmul(a, b, 101)
    assert product.shape == (2, 3, 4, 5)
    assert product[1, 2].tolist() == python_product(a[1, 0], b[2], 101)
    for left, right in ((a[0, 0], b[0, :512]), (a[0, 0, 0], b[0]), (a[0, 0], b[0, :, 0])):
        with pytest.raises(ValueError, match="cannot multiply"):
            matmul(left, right, 101)


@settings(deadline=None)
@given(seeds, primes, st.integers(0, 300))
def test_inverse(seed: int, p: int, size: int):
    values = np.random.default_rng(seed).integers(1, p, size).astype(float)
    values = reduce(values, p)
    inverses = inverse(values, p)
    assert inverses.tolist() == [balanced(pow(int(x), -1, p), p) for x in values]


def test_inverse_shapes_and_zero():
    assert inverse(np.ones((2, 0, 3)), 5).shape == (2, 0, 3)
    assert inverse(np.array([[1.0, 2.0], [-1.0, -2.0]]), 5).tolist() == [[1, -2], [-1, 2]]
    with pytest.raises(ValueError, match="not invertible"):
        inverse(np.array([1.0, 0.0, 2.0]), 5)


@pytest.mark.parametrize("p", [2, 1, 0, -7, 9000, 2**23 + 9])
def test_bad_moduli_are_refused(p: int):
    a = np.ones((2, 2))
    for call in (reduce, inverse, rank, rank_profile, batched_rank):
        with pytest.raises(ValueError, match="modulus"):
            call(a, p)
    with pytest.raises(ValueError, match="modulus"):
        matmul(a, a, p)
    with pytest.raises(ValueError, match="modulus"):
        Elimination(2, p)


# Elimination


@settings(max_examples=300, deadline=None)
@given(seeds, primes, sides, sides, st.sampled_from(KINDS), st.lists(sides, max_size=3))
def test_elimination(seed: int, p: int, m: int, n: int, kind: str, cuts: list[int]):
    a = sample(kind, m, n, p, np.random.default_rng(seed))
    before = a.copy()
    # Narrow panels and stages, so that small matrices cross all of their boundaries.
    narrow_stage = mock.patch.object(elimination, "_STAGE_WIDTH", 7)
    narrow_panel = mock.patch.object(stages, "_PANEL_WIDTH", 2)
    without_squares = mock.patch.object(stages, "_factor_square", return_value=None)
    blocks = [cut for cut in cuts if cut <= n]
    with narrow_stage, narrow_panel:
        profiles = [eliminated(a, p), eliminated(a, p, blocks)]
        with without_squares:
            profiles += [eliminated(a, p), eliminated(a, p, blocks)]
    for profile in [*profiles, eliminated(a, p)]:
        check_profile(a, p, profile)
    assert profiles[2] == profiles[3]  # column by column the cuts do not even change the rows
    assert np.array_equal(a, before)


@pytest.mark.parametrize("kind", ["dense", "low rank", "sparse", "extreme"])
@pytest.mark.parametrize(
    ("m", "n"),
    [(31, 33), (65, 64), (255, 257), (256, 256), (513, 300), (270, 520), (600, 40), (40, 600)],
)
def test_elimination_across_real_boundaries(m: int, n: int, kind: str):
    a = sample(kind, m, n, LARGEST, np.random.default_rng(m * n))
    check_profile(a, LARGEST, eliminated(a, LARGEST))
    check_profile(a, LARGEST, eliminated(a, LARGEST, [n // 3, n // 2]))


@pytest.mark.parametrize("size", [256, 511, 512, 600])
@pytest.mark.parametrize("stage_width", [elimination._STAGE_WIDTH, field.MAX_INNER])
def test_largest_sums(size: int, stage_width: int):
    a = bordered_identity(size, LARGEST)
    with mock.patch.object(elimination, "_STAGE_WIDTH", stage_width):
        profile = eliminated(a, LARGEST)
    assert profile.rank == batched_rank(a, LARGEST) == size + 1
    assert profile.rows == profile.columns == [*range(size), size + 1]


@pytest.mark.parametrize("p", [LARGEST, 8388587])
def test_elimination_is_exact_at_the_largest_entries(p: int):
    a = sample("extreme", 560, 700, p, np.random.default_rng(1))
    a[:, 100:150] = a[:, :50]
    a[500:] = -a[:60]
    profile = eliminated(a, p)
    assert profile.rank == 500
    check_profile(a, p, profile)
    assert eliminated(np.full((600, 520), float(p // 2)), p).rank == 1


def test_elimination_rejects_misfit_blocks():
    with pytest.raises(ValueError, match="4 rows"):
        Elimination(4, 5).extend(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="4 rows"):
        Elimination(4, 5).extend(np.zeros(4))


@settings(deadline=None)
@given(seeds, primes, sides, sides, st.sampled_from(KINDS), st.sampled_from([0, 100]))
def test_rank_profile(seed: int, p: int, m: int, n: int, kind: str, flint_max_side: int):
    a = sample(kind, m, n, p, np.random.default_rng(seed))
    before = a.copy()
    with mock.patch.object(elimination, "_FLINT_MAX_SIDE", flint_max_side):
        profile = rank_profile(a, p)
        assert rank(a, p) == rank(a.T, p) == profile.rank == flint_matrix(a, p).rank()
    assert isinstance(profile, RankProfile)
    check_profile(a, p, profile)
    assert np.array_equal(a, before)


@pytest.mark.parametrize("flint_max_side", [0, 100])
def test_rank_profile_reduces_any_exact_integers(flint_max_side: int):
    a = np.array([[2**52, 1], [2**53 - 1, 2**53 - 2]])
    with mock.patch.object(elimination, "_FLINT_MAX_SIDE", flint_max_side):
        for p in PRIMES:
            assert rank(a, p) == rank(a.astype(float), p) == flint_matrix(a, p).rank()
        assert rank_profile(np.array([[7, 8], [0, 14]], dtype=np.int8), 7).columns == (1,)


def test_large_rank_profile():
    a = sample("dense", 400, 300, LARGEST, np.random.default_rng(5))
    a[:, 7] = 0
    before = a.copy()
    profile = rank_profile(a, LARGEST)
    check_profile(a, LARGEST, profile)
    assert profile.rank == rank(a, LARGEST) == 299
    assert np.array_equal(a, before)


def test_only_matrices_have_a_rank():
    for call in (rank, rank_profile):
        with pytest.raises(ValueError, match="matrix"):
            call(np.zeros(3), 5)
    with pytest.raises(ValueError, match="matrices"):
        batched_rank(np.zeros(3), 5)
    with pytest.raises(TypeError, match="list"):
        array_module([[1]])  # type: ignore[arg-type]


# Batches


@settings(deadline=None)
@given(
    seeds,
    primes,
    st.integers(0, 8),
    st.integers(0, 12),
    st.integers(0, 12),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
)
def test_batched_rank(seed: int, p: int, size: int, m: int, n: int, kinds: list[str]):
    rng = np.random.default_rng(seed)
    items = [sample(kinds[i % len(kinds)], m, n, p, rng) for i in range(size)]
    batch = np.array(items).reshape(size, m, n)
    before = batch.copy()
    with mock.patch.object(batched, "_CHUNK_ENTRIES", 3 * m * n):
        ranks = batched_rank(batch, p)
    assert ranks.dtype == np.int64
    assert ranks.tolist() == [flint_matrix(a, p).rank() for a in items]
    assert np.array_equal(batch, before)


def test_batched_rank_leading_axes_and_dtypes():
    rng = np.random.default_rng(8)
    batch = rng.integers(-1, 2, (2, 3, 5, 4))
    ranks = batched_rank(batch, 3)
    assert ranks.shape == (2, 3)
    assert [int(r) for r in ranks.ravel()] == [rank(a, 3) for a in batch.reshape(6, 5, 4)]
    assert batched_rank(batch[0, 0].astype(np.int8), 3).tolist() == ranks[0, 0]
    assert batched_rank(np.zeros((2, 0, 3, 4)), 3).shape == (2, 0)
    assert batched_rank(np.zeros((4, 0, 3)), 3).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("m", "n"), [(600, 5), (5, 600), (530, 520)])
def test_batched_rank_beyond_512(m: int, n: int):
    rng = np.random.default_rng(m)
    items = [sample(kind, m, n, LARGEST, rng) for kind in ("extreme", "low rank")]
    expected = [flint_matrix(a, LARGEST).rank() for a in items]
    assert batched_rank(np.array(items), LARGEST).tolist() == expected


# GPU


@pytest.mark.parametrize("kind", KINDS)
def test_cupy_arrays_give_the_same(cupy: Any, kind: str):
    rng = np.random.default_rng(11)
    for m, n in ((0, 3), (5, 0), (7, 9), (300, 280), (90, 600)):
        a = sample(kind, m, n, LARGEST, rng)
        on_gpu = cupy.asarray(a)
        assert eliminated(on_gpu, LARGEST) == eliminated(a, LARGEST)
        profile = rank_profile(on_gpu, LARGEST)
        check_profile(a, LARGEST, profile)
        assert rank(on_gpu, LARGEST) == profile.rank
        product = matmul(on_gpu, on_gpu.T, LARGEST)
        assert np.array_equal(on_host(product), matmul(a, a.T, LARGEST))
    values = rng.integers(-(2**53) + 1, 2**53, 1000)
    assert np.array_equal(on_host(reduce(cupy.asarray(values), 101)), reduce(values, 101))
    units = rng.integers(1, LARGEST // 2, 777).astype(float)
    assert np.array_equal(on_host(inverse(cupy.asarray(units), LARGEST)), inverse(units, LARGEST))
    batch = np.array([sample(k, 9, 7, LARGEST, rng) for k in KINDS])
    ranks = batched_rank(cupy.asarray(batch), LARGEST)
    assert np.array_equal(on_host(ranks), batched_rank(batch, LARGEST))


def test_batched_ranks_are_done_in_pieces_where_a_device_has_no_more_memory(device: Device):
    rng = np.random.default_rng(5)
    batch = rng.integers(-1, 2, (300, 6, 5))
    on_device = device.asarray(batch)
    device.room = 30_000
    assert on_host(batched_rank(on_device, 3)).tolist() == batched_rank(batch, 3).tolist()
    assert device.refused > 1
    before = device.transfers.arrays, device.refused
    device.free = 60_000
    assert on_host(batched_rank(on_device, 3)).tolist() == batched_rank(batch, 3).tolist()
    assert (device.transfers.arrays, device.refused) == (before[0] + 1, before[1])
