"""Matchings and covers of Jacobian patterns, against networkx."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from networkx.algorithms import bipartite
from scipy.sparse import csr_array, lil_array
from scipy.sparse.csgraph import maximum_flow

import theorycheck as tc
from tests.benchmarks.convention import Reference, measure
from tests.benchmarks.graphs import bipartite_graph, layered_support
from theorycheck.problem.matchings import maximum_matching
from theorycheck.structure.support import jacobian_support
from theorycheck.theorems.matchings import cover_below, triangular_order

pytestmark = pytest.mark.benchmark(group="Matchings")


def sparse_support(n: int, edges: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    support = np.zeros((n, n), dtype=bool)
    support[rng.integers(n, size=edges), rng.integers(n, size=edges)] = True
    return support


def dense_pattern() -> np.ndarray:
    network = tc.LinearFeedforward([64, 64, 64, 16])
    allocation = tc.Allocation.spread(network, 1100, np.random.default_rng(0))
    return jacobian_support(allocation, 64, True)


PATTERNS = {
    "Jacobian of 64-64-64-16, 1,024 x 1,100, 36 % true": dense_pattern,
    "2,000 x 2,000, three true a row": lambda: sparse_support(2000, 6000),
}


def matching_size(graph: nx.Graph, n_rows: int) -> int:
    return len(bipartite.hopcroft_karp_matching(graph, range(n_rows))) // 2


@pytest.mark.parametrize("case", PATTERNS)
def test_size_of_a_maximum_matching(benchmark: Any, case: str):
    support = PATTERNS[case]()
    graph = bipartite_graph(support)

    def own() -> int:
        return int(np.count_nonzero(maximum_matching(support) >= 0))

    sizes = measure(
        benchmark,
        f"`maximum_matching`, {case}",
        own,
        Reference(
            "networkx, hopcroft_karp_matching, graph given",
            lambda: matching_size(graph, len(support)),
        ),
        Reference(
            "networkx, hopcroft_karp_matching, graph built from the same array",
            lambda: matching_size(bipartite_graph(support), len(support)),
        ),
        rounds=9,
    )
    assert len(set(sizes)) == 1


@pytest.mark.parametrize("levels", [30, 300, 3000])
def test_a_maximum_matching_of_a_layered_pattern(benchmark: Any, levels: int):
    """SciPy's `maximum_bipartite_matching` takes twice the time a level: its flows are timed."""
    support = layered_support(levels)
    n_rows, n_columns = support.shape
    source, sink = n_rows + n_columns, n_rows + n_columns + 1
    network = lil_array((sink + 1, sink + 1), dtype=np.int32)
    network[:n_rows, n_rows:source] = support
    network[source, :n_rows] = 1
    network[n_rows:source, sink] = 1
    graph = csr_array(network)
    found, flow = measure(
        benchmark,
        f"`maximum_matching`, {levels:,} layers",
        lambda: int(np.count_nonzero(maximum_matching(support) >= 0)),
        Reference(
            "SciPy, maximum_flow (Dinic), network given",
            lambda: maximum_flow(graph, source, sink).flow_value,
        ),
        rounds=9,
    )
    assert found == flow == n_rows - 1


def cover_size(support: np.ndarray) -> int:
    """Of the cover that is below any size: a smallest one."""
    cover = cover_below(support, sum(support.shape))
    assert cover is not None
    rows, columns = cover
    assert not np.delete(np.delete(support, rows, axis=0), columns, axis=1).any()
    return len(rows) + len(columns)


@pytest.mark.parametrize("case", PATTERNS)
def test_a_cover_of_a_pattern(benchmark: Any, case: str):
    """Its size proves the matching's; networkx's own cover takes minutes, its matching is timed."""
    support = PATTERNS[case]()
    graph = bipartite_graph(support)
    cover, expected = measure(
        benchmark,
        f"`cover_below`, {case}",
        lambda: cover_below(support, sum(support.shape)),
        Reference(
            "networkx, hopcroft_karp_matching alone, graph given",
            lambda: matching_size(graph, len(support)),
        ),
        rounds=9,
    )
    assert len(cover[0]) + len(cover[1]) == cover_size(support) == expected


def test_a_cover_of_a_pattern_of_400_rows(benchmark: Any):
    support = sparse_support(400, 1200)
    graph = bipartite_graph(support)

    def with_networkx() -> set[int]:
        matching = bipartite.hopcroft_karp_matching(graph, range(400))
        return bipartite.to_vertex_cover(graph, matching, range(400))

    cover, expected = measure(
        benchmark,
        "`cover_below`, 400 x 400, three true a row",
        lambda: cover_below(support, 800),
        Reference("networkx, hopcroft_karp_matching and to_vertex_cover", with_networkx),
        rounds=9,
    )
    assert len(cover[0]) + len(cover[1]) == len(expected)
    assert not np.delete(np.delete(support, cover[0], axis=0), cover[1], axis=1).any()


@pytest.mark.parametrize("is_unique", [True, False], ids=["one", "several"])
def test_whether_a_matching_is_the_only_one(benchmark: Any, is_unique: bool):
    n, rng = 2000, np.random.default_rng(0)
    support = np.tril(rng.random((n, n)) < 0.005) | np.eye(n, dtype=bool)
    if not is_unique:  # two rows can exchange their columns
        support[[10, 1990], [1990, 10]] = True
    support = support[rng.permutation(n)][:, rng.permutation(n)]
    graph = bipartite_graph(support)

    def with_networkx() -> bool:
        """By whether a walk can alternate between other edges and matched ones in a circle."""
        row_of = bipartite.hopcroft_karp_matching(graph, range(n))
        waits = nx.DiGraph()
        waits.add_nodes_from(range(n))
        edges = ((row, row_of[c]) for row in range(n) for c in graph[row] if row_of[c] != row)
        waits.add_edges_from(edges)
        return nx.is_directed_acyclic_graph(waits)

    order, expected = measure(
        benchmark,
        f"`triangular_order`, {n:,} x {n:,}, {'one' if is_unique else 'several'}",
        lambda: triangular_order(support),
        Reference("networkx, hopcroft_karp_matching and is_directed_acyclic_graph", with_networkx),
        rounds=9,
    )
    assert (order is not None) == expected == is_unique
