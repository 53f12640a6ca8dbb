"""The bench: linear systems in both kinds of numbers, and Newton's steps on what was fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.constructions.arithmetic import Arithmetic, Floats, Rationals, as_fractions
from theorycheck.constructions.bench import Bench
from theorycheck.problem.masks import entries_of

BOTH: dict[str, Arithmetic] = {"floats": Floats(2**30), "rationals": Rationals()}


def floats(values: Any) -> np.ndarray:
    return as_fractions(values).astype(float) if values.dtype == object else values


@pytest.mark.parametrize("name", BOTH)
def test_linear_algebra_of_both(name: str):
    arithmetic, rng = BOTH[name], np.random.default_rng(0)
    for rows, columns, rank in ((3, 3, 3), (2, 4, 2), (4, 2, 2), (4, 4, 2), (3, 3, 0)):
        left, right = rng.integers(-5, 6, (rows, rank)), rng.integers(-5, 6, (rank, columns))
        matrix, solution = left @ right, rng.integers(-5, 6, columns)
        exact, rank = arithmetic.numbers(matrix), int(np.linalg.matrix_rank(matrix))
        found = arithmetic.solve(exact, arithmetic.numbers(matrix @ solution))
        assert np.allclose(matrix @ floats(found), matrix @ solution)
        assert len(arithmetic.independent(exact)) == rank
        one, other = arithmetic.factors(exact)
        assert one.shape == (rows, rank)
        assert np.allclose(floats(one) @ floats(other), matrix)
    square = arithmetic.numbers([[2, 1], [1, 1]])
    inverse = arithmetic.inverse(square)
    assert inverse is not None
    assert np.allclose(floats(inverse), [[1, -1], [-1, 2]])
    assert arithmetic.inverse(arithmetic.numbers([[1, 1], [1, 1]])) is None


def test_residuals_of_rationals_are_0_only_if_they_are():
    exact = Rationals()
    tiny = exact.numbers([2.0**-1074]) * exact.numbers([2.0**-1074])
    assert exact.relative(tiny, exact.numbers([1])) > 0
    assert exact.relative(0 * tiny, exact.numbers([1])) == 0
    assert exact.relative(exact.numbers([1]), exact.numbers([0])) == 1


def test_refining_ends_at_a_match_and_is_never_worse():
    network, rng = tc.LinearFeedforward([3, 4, 2]), np.random.default_rng(1)
    shapes = network.weight_shapes.items()
    weights = {name: rng.normal(size=shape) for name, shape in shapes}
    x = rng.normal(size=(3, 3))
    wanted = weights["W2"] @ weights["W1"] @ x
    off = {name: weight + 1e-5 * rng.normal(size=weight.shape) for name, weight in weights.items()}
    arithmetic = BOTH["floats"]
    bench = Bench(network, arithmetic, off, x, wanted, None, tc.Effort().start(), lambda _: None)
    bench.fitted = entries_of({name: np.ones(shape) for name, shape in shapes})
    assert bench.residual > 1e-7
    bench.refine()
    assert bench.residual < 1e-12
    bench.weights, bench.fitted = dict(off), [("W1", (0, 0))]  # which alone cannot match
    before = bench.residual
    bench.refine()
    assert bench.residual <= before
