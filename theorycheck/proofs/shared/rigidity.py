"""The bipartite rigidity matroid B_(p,q)(a, b), its dual, forests, and all rectangles of entries.

Sets of entries are boolean arrays of shape (count, p, q). Ranks are those modulo a random prime at
a random point, the larger of two draws, as in `exhaustive`.
"""

from __future__ import annotations

from itertools import permutations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...field.batched import batched_rank
from ...ranks.point import draw_prime, words
from . import exhaustive

Entries: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = NDArray[np.int64]

_TRIALS = 2


def _generic(rows: int, columns: int, name: str, trial: int, prime: int) -> Values:
    drawn = words(0, trial, name, rows * columns) % np.uint64(prime)
    return drawn.astype(np.int64).reshape(rows, columns)


def vectors(p: int, q: int, a: int, b: int, trial: int, prime: int) -> Values:
    """k_i (x) e_j + e_i (x) l_j for every entry: shape (a q + b p, p q), with generic k_i and l_j.

    >>> vectors(2, 3, 1, 1, 0, 4194319).shape
    (5, 6)
    """
    k = _generic(a, p, f"k {p} {q} {a} {b}", trial, prime)
    ell = _generic(b, q, f"l {p} {q} {a} {b}", trial, prime)
    return np.concatenate([np.kron(k, np.eye(q)), np.kron(np.eye(p), ell)]).astype(np.int64)


def rank_of(entries: Entries, a: int, b: int) -> Values:
    """Ranks in B_(p,q)(a, b) of many sets of entries.

    >>> rank_of(np.ones((1, 3, 3), dtype=bool), 1, 1).tolist()  # a spanning tree of K_(3,3)
    [5]
    """
    _, p, q = entries.shape
    flat = entries.reshape(len(entries), 1, p * q)
    best = np.zeros(len(entries), dtype=np.int64)
    for trial in range(_TRIALS):
        prime = draw_prime(0, trial)
        columns = vectors(p, q, a, b, trial, prime)
        if len(columns):
            best = np.maximum(best, batched_rank(columns[None] * flat, prime))
    return best


def independent(entries: Entries, a: int, b: int) -> NDArray[np.bool_]:
    """Which sets of entries are independent in B_(p,q)(a, b).

    >>> independent(np.ones((1, 2, 2), dtype=bool), 1, 1).tolist()
    [False]
    """
    return rank_of(entries, a, b) == entries.sum(axis=(1, 2))


def forests(entries: Entries) -> NDArray[np.bool_]:
    """Which sets of entries are forests between rows and columns: all lines with one entry peel
    off.

    >>> forests(np.array([[[1, 1], [1, 0]], [[1, 1], [1, 1]]], dtype=bool)).tolist()
    [True, False]
    """
    return np.logical_not(core(entries, 1, 1).any(axis=(1, 2)))


def core(entries: Entries, a: int, b: int) -> Entries:
    """What is left after deleting rows of at most b and columns of at most a entries, repeatedly.

    >>> bool(core(np.array([[[1, 1], [1, 0]]], dtype=bool), 1, 1).any())
    False
    """
    while True:
        rows = entries.sum(axis=2, keepdims=True) > b
        left = entries & rows & (entries.sum(axis=1, keepdims=True) > a)
        if (left == entries).all():
            return left
        entries = left


def rectangles(p: int, q: int) -> Entries:
    """All I x J, shape (2^(p + q), p, q).

    >>> rectangles(1, 2).astype(int).tolist()
    [[[0, 0]], [[0, 0]], [[0, 0]], [[0, 0]], [[0, 0]], [[1, 0]], [[0, 1]], [[1, 1]]]
    """
    rows, columns = exhaustive.all_masks(p), exhaustive.all_masks(q)
    return (rows[:, None, :, None] & columns[None, :, None, :]).reshape(-1, p, q)


def row_first(p: int, q: int) -> Entries:
    """For each order of the lines, the entries whose row comes before their column; distinct ones.

    >>> len(row_first(2, 2))  # all 16 but the two diagonals
    14
    """
    places = np.array(list(permutations(range(p + q))))
    first = places[:, :p, None] < places[:, None, p:]
    codes = np.unique(first.reshape(-1, p * q) @ (1 << np.arange(p * q)))
    return (codes[:, None] >> np.arange(p * q) & 1).astype(bool).reshape(-1, p, q)
