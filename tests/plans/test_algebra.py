"""Linear systems, ranks and products are the same in all algebras, where numbers are integers."""

import numpy as np
import pytest
import sympy

from tests.shared.plans import ALGEBRAS, PRIME
from theorycheck.plans.algebra import Rationals, Reals, Residues

NAMES = [type(algebra).__name__ for algebra in ALGEBRAS]


def is_zero(algebra, values):
    values = np.atleast_1d(algebra.reduced(values))
    if isinstance(algebra, Reals):
        return bool((np.abs(values) < 1e-9).all())
    return not values.any()


def dependent(rng, n, k, rank):
    """An integer matrix of a rank, whose rows depend on others at random."""
    return rng.integers(-5, 6, (n, rank)) @ rng.integers(-5, 6, (rank, k))


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=NAMES)
def test_solutions_keep_what_is_free_and_tell_the_rank(algebra):
    rng = np.random.default_rng(0)
    for _ in range(40):
        n, k, rank = (int(x) for x in rng.integers(1, 6, 3))
        integers = dependent(rng, n, k, rank)
        matrix, start = algebra.array(integers), algebra.draw(rng, (k,))
        right = algebra.product(matrix, algebra.draw(rng, (k,)))
        found = algebra.solve(matrix, right, start)
        assert found.values is not None
        assert found.rank == algebra.rank(matrix) == sympy.Matrix(integers.tolist()).rank()
        assert is_zero(algebra, algebra.product(matrix, found.values) - right)
        if not isinstance(algebra, Reals):
            assert np.count_nonzero(found.values != start) <= found.rank
        again = algebra.solve(matrix, right, found.values).values
        assert again is not None
        assert is_zero(algebra, again - found.values)


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=NAMES)
def test_what_contradicts_itself_has_no_solution(algebra):
    matrix = algebra.array([[1, 2], [2, 4]])
    found = algebra.solve(matrix, algebra.array([1, 3]), algebra.array([0, 0]))
    assert found.values is None
    assert found.rank == 1
    nothing = algebra.array(np.zeros((2, 0), dtype=int))
    assert algebra.solve(nothing, algebra.array([1, 0]), nothing[0]).values is None
    assert algebra.solve(nothing, algebra.array([0, 0]), nothing[0]).rank == 0


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=NAMES)
def test_rows_independent_of_those_above(algebra):
    rng = np.random.default_rng(1)
    for _ in range(40):
        n, k, rank = (int(x) for x in rng.integers(1, 6, 3))
        integers = dependent(rng, n, k, rank)
        ranks = [0] + [sympy.Matrix(integers[: i + 1].tolist()).rank() for i in range(n)]
        assert algebra.independent(algebra.array(integers)).tolist() == np.diff(ranks).tolist()
    assert algebra.independent(algebra.array(np.zeros((2, 0), dtype=int))).tolist() == [False] * 2


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=NAMES)
def test_products_of_vectors_matrices_and_batches(algebra):
    rng = np.random.default_rng(2)
    left, right, vector = (rng.integers(-9, 10, shape) for shape in ((4, 2, 3), (4, 3, 5), (3,)))
    pairs = [(left, right), (left[0], right[0]), (left[0], vector), (vector, right[0]),
             (vector, vector)]  # fmt: skip
    for one, other in pairs:
        found = algebra.product(algebra.array(one), algebra.array(other))
        assert is_zero(algebra, found - algebra.array(one @ other))


def test_residues_are_balanced_and_long_sums_exact():
    algebra, rng = Residues(PRIME), np.random.default_rng(3)
    left, right = algebra.draw(rng, (2, 3000)), algebra.draw(rng, (3000,))
    assert np.abs(left).max() <= PRIME // 2
    exact = [sum(int(a) * int(b) for a, b in zip(row, right, strict=True)) for row in left]
    assert (
        (algebra.product(left, right) - np.array([x % PRIME for x in exact])) % PRIME == 0
    ).all()


def test_rationals_are_exact():
    algebra = Rationals()
    found = algebra.solve(algebra.array([[3]]), algebra.array([1]), algebra.array([0]))
    assert found.values is not None
    assert str(found.values[0]) == "1/3"


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=NAMES)
def test_what_lacks_little_is_close_in_floats_alone(algebra):
    wanted = algebra.array([2, -1])
    assert algebra.are_close(algebra.array([0, 0]), wanted)
    assert not algebra.are_close(algebra.array([0, 1]), wanted)
    assert algebra.are_close(algebra.array([0, 1]), 2 * 10**6 * wanted) == isinstance(
        algebra, Reals
    )
