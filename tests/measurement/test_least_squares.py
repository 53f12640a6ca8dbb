"""Affine systems decided in batches, and measured ranks: right or undecided, never wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import fmpz_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from theorycheck.measurement.batched_linalg import chunks, inverse_upper, measured_rank, reduce
from theorycheck.measurement.least_squares import MATCH, NO_MATCH, UNDECIDED, decide_affine

seeds = st.integers(0, 2**32 - 1)
SHAPES = [(12, 9), (9, 9), (5, 8), (3, 1), (1, 1), (1, 3), (20, 19)]


def conditioned(rng: Any, batch: int, rows: int, columns: int, condition: float, rank: int):
    """Random matrices whose nonzero singular values run from 1 down to 1 / condition."""
    left = np.linalg.qr(rng.normal(size=(batch, rows, rows)))[0][:, :, :rank]
    right = np.linalg.qr(rng.normal(size=(batch, columns, columns)))[0][:, :rank]
    values = np.geomspace(1, 1 / condition, rank)
    return (left * values) @ right, left


@pytest.mark.parametrize("shape", SHAPES)
def test_random_systems_agree_with_lstsq(shape: tuple[int, int]):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(400, *shape))
    b = rng.normal(size=(400, shape[0]))
    b[::2] = (a @ rng.normal(size=(400, shape[1], 1)))[::2, :, 0]
    fits = decide_affine(a, b)
    distances = np.empty(len(a))
    for i, (matrix, vector) in enumerate(zip(a, b, strict=True)):
        theta = np.linalg.lstsq(matrix, vector, rcond=None)[0]
        distances[i] = np.linalg.norm(matrix @ theta - vector) / np.linalg.norm(vector)
    assert fits.decision.tolist() == np.where(distances < 1e-10, MATCH, NO_MATCH).tolist()
    assert ((fits.residual < 1e-10) == fits.matched).all()
    assert not fits.undecided.any()


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(1, 7), st.integers(1, 7), st.integers(1, 7), st.integers(0, 12))
def test_integer_systems_of_any_rank_agree_with_exact_ranks(seed, rows, columns, rank, spread):
    rng = np.random.default_rng(seed)
    a = rng.integers(-9, 10, (8, rows, rank)) @ rng.integers(-9, 10, (8, rank, columns))
    a[rng.random(a.shape) < 0.1] = 0
    b = (a @ rng.integers(-9, 10, (8, columns, 1)))[:, :, 0]
    b[::2, rng.integers(rows)] += rng.integers(-1, 2)
    scales = 10.0 ** rng.uniform(-spread / 2, spread / 2, rows)
    fits = decide_affine(a * scales[:, None], b * scales)
    ranks = measured_rank(a * scales[:, None])
    for i in range(len(a)):
        exact = fmpz_mat(a[i].tolist()).rank()
        both = fmpz_mat(np.column_stack([a[i], b[i]]).tolist()).rank()
        right = MATCH if both == exact else NO_MATCH
        assert fits.decision[i] in (right, UNDECIDED)
        assert ranks[i] in (exact, None)
    if spread < 3:
        assert not fits.undecided.any()
        assert (ranks.rank >= 0).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", [1e5, 1e7, 1e9, 1e11, 1e13, 1e15])
@pytest.mark.parametrize("lost", [0, 2])
def test_bad_conditions_are_right_or_undecided(shape, condition: float, lost: int):
    rng = np.random.default_rng(1)
    rank = max(1, min(shape) - lost)
    a, left = conditioned(rng, 200, shape[0], shape[1], condition, rank)
    inside = (a @ rng.normal(size=(200, shape[1], 1)))[:, :, 0]
    fits = decide_affine(a, inside)
    assert not (fits.decision == NO_MATCH).any()
    outside = rng.normal(size=inside.shape)
    outside -= (left @ (left.swapaxes(1, 2) @ outside[:, :, None]))[:, :, 0]
    for size in (1e-6, 1.0, 1e6):
        if rank < shape[0]:
            assert not decide_affine(a, inside + size * outside).matched.any()
    if condition <= 1e9:
        assert (fits.matched).all()
        fits = decide_affine(a, outside)
        assert rank == shape[0] or (fits.decision == NO_MATCH).mean() > 0.95
    ranks = measured_rank(a)
    if condition <= 1e11:  # beyond, rounding could have made the smallest values
        assert set(ranks.rank.tolist()) <= {rank, -1}
    if condition <= 1e7:
        assert (ranks.rank == rank).all()


def test_odd_systems():
    a = np.zeros((5, 3, 2))
    b = np.zeros((5, 3))
    b[1, 0] = 1  # nothing reaches it
    a[2:] = np.array([[1.0, 0], [0, 1], [1, 1]])
    a[3, 0, 0] = np.nan
    b[4] = [1, np.inf, 0]
    fits = decide_affine(a, b)
    assert fits.decision.tolist() == [MATCH, NO_MATCH, MATCH, UNDECIDED, UNDECIDED]
    assert decide_affine(a[:, :, :0], b).decision[:2].tolist() == [MATCH, NO_MATCH]
    assert len(decide_affine(a[:0], b[:0]).decision) == 0


def test_a_row_that_is_nothing_but_rounding_is_undecided():
    a = np.array([[[1.0, 2], [1e-16, -1e-17], [0.5, 1]]])
    assert decide_affine(a, np.array([[1.0, 1e-17, 0.5]])).undecided.all()
    assert measured_rank(a)[0] is None


def test_planted_an_answer_by_residual_alone_is_caught():
    """Matrices of rank 2 whose rounding errors a naive solve takes for a third direction."""
    rng = np.random.default_rng(2)
    a, _ = conditioned(rng, 50, 3, 3, 10, 2)
    a += 1e-15 * rng.normal(size=a.shape)
    b = rng.normal(size=(50, 3))
    naive = np.linalg.solve(a, b[:, :, None])
    relative = np.linalg.norm(a @ naive - b[:, :, None], axis=(1, 2)) / np.linalg.norm(naive)
    assert (relative < 1e-14).all()  # as good as can be
    fits = decide_affine(a, b)
    assert not fits.matched.any()
    assert (fits.decision == NO_MATCH).mean() > 0.7


def test_gaps_are_reported():
    values = np.array([[1, 0.5, 1e-3], [1, 0.5, 1e-11], [1, 0.5, 0]])
    rng = np.random.default_rng(3)
    left, right = (np.linalg.qr(rng.normal(size=(3, 3, 3)))[0] for _ in range(2))
    ranks = measured_rank((left * values[:, None]) @ right)
    assert [ranks[i] for i in range(len(ranks))] == [3, None, 2]
    assert (ranks.gap > 1e4).tolist() == [True, False, True]
    assert measured_rank(np.zeros((2, 3, 4))).rank.tolist() == [0, 0]
    assert measured_rank(np.zeros((2, 0, 4))).rank.tolist() == [0, 0]


def test_kernels_agree_with_lapack():
    rng = np.random.default_rng(4)
    top, below = rng.normal(size=(3, 5, 40)), rng.normal(size=(4, 40))
    block = np.zeros((7, 5, 40))
    block[:3] = top
    block[np.arange(3, 7), np.arange(4)] = below
    matrices = np.moveaxis(block, -1, 0).copy()
    reduce(block, 4, np, below=3)
    triangle = np.moveaxis(block, -1, 0)[:, :4, :4]
    reference = np.linalg.qr(matrices[:, :, :4])[1]
    np.testing.assert_allclose(np.abs(triangle), np.abs(reference), atol=1e-13)
    inverse = np.moveaxis(inverse_upper(block[:4, :4], np), -1, 0)
    np.testing.assert_allclose(
        inverse @ triangle, np.broadcast_to(np.eye(4), (40, 4, 4)), atol=1e-9
    )
    assert sum(part.stop - part.start for part in chunks(10**5, 7, np)) == 10**5
