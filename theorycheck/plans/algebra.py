"""The arithmetic that a plan is carried out in: residues modulo a prime, rationals, or floats.

A matrix is a NumPy array of numbers of the algebra. Sums, differences and products of entries are
NumPy's own, then `reduced`; whatever solves a system is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import matmul, reduce
from ..problem.masks import Mask

Matrix: TypeAlias = NDArray[Any]
_MOST_DRAWN = 99  # rationals are drawn as integers up to this
_CLOSE = 1e-6  # floats that lack so little are close
# What an echelon form modulo a prime takes on a slow machine, in seconds: to and from python-flint,
# and the elimination, in rows x columns x the lesser of both.
_ENTRY_SECONDS, _STEP_SECONDS = 1e-6, 1e-10


class Solution(NamedTuple):
    """Values of the unknowns, None if there are none, and the rank of the system."""

    values: Matrix | None
    rank: int


class Algebra(ABC):
    """Numbers in which linear systems are solved, of exact ones none that takes too long."""

    dtype: Any
    deadline = NEVER

    def array(self, values: Any) -> Matrix:
        """Integers, or numbers of the algebra, as a matrix or vector of it."""
        return np.array(values, dtype=self.dtype)

    def reduced(self, values: Matrix) -> Matrix:
        """Sums of a few numbers, or of products of two, in the form that the algebra keeps."""
        return values

    def product(self, left: Matrix, right: Matrix) -> Matrix:
        """The product of two matrices, or of a matrix and a vector; batched over leading axes."""
        return left @ right

    def are_close(self, rest: Matrix, wanted: Matrix) -> bool:
        """Whether what lacks, beside what is wanted, is 0; in floats small."""
        return not rest.any()

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Matrix:
        """Random numbers."""

    @abstractmethod
    def solve(self, matrix: Matrix, right: Matrix, start: Matrix) -> Solution:
        """A solution of `matrix` x = `right`, unknowns that are free being as in `start`.

        `matrix` is (n, k), `right` (n,), `start` (k,).
        """

    @abstractmethod
    def independent(self, matrix: Matrix) -> Mask:
        """Which rows of a matrix are no combination of those above them."""

    def afford(self, rows: int, columns: int) -> None:
        """Raise `OutOfTimeError` before a system of this size, modulo a prime, that takes too long.

        Exact ranks and solutions begin so; a large system asks before it is even written down.
        """
        each = _ENTRY_SECONDS + min(rows, columns) * _STEP_SECONDS
        self.deadline.afford(rows * columns * each, f"{rows} linear equations of a plan")

    def rank(self, matrix: Matrix) -> int:
        """The rank of a matrix."""
        n, k = matrix.shape
        return self.solve(matrix, self.array(np.zeros(n, int)), self.array(np.zeros(k, int))).rank


class _Exact(Algebra):
    """An algebra with a reduced echelon form by python-flint."""

    @abstractmethod
    def _flint(self, matrix: Matrix) -> Any:
        """The matrix as one of python-flint."""

    def _array(self, entries: Any, shape: tuple[int, int]) -> Matrix:
        """The entries of a matrix of python-flint, row by row."""
        return np.array(list(entries), dtype=self.dtype).reshape(shape)

    def _echelon(self, matrix: Matrix) -> tuple[Matrix, list[int]]:
        """The rows that are not 0 of the reduced echelon form, and the columns of their pivots."""
        self.afford(*matrix.shape)
        echelon, rank = self._flint(matrix).rref()
        rows = self._array(echelon.entries(), matrix.shape)[:rank]
        return rows, [int(np.flatnonzero(row)[0]) for row in rows]

    def solve(self, matrix: Matrix, right: Matrix, start: Matrix) -> Solution:
        n, k = matrix.shape
        if n == 0 or k == 0:
            return Solution(start.copy() if not right.any() else None, 0)
        rest = self.reduced(right - self.product(matrix, start))
        rows, pivots = self._echelon(np.column_stack([matrix, rest]))
        if pivots and pivots[-1] == k:
            return Solution(None, len(rows) - 1)
        values = start.copy()
        values[pivots] = self.reduced(values[pivots] + rows[:, k])
        return Solution(values, len(rows))

    def inverse(self, matrix: Matrix) -> Matrix | None:
        """The inverse of a square matrix, None if there is none.

        >>> Residues(7).inverse(np.array([[2.0]]))
        array([[-3.]])
        """
        n = len(matrix)
        rows, pivots = self._echelon(np.column_stack([matrix, self.array(np.eye(n, dtype=int))]))
        return rows[:, n:] if pivots == list(range(n)) else None

    def independent(self, matrix: Matrix) -> Mask:
        found = np.zeros(len(matrix), dtype=bool)
        if matrix.size:
            found[self._echelon(matrix.T)[1]] = True
        return found


@dataclass(frozen=True)
class Residues(_Exact):
    """Residues modulo an odd prime p below 2^23, from -(p - 1) / 2 to (p - 1) / 2, as floats.

    Systems that take longer than the `deadline` lets are not begun: `OutOfTimeError`.

    >>> residues = Residues(7)
    >>> residues.solve(*map(residues.array, ([[2, 1]], [3], [0, 1]))).values
    array([1., 1.])
    >>> residues.independent(residues.array([[2], [3]]))
    array([ True, False])
    """

    prime: int
    deadline: Deadline = field(default=NEVER, compare=False, repr=False)
    dtype = np.float64

    def array(self, values: Any) -> Matrix:
        """Integers modulo the prime."""
        return reduce(np.asarray(values), self.prime)

    def reduced(self, values: Matrix) -> Matrix:
        """Residues of integers below 2^53."""
        return reduce(np.asarray(values), self.prime)

    def product(self, left: Matrix, right: Matrix) -> Matrix:
        """The product modulo the prime."""
        if left.ndim == 1:
            return self.product(left[None], right)[0]
        if right.ndim == 1:
            return self.product(left, right[:, None])[..., 0]
        return matmul(left, right, self.prime)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Matrix:
        """Uniform residues."""
        return self.array(rng.integers(self.prime, size=shape))

    def rank(self, matrix: Matrix) -> int:
        """The rank of a matrix, modulo the prime."""
        self.afford(*matrix.shape)
        return int(self._flint(matrix).rank()) if matrix.size else 0

    def _flint(self, matrix: Matrix) -> Any:
        from flint import nmod_mat

        entries = matrix.astype(np.int64).ravel().tolist()
        return nmod_mat(len(matrix), matrix.shape[1], entries, self.prime)

    def _array(self, entries: Any, shape: tuple[int, int]) -> Matrix:
        return self.array([int(entry) for entry in entries]).reshape(shape)


@dataclass(frozen=True)
class Rationals(_Exact):
    """Rational numbers of python-flint in arrays of objects.

    >>> Rationals().solve(*map(Rationals().array, ([[2, 1]], [3], [0, 0]))).values
    array([3/2, 0], dtype=object)
    """

    dtype = object

    def array(self, values: Any) -> Matrix:
        """Integers, fractions or rationals of python-flint as the latter."""
        from flint import fmpq

        given = np.array(values, dtype=object)
        flat = [
            x if isinstance(x, fmpq) else fmpq(int(x.numerator), int(x.denominator))
            for x in given.ravel()
        ]
        found = np.empty(len(flat), dtype=object)
        found[:] = flat
        return found.reshape(given.shape)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Matrix:
        """Integers of two digits."""
        return self.array(rng.integers(-_MOST_DRAWN, _MOST_DRAWN, shape, endpoint=True))

    def _flint(self, matrix: Matrix) -> Any:
        from flint import fmpq_mat

        return fmpq_mat(len(matrix), matrix.shape[1], matrix.ravel().tolist())


@dataclass(frozen=True)
class Reals(Algebra):
    """Floats of double precision; singular values below `tolerance` of the largest count as 0.

    >>> Reals().solve(np.array([[2.0, 0.0]]), np.array([3.0]), np.zeros(2)).values
    array([1.5, 0. ])
    """

    tolerance: float = 1e-10
    dtype = np.float64

    def are_close(self, rest: Matrix, wanted: Matrix) -> bool:
        """Whether the largest number that lacks is below 1e-6 of the largest that is wanted."""
        size = np.abs(rest).max(initial=0.0)
        return bool(size <= _CLOSE * np.abs(wanted).max(initial=0.0))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Matrix:
        """Normal numbers."""
        return rng.normal(size=shape)

    def solve(self, matrix: Matrix, right: Matrix, start: Matrix) -> Solution:
        """The solution next to `start`; there is none if the system is only nearly consistent."""
        if not matrix.size:
            return Solution(start.copy() if not right.any() else None, 0)
        left, values, across = np.linalg.svd(matrix, full_matrices=False)
        rank = int(np.count_nonzero(values > self.tolerance * values[0]))
        rest = right - matrix @ start
        change = across[:rank].T @ ((left[:, :rank].T @ rest) / values[:rank])
        error = np.abs(matrix @ change - rest).max()
        size = np.abs(rest).max() + np.abs(right).max()
        if rank < len(matrix) and error > 1e4 * self.tolerance * size:
            return Solution(None, rank)
        return Solution(start + change, rank)

    def independent(self, matrix: Matrix) -> Mask:
        """By what is left of each row beside the span of those above it."""
        found, span = np.zeros(len(matrix), dtype=bool), np.zeros((0, matrix.shape[1]))
        for k, row in enumerate(matrix):
            rest = row
            for _ in range(2):  # the second time takes away what the first has left by rounding
                rest = rest - span.T @ (span @ rest)
            size = np.linalg.norm(rest)
            if size > self.tolerance * np.linalg.norm(row):
                found[k] = True
                span = np.vstack([span, rest / size])
        return found
