"""Networks with their masks as networkx graphs, and back."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError, shown
from ..masks import Mask, check_name
from ..networks.base import Network
from ..networks.kinds import network_from_dict

if TYPE_CHECKING:
    import networkx as nx


def unit_graph(
    network: Network, learnable: Mapping[str, Mask], present: Mapping[str, Mask]
) -> nx.DiGraph:
    """The network as a directed graph of units, one edge per present connection.

    Nodes are (layer, unit); for recurrent networks ("input" | "hidden" | "output", unit); for
    biases ("constant", layer). Edges have `weight`, `index` and `learnable`; the graph has
    `network`, the object of an allocation file. Raises `InputError` for networks with filters.

    >>> from theorycheck import LinearFeedforward
    >>> masks = {"W1": np.array([[False, True]])}, {"W1": np.array([[True, True]])}
    >>> graph = unit_graph(LinearFeedforward([2, 1]), *masks)
    >>> sorted((tail, head, data["learnable"]) for tail, head, data in graph.edges(data=True))
    [((0, 0), (1, 0), False), ((0, 1), (1, 0), True)]
    """
    import networkx as nx

    _refuse_filters(network)
    graph = nx.DiGraph(network=network.to_dict())
    for group, size in network.groups.items():
        graph.add_nodes_from((group, unit) for unit in range(size))
    for name in network.weight_shapes:
        for index in map(tuple, np.argwhere(present[name]).tolist()):
            data = {"weight": name, "index": index, "learnable": bool(learnable[name][index])}
            graph.add_edge(*_units(network, name, index), **data)
    return graph


def layer_graph(learnable: Mapping[str, Mask], present: Mapping[str, Mask], name: str) -> nx.Graph:
    """The mask of weight `name` as a bipartite graph: ("row", i) - ("column", j).

    Nodes have `bipartite` (0 rows, 1 columns), edges `learnable`; absent connections are no edges.

    >>> learnable, present = np.array([[False, True]]), np.array([[True, True]])
    >>> graph = layer_graph({"W1": learnable}, {"W1": present}, "W1")
    >>> graph.edges[("row", 0), ("column", 1)]
    {'learnable': True}
    """
    import networkx as nx

    if name not in present or present[name].ndim != 2:
        matrices = ", ".join(key for key, mask in present.items() if mask.ndim == 2)
        raise InputError(f"{name!r} is no weight matrix of this network; it has {matrices}")
    graph = nx.Graph(weight=name)
    for side, label in enumerate(("row", "column")):
        nodes = ((label, i) for i in range(present[name].shape[side]))
        graph.add_nodes_from(nodes, bipartite=side)
    for i, j in np.argwhere(present[name]).tolist():
        graph.add_edge(("row", i), ("column", j), learnable=bool(learnable[name][i, j]))
    return graph


def masks_from_graph(graph: nx.Graph) -> tuple[Network, dict[str, Mask], dict[str, Mask]]:
    """Network, learnable and present masks of a graph as `unit_graph` makes them.

    Nodes may be renamed: `weight` and `index` of the edges tell what is what, and each unit must be
    one node. Raises `InputError` for undirected graphs, for edges without `weight`, `index` and
    `learnable` or with others, and for two edges that are the same weight.
    """
    network = _network_of(graph)
    shapes = network.weight_shapes
    learnable = {name: np.zeros(shape, dtype=bool) for name, shape in shapes.items()}
    present = {name: np.zeros(shape, dtype=bool) for name, shape in shapes.items()}
    nodes: dict[Any, Any] = {}
    units: dict[Any, Any] = {}
    for tail, head, data in graph.edges(data=True):
        place = f"edge {shown(tail)} -> {shown(head)}"
        name, index = _weight_of(data, shapes, place)
        if present[name][index]:
            again = "a second edge; merge parallel edges, one edge is one weight"
            raise InputError(f"{place}: {name}{list(index)} has {again}")
        present[name][index] = True
        learnable[name][index] = _learnable_of(data, place)
        for unit, node in zip(_units(network, name, index), (tail, head), strict=True):
            if nodes.setdefault(unit, node) != node or units.setdefault(node, unit) != unit:
                other = nodes[unit] if nodes[unit] != node else units[node]
                what = f"{name}{list(index)} by its attributes, which joins other units: "
                clash = f"{shown(node)} cannot be the unit {shown(unit)} and {shown(other)} as well"
                raise InputError(f"{place} is {what}{clash}")
    _check_own_names(nodes, network)
    return network, learnable, present


def _network_of(graph: nx.Graph) -> Network:
    if not graph.is_directed():
        raise InputError(
            "the graph is undirected, so a connection and its reverse are one edge: give a "
            "networkx.DiGraph whose edges lead from source to target, as to_networkx() makes"
        )
    network = graph.graph.get("network")
    if network is None:
        raise InputError(
            "the graph has no attribute 'network': set graph.graph['network'] = network.to_dict(), "
            "or make an allocation of edges and unit names by Allocation.from_edges"
        )
    found = network_from_dict(network)
    _refuse_filters(found)
    return found


def _refuse_filters(network: Network) -> None:
    if network.unrolled.parts:
        raise InputError(
            "filters act at many positions, so that no graph of units has one edge for each "
            "weight; to_pandas() has a row for each"
        )


def _weight_of(
    data: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], place: str
) -> tuple[str, tuple[int, ...]]:
    """The weight that an edge is, and the position in its mask."""
    missing = [key for key in ("weight", "index", "learnable") if key not in data]
    if missing:
        needed = "each edge has weight (its name), index and learnable"
        raise InputError(f"{place} has no attribute {missing[0]!r}; {needed}")
    name, index = data["weight"], data["index"]
    check_name(name, shapes, place)
    shape = shapes[name]
    if not isinstance(index, (tuple, list)) or len(index) != len(shape):
        what = "(row, column)" if len(shape) == 2 else "(unit,)"
        raise InputError(f"{place}: index must be {what}, not {shown(index)}")
    for i, size in zip(index, shape, strict=True):
        if (
            isinstance(i, (bool, np.bool_))
            or not isinstance(i, Integral)
            or int(i) not in range(size)
        ):
            fits = f"fits {name} of shape {shape}, from 0"
            raise InputError(f"{place}: index must be integers that {fits}, not {shown(index)}")
    return name, tuple(int(i) for i in index)


def _learnable_of(data: Mapping[str, Any], place: str) -> bool:
    value = data["learnable"]
    if isinstance(value, (bool, np.bool_, Integral, float)) and value in (0, 1):
        return bool(value)
    text = ": text is no number, convert it when the graph is read" * isinstance(value, str)
    raise InputError(f"{place}: learnable must be true or false, not {shown(value)}{text}")


def _units(network: Network, name: str, index: tuple[int, ...]) -> tuple[Any, Any]:
    """The units, as `unit_graph` names them, that a weight joins: from, to."""
    tail, head = network.ends(name)
    return (tail, index[1]) if len(index) == 2 else ("constant", tail), (head, index[0])


def _check_own_names(nodes: Mapping[Any, Any], network: Network) -> None:
    """Nodes with the names that `unit_graph` gives must be these units, so none is reversed."""
    own = {(group, unit) for group, size in network.groups.items() for unit in range(size)}
    for unit, node in nodes.items():
        if node != unit and node in own:
            raise InputError(
                f"node {shown(node)} is the unit {shown(unit)} by the attributes of its edges: was "
                "the graph reversed, or were nodes exchanged? Rename nodes and indices together"
            )
