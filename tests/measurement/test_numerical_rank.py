"""Ranks from singular values, and what a decomposition tells of columns: without torch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theorycheck.measurement.modules.directions import decompose, independent, redundant
from theorycheck.measurement.modules.sketches import plan
from theorycheck.measurement.modules.spectrum import spectrum


def integer_matrix(rows: int, columns: int, rank: int, seed: int) -> np.ndarray:
    """A matrix of small integers of that rank at most, with some columns 0."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-3, 4, (rows, rank)), rng.integers(-3, 4, (rank, columns))
    return (left @ (right * (rng.random(columns) < 0.8))).astype(float)


def exact_rank(matrix: np.ndarray) -> int:
    """By fractions of integers."""
    from sympy import Matrix

    return Matrix(*matrix.shape, matrix.astype(int).ravel().tolist()).rank() if matrix.size else 0


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 4), st.integers(0, 99))


@given(SHAPES)
def test_rank_basis_and_redundant_columns_are_those_of_exact_arithmetic(shape):
    matrix = integer_matrix(*shape)
    found = decompose(matrix)
    known = spectrum(found.values, max(matrix.shape), 0.0)
    rank = exact_rank(matrix)
    assert known.rank == rank
    row_space = found.row_space(rank)
    without = [np.delete(matrix, j, axis=1) for j in range(matrix.shape[1])]
    assert redundant(row_space, known.floor).tolist() == [exact_rank(m) == rank for m in without]
    basis = independent(row_space)
    assert basis.sum() == rank == exact_rank(matrix[:, basis])


@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (12, 12)])
def test_singular_values_are_those_of_numpy(shape):
    matrix = np.random.default_rng(0).standard_normal(shape)
    found = decompose(matrix)
    assert np.allclose(found.values, np.linalg.svd(matrix, compute_uv=False))
    space = found.row_space(min(shape))
    assert np.allclose(space.T @ space, np.eye(min(shape)))
    assert np.allclose(matrix @ space @ space.T, matrix)


@pytest.mark.parametrize(
    ("values", "noise", "rank"),
    [
        ([], 0.0, 0),
        ([0.0, 0.0], 0.0, 0),
        ([1.0, 0.5], 0.0, 2),
        ([1.0, 1e-9], 0.0, 2),  # nothing between it and rounding
        ([1.0, 1e-14], 0.0, None),  # above the tolerance by little, and as steep as what follows
        ([1.0, 0.9, 1e-4, 1e-16], 0.0, 3),
        ([1.0, 1e-4, 1e-8, 1e-12, 1e-16], 0.0, None),  # no gap is steeper than the others
        ([1.0, 1e-3, 1e-6, 1e-9, 1e-12], 0.0, 5),
        ([1.0, 0.1, 1e-2], 1e-4, None),  # rounding is seen to be large
        ([1.0, 0.1, 1e-2], 1e-6, 3),
        ([1e-17, 1e-18], 1e-17, 0),
        ([1e-17, 1e-18], 1e-30, 2),
    ],
)
def test_a_rank_is_told_where_the_gap_is_clear(values, noise, rank):
    assert spectrum(values, 4, noise).rank == rank


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(10, 40))
def test_a_sketch_keeps_to_its_size_and_to_memory(equations, parameters, size, bits):
    by_size = plan(equations, parameters, size, 2**30)
    assert by_size.rows <= min(size, equations)
    assert by_size.columns <= min(2 * size, parameters)
    by_memory = plan(equations, parameters, None, 2**bits)
    if by_memory.is_whole and by_memory.rows > 1 and by_memory.columns > 2:
        assert 8 * 4 * equations * parameters <= 2 ** (bits + 1)
