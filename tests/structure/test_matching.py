"""Maximum matchings and smallest covers, against networkx and on patterns made to be hard."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import theorycheck as tc
from tests.benchmarks.graphs import bipartite_graph, layered_support
from theorycheck.problem.matchings import maximum_matching
from theorycheck.problem.placement import spread_masks
from theorycheck.structure.support import jacobian_support
from theorycheck.theorems.matchings import cover_below

LAYERED = Path(__file__).parents[1] / "known" / "found" / "layered_matching.json"


@st.composite
def patterns(draw: st.DrawFn) -> np.ndarray:
    """Of 1 to 14 rows and columns; the sparse ones have long alternating paths."""
    shape = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    if draw(st.booleans()):
        return draw(arrays(bool, shape))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.random(shape) < draw(st.floats(0.05, 0.4))


def size_by_networkx(support: np.ndarray) -> int:
    graph = bipartite_graph(support)
    return len(nx.bipartite.hopcroft_karp_matching(graph, range(len(support)))) // 2


def check(support: np.ndarray, size: int) -> None:
    """That the matching is one, that its size is `size`, and that a cover proves this."""
    column_of = maximum_matching(support)
    rows = np.flatnonzero(column_of >= 0)
    assert column_of.shape == (len(support),)
    assert support[rows, column_of[rows]].all()
    assert len(set(column_of[rows].tolist())) == len(rows) == size
    assert cover_below(support, size) is None
    cover = cover_below(support, size + 1)
    assert cover is not None
    assert sum(map(len, cover)) == size
    assert not np.delete(np.delete(support, cover[0], axis=0), cover[1], axis=1).any()


@given(patterns())
def test_a_matching_is_as_large_as_that_of_networkx_and_a_cover_proves_it(support):
    check(support, size_by_networkx(support))


@pytest.mark.parametrize("density", [0.002, 0.004, 0.01, 0.5])
@pytest.mark.parametrize("shape", [(300, 300), (200, 330), (330, 200)])
def test_large_random_patterns(shape, density):
    support = np.random.default_rng(0).random(shape) < density
    check(support, size_by_networkx(support))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_a_pattern_without_entries_has_an_empty_matching(shape):
    assert maximum_matching(np.zeros(shape, dtype=bool)).tolist() == [-1] * shape[0]


@pytest.mark.parametrize("levels", [1, 2, 29, 1000])
def test_layers_of_dead_ends_are_walked_through_once(levels):
    """Each level doubles the paths to its end: searched one by one, 40 would take for ever."""
    support = layered_support(levels)
    check(support, len(support) - 1)
    rng = np.random.default_rng(levels)
    rows, columns = map(rng.permutation, support.shape)
    check(support[rows][:, columns], len(support) - 1)
    check(support.T.copy(), len(support) - 1)


def test_a_layered_network_is_classified():
    allocation, samples = tc.load(LAYERED)
    support = jacobian_support(allocation, samples, True)
    assert (support == layered_support(29)).all()
    verdict = tc.classify(allocation, samples)
    assert verdict.expressivity == "minimal"
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)


def test_even_placement_inside_a_layered_mask_ends():
    allowed = layered_support(99)
    budget = len(allowed) - 1
    placed = spread_masks([("W1",)], {"W1": allowed}, budget, None)["W1"]
    assert placed.sum() == budget
    assert not (placed & ~allowed).any()
    assert placed.sum(axis=0).max() == placed.sum(axis=1).max() == 1
