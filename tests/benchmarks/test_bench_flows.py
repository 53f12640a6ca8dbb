"""T4's flows, forests and components against networkx."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from networkx.algorithms.flow import dinitz

from tests.benchmarks.convention import Reference, measure
from tests.benchmarks.graphs import assignment_network, bipartite_graph, transport_network
from tests.benchmarks.test_bench_one_layer import rows_of
from theorycheck.theorems.one_layer import decide_mask
from theorycheck.theorems.one_layer.flows import assign
from theorycheck.theorems.one_layer.rectangle import _components, _FlowNetwork

pytestmark = pytest.mark.benchmark(group="Flows and forests (T4)")


@pytest.mark.parametrize("planted", [False, True], ids=["all fits", "too much"])
def test_minimum_cut(benchmark: Any, planted: bool):
    """SciPy's maximum_flow by Dinic, and what its cut separates, in the search for rectangles."""
    n, a, b = 300, 8, 8
    frozen = np.random.default_rng(0).random((n, n)) < 0.05
    if planted:
        frozen[:40, :40] = True
    needed = np.maximum(np.count_nonzero(frozen, axis=1) - b, 1)
    own_network, network = _FlowNetwork(frozen, a), transport_network(frozen, needed, a)
    cut, by_push, by_dinitz = measure(
        benchmark,
        f"minimum cut (SciPy's), 300 x 300, 5 % frozen, {'violated' if planted else 'all fits'}",
        lambda: own_network.overflow(needed),
        Reference(
            "networkx, minimum_cut by preflow_push, graph given",
            lambda: nx.minimum_cut(network, "s", "t")[0],
        ),
        Reference(
            "networkx, minimum_cut by dinitz, graph given",
            lambda: nx.minimum_cut(network, "s", "t", flow_func=dinitz)[0],
        ),
        rounds=9,
    )
    assert (cut is not None) == planted
    own = needed.sum()
    if cut is not None:  # the capacity from the source's side, s with `rows` and `columns`
        rows, columns = cut
        crossing = np.delete(frozen[rows], columns, axis=1)
        own = np.delete(needed, rows).sum() + np.count_nonzero(crossing) + a * len(columns)
    assert own == by_push == by_dinitz


def fits_by_networkx(frozen: np.ndarray, b: int) -> bool:
    """Whether all entries find room whichever row has none: one flow a row (Hall, flows.py)."""
    network = assignment_network(frozen, np.full(len(frozen), b), 1)
    for root in range(len(frozen)):
        network[root]["t"]["capacity"] = 0
        if nx.maximum_flow_value(network, "s", "t") < np.count_nonzero(frozen):
            return False
        network[root]["t"]["capacity"] = b
    return True


@pytest.mark.parametrize("planted", [False, True], ids=["assignment", "rectangle"])
def test_assignment_for_every_root(benchmark: Any, planted: bool):
    """a = 1: all roots by the package's own augmenting paths."""
    n, b = 100, 5
    frozen = rows_of(n, 60, 60 * b + 20)
    if planted:
        frozen[:15, :20] = True
    frozen = frozen[frozen.any(axis=1)]
    frozen = frozen[:, frozen.any(axis=0)]
    (heads, lines), expected = measure(
        benchmark,
        f"`assign` (a = 1, b = {b}), 60 rows, {'a rectangle' if planted else 'all independent'}",
        lambda: assign(frozen, b),
        Reference(
            "networkx, one maximum_flow_value a row, graph built once",
            lambda: fits_by_networkx(frozen, b),
        ),
        rounds=9,
    )
    assert (heads is not None) == expected == (not planted)
    if heads is None:
        inside = np.count_nonzero(frozen[np.ix_(*lines)])
        assert inside > b * len(lines[0]) + len(lines[1]) - b


def path_of_lines(n: int, is_closed: bool) -> np.ndarray:
    """The frozen entries are a path through all rows and columns, shuffled; or a cycle."""
    rng = np.random.default_rng(0)
    frozen = np.eye(n, dtype=bool) | np.eye(n, k=-1, dtype=bool)
    frozen[0, n - 1] = is_closed
    return frozen[rng.permutation(n)][:, rng.permutation(n)]


def stars(columns: int) -> np.ndarray:
    """Ten rows; every column has a frozen entry, nine of them two: a tree."""
    frozen = np.zeros((10, columns), dtype=bool)
    frozen[0] = True
    frozen[range(1, 10), range(9)] = True
    return frozen


FORESTS = {
    "2048 x 2048, a path through all lines": lambda: path_of_lines(2048, False),
    "2048 x 2048, a cycle through all lines": lambda: path_of_lines(2048, True),
    "10 x 100,000, a tree": lambda: stars(100_000),
}


@pytest.mark.parametrize("case", FORESTS)
def test_forest(benchmark: Any, case: str):
    """a = b = 1, from mask to finding."""
    mask = ~FORESTS[case]()
    graph = bipartite_graph(~mask)
    finding, *is_forest = measure(
        benchmark,
        f"forest test, {case}",
        lambda: decide_mask("T4", "W1", mask, mask.shape[0] - 1, mask.shape[1] - 1),
        Reference("networkx, is_forest, graph given", lambda: nx.is_forest(graph)),
        Reference(
            "networkx, is_forest, graph built from the same array",
            lambda: nx.is_forest(bipartite_graph(~mask)),
        ),
        rounds=9,
    )
    assert finding.kind == ("cycle" if "a cycle" in case else "forest")
    assert is_forest == [finding.kind == "forest"] * 2


def test_components(benchmark: Any):
    """SciPy's connected_components, in the search for rectangles."""
    rng = np.random.default_rng(0)
    blocks = np.kron(np.eye(400, dtype=bool), np.ones((4, 5), dtype=bool))
    frozen = blocks[rng.permutation(1600)][:, rng.permutation(2000)]
    graph = bipartite_graph(frozen)
    own, given, built = measure(
        benchmark,
        "400 components (SciPy's, conversion included), 1600 x 2000",
        lambda: list(_components(frozen)),
        Reference(
            "networkx, connected_components, graph given",
            lambda: list(nx.connected_components(graph)),
        ),
        Reference(
            "networkx, connected_components, graph built from the same array",
            lambda: list(nx.connected_components(bipartite_graph(frozen))),
        ),
        rounds=9,
    )
    expected = {frozenset(component) for component in given}
    assert expected == {frozenset(component) for component in built}
    assert expected == {
        frozenset([*rows.tolist(), *(columns + 1600).tolist()]) for rows, columns in own
    }
