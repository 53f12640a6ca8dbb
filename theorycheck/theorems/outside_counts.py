"""T5 (*): rows I and columns J outside of which too few weights are learnable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Mask

_MOST_SETS = 2000  # enumerated for each size; beyond that the search is greedy
_MOST_WORK = 1e9  # entries that all candidates together look at, about a second
_OVERHEAD = 10_000  # entries that a candidate costs more


class Outside(NamedTuple):
    """`found` learnables lie outside `rows` and `columns`, where `needed` are needed."""

    rows: list[int]
    columns: list[int]
    found: int
    needed: int


def starved_outside(
    mask: Mask, outputs: int, samples: int, reach: int, deadline: Deadline = NEVER
) -> Outside | None:
    """A violation of |M in I^c x J^c| >= (d - k|I|)^+ (m_e - k|J|)^+, k = `reach`, or None.

    A learnable in row i acts through at most k output directions, one in column j through at most
    k sample directions, so entries that meet I or J span no more than what those directions do.
    The count of all learnables (I and J empty) is left to T1.
    The search is exhaustive where one side has at most 2,000 sets of each size, else greedy, and it
    ends after a billion entries: None does not mean that there is no violation. Raises
    `OutOfTimeError` after the deadline.

    >>> starved_outside(np.array([[True, True], [True, False], [True, False]]), 2, 2, 1)
    Outside(rows=[], columns=[0], found=1, needed=2)
    """
    work = 0
    for n_rows in range(min(mask.shape[0], (outputs - 1) // reach) + 1):
        for n_columns in range(min(mask.shape[1], (samples - 1) // reach) + 1):
            if n_rows == n_columns == 0:
                continue
            needed = (outputs - reach * n_rows) * (samples - reach * n_columns)
            for rows, columns in _candidates(mask, n_rows, n_columns):
                deadline.check("counts of learnable weights")
                work += mask.size + _OVERHEAD
                if work > _MOST_WORK:
                    return None
                outside = np.delete(np.delete(mask, rows, axis=0), columns, axis=1)
                found = int(np.count_nonzero(outside))
                if found < needed:
                    return Outside(rows, columns, found, needed)
    return None


def _candidates(mask: Mask, n_rows: int, n_columns: int) -> Iterator[tuple[list[int], list[int]]]:
    """Sets of rows and columns that leave few learnables; given one side the other is optimal."""
    p, q = mask.shape
    if math.comb(p, n_rows) <= _MOST_SETS:
        for rows in combinations(range(p), n_rows):
            yield list(rows), _fullest(np.delete(mask, rows, axis=0), n_columns)
    elif math.comb(q, n_columns) <= _MOST_SETS:
        for columns in combinations(range(q), n_columns):
            yield _fullest(np.delete(mask, columns, axis=1).T, n_rows), list(columns)
    else:
        rows = _fullest(mask.T, n_rows)
        for _ in range(5):
            columns = _fullest(np.delete(mask, rows, axis=0), n_columns)
            rows = _fullest(np.delete(mask, columns, axis=1).T, n_rows)
            yield rows, columns


def _fullest(mask: Mask, count: int) -> list[int]:
    """The `count` columns with the most learnables, in order."""
    fullest = np.argsort(-np.count_nonzero(mask, axis=0), kind="stable")[:count]
    return sorted(fullest.tolist())
