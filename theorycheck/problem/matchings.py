"""Maximum matchings of rows and columns, in a time that no support makes exponential.

This is the algorithm of Hopcroft and Karp (SIAM J. Comput. 2, 1973): O(E sqrt(V)) steps for E true
entries in V lines. SciPy's `maximum_bipartite_matching` is meant to be the same, but walks along
dead ends again and again: on layered graphs its time doubles with every layer.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray


def maximum_matching(support: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The column of each row in a matching of most pairs of true entries; -1 for rows without.

    The same support always has the same answer.

    >>> maximum_matching(np.array([[True, True], [True, False], [True, False]])).tolist()
    [1, 0, -1]
    """
    search = _Matching(support)
    while search.is_open and search.layer():
        search.augment()
    return np.array(search.column_of, dtype=np.intp)


class _Matching:
    """A matching, at first a greedy one, that each phase makes larger along disjoint paths."""

    def __init__(self, support: NDArray[np.bool_]) -> None:
        self._support = support
        self._columns: dict[int, array[int]] = {}
        n_rows, n_columns = support.shape
        self.column_of = [-1] * n_rows
        self._row_of = [-1] * n_columns
        is_free = np.ones(n_columns, dtype=bool)
        in_columns, in_rows = support.sum(axis=0), support.sum(axis=1)
        for row in np.argsort(in_rows, kind="stable").tolist():
            choice = np.flatnonzero(support[row] & is_free)
            if len(choice):  # of the columns the one that fewest other rows can have
                self._match(row, int(choice[np.argmin(in_columns[choice])]))
                is_free[self.column_of[row]] = False

    @property
    def is_open(self) -> bool:
        """Whether rows and columns are left over, so that a path could join two."""
        return -1 in self.column_of and -1 in self._row_of

    def _match(self, row: int, column: int) -> None:
        self.column_of[row], self._row_of[column] = column, row

    def _of(self, row: int) -> array[int]:
        """The columns of a row, listed once it is reached: most rows of most supports are not."""
        if row not in self._columns:
            listed = np.flatnonzero(self._support[row]).astype(np.intc)
            self._columns[row] = array("i", listed.tobytes())
        return self._columns[row]

    def layer(self) -> bool:
        """Number the rows by their distance from free ones; whether a free column is reached."""
        self._distance = {row: 0 for row, column in enumerate(self.column_of) if column < 0}
        queue = list(self._distance)
        self._last = len(self.column_of)  # the distance of rows that reach a free column
        for row in queue:
            here = self._distance[row]
            if here > self._last:
                break
            for column in self._of(row):
                owner = self._row_of[column]
                if owner < 0:
                    self._last = here
                elif owner not in self._distance:
                    self._distance[owner] = here + 1
                    queue.append(owner)
        return self._last < len(self.column_of)

    def augment(self) -> None:
        """Match along shortest paths that share no row, as long as there are any."""
        roots = [row for row, distance in self._distance.items() if not distance]
        left = {row: iter(self._of(row)) for row in self._distance if row in self._columns}
        for root in roots:
            path = [(root, -1)]  # rows, each with the column that led to it
            while path:
                row, _ = path[-1]
                column = next(left[row], None)
                if column is None:  # a dead end for the whole phase
                    path.pop()
                    continue
                owner = self._row_of[column]
                if owner < 0:
                    self._shift(path, column)
                    break
                is_next = self._distance.get(owner) == self._distance[row] + 1
                if is_next and self._distance[owner] <= self._last:
                    path.append((owner, column))

    def _shift(self, path: list[tuple[int, int]], column: int) -> None:
        """Give each row of the path the column that leads on, the last one `column`."""
        for row, led_here in reversed(path):
            self._match(row, column)
            column = led_here
