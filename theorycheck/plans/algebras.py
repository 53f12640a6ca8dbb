"""Numbers that a plan is carried out in: residues modulo a prime, and floats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..field.arithmetic import matmul, reduce, scalar_inverse

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
_SMALLEST = 1e-9  # a singular value below this part of the largest counts as 0


class Algebra(Protocol):
    """What a plan needs to know about numbers, arrays of which are float64 arrays."""

    rng: np.random.Generator

    def product(self, left: Numbers, right: Numbers) -> Numbers:
        """The product of matrices, batched over leading axes."""
        ...

    def normal(self, values: Numbers) -> Numbers:
        """Sums of a few numbers as numbers."""
        ...

    def draw(self, shape: tuple[int, ...]) -> Numbers:
        """Random numbers."""
        ...

    def solve(self, matrix: Numbers, right: Numbers) -> tuple[Numbers, Flags]:
        """A random x, and which rows of matrix x = right it solves: all if they are independent."""
        ...


@dataclass
class Residues:
    """Balanced residues modulo a prime.

    >>> residues = Residues(7, np.random.default_rng(0))
    >>> residues.solve(np.array([[2.0]]), np.array([1.0]))
    (array([-3.]), array([ True]))
    >>> residues.solve(np.array([[2.0], [3.0]]), np.array([1.0, 1.0]))
    (array([-3.]), array([ True, False]))
    """

    prime: int
    rng: np.random.Generator = field(repr=False)

    def product(self, left: Numbers, right: Numbers) -> Numbers:
        """The product of matrices, batched over leading axes."""
        return matmul(left, right, self.prime)

    def normal(self, values: Numbers) -> Numbers:
        """Balanced residues of sums."""
        return reduce(values, self.prime)

    def draw(self, shape: tuple[int, ...]) -> Numbers:
        """Uniform residues."""
        return self.normal(self.rng.integers(self.prime, size=shape).astype(np.float64))

    def solve(self, matrix: Numbers, right: Numbers) -> tuple[Numbers, Flags]:
        """A random solution of the rows independent of those before, and which they are."""
        p, width = self.prime, matrix.shape[1]
        rows = np.column_stack([matrix, right]).astype(np.int64) % p
        met, pivots = np.zeros(len(rows), dtype=bool), []
        for k in range(len(rows)):
            places = np.flatnonzero(rows[k, :width])
            if not len(places):
                continue
            column = int(places[0])
            rows[k] = rows[k] * scalar_inverse(int(rows[k, column]), p) % p
            factors = rows[:, column].copy()
            factors[k] = 0
            rows = (rows - factors[:, None] * rows[k]) % p
            met[k] = True
            pivots.append(column)
        x = self.draw((width,))
        x[pivots] = 0
        free = matmul(reduce(rows[met, :width], p), x[:, None], p)
        x[pivots] = rows[met, width] - free[:, 0]
        return self.normal(x), met


@dataclass
class Floats:
    """Floats, drawn from the normal distribution.

    >>> floats = Floats(np.random.default_rng(0))
    >>> floats.solve(np.array([[2.0]]), np.array([1.0]))
    (array([0.5]), array([ True]))
    """

    rng: np.random.Generator = field(repr=False)

    def product(self, left: Numbers, right: Numbers) -> Numbers:
        """The product of matrices, batched over leading axes."""
        return left @ right

    def normal(self, values: Numbers) -> Numbers:
        """The values."""
        return values

    def draw(self, shape: tuple[int, ...]) -> Numbers:
        """Normal numbers."""
        return self.rng.normal(size=shape)

    def solve(self, matrix: Numbers, right: Numbers) -> tuple[Numbers, Flags]:
        """A random solution, of all rows if they are independent, else of none."""
        x, n_rows = self.draw(matrix.shape[1:]), len(matrix)
        if not n_rows:
            return x, np.ones(0, dtype=bool)
        values = np.linalg.svd(matrix, compute_uv=False)
        if n_rows > matrix.shape[1] or values[-1] <= _SMALLEST * values[0]:
            return x, np.zeros(n_rows, dtype=bool)
        change = np.linalg.lstsq(matrix, right - matrix @ x, rcond=None)[0]
        return x + change, np.ones(n_rows, dtype=bool)
