"""Random sets of frozen entries that satisfy a sufficient condition of T4, or a false one.

Each takes a generator, p, q, a = p - d and b = q - m_e, and returns a set of frozen entries, None
if its condition is not about these a and b.
"""

from __future__ import annotations

import numpy as np

from ..shared.rigidity import Entries


def _forest(rng: np.random.Generator, places: Entries) -> Entries:
    """A random maximal forest within the places."""
    p, q = places.shape
    tree = np.arange(p + q)
    forest = np.zeros((p, q), dtype=bool)
    for i, j in rng.permutation(np.argwhere(places)):
        if tree[i] != tree[p + j]:
            tree[tree == tree[i]] = tree[p + j]
            forest[i, j] = True
    return forest


def two_forests(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries | None:
    """A forest of entries whose row comes first in an order of the lines, and one of the others.

    >>> int(two_forests(np.random.default_rng(0), 3, 3, 2, 2).sum()) <= 8
    True
    """
    if min(a, b) < 2:
        return None
    place = rng.permutation(p + q)
    first = place[:p, None] < place[None, p:]
    return _forest(rng, first) | _forest(rng, ~first)


def unordered_forests(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries | None:
    """Two forests without an order, a false variant."""
    if min(a, b) < 2:
        return None
    one = _forest(rng, np.ones((p, q), dtype=bool))
    return one | _forest(rng, ~one)


def block_forests(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """A forest in each block of a classes of rows and b classes of columns."""
    row_of, column_of = rng.integers(a, size=p), rng.integers(b, size=q)
    frozen = np.zeros((p, q), dtype=bool)
    for x in range(a):
        for y in range(b):
            frozen |= _forest(rng, np.outer(row_of == x, column_of == y))
    return frozen


def blocks_too_many(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """One class of columns too many, a false variant."""
    return block_forests(rng, p, q, a, b + 1)


def _coloured(rng: np.random.Generator, p: int, q: int, d: int, m: int, others: int) -> Entries:
    """All frozen but one learnable in each of d rows for m colours, in columns of the colour."""
    frozen = np.ones((p, q), dtype=bool)
    colours = np.concatenate([np.arange(m), rng.integers(m, size=q - m)])
    for colour in range(m):
        for row in rng.permutation(p)[: d - others]:
            frozen[row, rng.choice(np.flatnonzero(colours == colour))] = False
    return frozen


def coloured(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """The learnables of each of m_e colours of columns meet d rows."""
    return _coloured(rng, p, q, p - a, q - b, 0)


def coloured_too_few(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """They meet d - 1 rows, a false variant."""
    return _coloured(rng, p, q, p - a, q - b, 1)


def peelable(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """Lines in a random order, each with at most b (row) or a (column) entries to later lines."""
    return _peelable(rng, p, q, a, b)


def peelable_exchanged(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    """At most a entries per row and b per column, a false variant."""
    return _peelable(rng, p, q, b, a)


def _peelable(rng: np.random.Generator, p: int, q: int, a: int, b: int) -> Entries:
    place = rng.permutation(p + q)
    later = place[:p, None] < place[None, p:]  # the column is later than the row
    taste = rng.random((p, q))
    of_rows = np.argsort(np.argsort(np.where(later, taste, 2.0), axis=1), axis=1) < b
    of_columns = np.argsort(np.argsort(np.where(later, 2.0, taste), axis=0), axis=0) < a
    return (later & of_rows) | (~later & of_columns)
