"""Graphs of units that are not as `to_networkx` makes them: read if nothing is lost, or refused."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, networks_of_units

NETWORK = tc.LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=3)
# Both directions between the hidden units, and a loop: what an undirected graph cannot tell apart.
BOTH = tc.Allocation(NETWORK, {"recurrent": [[1, 1], [0, 0]]})


def refused(graph: nx.Graph, match: str) -> None:
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_networkx(graph)
    assert "\n" not in str(caught.value)


def test_undirected_graphs_are_refused_since_they_lose_connections():
    graph = BOTH.to_networkx()
    undirected = graph.to_undirected()
    assert undirected.number_of_edges() < graph.number_of_edges()
    refused(undirected, r"undirected, so a connection and its reverse are one edge.*DiGraph")
    refused(nx.MultiGraph(graph), "undirected")
    feedforward = tc.Allocation.full(tc.LinearFeedforward([2, 2])).to_networkx()
    refused(feedforward.to_undirected(), "undirected")
    refused(BOTH.to_networkx("recurrent"), "undirected")


@given(allocations(networks_of_units), st.randoms())
def test_nodes_may_be_renamed_and_graphs_may_be_multigraphs(allocation: Any, random: Any):
    graph = allocation.to_networkx()
    names = list(range(len(graph)))
    random.shuffle(names)
    renamed = nx.relabel_nodes(graph, dict(zip(graph, names, strict=True)))
    assert tc.Allocation.from_networkx(renamed) == allocation
    several = nx.MultiDiGraph(graph)
    assert tc.Allocation.from_networkx(several) == allocation
    again = nx.DiGraph(**graph.graph)  # as files of JSON give it back, tuples as lists
    for tail, head, data in graph.edges(data=True):
        again.add_edge(tail, head, **{**data, "index": list(data["index"])})
    assert tc.Allocation.from_networkx(again) == allocation
    for tail, head, data in [*several.edges(data=True)][:1]:
        several.add_edge(tail, head, **data)
        refused(several, "has a second edge; merge parallel edges")


@given(allocations(networks_of_units), st.integers(0, 2**32 - 1))
def test_an_edge_between_other_units_than_its_index_says_is_refused(allocation: Any, seed: int):
    graph = allocation.to_networkx()
    edges = list(graph.edges(data=True))
    if not edges:
        return
    tail, head, data = edges[np.random.default_rng(seed).integers(len(edges))]
    graph.remove_edge(tail, head)
    graph.add_edge(head, tail, **data)
    if tail == head:
        assert tc.Allocation.from_networkx(graph) == allocation
    else:
        refused(graph, "joins other units|was the graph reversed")


def test_reversed_graphs_are_refused():
    for network in (tc.LinearFeedforward([1, 1]), tc.LinearFeedforward([2, 3]), NETWORK):
        graph: Any = tc.Allocation.full(network).to_networkx()
        refused(graph.reverse(), "joins other units|was the graph reversed")


def changed(**values: Any) -> nx.Graph:
    graph = BOTH.to_networkx()
    data = graph.edges[("hidden", 0), ("hidden", 1)]
    for key, value in values.items():
        data.pop(key) if value is None else data.update({key: value})
    return graph


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"weight": None}, "has no attribute 'weight'; each edge has weight"),
        ({"index": None}, "has no attribute 'index'"),
        ({"learnable": None}, "has no attribute 'learnable'"),
        ({"weight": "recurent"}, r"no weight 'recurent' \(did you mean 'recurrent'\?\)"),
        ({"weight": 1}, "has no weight 1"),
        ({"index": "(1, 0)"}, r"index must be \(row, column\), not '\(1, 0\)'"),
        ({"index": (1,)}, r"index must be \(row, column\)"),
        ({"index": ("1", "0")}, r"integers that fits recurrent of shape \(2, 2\)"),
        ({"index": (2, 0)}, "integers that fit"),
        ({"index": (-1, 0)}, "integers that fit"),
        ({"index": (True, False)}, "integers that fit"),
        ({"index": (1.0, 0.0)}, "integers that fit"),
        ({"index": (0, 0)}, "has a second edge|joins other units"),
        ({"learnable": "False"}, "learnable must be true or false, not 'False': text is no number"),
        ({"learnable": "0"}, "learnable must be true or false, not '0'"),
        ({"learnable": 2}, "learnable must be true or false, not 2"),
        ({"learnable": float("nan")}, "learnable must be true or false, not nan"),
    ],
)
def test_attributes_that_are_missing_or_odd_are_refused(values: dict[str, Any], match: str):
    refused(changed(**values), match)


def test_numbers_of_numpy_are_attributes():
    graph = changed(learnable=np.True_, index=[np.int64(1), np.int32(0)])
    assert tc.Allocation.from_networkx(graph).n_learnable == 3


def test_a_graph_without_its_network_tells_two_ways_on():
    graph = BOTH.to_networkx()
    del graph.graph["network"]
    refused(graph, r"graph.graph\['network'\] = network.to_dict\(\).*Allocation.from_edges")
