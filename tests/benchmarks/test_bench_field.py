"""Ranks over GF(p)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import nmod_mat

from tests.benchmarks.convention import Reference, measure
from theorycheck.field.batched import batched_rank
from theorycheck.field.elimination import rank, rank_profile

pytestmark = pytest.mark.benchmark(group="Exact ranks")

P = 8388593
BATCH = 20_000


def balanced_entries(shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(-(P // 2), P // 2 + 1, shape).astype(float)


@pytest.mark.parametrize("n", [1000, 2000])
def test_rank_of_a_random_square_matrix(benchmark: Any, n: int):
    a = balanced_entries((n, n), seed=n)
    matrix = nmod_mat(n, n, a.astype(int).ravel().tolist(), P)
    flint = Reference("python-flint, nmod_mat.rank, conversion excluded", matrix.rank)
    # Elimination takes (2/3) n^3 operations, a product 2 n^3.
    product = Reference(
        "numpy, (2/3) n^3 operations at the rate of its product of that size",
        lambda: a @ a,
        share=3,
        rounds=7,
    )
    case = f"rank modulo p of a random {n} x {n}"
    own, exact, _ = measure(benchmark, case, lambda: rank(a, P), flint, product, rounds=9)
    assert own == exact == n


@pytest.mark.parametrize("deficient", [False, True], ids=["random", "mixed"])
def test_ranks_of_20000_small_matrices(benchmark: Any, deficient: bool):
    batch = balanced_entries((BATCH, 9, 9), seed=9)
    if deficient:  # two thirds, of ranks 3, 5 and 6
        batch[::3, :, 5:] = batch[::3, :, :4]
        batch[1::3, 3:6] = batch[1::3, :3]
        batch[1::9, 6:] = 0

    def with_flint() -> list[int]:
        entries = batch.astype(int).reshape(len(batch), -1).tolist()
        return [nmod_mat(9, 9, matrix, P).rank() for matrix in entries]

    def one_by_one() -> list[int]:
        return [int(np.linalg.matrix_rank(matrix)) for matrix in batch]

    kind = "two thirds rank-deficient" if deficient else "random"
    own, *others = measure(
        benchmark,
        f"{BATCH:,} ranks modulo p of 9 x 9, {kind}",
        lambda: batched_rank(batch, P),
        Reference("python-flint, loop over nmod_mat.rank, conversion included", with_flint),
        Reference("numpy, loop over linalg.matrix_rank", one_by_one),
        Reference("numpy, linalg.matrix_rank of the batch", lambda: np.linalg.matrix_rank(batch)),
        rounds=15,
    )
    for ranks in others:
        assert own.tolist() == list(ranks)


@pytest.mark.parametrize("side", [9, 32, 64, 65, 128])
def test_rank_profile_of_a_small_matrix(benchmark: Any, side: int):
    """Around the size at which ``rank_profile`` turns from flint to its own elimination."""
    a = balanced_entries((side, side), seed=side)

    def echelon() -> int:
        return nmod_mat(side, side, a.astype(int).ravel().tolist(), P).rref()[1]

    profile, expected = measure(
        benchmark,
        f"rank profile modulo p, {side} x {side}",
        lambda: rank_profile(a, P),
        Reference("python-flint, one nmod_mat.rref, conversion included", echelon, rounds=100),
        rounds=200,
    )
    assert profile.rank == expected == side
