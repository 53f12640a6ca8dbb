"""The same patterns and networks as graphs of networkx, which the references work on."""

from __future__ import annotations

import networkx as nx
import numpy as np


def bipartite_graph(support: np.ndarray) -> nx.Graph:
    """Rows are the nodes 0 to p - 1, columns those from p on; an edge for every true entry."""
    graph = nx.Graph()
    graph.add_nodes_from(range(sum(support.shape)))
    rows, columns = np.nonzero(support)
    graph.add_edges_from(zip(rows.tolist(), (columns + len(support)).tolist(), strict=True))
    return graph


def assignment_network(frozen: np.ndarray, room: np.ndarray, column_room: int) -> nx.DiGraph:
    """Source "s" - entries - their row, with `room` to the sink "t", or their column."""
    p = len(frozen)
    network = nx.DiGraph()
    network.add_nodes_from(("s", "t"))
    for entry in np.argwhere(frozen).tolist():
        network.add_edge("s", tuple(entry), capacity=1)
        network.add_edge(tuple(entry), entry[0], capacity=1)
        network.add_edge(tuple(entry), p + entry[1], capacity=1)
    for row, capacity in enumerate(room.tolist()):
        network.add_edge(row, "t", capacity=capacity)
    for column in range(frozen.shape[1]):
        network.add_edge(p + column, "t", capacity=column_room)
    return network


def transport_network(frozen: np.ndarray, needed: np.ndarray, column_room: int) -> nx.DiGraph:
    """Source "s" - rows, by what they need - columns, one an entry - sink "t"."""
    p = len(frozen)
    network = nx.DiGraph()
    for row, capacity in enumerate(needed.tolist()):
        network.add_edge("s", row, capacity=capacity)
    for row, column in np.argwhere(frozen).tolist():
        network.add_edge(row, p + column, capacity=1)
    for column in range(frozen.shape[1]):
        network.add_edge(p + column, "t", capacity=column_room)
    return network


def layered_support(levels: int) -> np.ndarray:
    """A matching of all rows whose search can walk through 2 ** levels dead ends.

    Two rows a level lead to both columns of the next, whose last two are taken; the row that is
    left over starts there, and a chain long enough lets all of that be searched.
    """
    chain, end = 2 * levels + 2, 3 * levels + 3
    rows = [[i, 2 * (i // 2) + 2, 2 * (i // 2) + 3] for i in range(2 * levels)]
    rows += [[chain - 2], [chain - 1], *([i, i + 1] for i in range(chain, end))]
    rows += [[0, 1], [chain], [end + 1, end + 2, end + 3]]
    support = np.zeros((len(rows), end + 4), dtype=bool)
    for row, columns in enumerate(rows):
        support[row, columns] = True
    return support
