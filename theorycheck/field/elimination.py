"""Rank and rank profile over GF(p): blocked elimination built from exact float64 products."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from .arithmetic import array_module, check_modulus, reduce
from .stages import Stage, factor

_STAGE_WIDTH = 256  # pivots applied by one product; at most field.MAX_INNER
_WHAT = "the elimination of a rank"
_FLINT_MAX_SIDE = 64  # up to here python-flint is faster, its conversion from arrays included


class Elimination:
    """Rank-revealing elimination over GF(p) of a matrix whose columns arrive in blocks.

    ``n_rows`` is the number of rows, ``p`` an odd prime below 2**23, and ``xp`` the module
    (``numpy`` or ``cupy``) of the blocks.  Memory: about n_rows * rank entries and two blocks.
    ``OutOfTimeError`` after the deadline, which every piece of the work looks at.

    Attributes (read only): ``rank``; ``n_columns``, the number of columns seen so far;
    ``pivot_columns``, the lexicographically first columns that are a basis of the column space,
    ascending; ``pivot_rows``, as many rows, such that the minor on both is not 0 modulo p;
    ``determinant``, that minor modulo p, 1 for rank 0.  How the columns are cut into blocks matters
    to the choice of the rows alone.

    >>> elimination = Elimination(2, 7)
    >>> elimination.extend(np.array([[0.0, 1.0, 2.0], [0.0, 3.0, -1.0]]))
    >>> elimination.extend(np.array([[0.0], [3.0]]))
    >>> elimination.rank, elimination.pivot_rows, elimination.pivot_columns
    (2, [0, 1], [1, 3])
    >>> elimination.determinant  # of [[1, 0], [3, 3]]
    3
    """

    def __init__(
        self, n_rows: int, p: int, xp: ModuleType = np, deadline: Deadline = NEVER
    ) -> None:
        check_modulus(p)
        self.p = p
        self.n_rows = n_rows
        self.n_columns = 0
        self.pivot_rows: list[int] = []
        self.pivot_columns: list[int] = []
        self.determinant = 1
        self._stages: list[Stage] = []
        self._deadline = deadline
        self._remaining = xp.arange(n_rows)  # rows without a pivot, as the last stage orders them

    @property
    def rank(self) -> int:
        """The rank of the columns seen so far."""
        return len(self.pivot_columns)

    def extend(self, block: Array) -> None:
        """Append the columns of ``block``, a balanced (n_rows, w) array, which is not modified.

        ValueError if the shape does not fit.
        """
        if block.ndim != 2 or len(block) != self.n_rows:
            raise ValueError(f"expected a block of {self.n_rows} rows, got shape {block.shape}")
        for start in range(0, block.shape[1], _STAGE_WIDTH):
            part = block[:, start : start + _STAGE_WIDTH]
            if self.rank < self.n_rows:
                self._append(part)
            self.n_columns += part.shape[1]

    def remainder(self, block: Array) -> Array:
        """What the elimination so far leaves of a balanced block on the rows without a pivot.

        With pivot rows P, pivot columns Q and other rows O it is the Schur complement
        block[O] - A[O, Q] A[P, Q]^-1 block[P], nearly balanced.

        >>> elimination = Elimination(2, 7)
        >>> elimination.extend(np.array([[2.0], [1.0]]))
        >>> elimination.remainder(np.array([[2.0], [3.0]]))
        array([[2.]])
        """
        for stage in self._stages:
            self._deadline.check(_WHAT)
            block = stage.apply(block, self.p)
        return block

    def _append(self, part: Array) -> None:
        part = self.remainder(part)
        stage = factor(part, self.n_columns, self.p, self._deadline)
        if not stage.columns:
            return
        self.pivot_rows += self._remaining[stage.pivots].tolist()
        self.pivot_columns += stage.columns
        self.determinant = self.determinant * stage.determinant % self.p
        self._remaining = self._remaining[stage.others]
        last = self._stages[-1] if self._stages else None
        if last and len(last.columns) + len(stage.columns) <= _STAGE_WIDTH:
            self._stages[-1] = last.then(stage, self.p)
        else:
            self._stages.append(stage)


@dataclass(frozen=True)
class RankProfile:
    """Rank of a matrix modulo p, with rows and columns of a largest non-singular minor."""

    rank: int
    rows: tuple[int, ...]  # in no particular order
    columns: tuple[int, ...]  # ascending: the lexicographically first basis of the column space


def rank_profile(a: Array, p: int, deadline: Deadline = NEVER) -> RankProfile:
    """Rank profile modulo the odd prime ``p`` of one matrix of exact integers |x| < 2**53.

    ``a`` is a NumPy or CuPy (m, n) array of any integer or float dtype; it is not modified.
    ValueError if it is not two-dimensional; ``OutOfTimeError`` after the deadline.

    >>> rank_profile(np.array([[0, 2, 4], [0, 1, 2], [0, 1, 0]]), 8388593)
    RankProfile(rank=2, rows=(0, 2), columns=(1, 2))
    """
    check_modulus(p)
    if a.ndim != 2:
        raise ValueError(f"expected a matrix, got shape {a.shape}")
    if isinstance(a, np.ndarray) and max(a.shape) <= _FLINT_MAX_SIDE:
        return _flint_rank_profile(a, p)
    elimination = Elimination(len(a), p, array_module(a), deadline)
    for start in range(0, a.shape[1], _STAGE_WIDTH):
        if elimination.rank == len(a):
            break
        elimination.extend(reduce(a[:, start : start + _STAGE_WIDTH], p))
    rows, columns = elimination.pivot_rows, elimination.pivot_columns
    return RankProfile(len(rows), tuple(rows), tuple(columns))


def rank(a: Array, p: int) -> int:
    """Rank modulo the odd prime ``p`` of one matrix; arguments as for ``rank_profile``.

    >>> rank(np.array([[1, 2], [3, 6]]), 8388593)
    1
    """
    # A wide matrix is done as soon as every row has a pivot.
    wide = a.T if a.ndim == 2 and a.shape[0] > a.shape[1] else a
    return rank_profile(wide, p).rank


def _flint_rank_profile(a: np.ndarray, p: int) -> RankProfile:
    from flint import nmod_mat  # here, since large matrices and CuPy arrays do without

    # Any basis of the row space and any basis of the column space meet in a non-singular minor.
    m, n = a.shape
    matrix = nmod_mat(m, n, a.astype(np.int64).ravel().tolist(), p)
    columns = _echelon_pivots(*matrix.rref())
    rows = _echelon_pivots(*matrix.transpose().rref())
    return RankProfile(len(rows), rows, columns)


def _echelon_pivots(echelon: Any, rank: int) -> tuple[int, ...]:
    """The pivot columns of a matrix in row echelon form."""
    pivots: list[int] = []
    column = 0
    for row in range(rank):
        while not int(echelon[row, column]):
            column += 1
        pivots.append(column)
        column += 1
    return tuple(pivots)
