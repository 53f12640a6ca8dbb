"""A Jacobian, or a random compression of it from both sides whose rank is never larger.

From the left: random combinations of rows, with normal factors. From the right: every column times
a normal factor, a Fourier transform of the rows, and some of its coefficients. For almost all
factors the rank of what is left is that of the Jacobian, or the size of the sketch where that is
smaller. The method is that of Halko, Martinsson and Tropp (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .products import Products

Floats = NDArray[np.float64]
Fold: TypeAlias = Callable[[Floats], Floats]  # compresses rows
MATRICES = 4  # of the size of the Jacobian are in memory together
LARGEST = 4096  # side of a sketch that nobody asked for


@dataclass(frozen=True)
class Plan:
    """The sides of the matrix that is computed, of a Jacobian of `equations` x `parameters`."""

    equations: int
    parameters: int
    rows: int
    columns: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is compressed."""
        return (self.rows, self.columns) == (self.equations, self.parameters)

    @property
    def is_combined(self) -> bool:
        """Whether rows are combinations of outputs."""
        return self.rows < self.equations


def plan(equations: int, parameters: int, size: int | None, memory_limit: float) -> Plan:
    """The whole Jacobian where it fits into memory and no `size` is asked for, else a sketch.

    >>> plan(100, 200, None, 2**30).is_whole
    True
    >>> plan(100, 10**9, None, 2**30)
    Plan(equations=100, parameters=1000000000, rows=100, columns=200)
    """
    if size is None:
        if 8 * MATRICES * equations * parameters <= memory_limit:
            return Plan(equations, parameters, equations, parameters)
        size = max(1, min(LARGEST, int((memory_limit / 8 / MATRICES) ** 0.5)))
    rows, columns = min(equations, size), min(parameters, size)
    # More than twice the other side tells nothing new, and half of all columns may as well be all.
    rows, columns = min(rows, 2 * columns), min(columns, 2 * rows)
    return Plan(equations, parameters, rows, parameters if 2 * columns > parameters else columns)


@dataclass(frozen=True, eq=False)
class Compressed:
    """The matrix of a plan, and the lengths of rows and columns of the Jacobian.

    Of rows that are combined there is no length (None); of columns it is that in the combinations,
    which is 0 exactly if the column is, for almost all factors.
    """

    matrix: Floats
    row_lengths: Floats | None
    column_lengths: Floats


def compress(
    blocks: Iterable[Floats], sizes: Plan, fold: Fold, tell: Callable[[int], None]
) -> Compressed:
    """The matrix of a plan from blocks of rows; `tell` is told how many are done."""
    matrix = np.empty((sizes.rows, sizes.columns))
    squares, lengths = np.zeros(sizes.parameters), np.empty(sizes.rows)
    start = 0
    for rows in blocks:
        end = start + len(rows)
        lengths[start:end] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        squares += np.einsum("ij,ij->j", rows, rows)
        matrix[start:end] = fold(rows)
        start = end
        tell(end)
    return Compressed(matrix, None if sizes.is_combined else lengths, np.sqrt(squares))


def rows_together(
    products: Products, sizes: Plan, generator: np.random.Generator
) -> Iterator[Floats]:
    """The rows of a plan, or combinations of them, as many at a time as fit."""
    for start in range(0, sizes.rows, products.at_once):
        count = min(products.at_once, sizes.rows - start)
        if sizes.is_combined:
            normal = generator.standard_normal((count, sizes.equations))
            yield products.times(normal / sizes.rows**0.5)
        else:
            yield products.times(np.eye(count, sizes.equations, start))


def folding(sizes: Plan, generator: np.random.Generator) -> Fold:
    """What compresses rows of `parameters` entries to `columns`."""
    if sizes.columns == sizes.parameters:
        return lambda rows: rows
    from scipy.fft import rfft

    factors = generator.standard_normal(sizes.parameters)
    # Real and imaginary parts of a coefficient, but for the first.
    count = -(-sizes.columns // 2)
    places = 1 + generator.choice((sizes.parameters - 1) // 2, size=count, replace=False)

    def fold(rows: Floats) -> Floats:
        found: NDArray[np.complex128] = rfft(rows * factors, axis=1, norm="ortho")  # type: ignore
        parts = np.ascontiguousarray(found[:, places]).view(np.float64)[:, : sizes.columns]
        return parts * (sizes.parameters / sizes.columns) ** 0.5

    return fold
