"""Explanations, diagnostics and graphs."""

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

import theorycheck as tc
from tests.shared.strategies import (
    SMALL_DEGREES,
    allocations,
    linear_networks,
    networks,
    networks_of_units,
    samples,
)
from theorycheck.answers.diagnostics import diagnose
from theorycheck.problem.masks import entries_of
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS


@pytest.mark.long
@given(allocations(networks), samples)
def test_explain_asks_every_theorem_and_agrees_with_classify(allocation, m):
    explanation = tc.explain(allocation, m, effort=SMALL_DEGREES)
    verdict = tc.classify(allocation, m, effort=SMALL_DEGREES)
    assert [opinion.theorem for opinion in explanation.opinions] == [t.id for t in THEOREMS]
    assert explanation.verdict.expressivity == verdict.expressivity
    for opinion in explanation.opinions:
        assert opinion.obstacle is None or opinion.expressivity is None
        assert (opinion.expressivity is None) == (opinion.reason is None)
    assert json.loads(json.dumps(explanation.to_dict()))["expressivity"] == verdict.expressivity


def test_a_theorem_that_needs_too_much_memory_says_so():
    network = tc.LinearFeedforward([30, 30, 30])
    allocation = tc.Allocation.random(network, 950, np.random.default_rng(0))
    explanation = tc.explain(allocation, 30, memory_limit=1e5)
    opinions = {opinion.theorem: opinion for opinion in explanation.opinions}
    assert "more than the limit" in str(opinions["T1"].obstacle)
    assert "not all in W2" in str(opinions["T3"].obstacle)
    assert explanation.verdict.expressivity == "undecided"


def without(allocation: tc.Allocation, entry) -> tc.Allocation:
    masks = {name: allocation.mask(name).copy() for name in allocation.counts}
    masks[entry[0]][entry[1]] = False
    return tc.Allocation(allocation.network, masks, allocation.given_present())


@settings(max_examples=60)
@given(allocations(linear_networks), samples)
def test_redundant_weights_are_those_whose_removal_keeps_the_rank(allocation, m):
    analysis = Analysis(allocation, m)
    found = diagnose(analysis)
    assert found.rank == analysis.rank.value
    assert found.missing == analysis.target.value - analysis.rank.value
    for entry in entries_of({name: allocation.mask(name) for name in allocation.counts}):
        kept = Analysis(without(allocation, entry), m).rank.value == found.rank
        assert (entry in found.redundant) == kept
        if entry in found.idle:
            assert entry in found.redundant


def test_unreached_equations_and_idle_weights_are_named():
    network = tc.LinearRecurrent(inputs=1, hidden=1, outputs=2, steps=2, readout="all")
    found = diagnose(Analysis(tc.Allocation(network, {"recurrent": [[1]]}), 1))
    assert found.unreached == ((0, 0, 0), (0, 1, 0))  # the first step sees no recurrent weight
    cut = tc.Allocation(tc.LinearFeedforward([1, 2, 1]), {"W1": [[1], [1]]}, {"W2": [[1, 0]]})
    assert diagnose(Analysis(cut, 1)).idle == (("W1", (1, 0)),)


@given(allocations(networks_of_units))
def test_graphs_of_units_come_back(allocation):
    graph = allocation.to_networkx()
    assert tc.Allocation.from_networkx(graph) == allocation
    assert graph.number_of_edges() == allocation.n_present
    learnable = [edge for *_, edge in graph.edges(data="learnable")]
    assert sum(learnable) == allocation.n_learnable


@given(allocations(networks_of_units))
def test_layer_graphs_are_bipartite_views_of_one_mask(allocation):
    for name, mask in allocation.masks("learnable"):
        if mask.ndim == 1:
            with pytest.raises(tc.InputError, match="no weight matrix"):
                allocation.to_networkx(name)
            continue
        graph = allocation.to_networkx(name)
        assert nx.is_bipartite(graph)
        entries = {(i, j) for (_, i), (_, j), on in graph.edges(data="learnable") if on}
        assert entries == {tuple(entry) for entry in np.argwhere(mask).tolist()}


def test_diagnostics_come_with_the_verdict_when_asked():
    allocation = tc.Allocation.rows(tc.LinearFeedforward([1, 2, 2]), {"W2": [0]})
    assert "diagnostics" not in tc.classify(allocation, 1).to_dict()
    found = tc.classify(allocation, 1, diagnose=True).to_dict()["diagnostics"]
    assert found["redundant"] == ["W2[0,0]", "W2[0,1]"]
    assert found["unreached"] == [[1, 0]]
    mixed = tc.Allocation.none(tc.Feedforward([1, 1, 1, 1], activation=["tanh", "relu"]))
    assert tc.classify(mixed, 1, diagnose=True).diagnostics is None


def test_what_one_theorem_leaves_open_names_the_one_that_decides_it():
    network = tc.Feedforward([3, 4, 4, 2], activation="tanh")
    readout, spread = tc.Allocation.layer(network, "W3"), tc.Allocation.spread(network, 9)
    row = tc.load("examples/allocations/recurrent_row.json")[0]
    relu = tc.Allocation.layer(tc.Feedforward([2, 3, 3, 1], activation="relu"), "W2")
    for allocation, m, theorem, ending in (
        (readout, 3, "T11", "; T12 decides that it is maximal"),
        (spread, 3, "T11", "; whether every teacher is matched is open"),
        (row, 2, "T1", "; T6 decides that it is maximal"),
        (relu, 2, "T11", "; T12 decides that it is intermediate"),
    ):
        found = tc.explain(allocation, m)
        reasons = {each.theorem: each.reason or "" for each in found.opinions}
        assert reasons[theorem].endswith(ending)
        assert ("is open" in reasons[theorem]) == (found.verdict.theorem == theorem)
