"""Outputs that are constant and learnable weights that act on nothing: against plain simulation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import NO_DEGREES, allocations, plain_networks
from theorycheck.answers.cautions import warnings_of
from theorycheck.cli.text import print_verdict
from theorycheck.structure.reachability import reach

FOUND = Path(__file__).parents[1] / "known" / "found"


def outputs(network: Any, weights: Mapping[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """All outputs (one row each) for positive weights and inputs, at which a ReLU does nothing."""
    if isinstance(network, tc.LinearRecurrent):
        state, seen = np.zeros(network.hidden), []
        for step in inputs:
            state = weights["recurrent"] @ state + weights["input"] @ step
            seen.append(weights["readout"] @ state)
        return np.array(seen[-1:] if network.readout == "final" else seen).T
    state = inputs[0]
    for layer in range(1, network.depth + 1):
        state = weights[f"W{layer}"] @ state + weights.get(f"b{layer}", 0)
    return state[:, None]


def changes(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which outputs differ; without cancellation they do so by far or not at all."""
    return np.any(np.abs(one - other) > 1e-9 * (1 + np.abs(one)), axis=1)


@given(allocations(plain_networks), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=200)
def test_what_is_reached_is_what_moves(allocation: tc.Allocation, seed: int, some: bool):
    network, rng = allocation.network, np.random.default_rng(seed)
    live = sorted(rng.choice(network.inputs, rng.integers(1, network.inputs + 1), replace=False))
    given_inputs = [int(i) for i in live] if some else list(range(network.inputs))
    weights = {
        name: rng.uniform(0.5, 1.5, shape) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    steps = getattr(network, "steps", 1)
    inputs = np.zeros((steps, network.inputs))
    inputs[:, given_inputs] = rng.uniform(0.5, 1.5, (steps, len(given_inputs)))
    found = reach(allocation, given_inputs if some else None)
    before = outputs(network, weights, inputs)
    at_zero = outputs(network, weights, 0 * inputs)
    assert found.by_inputs.tolist() == changes(before, at_zero).tolist()
    assert found.by_biases.tolist() == (at_zero != 0).any(axis=1).tolist()
    idle: dict[str, list[tuple[int, ...]]] = {}
    for name, mask in allocation.masks("learnable"):
        for index in np.argwhere(mask):
            moved = {**weights, name: weights[name].copy()}
            moved[name][tuple(index)] += 1
            if not changes(before, outputs(network, moved, inputs)).any():
                idle.setdefault(name, []).append(tuple(index.tolist()))
    assert {part.weight: (part.number, part.first) for part in found.idle} == {
        name: (len(entries), entries[0]) for name, entries in idle.items()
    }


def test_more_rows_than_one_part_are_looked_at():
    rng = np.random.default_rng(0)
    network = tc.LinearFeedforward([3, 2500, 2])
    cut = rng.random((2, 2500)) < 0.4
    allocation = tc.Allocation.layer(network, "W1", present={"W2": cut})
    lost = np.flatnonzero(~cut.any(axis=0))
    (idle,) = reach(allocation).idle
    assert (idle.weight, idle.number, idle.first) == ("W1", 3 * len(lost), (lost[0], 0))
    ring = np.roll(np.eye(2500, dtype=bool), 1, axis=0)
    recurrent = tc.LinearRecurrent(inputs=1, hidden=2500, outputs=1, steps=2000)
    present = {"recurrent": ring, "input": np.eye(2500)[:, :1], "readout": np.eye(2500)[2100:2101]}
    found = reach(tc.Allocation.layer(recurrent, "recurrent", present=present))
    assert (found.by_inputs.tolist(), found.needed) == ([False], (2101,))
    assert (found.idle[0].number, found.idle[0].first) == (2500, (0, 2499))


def test_the_network_without_paths_that_was_found_says_so_first():
    allocation, samples = tc.load(FOUND / "nopath.json")
    verdict = tc.classify(allocation, samples)
    assert verdict.target_dimension == 0
    assert (str(verdict.expressivity), verdict.theorem) == ("maximal", "T0")  # 0 = 0 is a match
    assert verdict.warnings == ("all outputs are constant: no present path reaches them",)
    assert verdict.to_dict()["warnings"] == list(verdict.warnings)
    assert tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))  # type: ignore[union-attr]


