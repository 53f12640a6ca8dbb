"""Linear equations in ball arithmetic: ranks, and whether there is a solution.

Gaussian elimination with pivots that are certainly not 0, the largest first. What remains is then
0, or cannot be told from it: balls that hold 0 and are tiny count as 0. So a rank is certainly
reached, and a contradiction among independent columns is certain; that a matrix has no more rank,
and that there is a solution of dependent equations, is true up to TINY.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .ball_network import Row

TINY = 2.0**-90  # of what was brought to size 1; balls have 192 bits


@dataclass(frozen=True)
class Eliminated:
    """The rank of the first columns, what remains of the others, and whether the rank is clear."""

    rank: int
    rest: list[Row]
    is_clear: bool


def eliminate(rows: list[Row], columns: int) -> Eliminated:
    """Gaussian elimination of the first `columns` of some rows, brought to one scale.

    >>> rows = [[arb(1), arb(2), arb(3)], [arb(2), arb(4), arb(7)]]
    >>> eliminate(rows, 2).rank, eliminate(rows, 3).rank
    (1, 2)
    """
    if not all(value.is_finite() for row in rows for value in row):
        return Eliminated(0, [], False)
    rows = _scaled(rows, columns)
    open_columns, rank = list(range(columns)), 0
    while rows:
        largest, at, k = _pivot(rows, open_columns)
        if largest == 0:
            break
        pivot = rows.pop(at)
        open_columns.remove(k)
        rank += 1
        others = [*open_columns, *range(columns, len(pivot))]
        for row in rows:
            if not row[k].is_zero():
                factor = row[k] / pivot[k]
                for c in others:
                    row[c] -= factor * pivot[c]
    left = [row[k] for row in rows for k in open_columns]
    is_clear = all(value.contains(0) and float(abs(value).upper()) <= TINY for value in left)
    return Eliminated(rank, [row[columns:] for row in rows], is_clear)


def _scaled(rows: list[Row], columns: int) -> list[Row]:
    """Rows, and then columns, divided by the size of their largest entry among the first."""
    rows = [list(row) for row in rows]
    for row in rows:
        size = _largest(row[:columns])
        row[:] = [value / size for value in row]
    for k in range(columns):
        size = _largest([row[k] for row in rows])
        for row in rows:
            row[k] /= size
    return rows


def _largest(values: Row) -> arb:
    """An exact number about the size of the largest value, 1 where all are 0."""
    sizes = [abs(value).upper().mid() for value in values]
    found = arb(0)
    for size in sizes:
        found = size if size > found else found
    return arb(1) if found.is_zero() else found


def _pivot(rows: list[Row], open_columns: list[int]) -> tuple[float, int, int]:
    """Size, row and column of the largest entry that is certainly not 0; size 0 without any."""
    best = (0.0, 0, 0)
    for at, row in enumerate(rows):
        for k in open_columns:
            size = float(row[k].abs_lower())
            if size > best[0]:
                best = (size, at, k)
    return best


def solvable(matrix: list[Row], wanted: Row) -> int:
    """Whether matrix x = wanted has a solution: MATCH, NO_MATCH or UNDECIDED.

    >>> solvable([[arb(1)], [arb(2)]], [arb(2), arb(4)])
    1
    >>> solvable([[arb(1)], [arb(2)]], [arb(2), arb(5)])
    0
    """
    columns = len(matrix[0]) if matrix else 0
    found = eliminate([[*row, value] for row, value in zip(matrix, wanted, strict=True)], columns)
    if not found.is_clear:
        return UNDECIDED
    if any(not row[0].contains(0) for row in found.rest):
        return NO_MATCH
    is_met = all(float(abs(row[0]).upper()) <= TINY for row in found.rest)
    return MATCH if is_met else UNDECIDED
