"""What a trial of levels (T14) costs at least, so that a check that is too long does not begin."""

from __future__ import annotations

from collections.abc import Sequence

from . import plain
from .budget import STEP


def least_operations(
    rows: int,
    width: int,
    units: Sequence[int],
    columns: Sequence[int | None],
    chosen: int,
    outer: Sequence[Sequence[int]],
    inner: Sequence[Sequence[int]],
) -> float:
    """Fewer operations than a trial takes that succeeds: what it draws, multiplies and writes down.

    `width` is the number of rows of A; of each unit `outer` has the learnable rows, of each column
    `inner` the learnable units. Of an elimination it counts a half: ranks may be smaller.

    >>> least_operations(2, 2, [0, 0], [0, 0], 0, [[], []], [[0, 1], [0, 1]]) > 6000
    True
    """
    n = len(units)
    numbers = rows * width + width * n + n * len(columns) + rows * (len(columns) + rows)
    total = 3.0 * STEP * numbers + plain.product_operations(rows, width, n)
    for number in range(1, chosen + 1):
        above = sum((level or 0) >= number for level in columns)
        low = sum(level < number for level in units)
        total += above * STEP * rows * (low + 5) + plain.rank_operations(above, rows) / 2
        total += plain.product_operations(rows, width, n) if number < chosen else 0
    if max((level or 0 for level in columns), default=0) <= chosen:
        for level, entries in zip(units, outer, strict=True):
            total += 2 * STEP * level * width + plain.rank_operations(level, len(entries)) / 2
    for level, places in zip(columns, inner, strict=True):
        if level != rows:
            rank = min(rows - (level or 0), len(places))
            total += 2 * STEP * rows * n + plain.rank_operations(rank, rank) / 2
    return total
