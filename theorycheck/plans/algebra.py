"""The arithmetic that a plan is carried out in: residues modulo a prime, rationals, or floats.

A matrix is a NumPy array of numbers of the algebra. Sums, differences and products of entries are
NumPy's own, then `reduced`; whatever solves a system is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[Any]


class Solution(NamedTuple):
    """Values of the unknowns, None if there are none, and the rank of the system."""

    values: Matrix | None
    rank: int


class Algebra(ABC):
    """Numbers in which linear systems are solved."""

    dtype: Any

    def array(self, values: Any) -> Matrix:
        """Integers, or numbers of the algebra, as a matrix or vector of it."""
        return np.array(values, dtype=self.dtype)

    def reduced(self, values: Matrix) -> Matrix:
        """The same numbers in the form that the algebra keeps."""
        return values

    def product(self, left: Matrix, right: Matrix) -> Matrix:
        """The product of two matrices, or of a matrix and a vector."""
        return self.reduced(left @ right)

    @abstractmethod
    def solve(self, matrix: Matrix, right: Matrix, start: Matrix) -> Solution:
        """A solution of `matrix` x = `right`, unknowns that are free being as in `start`.

        `matrix` is (n, k), `right` (n,), `start` (k,).
        """

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

    def solve(self, matrix: Matrix, right: Matrix, start: Matrix) -> Solution:
        n, k = matrix.shape
        if n == 0 or k == 0:
            return Solution(start.copy() if not right.any() else None, 0)
        rest = self.reduced(right - self.product(matrix, start))
        echelon, rank = self._flint(np.column_stack([matrix, rest])).rref()
        rows = self._array(echelon.entries(), (n, k + 1))[:rank]
        pivots = [int(np.flatnonzero(row)[0]) for row in rows]
        if pivots and pivots[-1] == k:
            return Solution(None, rank - 1)
        values = start.copy()
        values[pivots] = self.reduced(values[pivots] + rows[:, k])
        return Solution(values, rank)


@dataclass(frozen=True)
class Residues(_Exact):
    """Residues 0, ..., p - 1 modulo a prime p below 2^23.

    >>> Residues(7).solve(np.array([[2, 1]]), np.array([3]), np.array([0, 1])).values
    array([1, 1])
    """

    prime: int
    dtype = np.int64

    def array(self, values: Any) -> Matrix:
        """Integers modulo the prime."""
        return np.array(values, dtype=np.int64) % self.prime

    def reduced(self, values: Matrix) -> Matrix:
        """The remainders modulo the prime."""
        return values % self.prime

    def _flint(self, matrix: Matrix) -> Any:
        from flint import nmod_mat

        return nmod_mat(len(matrix), matrix.shape[1], matrix.ravel().tolist(), self.prime)

    def _array(self, entries: Any, shape: tuple[int, int]) -> Matrix:
        return np.array([int(entry) for entry in entries], dtype=np.int64).reshape(shape)


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
