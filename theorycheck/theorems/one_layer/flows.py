"""a = 1: a count decides, and assigning every frozen entry to its row or its column settles it.

For a = 1 the frozen entries F are independent iff |F in I x J| <= b |I| + |J| - b for all rows I
that are not empty and all columns J (T4; for |J| < b it holds by itself). By Hall's theorem for the
sets I that contain the row r this says: every entry can go to its row, which takes b but none if it
is r, or to its column, which takes one. One assignment for all b is found once; then for each root
r what r holds must find room elsewhere.

A column's entry is its `head`. Moving an entry (i, j) from row i to column j moves the column's
former entry (h, j) to row h: a unit of load goes from i to h, and a path of such moves may end in
any row with room. So r passes iff b units flow from r to a sink t, where b - load(i) units can go
from each row i to t, and each column passes one.

Contraction: rows that have passed may be taken as sinks of their own for all later roots. Proof:
let a cut X with r in X and t outside be smaller than b. A passed row s in X would be cut from t by
it, but b units flow from s to t. So all passed rows are outside, and X cuts r from them, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...problem.allocation import Mask

Lines = tuple[list[int], list[int]]


class EntryAssignment:
    """Entries of `frozen` assigned to their rows or, the `head` of each column, to the column.

    Every column must have a frozen entry. `load` counts what each row holds.
    """

    def __init__(self, frozen: Mask, b: int) -> None:
        self.frozen, self.b = frozen, b
        self.load = np.count_nonzero(frozen, axis=1)
        self.head = np.zeros(frozen.shape[1], dtype=np.intp)
        for column in np.argsort(np.count_nonzero(frozen, axis=0), kind="stable"):
            row = int(np.argmax(np.where(frozen[:, column], self.load, -1)))
            self.head[column] = row
            self.load[row] -= 1

    def settle(self) -> Lines | None:
        """Bring every load down to b; else the rows and columns that hold too many entries."""
        for row in np.flatnonzero(self.load > self.b).tolist():
            while self.load[row] > self.b:
                violated = self._push(row, self.load < self.b)
                if violated is not None:
                    return violated
        return None

    def check_roots(self) -> Lines | None:
        """After `settle`: None if every root passes, else a violated rectangle.

        The assignment is afterwards as it was.
        """
        passed = np.zeros(len(self.load), dtype=bool)
        direct = np.zeros(len(self.load), dtype=np.intp)  # own entries in columns of passed heads
        for _ in range(len(self.load)):
            missing = np.where(passed, np.iinfo(np.intp).max, self.load - direct)
            root = int(np.argmin(missing))
            if missing[root] > 0:
                violated = self._check_root(root, passed)
                if violated is not None:
                    return violated
            passed[root] = True
            direct += np.count_nonzero(self.frozen[:, self.head == root], axis=1)
        return None

    def _check_root(self, root: int, passed: NDArray[np.bool_]) -> Lines | None:
        head, load = self.head.copy(), self.load.copy()
        columns = self.frozen[root] & passed[self.head]
        self.head[columns] = root
        self.load[root] -= np.count_nonzero(columns)
        violated = None
        while self.load[root] > 0 and violated is None:
            violated = self._push(root, passed | (self.load < self.b))
        self.head, self.load = head, load
        return violated

    def _push(self, root: int, is_sink: NDArray[np.bool_]) -> Lines | None:
        """Move one unit of load from `root` to a sink row; else what can be reached.

        Then the columns reached are those with heads in the rows I reached, and every entry of
        I x J is such a head or part of a load: |J| + (|I| - 1) b + load(root) entries, with the
        load of the root above what it may be.
        """
        came_from = {root: (-1, -1)}
        is_new = np.ones(len(self.head), dtype=bool)
        is_new[self.head == root] = False
        is_last = is_sink[self.head]
        queue = [root]
        for row in queue:
            columns = np.flatnonzero(self.frozen[row] & is_new)
            last = columns[is_last[columns]]
            for column in (last[:1] if len(last) else columns).tolist():
                head = int(self.head[column])
                if head not in came_from:
                    came_from[head] = row, column
                    queue.append(head)
            if len(last):
                self._move(came_from, queue[-1])
                return None
            is_new[columns] = False
        reached = np.zeros(len(self.load), dtype=bool)
        reached[queue] = True
        return sorted(queue), np.flatnonzero(reached[self.head]).tolist()

    def _move(self, came_from: dict[int, tuple[int, int]], row: int) -> None:
        self.load[row] += 1
        while came_from[row][0] >= 0:
            row, column = came_from[row]
            self.head[column] = row
        self.load[row] -= 1


def assign(frozen: Mask, b: int) -> tuple[NDArray[np.intp] | None, Lines]:
    """Whether the frozen entries are independent for a = 1: the heads, or None and why not.

    The heads name for every column the row whose entry it takes. Otherwise the pair of lists is a
    violated rectangle. b >= 1; every column needs a frozen entry.

    >>> assign(np.ones((2, 4), dtype=bool), 2)
    (None, ([0, 1], [0, 1, 2, 3]))
    >>> assign(np.ones((2, 3), dtype=bool), 3)[0]
    array([0, 1, 0])
    """
    entries = EntryAssignment(frozen, b)
    violated = entries.settle()
    if violated is None:
        heads = entries.head.copy()
        violated = entries.check_roots()
        if violated is None:
            return heads, ([], [])
    return None, violated
