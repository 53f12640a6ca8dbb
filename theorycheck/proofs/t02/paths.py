"""Pairs of weights that share an input-output path: by monomials, and by listing all paths."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ...problem.networks.base import Network
from ..shared.evaluation import symbolic_outputs
from ..shared.transformations import numbered

Pairs: TypeAlias = set[tuple[int, int]]
Numbers: TypeAlias = NDArray[np.int64]


def products(network: Network, present: Numbers | None = None) -> Pairs:
    """Pairs of weights (by number, also one with itself) in one monomial of the output.

    >>> from theorycheck import LinearFeedforward
    >>> sorted(products(LinearFeedforward([1, 1, 1])))
    [(0, 1)]
    """
    found: Pairs = set()
    for output in symbolic_outputs(network, present):
        for monomial in output.itermonoms():
            used = [
                k for k, power in enumerate(monomial[: network.n_weights]) for _ in range(power)
            ]
            found |= {(used[a], used[b]) for b in range(len(used)) for a in range(b)}
    return found


def unrolled(network: Network) -> nx.DiGraph:
    """The connections as a graph, unrolled in time, every edge with its weight's number.

    The graph's attribute `sinks` are the outputs; inputs and constants are where nothing enters.

    >>> from theorycheck import LinearFeedforward
    >>> unrolled(LinearFeedforward([2, 1])).number_of_edges()
    2
    """
    graph = nx.DiGraph()
    numbers = numbered(network)
    if not network.is_recurrent:
        for layer, (matrix, *biases) in enumerate(network.weight_layers, start=1):
            for (i, j), number in np.ndenumerate(numbers[matrix]):
                graph.add_edge((layer - 1, j), (layer, i), number=number)
            for bias in biases:
                for (i,), number in np.ndenumerate(numbers[bias]):
                    graph.add_edge(("constant", layer, i), (layer, i), number=number)
        graph.graph["sinks"] = [(len(network.weight_layers), i) for i in range(network.outputs)]
        return graph
    times = range(1, network.steps + 1)
    read = times if network.reads_every_step else times[-1:]
    for time in times:
        for (i, j), number in np.ndenumerate(numbers["input"]):
            graph.add_edge(("x", time, j), ("h", time, i), number=number)
        for (i, j), number in np.ndenumerate(numbers["recurrent"]):
            if time > 1:
                graph.add_edge(("h", time - 1, j), ("h", time, i), number=number)
    for time, ((o, i), number) in product(read, np.ndenumerate(numbers["readout"])):
        graph.add_edge(("h", time, i), ("y", time, o), number=number)
    graph.graph["sinks"] = [("y", time, o) for time in read for o in range(network.outputs)]
    return graph


def rolled(network: Network) -> nx.DiGraph:
    """The units of a recurrent network without time: what T2 must not use.

    >>> from theorycheck import LinearRecurrent
    >>> rolled(LinearRecurrent(1, 1, 1, 5)).number_of_edges()
    3
    """
    if not network.is_recurrent:
        return unrolled(network)
    graph = nx.DiGraph()
    for name, ends in (("input", "xh"), ("recurrent", "hh"), ("readout", "hy")):
        for (i, j), number in np.ndenumerate(numbered(network)[name]):
            graph.add_edge((ends[0], j), (ends[1], i), number=number)
    graph.graph["sinks"] = [("y", o) for o in range(network.outputs)]
    return graph


def on_paths(
    network: Network,
    present: Numbers | None = None,
    graph_of: Callable[[Network], nx.DiGraph] = unrolled,
) -> Pairs:
    """Pairs of weights on one path, listed; a weight pairs with itself if a path has it twice.

    >>> from theorycheck import LinearFeedforward
    >>> sorted(on_paths(LinearFeedforward([1, 1, 1])))
    [(0, 1)]
    """
    graph = graph_of(network)
    sinks = graph.graph["sinks"]
    sources = [node for node, degree in graph.in_degree() if not degree]
    if present is not None:
        absent = [(a, b) for a, b, number in graph.edges.data("number") if not present[number]]
        graph.remove_edges_from(absent)
    found: Pairs = set()
    for source, sink in product(sources, sinks):
        for path in nx.all_simple_edge_paths(graph, source, sink):
            used = sorted(int(graph.edges[edge]["number"]) for edge in path)
            found |= {(used[a], used[b]) for b in range(len(used)) for a in range(b)}
    return found
