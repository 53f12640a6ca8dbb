"""Stages of an elimination over GF(p): pivots found together, applied by two exact products."""

from dataclasses import dataclass

import numpy as np

from ..computing.arrays import Array, on_host
from ..computing.deadline import NEVER, Deadline
from .arithmetic import array_module, fold, row_pieces, scalar_inverse

_PANEL_WIDTH = 16  # columns factored at once; wider blocks are split in halves


@dataclass(frozen=True)
class Stage:
    """Pivots found together, and how they eliminate a block that has the same m rows.

    With the rows ordered as (pivots, others) the factored columns are [[L], [lower]] @ U, where L
    (k, k) has the inverse ``inverse`` and U has determinant 1.
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

    def then(self, later: "Stage", p: int) -> "Stage":
        """This stage followed by ``later``, found among its remaining rows in later columns."""
        xp = array_module(self.lower)
        k, size = len(self.columns), len(self.columns) + len(later.columns)
        inverse = xp.zeros((size, size))
        inverse[:k, :k] = self.inverse
        inverse[k:, k:] = later.inverse
        corner = fold(self.lower[later.pivots] @ self.inverse, p)
        inverse[k:, :k] = -fold(later.inverse @ corner, p)
        return Stage(
            pivots=xp.concatenate((self.pivots, self.others[later.pivots])),
            others=self.others[later.others],
            lower=xp.concatenate((self.lower[later.others], later.lower), axis=1),
            inverse=inverse,
            columns=self.columns + later.columns,
            determinant=self.determinant * later.determinant % p,
        )


def factor(block: Array, start: int, p: int, deadline: Deadline = NEVER) -> Stage:
    """Factor a nearly balanced block of at most ``_STAGE_WIDTH`` columns, without modifying it.

    Its columns are numbered from ``start``.  ``OutOfTimeError`` after the deadline.
    """
    deadline.check("the elimination of a rank")
    width = block.shape[1]
    if width <= _PANEL_WIDTH:
        return _factor_square(block, start, p) or _factor_panel(block, start, p)
    half = (width + 1) // 2
    left = factor(block[:, :half], start, p, deadline)
    if not left.columns:
        return factor(block[:, half:], start + half, p, deadline)
    right = factor(left.apply(block[:, half:], p), start + half, p, deadline)
    return left.then(right, p) if right.columns else left


def _factor_square(block: Array, start: int, p: int) -> Stage | None:
    """Factor a narrow block by inverting its top square; None if that is singular (or too small).

    One call of FLINT takes the place of many tiny array operations, the usual case being generic.
    """
    from flint import nmod_mat  # here, since small ranks and counts do without

    xp = array_module(block)
    rows, width = block.shape
    if rows < width:
        return None
    matrix = nmod_mat(width, width, on_host(block[:width]).astype(np.int64).ravel().tolist(), p)
    determinant = int(matrix.det())
    if determinant == 0:
        return None
    entries = [int(entry) for entry in matrix.inv().entries()]
    inverse = np.array(entries, dtype=np.float64).reshape(width, width)
    return Stage(
        pivots=xp.arange(width),
        others=xp.arange(width, rows),
        lower=block[width:].copy(),
        inverse=fold(xp.asarray(inverse), p),
        columns=list(range(start, start + width)),
        determinant=determinant,
    )


def _factor_panel(block: Array, start: int, p: int) -> Stage:
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
    for j in range(width if panel.any().item() else 0):
        k = len(columns)
        column = fold(panel[j] - upper[:k, j] @ lower[:k], p)
        i = (column != 0).argmax().item()
        pivot = int(column[i].item())
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
    return Stage(
        pivots=pivots,
        others=others,
        lower=xp.array(lower[:k, others].T, order="C"),
        inverse=upper[:k, width : width + k].copy(),
        columns=columns,
        determinant=determinant,
    )
