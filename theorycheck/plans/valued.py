"""A search for levels of T14 whose units have values: by counts, then modulo a prime."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from .levels import Levels
from .pairs import Counts, Pair
from .search import Found, first_that_works, tries_for

_WHAT = "the search for levels with values"
_FEW = 256  # levels of all units that are tried one after the other
_MOVES = 12  # elsewhere, of one climb for each unit
_MOST_MOVES = 1e5  # of all climbs for a pair, in units x columns
_LEAST_MOVES, _ENOUGH_MOVES = 200, 6000
_PATIENCE = 0.1  # a move that is worse by w is taken with probability _PATIENCE^w
_MOST_WORK = 1e10  # of all that are tried for a pair, in equations^2 x learnables
_TRIES = (3, 60)  # at least and at most


def find_valued(
    pairs: list[Pair], prime: int, seed: int, deadline: Deadline = NEVER
) -> Found | None:
    """The first levels with values found that make one of the pairs maximal.

    Of as many learnables as equations no column is infinite. Raises `OutOfTimeError` after the
    deadline.
    """
    rng = np.random.default_rng(seed)
    for pair in pairs:
        if pair.n_learnable < pair.n_equations:
            continue
        proposed, tries = valued_levels(pair, rng, deadline), tries_for(pair, _MOST_WORK, _TRIES)
        found = first_that_works(pair, proposed, set(), tries, prime, rng, deadline)
        if found is not None:
            return found
    return None


def valued_levels(
    pair: Pair, rng: np.random.Generator, deadline: Deadline = NEVER
) -> Iterator[Levels]:
    """Levels that counts allow, units having values of all chosen functionals that they can.

    All levels of units are tried if these are few; else climbs start at high or random ones and
    change those of one unit at a time, as long as the size of the pair allows. Raises
    `OutOfTimeError` after the deadline.

    >>> outer = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=bool)
    >>> inner = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0]], dtype=bool)
    >>> pair = Pair(1, "columns", (0, 1, 2), outer, inner, 3)
    >>> next(valued_levels(pair, np.random.default_rng(0)))
    Levels(units=(1, 1, 0), columns=(1, 1, 3), chosen=1, values=(0, 0, 1))
    """
    most = np.minimum(np.count_nonzero(pair.outer, axis=0), pair.rows)
    counting = _Counting(pair, most)
    if float(np.prod(most + 1.0)) <= _FEW:
        for chosen in range(1, pair.rows + 1):
            for units in deadline.watch(product(*(range(k + 1) for k in most)), _WHAT):
                missed, levels = counting.of(np.array(units), chosen)
                if not missed:
                    yield levels
        return
    size = pair.units * pair.columns
    left = int(np.clip(_MOST_MOVES / size, _LEAST_MOVES, _ENOUGH_MOVES))
    order, number = rng.permutation(max(pair.rows - 1, 1)) + 1, 0
    while left > 0:
        levels, moves = _climb(counting, int(order[number % len(order)]), rng, deadline)
        left, number = left - moves, number + 1
        if levels is not None:
            yield levels


class _Counting:
    """Levels of units completed, and how far they are from what counts allow."""

    def __init__(self, pair: Pair, most: Counts) -> None:
        self.pair, self.most = pair, most
        self._sizes = np.count_nonzero(pair.inner, axis=0)
        self._surplus = pair.n_learnable - pair.n_equations

    def of(self, units: Counts, chosen: int) -> tuple[int, Levels]:
        """By how much counts are missed, with as few columns infinite as miss them least."""
        rows = self.pair.rows
        columns, is_free = self._columns(units)
        reached = np.maximum(units, np.minimum(self.most, chosen))
        numbers = np.arange(1, chosen + 1)[:, None]
        valued = np.count_nonzero((units < numbers) & (reached >= numbers), axis=1)
        room = rows - numbers[:, 0] + valued
        spare = (self.most - reached)[reached >= chosen].sum()
        can_go = [t for t in np.argsort(-columns, kind="stable").tolist() if is_free[t]]
        least, gone = rows**3, 0
        for count in range(min(self._surplus, len(can_go)) + 1):
            left = columns.copy()
            left[can_go[:count]] = 0
            above = np.count_nonzero(left >= numbers, axis=1)
            later = int(np.maximum(left - chosen, 0).sum() - spare)
            missed = int(np.maximum(above - room, 0).sum()) + max(later, 0)
            if missed < least:
                least, gone = missed, count
            if not missed:
                break
        infinite = set(can_go[:gone])
        found = [None if t in infinite else level for t, level in enumerate(columns.tolist())]
        values = (reached - units).tolist()
        return least, Levels(tuple(units.tolist()), tuple(found), chosen, tuple(values))

    def _columns(self, units: Counts) -> tuple[Counts, NDArray[np.bool_]]:
        """The lowest level that each column can have, and whether it can be infinite."""
        rows = self.pair.rows
        lowest = np.full(self.pair.columns, rows)
        ranks = np.zeros(self.pair.columns, dtype=np.int64)
        for level in range(rows, -1, -1):
            for unit in np.flatnonzero(units == level):
                ranks += self.pair.inner[unit] & (ranks < rows - level)
            lowest[ranks >= rows - level] = level
        return lowest, self._sizes > ranks


def _climb(
    counting: _Counting, chosen: int, rng: np.random.Generator, deadline: Deadline
) -> tuple[Levels | None, int]:
    """Levels that counts allow, None if none are met on the way; and how many were looked at."""
    most = counting.most
    units = np.minimum(most, chosen if rng.random() < 0.7 else rng.integers(0, most + 1))
    here, levels = counting.of(units, chosen)
    for move in range(1, _MOVES * len(units) + 1):
        if not here:
            return levels, move
        deadline.check(_WHAT)
        unit = int(rng.integers(len(units)))
        changed = units.copy()
        changed[unit] = rng.integers(0, most[unit], endpoint=True)
        there, changed_levels = counting.of(changed, chosen)
        if there <= here or rng.random() < _PATIENCE ** (there - here):
            units, here, levels = changed, there, changed_levels
    return None, _MOVES * len(units) + 1
