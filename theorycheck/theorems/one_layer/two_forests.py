"""a = b = 2: two forests (Bernstein 2017), as an order of the lines.

The frozen entries are independent in B(2, 2) iff they split into forests A and B such that A
oriented from rows to columns and B from columns to rows has no directed cycle. Such a split is an
order of the lines: A holds the entries whose row comes before their column, B the others. More
dimensions do no harm: k_i and l_j cut down to two coordinates are those of B(2, 2), and vectors
whose images are independent are independent. So for a, b >= 2 an order proves independence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.allocation import Mask

MOST_STATES = 10_000  # of the search, a fraction of a second
MOST_LINES = 80


@dataclass(frozen=True)
class _State:
    """Lines put in order so far, and for the others (-1 if put) the tree they are in.

    Two columns are in one tree if rows put connect them in A; rows, by columns in B. The rest of
    the search depends on nothing else.
    """

    order: tuple[int, ...]
    tree: tuple[int, ...]

    def put(self, line: int, ahead: list[int]) -> _State | None:
        """The state with `line` next and its entries to lines `ahead`; None if a cycle closes."""
        joined = {self.tree[other] for other in ahead}
        if len(joined) < len(ahead):
            return None
        tree = [min(joined) if label in joined else label for label in self.tree]
        tree[line] = -1
        # A tree is named by its first line, so that equal states look equal.
        first: dict[int, int] = {-1: -1}
        names = tuple(first.setdefault(label, index) for index, label in enumerate(tree))
        return _State((*self.order, line), names)


def find_order(frozen: Mask) -> list[int] | None:
    """An order of the lines (rows 0..p-1, columns p..p+q-1) that splits the entries in two forests.

    None if there is none or the search (depth first, no state twice) takes too long.

    >>> find_order(np.ones((2, 2), dtype=bool))
    [3, 0, 1, 2]
    >>> find_order(np.ones((3, 3), dtype=bool)) is None
    True
    """
    p, q = frozen.shape
    if p + q > MOST_LINES:
        return None
    near = [(np.flatnonzero(row) + p).tolist() for row in frozen]
    near += [np.flatnonzero(column).tolist() for column in frozen.T]
    stack = [_State((), tuple(range(p + q)))]
    seen = {stack[0].tree}
    while stack and len(seen) <= MOST_STATES:
        state = stack.pop()
        if len(state.order) == p + q:
            return list(state.order)
        for successor in _successors(state, near):
            if successor.tree not in seen:
                seen.add(successor.tree)
                stack.append(successor)
    return None


def _successors(state: _State, near: list[list[int]]) -> list[_State]:
    """The states with one more line placed, the most promising last."""
    found = []
    for line, label in enumerate(state.tree):
        if label < 0:
            continue
        ahead = [other for other in near[line] if state.tree[other] >= 0]
        successor = state.put(line, ahead)
        if successor is None:
            continue
        if len(ahead) <= 1:
            # Never wrong: in any order that goes on, moving the line to the front takes entries out
            # of one forest and makes the line a leaf of the other.
            return [successor]
        found.append((len(ahead), successor))
    found.sort(key=lambda pair: -pair[0])
    return [successor for _, successor in found]
