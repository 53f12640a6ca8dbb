"""Speed of ranks over GF(p), each next to its reference measured in the same run.

Run with one BLAS thread:
OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_bench_field.py --benchmark-only
Ratios are in ``extra_info`` (``--benchmark-json``); no time is asserted.
"""

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from flint import nmod_mat

from theorycheck.exact.batched import batched_rank
from theorycheck.exact.elimination import rank, rank_profile

P = 8388593


def median_seconds(call: Callable[[], object], rounds: int) -> float:
    """Median wall-clock time of ``call`` over ``rounds`` runs, after one run to warm up."""
    call()
    times: list[float] = []
    for _ in range(rounds):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def balanced_entries(shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(-(P // 2), P // 2 + 1, shape).astype(float)


def record(benchmark: Any, **references: float) -> None:
    """Keep each reference's seconds and how they compare with the benchmarked median."""
    benchmark.extra_info["blas_threads"] = os.environ.get("OPENBLAS_NUM_THREADS", "default")
    if benchmark.disabled:
        return
    own = benchmark.stats.stats.median
    for name, seconds in references.items():
        benchmark.extra_info[f"{name}_seconds"] = seconds
        benchmark.extra_info[f"{name}_over_own"] = seconds / own
        benchmark.extra_info[f"own_over_{name}"] = own / seconds


@pytest.mark.parametrize("n", [1000, 2000])
def test_rank_of_a_random_square_matrix(benchmark: Any, n: int):
    a = balanced_entries((n, n), seed=n)
    matrix = nmod_mat(n, n, a.astype(int).ravel().tolist(), P)
    flint = median_seconds(matrix.rank, 5)
    product = median_seconds(lambda: a @ a, 7)
    assert benchmark.pedantic(rank, (a, P), rounds=9, warmup_rounds=1) == n
    # Elimination takes (2/3) n^3 operations, a product 2 n^3.
    record(benchmark, flint=flint, dgemm=product / 3)


@pytest.mark.parametrize("deficient", [False, True], ids=["random", "mixed"])
def test_ranks_of_20000_small_matrices(benchmark: Any, deficient: bool):
    batch = balanced_entries((20_000, 9, 9), seed=9)
    if deficient:  # two thirds, of ranks 3, 5 and 6
        batch[::3, :, 5:] = batch[::3, :, :4]
        batch[1::3, 3:6] = batch[1::3, :3]
        batch[1::9, 6:] = 0

    def with_flint() -> list[int]:
        entries = batch.astype(int).reshape(len(batch), -1).tolist()
        return [nmod_mat(9, 9, matrix, P).rank() for matrix in entries]

    flint = median_seconds(with_flint, 3)
    ranks = benchmark.pedantic(batched_rank, (batch, P), rounds=15, warmup_rounds=1)
    assert ranks.tolist() == with_flint()
    record(benchmark, flint=flint)


@pytest.mark.parametrize("side", [9, 32, 64, 65, 128])
def test_rank_profile_of_a_small_matrix(benchmark: Any, side: int):
    """Around the size at which ``rank_profile`` turns from flint to its own elimination."""
    a = balanced_entries((side, side), seed=side)
    assert benchmark(rank_profile, a, P).rank == side
