"""Numbers of masks: the combinatorial number system."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..mask_space import Masks

_LARGEST_TABLE = 2**20  # entries


@dataclass(frozen=True)
class Unranking:
    """Masks of `n_entries` with `budget` set entries, numbered from 0 in lexicographic order.

    >>> Unranking(4, 2).masks([0, 5]).astype(int).tolist()
    [[0, 0, 1, 1], [1, 1, 0, 0]]
    """

    n_entries: int
    budget: int

    @cached_property
    def total(self) -> int:
        """How many masks there are."""
        return math.comb(self.n_entries, self.budget)

    def masks(self, numbers: NDArray[np.int64] | Sequence[int]) -> Masks:
        """The masks with these numbers, each from 0 to `total` - 1; one row for each."""
        # With more entries set than not, the others are found; their order is the reverse.
        turned = 2 * self.budget > self.n_entries
        if self.total < 2**63:
            rest = np.array(numbers, dtype=np.int64)
            found = self._small(self.total - 1 - rest if turned else rest)
        else:
            last = self.total - 1
            found = self._large(last - number if turned else number for number in numbers)
        return ~found if turned else found

    @property
    def _size(self) -> int:
        return min(self.budget, self.n_entries - self.budget)

    def _small(self, rest: NDArray[np.int64]) -> Masks:
        # The number is comb(c_k, k) + ... + comb(c_1, 1), c_k > ... > c_1 entries from the end.
        masks = np.zeros((len(rest), self.n_entries), dtype=bool)
        rows = np.arange(len(rest))
        for size in range(self._size, 0, -1):
            column = self._columns[size]
            entry = np.searchsorted(column, rest, side="right") - 1
            rest = rest - column[entry]
            masks[rows, self.n_entries - 1 - entry] = True
        return masks

    def _large(self, numbers: Iterable[int]) -> Masks:
        n_entries, rows = self.n_entries, []
        tabled = n_entries * self._size <= _LARGEST_TABLE
        for number in numbers:
            rest, entry, entries = int(number), n_entries, []
            for size in range(self._size, 0, -1):
                if tabled:
                    column = self._long_columns[size]
                    entry = bisect_right(column, rest, 0, entry) - 1
                    rest -= column[entry]
                else:
                    key = lambda c, size=size: math.comb(c, size)  # noqa: E731
                    entry = bisect_right(range(entry), rest, key=key) - 1
                    rest -= math.comb(entry, size)
                entries.append(n_entries - 1 - entry)
            rows.append(entries)
        masks = np.zeros((len(rows), n_entries), dtype=bool)
        if self._size:
            np.put_along_axis(masks, np.array(rows, dtype=int).reshape(-1, self._size), True, 1)
        return masks

    @cached_property
    def _columns(self) -> list[NDArray[np.int64]]:
        return [np.array(column, dtype=np.int64) for column in self._long_columns]

    @cached_property
    def _long_columns(self) -> list[list[int]]:
        sizes = range(self._size + 1)
        return [[math.comb(entry, size) for entry in range(self.n_entries)] for size in sizes]
