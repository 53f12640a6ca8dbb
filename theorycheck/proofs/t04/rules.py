"""The rules of T4 in plain code, for many masks of one layer at once.

Each takes masks of shape (count, p, q), the outputs d and the samples m_e, and returns which masks
it says are maximal; the sufficient ones say which masks they prove maximal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..shared import rigidity
from ..shared.rigidity import Entries

Said: TypeAlias = NDArray[np.bool_]
Rule: TypeAlias = Callable[[Entries, int, int], Said]


@dataclass(frozen=True)
class ScopedRule:
    """A rule and the (a, b, d, m_e) that it is about."""

    applies: Callable[[int, int, int, int], bool]
    rule: Rule


def rows(masks: Entries, d: int, m: int) -> Said:
    """Every row has m_e learnables (a = 0).

    >>> rows(np.array([[[1, 1], [1, 0]]], dtype=bool), 2, 2).tolist()
    [False]
    """
    return (masks.sum(axis=2) >= m).all(axis=1)


def columns(masks: Entries, d: int, m: int) -> Said:
    """Every column has d learnables (b = 0)."""
    return rows(masks.transpose(0, 2, 1), m, d)


def nonempty_columns(masks: Entries, d: int, m: int) -> Said:
    """m_e columns have a learnable (d = 1)."""
    return masks.any(axis=1).sum(axis=1) >= m


def nonempty_rows(masks: Entries, d: int, m: int) -> Said:
    """d rows have a learnable (m_e = 1)."""
    return masks.any(axis=2).sum(axis=1) >= d


def forest(masks: Entries, d: int, m: int) -> Said:
    """The frozen entries form a forest (a = b = 1)."""
    return rigidity.forests(~masks)


def two_outputs(masks: Entries, d: int, m: int) -> Said:
    """m' <= 0 or sum_i min(c_i, m') >= 2 m' (d = 2).

    >>> two_outputs(np.array([[[1, 1, 0], [0, 0, 1]]], dtype=bool), 2, 2).tolist()
    [False]
    """
    is_full = masks.sum(axis=1) >= 2
    left = np.maximum(m - is_full.sum(axis=1), 0)
    others = (masks & ~is_full[:, None, :]).sum(axis=2)
    return np.minimum(others, left[:, None]).sum(axis=1) >= 2 * left


def two_samples(masks: Entries, d: int, m: int) -> Said:
    """The same with rows and columns exchanged (m_e = 2)."""
    return two_outputs(masks.transpose(0, 2, 1), m, d)


def counted(frozen: Entries, a: int, b: int, slack: int = 0) -> Said:
    """|F in I x J| <= b|I| + a|J| - ab + slack for all |I| >= a, |J| >= b.

    >>> counted(np.ones((1, 3, 3), dtype=bool), 2, 2).tolist()
    [False]
    """
    _, p, q = frozen.shape
    places = rigidity.rectangles(p, q)
    n_rows, n_columns = places.any(axis=2).sum(axis=1), places.any(axis=1).sum(axis=1)
    # Without entries (I or J empty) |I| and |J| are read as 0: nothing to count.
    big = (n_rows >= max(a, 1)) & (n_columns >= max(b, 1))
    most = (b * n_rows + a * n_columns - a * b + slack)[big].astype(np.float32)
    flat = places[big].reshape(-1, p * q).T.astype(np.float32)
    held = np.ones(len(frozen), dtype=bool)
    for start in range(0, len(frozen), 2**13):
        some = frozen[start : start + 2**13].reshape(-1, p * q).astype(np.float32)
        held[start : start + 2**13] = (some @ flat <= most).all(axis=1)
    return held


def count(masks: Entries, d: int, m: int) -> Said:
    """The count of all rectangles of frozen entries (exact for min(a, b) = 1)."""
    _, p, q = masks.shape
    return counted(~masks, p - d, q - m)


def peeled(masks: Entries, d: int, m: int) -> Said:
    """Peeling off rows of at most b and columns of at most a frozen entries leaves nothing."""
    _, p, q = masks.shape
    return np.logical_not(rigidity.core(~masks, p - d, q - m).any(axis=(1, 2)))


def coloured(masks: Entries, d: int, m: int) -> Said:
    """The columns have a colouring with m_e colours that each meet d rows.

    >>> coloured(np.array([[[1, 0, 1], [1, 1, 0]]], dtype=bool), 2, 2).tolist()
    [True]
    """
    said = np.zeros(len(masks), dtype=bool)
    for colours in product(range(m), repeat=masks.shape[2]):
        groups = [masks[:, :, np.array(colours) == colour] for colour in range(m)]
        met = [group.any(axis=2).sum(axis=1) >= d for group in groups]
        said |= np.logical_and.reduce(met)
    return said


def _acyclic(p: int, q: int) -> Said:
    """Which sets of entries are forests, by their code."""
    codes = np.arange(2 ** (p * q))[:, None] >> np.arange(p * q) & 1
    return rigidity.forests(codes.astype(bool).reshape(-1, p, q))


def _codes(entries: Entries) -> NDArray[np.int64]:
    return entries.reshape(len(entries), -1) @ (1 << np.arange(entries[0].size))


def block_forests(masks: Entries, d: int, m: int) -> Said:
    """Rows in a and columns in b classes with a forest of frozen entries in each block.

    >>> block_forests(np.zeros((1, 2, 2), dtype=bool), 1, 0).tolist()  # a = 1, b = 2
    [True]
    """
    _, p, q = masks.shape
    is_forest, frozen = _acyclic(p, q), _codes(~masks)
    said = np.zeros(len(masks), dtype=bool)
    for row_of in product(range(p - d), repeat=p):
        for column_of in product(range(q - m), repeat=q):
            good = np.ones(len(masks), dtype=bool)
            for x, y in product(range(p - d), range(q - m)):
                block = np.outer(np.array(row_of) == x, np.array(column_of) == y)
                good &= is_forest[frozen & _codes(block[None])[0]]
            said |= good
    return said


def two_forests(masks: Entries, d: int, m: int) -> Said:
    """For some order of the lines, the frozen entries before and after it are both forests.

    >>> two_forests(np.zeros((1, 2, 2), dtype=bool), 2, 2).tolist()
    [True]
    """
    return _split(masks, rigidity.row_first(*masks.shape[1:]))


def any_two_forests(masks: Entries, d: int, m: int) -> Said:
    """The same without the order: some split into two forests."""
    _, p, q = masks.shape
    parts = np.arange(2 ** (p * q))[:, None] >> np.arange(p * q) & 1
    return _split(masks, parts.astype(bool).reshape(-1, p, q))


def _split(masks: Entries, parts: Entries) -> Said:
    _, p, q = masks.shape
    is_forest, frozen = _acyclic(p, q), _codes(~masks)
    said = np.zeros(len(masks), dtype=bool)
    for part in _codes(parts):
        said |= is_forest[frozen & part] & is_forest[frozen & ~part]
    return said


CASES = (
    ScopedRule(lambda a, b, d, m: a == 0, rows),
    ScopedRule(lambda a, b, d, m: b == 0, columns),
    ScopedRule(lambda a, b, d, m: d == 1, nonempty_columns),
    ScopedRule(lambda a, b, d, m: m == 1, nonempty_rows),
    ScopedRule(lambda a, b, d, m: a == b == 1, forest),
    ScopedRule(lambda a, b, d, m: d == 2, two_outputs),
    ScopedRule(lambda a, b, d, m: m == 2, two_samples),
    ScopedRule(lambda a, b, d, m: min(a, b) == 1, count),
)


def exact(masks: Entries, d: int, m: int) -> Said:
    """By the last of the exact cases that apply; every layer with p, q <= 4 has one.

    Raises StopIteration where none applies.

    >>> exact(np.eye(3, dtype=bool)[None], 2, 2).tolist()
    [False]
    """
    a, b = masks.shape[1] - d, masks.shape[2] - m
    return next(case for case in reversed(CASES) if case.applies(a, b, d, m)).rule(masks, d, m)
