"""Matchings between equations and learnables: none of the wanted size, or exactly one."""

from __future__ import annotations

import numpy as np

from ..problem.matchings import maximum_matching
from ..structure.support import Support


def cover_below(support: Support, size: int) -> tuple[list[int], list[int]] | None:
    """Rows and columns, fewer than `size`, that cover all true entries; None if there are none.

    By Koenig's theorem they exist if and only if no matching has `size` pairs.

    >>> cover_below(np.array([[True, True, True], [True, False, False]]), 3)
    ([0, 1], [])
    >>> cover_below(np.eye(2, dtype=bool), 2) is None
    True
    """
    n_rows, n_columns = support.shape
    if not support.size:
        return ([], []) if size else None
    column_of = maximum_matching(support)
    if np.count_nonzero(column_of >= 0) >= size:
        return None
    # Alternating walks from unmatched rows: their rows are reached, and cover by their columns.
    row_of = np.full(n_columns, -1)
    row_of[column_of[column_of >= 0]] = np.flatnonzero(column_of >= 0)
    rows = np.asarray(column_of < 0)
    frontier = rows.copy()
    columns = np.zeros(n_columns, dtype=bool)
    while frontier.any():
        new = support[frontier].any(axis=0) & ~columns
        columns |= new
        frontier = np.zeros(n_rows, dtype=bool)
        frontier[row_of[new]] = True
        frontier &= ~rows
        rows |= frontier
    return np.flatnonzero(~rows).tolist(), np.flatnonzero(columns).tolist()


def triangular_order(support: Support) -> list[tuple[int, int]] | None:
    """Pairs (row, column) in an order in which a square support is lower triangular, or None.

    The support then has exactly one perfect matching, and a support with exactly one has an order.

    >>> triangular_order(np.array([[True, True], [False, True]]))
    [(1, 1), (0, 0)]
    >>> triangular_order(np.ones((2, 2), dtype=bool)) is None
    True
    """
    # In the order wanted, each row has one column that no earlier row has used.
    left = support.sum(axis=1)
    unused = np.ones(support.shape[1], dtype=bool)
    ready = [int(row) for row in np.flatnonzero(left == 1)]
    order: list[tuple[int, int]] = []
    while ready:
        row = ready.pop()
        if left[row] != 1:
            return None  # two rows are left with the same single column
        column = int(np.argmax(support[row] & unused))
        order.append((row, column))
        unused[column] = False
        touched = support[:, column]
        ready += [int(other) for other in np.flatnonzero(touched & (left == 2))]
        left = left - touched
    return order if len(order) == len(support) else None
