"""Cycles among the frozen cells of a mask, seen as edges between its rows and columns."""

from __future__ import annotations

import numpy as np

from ..allocation import Mask


def frozen_edges(mask: Mask) -> tuple[list[list[int]], int]:
    """Frozen cells [i, j] of `mask`, at most p + q of them, and how many there are in all.

    A forest on p rows and q columns has fewer than p + q edges, so p + q cells always hold a cycle.

    >>> frozen_edges(np.array([[True, False]]))
    ([[0, 1]], 1)
    """
    n_frozen = mask.size - int(np.count_nonzero(mask))
    most = sum(mask.shape)
    edges: list[list[int]] = []
    for row, line in enumerate(mask):
        edges += [[row, int(j)] for j in np.flatnonzero(~line)[: most - len(edges)]]
        if len(edges) == most:
            break
    return edges, n_frozen


def find_cycle(edges: list[list[int]]) -> list[list[int]] | None:
    """Cells of a cycle, each sharing a row or a column in turn with the next; None for a forest.

    >>> find_cycle([[0, 0], [0, 1], [1, 0], [1, 1]])
    [[1, 0], [0, 0], [0, 1], [1, 1]]
    >>> find_cycle([[0, 0], [0, 1], [1, 1]]) is None
    True
    """
    root: dict[tuple[int, int], tuple[int, int]] = {}

    def find(node: tuple[int, int]) -> tuple[int, int]:
        while root.setdefault(node, node) != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for index, (i, j) in enumerate(edges):
        row, column = find((0, i)), find((1, j))
        if row == column:
            return [*_tree_path(edges[:index], (0, i), (1, j)), [i, j]]
        root[row] = column
    return None


def _tree_path(
    edges: list[list[int]], start: tuple[int, int], goal: tuple[int, int]
) -> list[list[int]]:
    """The edges on the path between two nodes of a forest, in order from `start`."""
    neighbours: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i, j in edges:
        neighbours.setdefault((0, i), []).append((1, j))
        neighbours.setdefault((1, j), []).append((0, i))
    before = {start: start}
    queue = [start]
    for node in queue:
        for neighbour in neighbours.get(node, ()):
            if neighbour not in before:
                before[neighbour] = node
                queue.append(neighbour)
    path: list[list[int]] = []
    node = goal
    while node != start:
        side, index = node
        other = before[node][1]
        path.append([index, other] if side == 0 else [other, index])
        node = before[node]
    return path[::-1]
