"""Allocations as networkx graphs, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InputError
from .masks import Mask
from .networks import LinearRecurrent, Network, network_from_dict

if TYPE_CHECKING:
    import networkx as nx

    from .allocation import Allocation


def unit_graph(allocation: Allocation) -> nx.DiGraph:
    """The network as a directed graph of units, one edge per present connection.

    Nodes are (layer, unit); for recurrent networks ("input" | "hidden" | "output", unit); for
    biases ("constant", layer). Edges have `weight`, `index` and `learnable`; the graph has
    `network`, the object of an allocation file.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> graph = unit_graph(Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]}))
    >>> sorted((tail, head, data["learnable"]) for tail, head, data in graph.edges(data=True))
    [((0, 0), (1, 0), False), ((0, 1), (1, 0), True)]
    """
    import networkx as nx

    network = allocation.network
    graph = nx.DiGraph(network=network.to_dict())
    for level, size in _levels(network).items():
        graph.add_nodes_from((level, unit) for unit in range(size))
    for name in network.weight_shapes:
        tail, head = _ends(network, name)
        learnable = allocation.mask(name)
        for index in map(tuple, np.argwhere(allocation.present_mask(name)).tolist()):
            source = (tail, index[1]) if len(index) == 2 else ("constant", tail)
            data = {"weight": name, "index": index, "learnable": bool(learnable[index])}
            graph.add_edge(source, (head, index[0]), **data)
    return graph


def layer_graph(allocation: Allocation, name: str) -> nx.Graph:
    """The mask of weight `name` as a bipartite graph: ("row", i) - ("column", j).

    Nodes have `bipartite` (0 rows, 1 columns), edges `learnable`; absent connections are no edges.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> graph = layer_graph(Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]}), "W1")
    >>> graph.edges[("row", 0), ("column", 1)]
    {'learnable': True}
    """
    import networkx as nx

    shapes = allocation.network.weight_shapes
    if len(shapes.get(name, ())) != 2:
        matrices = ", ".join(key for key, shape in shapes.items() if len(shape) == 2)
        raise InputError(f"{name!r} is no weight matrix of this network; it has {matrices}")
    graph = nx.Graph(weight=name)
    for side, label in enumerate(("row", "column")):
        nodes = ((label, i) for i in range(shapes[name][side]))
        graph.add_nodes_from(nodes, bipartite=side)
    learnable = allocation.mask(name)
    for i, j in np.argwhere(allocation.present_mask(name)).tolist():
        graph.add_edge(("row", i), ("column", j), learnable=bool(learnable[i, j]))
    return graph


def masks_from_graph(graph: nx.Graph) -> tuple[Network, dict[str, Mask], dict[str, Mask]]:
    """Network, learnable and present masks of a graph as `unit_graph` makes them.

    Raises `InputError` for edges without `weight` and `index`, or that fit no weight.
    """
    network = network_from_dict(graph.graph.get("network"))
    shapes = network.weight_shapes
    learnable = {name: np.zeros(shape, dtype=bool) for name, shape in shapes.items()}
    present = {name: np.zeros(shape, dtype=bool) for name, shape in shapes.items()}
    for tail, head, data in graph.edges(data=True):
        name: Any = data.get("weight")
        index: Any = data.get("index")
        if name not in shapes or not _fits(index, shapes[name]):
            raise InputError(f"edge {tail} -> {head} has no weight and index of this network")
        present[name][tuple(index)] = True
        learnable[name][tuple(index)] = bool(data.get("learnable", False))
    return network, learnable, present


def _fits(index: Any, shape: tuple[int, ...]) -> bool:
    is_index = isinstance(index, (tuple, list)) and len(index) == len(shape)
    return is_index and all(
        isinstance(i, int) and 0 <= i < n for i, n in zip(index, shape, strict=True)
    )


def _levels(network: Network) -> dict[Any, int]:
    if isinstance(network, LinearRecurrent):
        return {"input": network.inputs, "hidden": network.hidden, "output": network.outputs}
    return dict(enumerate(network.widths))


def _ends(network: Network, name: str) -> tuple[Any, Any]:
    """The levels that weight `name` leads from and to; for a bias both are its layer."""
    if isinstance(network, LinearRecurrent):
        ends = {"input": ("input", "hidden"), "recurrent": ("hidden", "hidden")}
        return ends.get(name, ("hidden", "output"))
    layer = int(name[1:])
    return (layer - 1 if name[0] == "W" else layer), layer
