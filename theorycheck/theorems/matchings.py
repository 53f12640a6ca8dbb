"""Matchings between equations and learnables: none of the wanted size, or exactly one."""

from __future__ import annotations

import numpy as np

from ..problem.matchings import maximum_matching
from ..structure.support import Pattern


def cover_below(pattern: Pattern, size: int) -> tuple[list[int], list[int]] | None:
    """Rows and columns, fewer than `size`, that cover all true entries; None if there are none.

    By Koenig's theorem they exist if and only if no matching has `size` pairs.

    >>> cover_below(np.array([[True, True, True], [True, False, False]]), 3)
    ([0, 1], [])
    >>> cover_below(np.eye(2, dtype=bool), 2) is None
    True
    """
    n_rows, n_columns = pattern.shape
    if not pattern.size:
        return ([], []) if size else None
    column_of = maximum_matching(pattern)
    if np.count_nonzero(column_of >= 0) >= size:
        return None
    # Alternating walks from unmatched rows: their rows are reached, and cover by their columns.
    row_of = np.full(n_columns, -1)
    row_of[column_of[column_of >= 0]] = np.flatnonzero(column_of >= 0)
    rows = np.asarray(column_of < 0)
    frontier = rows.copy()
    columns = np.zeros(n_columns, dtype=bool)
    while frontier.any():
        new = pattern[frontier].any(axis=0) & ~columns
        columns |= new
        frontier = np.zeros(n_rows, dtype=bool)
        frontier[row_of[new]] = True
        frontier &= ~rows
        rows |= frontier
    return np.flatnonzero(~rows).tolist(), np.flatnonzero(columns).tolist()


def triangular_order(pattern: Pattern) -> list[tuple[int, int]] | None:
    """Pairs (row, column) in an order in which a square pattern is lower triangular, or None.

    The pattern then has exactly one perfect matching, and a pattern with exactly one has an order.

    >>> triangular_order(np.array([[True, True], [False, True]]))
    [(1, 1), (0, 0)]
    >>> triangular_order(np.ones((2, 2), dtype=bool)) is None
    True
    """
    # In the order wanted, each row has one column that no earlier row has used.
    left = pattern.sum(axis=1)
    unused = np.ones(pattern.shape[1], dtype=bool)
    ready = [int(row) for row in np.flatnonzero(left == 1)]
    order: list[tuple[int, int]] = []
    while ready:
        row = ready.pop()
        if left[row] != 1:
            return None  # two rows are left with the same single column
        column = int(np.argmax(pattern[row] & unused))
        order.append((row, column))
        unused[column] = False
        touched = pattern[:, column]
        ready += [int(other) for other in np.flatnonzero(touched & (left == 2))]
        left = left - touched
    return order if len(order) == len(pattern) else None
