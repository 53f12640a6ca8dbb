"""Rank and rank profile over GF(p): blocked elimination built from exact float64 products."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .field import (
    Array,
    array_module,
    check_modulus,
    fold,
    reduce,
    row_pieces,
    scalar_inverse,
)

_PANEL_WIDTH = 32  # columns factored one by one; wider blocks are split in halves
_STAGE_WIDTH = 256  # pivots applied by one product; at most field.MAX_INNER
_FLINT_MAX_SIDE = 64  # up to here python-flint is faster, its conversion from arrays included


@dataclass(frozen=True)
class _Stage:
    """Pivots found together, and how they eliminate a block that has the same m rows.

    With the rows ordered as (pivots, others) the factored columns are [[L], [lower]] @ U, where L
    is lower triangular (k, k) with inverse ``inverse`` and U is unit upper triangular.
    """

    pivots: Array  # (k,) row positions, in pivot order
    others: Array  # (m-k,) the remaining row positions, ascending
    lower: Array  # (m-k, k)
    inverse: Array  # (k, k)
    columns: list[int]  # the k pivot columns, ascending
    determinant: int  # of L, modulo p

    def apply(self, block: Array, p: int) -> Array:
        """What remains of ``block`` (m, w) on the rows ``others`` after the elimination."""
        upper = fold(self.inverse @ block[self.pivots], p)
        remainder = block[self.others]
        for piece in row_pieces(remainder):
            rows = remainder[piece]
            rows -= self.lower[piece] @ upper
            fold(rows, p)
        return remainder

    def then(self, later: "_Stage", p: int) -> "_Stage":
        """This stage followed by ``later``, found among its remaining rows in later columns."""
        xp = array_module(self.lower)
        k, size = len(self.columns), len(self.columns) + len(later.columns)
        inverse = xp.zeros((size, size))
        inverse[:k, :k] = self.inverse
        inverse[k:, k:] = later.inverse
        corner = fold(self.lower[later.pivots] @ self.inverse, p)
        inverse[k:, :k] = -fold(later.inverse @ corner, p)
        return _Stage(
            pivots=xp.concatenate((self.pivots, self.others[later.pivots])),
            others=self.others[later.others],
            lower=xp.concatenate((self.lower[later.others], later.lower), axis=1),
            inverse=inverse,
            columns=self.columns + later.columns,
            determinant=self.determinant * later.determinant % p,
        )


def _factor(block: Array, start: int, p: int) -> _Stage:
    """Factor a nearly balanced block of at most ``_STAGE_WIDTH`` columns, without modifying it.

    Its columns are numbered from ``start``.
    """
    width = block.shape[1]
    if width <= _PANEL_WIDTH:
        return _factor_panel(block, start, p)
    half = (width + 1) // 2
    left = _factor(block[:, :half], start, p)
    if not left.columns:
        return _factor(block[:, half:], start + half, p)
    right = _factor(left.apply(block[:, half:], p), start + half, p)
    return left.then(right, p) if right.columns else left


def _factor_panel(block: Array, start: int, p: int) -> _Stage:
    """Factor a narrow block column by column (left-looking, Crout: the factor U has unit diagonal).

    Rows are not exchanged: once a row has become a pivot, every later reduced column is 0 there.
    """
    xp = array_module(block)
    rows, width = block.shape
    panel = xp.array(block.T, order="C")  # a contiguous copy
    lower = xp.empty((width, rows))  # transposed: one row per pivot
    upper = xp.empty((width, 2 * width))  # U and the inverse of L, which obey the same recursion
    rows_found: list[int] = []
    columns: list[int] = []
    determinant = 1
    for j in range(width if panel.any() else 0):
        k = len(columns)
        column = fold(panel[j] - upper[:k, j] @ lower[:k], p)
        i = int((column != 0).argmax())
        pivot = int(column[i])
        if not pivot:
            continue
        row = -(lower[:k, i] @ upper[:k])
        row[:width] += panel[:, i]
        row[width + k] += 1
        fold(row, p)
        row *= scalar_inverse(pivot, p)
        lower[k] = column
        upper[k] = fold(row, p)
        determinant = determinant * pivot % p
        rows_found.append(i)
        columns.append(start + j)
    k = len(columns)
    pivots = xp.asarray(rows_found, dtype=np.int64)
    is_other = xp.ones(rows, dtype=bool)
    is_other[pivots] = False
    others = xp.flatnonzero(is_other)
    return _Stage(
        pivots=pivots,
        others=others,
        lower=xp.array(lower[:k, others].T, order="C"),
        inverse=upper[:k, width : width + k].copy(),
        columns=columns,
        determinant=determinant,
    )


class Elimination:
    """Rank-revealing elimination over GF(p) of a matrix whose columns arrive in blocks.

    ``n_rows`` is the number of rows, ``p`` an odd prime below 2**23, and ``xp`` the module
    (``numpy`` or ``cupy``) of the blocks.  Memory: about n_rows * rank entries and two blocks.

    Attributes (read only): ``rank``; ``n_columns``, the number of columns seen so far;
    ``pivot_columns``, the lexicographically first columns that are a basis of the column space,
    ascending; ``pivot_rows``, as many rows, such that the minor on both is not 0 modulo p: for
    each pivot column in turn, the first row where its reduced form is not 0; ``determinant``, that
    minor modulo p, 1 for rank 0.  How the columns are cut into blocks does not matter.

    >>> elimination = Elimination(2, 7)
    >>> elimination.extend(np.array([[0.0, 1.0, 2.0], [0.0, 3.0, -1.0]]))
    >>> elimination.extend(np.array([[0.0], [3.0]]))
    >>> elimination.rank, elimination.pivot_rows, elimination.pivot_columns
    (2, [0, 1], [1, 3])
    >>> elimination.determinant  # of [[1, 0], [3, 3]]
    3
    """

    def __init__(self, n_rows: int, p: int, xp: Any = np) -> None:
        check_modulus(p)
        self.p = p
        self.n_rows = n_rows
        self.n_columns = 0
        self.pivot_rows: list[int] = []
        self.pivot_columns: list[int] = []
        self.determinant = 1
        self._stages: list[_Stage] = []
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

    def _append(self, part: Array) -> None:
        for stage in self._stages:
            part = stage.apply(part, self.p)
        stage = _factor(part, self.n_columns, self.p)
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


def rank_profile(a: Array, p: int) -> RankProfile:
    """Rank profile modulo the odd prime ``p`` of one matrix of exact integers |x| < 2**53.

    ``a`` is a NumPy or CuPy (m, n) array of any integer or float dtype; it is not modified.
    ValueError if it is not two-dimensional.

    >>> rank_profile(np.array([[0, 2, 4], [0, 1, 2], [0, 1, 0]]), 8388593)
    RankProfile(rank=2, rows=(0, 2), columns=(1, 2))
    """
    check_modulus(p)
    if a.ndim != 2:
        raise ValueError(f"expected a matrix, got shape {a.shape}")
    if isinstance(a, np.ndarray) and max(a.shape) <= _FLINT_MAX_SIDE:
        return _flint_rank_profile(a, p)
    elimination = Elimination(len(a), p, array_module(a))
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
