"""Each theorem's predicate against the exact rank, and the laws that all verdicts must obey."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared import oracles
from tests.shared.strategies import (
    NO_DEGREES,
    SMALL_DEGREES,
    allocations,
    feedforward_networks,
    linear_networks,
    recurrent_networks,
    samples,
    seeds,
)
from theorycheck.answers.classification import classify
from theorycheck.theorems import t03_rows, t04_one_layer, t05_recurrent
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS

GRAPH_THEOREMS = (t03_rows.THEOREM, t04_one_layer.THEOREM, t05_recurrent.THEOREM)


def rank_says_minimal(analysis: Analysis) -> bool:
    """T1, by exact ranks alone."""
    return analysis.rank.value < analysis.target.value


def check_against_rank(theorem, allocation, m) -> str:
    """One-layer theorems are about affine allocations: minimal or maximal, as the rank says."""
    analysis = Analysis(allocation, m)
    if theorem.why_not(analysis) is not None:
        return "does not apply"
    finding = theorem.decide(analysis)
    if finding is None:
        return "open"
    assert finding.theorem == theorem.id
    assert (finding.expressivity == "minimal") == rank_says_minimal(analysis)
    return str(finding.expressivity)


@st.composite
def one_layer(draw, network_strategy):
    """Learnables in one layer only, near the boundary: few frozen entries, or few per line."""
    network = draw(network_strategy)
    matrices = [name for name, shape in network.weight_shapes.items() if len(shape) == 2]
    name = draw(st.sampled_from(matrices))
    rng = np.random.default_rng(draw(seeds))
    names = [name, f"b{name[1:]}"] if f"b{name[1:]}" in network.weight_shapes else [name]
    share = draw(st.sampled_from([0.35, 0.55, 0.75, 0.9]))
    masks = {n: rng.random(network.weight_shapes[n]) < share for n in names}
    return tc.Allocation(network, masks)


@settings(max_examples=400)
@given(one_layer(feedforward_networks(max_depth=3)), samples)
def test_t4_and_t3_agree_with_the_exact_rank(allocation, m):
    for theorem in GRAPH_THEOREMS[:2]:
        check_against_rank(theorem, allocation, m)


@settings(max_examples=300)
@given(one_layer(recurrent_networks(max_hidden=4)), samples)
def test_t5_agrees_with_the_exact_rank(allocation, m):
    check_against_rank(t05_recurrent.THEOREM, allocation, m)


@pytest.mark.parametrize("widths", [(2, 3, 2), (3, 3, 2), (3, 4, 3), (3, 2, 3), (2, 2, 3), (3, 3)])
@pytest.mark.parametrize("bias", [False, True])
def test_t3_and_t4_on_every_mask_of_small_layers(widths, bias):
    seen = set()
    network = tc.LinearFeedforward(widths, bias=bias)
    for layer in range(1, network.depth + 1):
        names = [f"W{layer}", f"b{layer}"] if bias else [f"W{layer}"]
        shapes = [network.weight_shapes[name] for name in names]
        sizes = [int(np.prod(shape)) for shape in shapes]
        rng = np.random.default_rng(layer)
        n_entries = sum(sizes)
        codes = range(1, 2**n_entries) if n_entries <= 7 else rng.integers(1, 2**n_entries, 120)
        for code in codes:
            bits = np.array([int(code) >> k & 1 for k in range(n_entries)], dtype=bool)
            parts = np.split(bits, np.cumsum(sizes)[:-1])
            masks = {n: b.reshape(s) for n, b, s in zip(names, parts, shapes, strict=True)}
            allocation = tc.Allocation(network, masks)
            for m in (1, 2, 3, 4):
                seen |= {check_against_rank(t, allocation, m) for t in GRAPH_THEOREMS[:2]}
    assert {"minimal", "maximal"} <= seen


def test_t4_forest_on_every_frozen_set_of_a_3_by_3_layer():
    # (3, 3, 2) with 2 samples: a = b = 1 in layer 1; all 512 masks.
    network = tc.LinearFeedforward([2, 3, 3, 2])
    counts = {"minimal": 0, "maximal": 0}
    for code in range(1, 512):
        mask = np.array([code >> k & 1 for k in range(9)]).reshape(3, 3)
        counts[
            check_against_rank(t04_one_layer.THEOREM, tc.Allocation(network, {"W2": mask}), 2)
        ] += 1
    # Forests of K_(3,3) by number of edges: 1, 9, 36, 84 - 0, 117 and 81 spanning trees.
    assert counts["maximal"] == 1 + 9 + 36 + 84 + 117 + 81


@given(allocations(linear_networks), samples)
def test_all_theorems_agree_and_certificates_hold(allocation, m):
    verdict = classify(allocation, m, cross_check=True, effort=SMALL_DEGREES)
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate).reason == "verified"


@given(allocations(linear_networks), samples)
def test_registry_order_does_not_change_what_is_proved(allocation, m):
    forward = classify(allocation, m, effort=SMALL_DEGREES)
    backward = classify(
        allocation, m, theorems=THEOREMS[::-1], cross_check=True, effort=SMALL_DEGREES
    )
    assert forward.expressivity == backward.expressivity


ORDER = {"minimal": 0, "positive": 1, "intermediate": 1, "maximal": 2}


@given(allocations(linear_networks), samples, seeds)
def test_t0_more_learnables_or_fewer_samples_never_hurt(allocation, m, seed):
    rng = np.random.default_rng(seed)
    larger = {
        name: allocation.mask(name)
        | (allocation.present_mask(name) & (rng.random(allocation.mask(name).shape) < 0.3))
        for name in allocation.network.weight_shapes
    }
    more = tc.Allocation(allocation.network, larger, allocation.given_present())
    before, after, fewer = (
        classify(*problem, effort=NO_DEGREES)
        for problem in ((allocation, m), (more, m), (allocation, max(m - 1, 1)))
    )
    for better in (after, fewer):
        if before.expressivity == "maximal":
            assert better.expressivity != "minimal"
        if better.expressivity == "minimal":
            assert before.expressivity == "minimal"


@given(allocations(linear_networks), samples, seeds)
def test_t8_permuting_units_keeps_verdict_and_rank(allocation, m, seed):
    rng = np.random.default_rng(seed)
    network = allocation.network
    if isinstance(network, tc.LinearRecurrent):
        sizes = {"x": network.inputs, "h": network.hidden, "y": network.outputs}
        ends = {"input": ("h", "x"), "recurrent": ("h", "h"), "readout": ("y", "h")}
    else:
        sizes = dict(enumerate(network.widths))
        ends = {f"W{k}": (k, k - 1) for k in range(1, network.depth + 1)}
        ends |= {f"b{k}": (k,) for k in range(1, network.depth + 1)}
    order = {level: rng.permutation(size) for level, size in sizes.items()}

    def permuted(which):
        return {
            name: mask[np.ix_(*(order[level] for level in ends[name]))]
            for name, mask in allocation.masks(which)
        }

    other = tc.Allocation(network, permuted("learnable"), permuted("present"))
    one, two = Analysis(allocation, m), Analysis(other, m)
    assert (one.rank.value, one.target.value) == (two.rank.value, two.target.value)
    effort = replace(SMALL_DEGREES, instances=0, bases=0)  # no draws that permute with the units
    one, two = (classify(each, m, effort=effort) for each in (allocation, other))
    assert (one.expressivity, one.degree) == (two.expressivity, two.degree)


@given(allocations(feedforward_networks(bias=False)), st.integers(0, 2))
def test_t8_transposing_a_network_with_enough_samples_keeps_rank(allocation, extra):
    network = allocation.network
    depth = network.depth

    def transposed(which):
        return {f"W{depth + 1 - k}": getattr(allocation, which)[f"W{k}"].T
                for k in range(1, depth + 1)}  # fmt: skip

    other = tc.Allocation(
        tc.LinearFeedforward(network.widths[::-1]), transposed("learnable"), transposed("present")
    )
    one = Analysis(allocation, network.inputs + extra)
    two = Analysis(other, network.outputs + extra)
    assert (one.rank.value, one.target.value) == (two.rank.value, two.target.value)


def random_problem(allocation, m, rng):
    """Teacher outputs, inputs and frozen student weights, all Gaussian."""
    network = allocation.network
    steps = (network.steps,) if isinstance(network, tc.LinearRecurrent) else ()
    inputs = rng.standard_normal((m, *steps, network.inputs))

    def weights():
        return {
            name: rng.standard_normal(shape) * allocation.present_mask(name)
            for name, shape in network.weight_shapes.items()
        }

    return oracles.forward(network, weights(), inputs), inputs, weights()


@settings(max_examples=200)
@given(allocations(linear_networks), samples, seeds)
def test_t2_affine_verdicts_agree_with_floating_point_least_squares(allocation, m, seed):
    # An oracle that knows no theory: teachers drawn at random, the student solved for.
    if oracles.has_conflict(allocation):
        return
    targets, inputs, frozen = random_problem(allocation, m, np.random.default_rng(seed))
    entries = [
        (name, tuple(index))
        for name in allocation.network.weight_shapes
        for index in np.argwhere(allocation.mask(name))
    ]
    for name, index in entries:
        frozen[name][index] = 0.0
    offset = oracles.forward(allocation.network, frozen, inputs)
    columns = np.zeros((len(targets), len(entries)))
    for k, (name, index) in enumerate(entries):
        frozen[name][index] = 1.0
        columns[:, k] = oracles.forward(allocation.network, frozen, inputs) - offset
        frozen[name][index] = 0.0
    solution = np.linalg.lstsq(columns, targets - offset, rcond=None)[0] if entries else []
    residual = np.linalg.norm(columns @ solution - (targets - offset))
    matched = residual <= 1e-7 * max(np.linalg.norm(targets), 1e-300)
    verdict = classify(allocation, m)
    assert verdict.expressivity == ("maximal" if matched else "minimal")


def test_dimension_zero_is_always_matched():
    network = tc.LinearFeedforward([2, 2, 1])
    nothing_gets_through = {"W2": [[0, 0]]}
    verdict = classify(tc.Allocation.none(network, nothing_gets_through), 3)
    assert (verdict.expressivity, verdict.target_dimension) == ("maximal", 0)
    assert tc.check(verdict.certificate)  # type: ignore[arg-type]


def test_sparse_networks_are_not_decided_by_t4():
    # The counterexample of proofs/t04_one_layer.py: T4 on the dense formula would say maximal.
    network = tc.LinearFeedforward([2, 3, 2])
    present = {"W2": [[1, 1, 0], [0, 0, 1]]}
    verdict = classify(tc.Allocation.rows(network, {"W1": [0, 1]}, present), 2)
    assert (verdict.expressivity, verdict.theorem, verdict.rigor) == ("minimal", "T6", "proved")


def test_t1_input_only_count_is_not_sufficient():
    # T5: N = 5, n_in = 3, d = 3, T = 2, m = 5, all of B: rank 14 < 15.
    network = tc.LinearRecurrent(inputs=3, hidden=5, outputs=3, steps=2)
    verdict = classify(tc.Allocation.layer(network, "input"), 5)
    assert (verdict.expressivity, verdict.rank, verdict.target_dimension) == ("minimal", 14, 15)


@pytest.mark.parametrize(
    ("samples", "expected"), [(2, {"minimal": 8, "maximal": 58, "intermediate": 4})]
)
def test_all_70_allocations_of_222(samples, expected):
    network = tc.LinearFeedforward([2, 2, 2])
    counts: dict[str, int] = {}
    for chosen in combinations(range(8), 4):
        bits = np.isin(np.arange(8), chosen).reshape(2, 2, 2)
        verdict = classify(tc.Allocation(network, {"W1": bits[0], "W2": bits[1]}), samples)
        counts[verdict.expressivity] = counts.get(verdict.expressivity, 0) + 1
    assert counts == expected