FF = tc.LinearFeedforward
RNN = tc.LinearRecurrent(inputs=1, hidden=3, outputs=2, steps=2)
CHAIN = {"input": [[1], [0], [0]], "recurrent": [[0, 0, 0], [1, 0, 0], [0, 1, 0]]}


@pytest.mark.parametrize(
    ("allocation", "wanted"),
    [
        (tc.Allocation.full(FF([2, 2, 2])), ()),
        (
            tc.Allocation.none(FF([2, 2, 3]), {"W2": [[1, 1], [0, 1], [0, 0]]}),
            ("output 2 is constant: no present path reaches it",),
        ),
        (
            tc.Allocation.none(FF([2, 9]), {"W1": [[1, 1]] + [[0, 0]] * 8}),
            ("outputs 1, 2, 3, 4, 5, 6 and 2 more are constant: no present path reaches them",),
        ),
        (
            tc.Allocation.biases(FF([2, 2], bias=True)).restricted_to(["b1"]),
            (),
        ),
        (
            tc.Allocation.none(FF([2, 2], bias=True), {"W1": [[1, 1], [0, 0]]}),
            ("output 1 is constant: present paths reach it from biases, none from an input",),
        ),
        (
            tc.Allocation.full(FF([1, 2, 1]), {"W2": [[1, 0]]}),
            (
                "1 learnable weight acts on no output (W1[1,0]): no present path through it leads "
                "from an input to an output",
            ),
        ),
        (
            tc.Allocation.full(RNN, {**CHAIN, "readout": [[1, 1, 0], [0, 0, 1]]}),
            (
                "output 1 is constant: the shortest present path to it takes 3 steps, the network "
                "has 2 steps",
                "2 learnable weights act on no output (recurrent[2,1], readout[1,2]): no present "
                "path through them leads from an input to an output within 2 steps",
            ),
        ),
        (
            tc.Allocation.none(tc.ShallowReLU([2, 2, 2]), {"W2": [[0, 0], [1, 1]]}),
            (
                "output 0 is constant: no present path reaches it; so no teacher is regular, and "
                "the class speaks of none",
            ),
        ),
    ],
)
def test_the_sentences(allocation: tc.Allocation, wanted: tuple[str, ...]):
    assert warnings_of(allocation, 2) == wanted
    assert tc.classify(allocation, 2, effort=NO_DEGREES).warnings == wanted
    assert tc.explain(allocation, 2, effort=NO_DEGREES).verdict.warnings == wanted


def test_inputs_that_are_always_zero_lead_nowhere():
    allocation = tc.Allocation.none(FF([2, 2]), {"W1": [[1, 0], [0, 1]]})
    assert tc.classify(allocation, 2).warnings == ()
    verdict = tc.classify(allocation, 2, inputs=[[1, 0], [2, 0]])
    assert verdict.warnings == ("output 1 is constant: no present path reaches it",)


@given(allocations(plain_networks))
@settings(max_examples=30)
def test_dense_networks_of_some_steps_have_no_warnings(allocation: tc.Allocation):
    if getattr(allocation.network, "steps", 2) > 1 and allocation.is_dense:
        assert warnings_of(allocation, 1) == ()


def test_text_page_and_notebook_show_warnings_before_the_class(capsys: Any):
    from rich.console import Console

    allocation = tc.Allocation.none(FF([2, 2, 2]), {"W2": [[1, 1], [0, 0]]})
    verdict = tc.classify(allocation, 2)
    print_verdict(Console(width=100), "a.json", allocation, 2, verdict)
    notebook = verdict._repr_html_()
    entry = tc.PageEntry("a.json", allocation, 2, verdict)
    section = tc.page([entry]).split('<section class="file"')[1]
    for shown in (capsys.readouterr().out, notebook, section):
        sentence = "output 1 is constant: no present path reaches it"
        assert sentence in shown
        assert shown.index(sentence) < shown.index(verdict.meaning)
        assert "arning" in shown[: shown.index(sentence)]
