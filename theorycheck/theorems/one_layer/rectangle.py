"""Rectangles of a core that hold more frozen entries than can be independent.

On rows I and columns J with |I| >= a and |J| >= b the matroid has rank b |I| + a |J| - a b, so more
frozen entries inside I x J are dependent. That none is found says nothing: the count is not
sufficient, and the search is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from ...problem.allocation import Mask
from .core import find_core
from .flows import Lines

# Frozen entries that all minimum cuts together may see, a fraction of a second; each cut costs as
# much as OVERHEAD entries more.
EFFORT = 4_000_000
OVERHEAD = 10_000


def find_violated(frozen: Mask, a: int, b: int) -> Lines | None:
    """Rows and columns of a violated rectangle of a core, or None if none is found.

    Its connected components are tried, and then, by one minimum cut each, all rectangles that
    contain some a chosen rows. a, b >= 1; `is_crowded` has tried the whole.

    >>> two_squares = np.kron(np.eye(2), np.ones((4, 4))) > 0
    >>> find_violated(two_squares, 2, 2)
    ([0, 1, 2, 3], [0, 1, 2, 3])
    """
    if np.count_nonzero(frozen) > EFFORT:
        return None
    for rows, columns in _components(frozen):
        if is_crowded(frozen[np.ix_(rows, columns)], a, b):
            return rows.tolist(), columns.tolist()
    found = _search(frozen, a, b)
    return None if found is None else _peeled(frozen, found, a, b)


def is_crowded(frozen: Mask, a: int, b: int) -> bool:
    """Whether there are more frozen entries than the rank of all entries; at least a x b lines."""
    p, q = frozen.shape
    return np.count_nonzero(frozen) > b * p + a * q - a * b


def _components(frozen: Mask) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    p, q = frozen.shape
    rows, columns = np.nonzero(frozen)
    edges = coo_array((np.ones(len(rows)), (rows, columns + p)), shape=(p + q, p + q))
    n, label = connected_components(edges, directed=False)
    for component in range(n):
        lines = np.flatnonzero(label == component)
        yield lines[lines < p], lines[lines >= p] - p


def _search(frozen: Mask, a: int, b: int) -> Lines | None:
    """Minimum cuts with some a rows forced into the rectangle.

    With a chosen rows I0 free of charge, a rectangle that contains them is violated iff its entries
    outnumber b per other row and a per column (a b are paid by I0): by Hall's theorem iff the
    entries cannot all go to their row (b each, none in I0) or to their column (a each).
    """
    counts = np.count_nonzero(frozen, axis=1)
    network = _FlowNetwork(frozen, a)
    n_cuts = EFFORT // (OVERHEAD + int(counts.sum()))
    for roots in islice(_root_sets(frozen, a), n_cuts):
        room = np.full(len(frozen), b)
        room[list(roots)] = 0
        found = network.overflow(counts - room)
        if found is not None:
            return sorted({*found[0], *roots}), found[1]
    return None


def _root_sets(frozen: Mask, a: int) -> Iterator[tuple[int, ...]]:
    """Sets of a rows: each row with those that share most columns with it, then all others."""
    counts = np.count_nonzero(frozen, axis=1)
    tried = set()
    for first in np.argsort(-counts, kind="stable").tolist():
        shared = np.count_nonzero(frozen[:, frozen[first]], axis=1)
        shared[first] = frozen.shape[1] + 1
        roots = tuple(sorted(np.argsort(-shared, kind="stable")[:a].tolist()))
        if roots not in tried:
            tried.add(roots)
            yield roots
    yield from (roots for roots in combinations(range(len(frozen)), a) if roots not in tried)


class _FlowNetwork:
    """Source - rows - columns - sink, one unit per frozen entry, `a` units into each column."""

    def __init__(self, frozen: Mask, a: int) -> None:
        from scipy.sparse import csr_array

        p, q = frozen.shape
        rows, columns = np.nonzero(frozen)
        self.shape, self.n_nodes = (p, q), p + q + 2
        start = [np.zeros(p, dtype=np.int64), rows + 1, np.arange(q) + p + 1]
        end = [np.arange(p) + 1, columns + p + 1, np.full(q, self.n_nodes - 1)]
        room = [np.ones(p), np.ones(len(rows)), np.full(q, a)]
        # SciPy's flows want 32-bit indices, which csr_array does not choose in every version.
        ends = (np.concatenate(start).astype(np.int32), np.concatenate(end).astype(np.int32))
        capacity = np.concatenate(room).astype(np.int32)
        # Sorted by start: the first p entries are the source's, in the order of the rows.
        self.graph = csr_array((capacity, ends), shape=(self.n_nodes, self.n_nodes))

    def overflow(self, needed: NDArray[np.intp]) -> Lines | None:
        """Rows and columns on the source's side of a minimum cut, if not all needs (> 0) fit."""
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        p, q = self.shape
        self.graph.data[:p] = needed
        result = maximum_flow(self.graph, 0, self.n_nodes - 1, method="dinic")
        if result.flow_value == needed.sum():
            return None
        residual = self.graph - result.flow
        residual.eliminate_zeros()
        reached = breadth_first_order(residual, 0, return_predecessors=False)
        lines = np.sort(reached) - 1
        rows = lines[(lines >= 0) & (lines < p)]
        columns = lines[(lines >= p) & (lines < p + q)] - p
        return rows.tolist(), columns.tolist()


def _peeled(frozen: Mask, lines: Lines, a: int, b: int) -> Lines:
    """The same rectangle without lines of few entries, which leave it violated."""
    rows, columns = (np.array(line) for line in lines)
    core = find_core(~frozen[np.ix_(rows, columns)], a, b)
    return rows[core.rows].tolist(), columns[core.columns].tolist()
