"""Rows in a classes and columns in b classes, a forest in every block: sufficient for any a, b.

Set k_i to the unit vector of row i's class and l_j to that of column j's. The vector of entry (i,
j) is then a sum of two unit vectors, those of the nodes (class of i, j) and (i, class of j): an
edge. Nodes of different blocks (class of rows x class of columns) differ, and inside one block the
edges are its frozen entries between rows and columns. So the entries are independent at this
special point, and then at a generic one, if each block is a forest. (All blocks together can hold b
p + a q - a b entries, as many as can be independent.)
"""

from __future__ import annotations

import numpy as np

from ...problem.allocation import Mask

MOST_MOVES = 300
EFFORT = 2_000_000  # frozen entries that the search may look at, about a second


class _Classes:
    """The classes of the lines of one axis, and their frozen entries by line."""

    def __init__(self, frozen: Mask, n_classes: int, rng: np.random.Generator) -> None:
        self.near = [np.flatnonzero(line).tolist() for line in frozen]
        self.n_classes = n_classes
        self.of = rng.integers(n_classes, size=len(frozen)).tolist()

    def cycles(self, line: int, group: int, across: list[int]) -> int:
        """Entries of `line` that close a cycle if it comes last into `group`; `across`: the others.

        Lines of the group join the lines across of one class that they have entries in.
        """
        tree = list(range(len(across)))

        def find(node: int) -> int:
            while tree[node] != node:
                tree[node] = tree[tree[node]]
                node = tree[node]
            return node

        for other, near in enumerate(self.near):
            if self.of[other] == group and other != line:
                first: dict[int, int] = {}
                for node in near:
                    tree[find(node)] = find(first.setdefault(across[node], node))
        ends = [(across[node], find(node)) for node in self.near[line]]
        return len(ends) - len(set(ends))


def find_classes(frozen: Mask, a: int, b: int) -> tuple[list[int], list[int]] | None:
    """Classes of the rows (0 to a - 1) and columns (0 to b - 1) with forests in all blocks.

    Lines that close cycles move to the class where they close fewest, from a random start. None
    says nothing: the search is short.

    >>> find_classes(np.ones((2, 2), dtype=bool), 2, 1)
    ([0, 1], [0, 0])
    >>> find_classes(np.ones((2, 2), dtype=bool), 1, 1) is None
    True
    """
    n_frozen = int(np.count_nonzero(frozen))
    # What looking at every line once costs: beyond the effort nothing is found, so nothing is made.
    if frozen.shape[0] * (n_frozen // a) + frozen.shape[1] * (n_frozen // b) > EFFORT:
        return None
    rng = np.random.default_rng(0)
    rows, columns = _Classes(frozen, a, rng), _Classes(frozen.T, b, rng)
    lines = [(rows, columns, i) for i in range(len(rows.of))]
    lines += [(columns, rows, j) for j in range(len(columns.of))]
    moves, cost = 0, 0
    is_settled = False
    while not is_settled and moves < MOST_MOVES:
        is_settled = True
        for index in rng.permutation(len(lines)).tolist():
            side, across, line = lines[index]
            cost += n_frozen // side.n_classes
            if cost > EFFORT:
                return None
            if side.cycles(line, side.of[line], across.of):
                taste = rng.random(side.n_classes).tolist()  # breaks ties
                closed = [side.cycles(line, k, across.of) + taste[k] for k in range(len(taste))]
                side.of[line] = int(np.argmin(closed))
                is_settled = False
                moves += 1
                cost += n_frozen
    return (rows.of, columns.of) if is_settled else None
