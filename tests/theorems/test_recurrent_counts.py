"""The counts (*) of T5 against brute force and against the exact rank; bases of T0."""

from itertools import chain, combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import SMALL_DEGREES, allocations, linear_networks, samples, seeds
from theorycheck.computing.options import Options
from theorycheck.theorems import t00_monotonicity, t05_recurrent
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.outside_counts import starved_outside
from theorycheck.theorems.registry import THEOREMS


def subsets(n: int):
    return chain.from_iterable(combinations(range(n), k) for k in range(n + 1))


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_starved_outside_finds_a_violation_iff_brute_force_does(seed, p, q, outputs, m):
    rng = np.random.default_rng(seed)
    mask = rng.random((p, q)) < rng.random()
    reach = int(rng.integers(1, 3))
    violated = False
    for rows in subsets(p):
        for columns in subsets(q):
            outside = np.delete(np.delete(mask, rows, axis=0), columns, axis=1)
            needed = max(outputs - reach * len(rows), 0) * max(m - reach * len(columns), 0)
            violated |= bool(rows or columns) and int(outside.sum()) < needed
    assert (starved_outside(mask, outputs, m, reach) is not None) == violated


@settings(max_examples=300)
@given(st.data(), st.sampled_from(["input", "recurrent"]), samples, seeds)
def test_t5_counts_agree_with_the_exact_rank_near_the_boundary(data, name, m, seed):
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(*(int(n) for n in rng.integers(1, 5, 3)), steps=data.draw(
        st.integers(1, 3)))  # fmt: skip
    shape = network.weight_shapes[name]
    mask = rng.random(shape) < data.draw(st.sampled_from([0.4, 0.7, 0.9]))
    mask[rng.integers(shape[0])] = True  # a full row attracts learnables that others miss
    analysis = Analysis(tc.Allocation(network, {name: mask}), m)
    finding = t05_recurrent.decide(analysis)
    if finding is not None:
        is_minimal = analysis.rank.value < analysis.target.value
        assert (finding.expressivity == "minimal") == is_minimal


def test_the_count_finds_what_t1_needs_a_rank_for():
    network = tc.LinearRecurrent(inputs=2, hidden=6, outputs=4, steps=1)
    mask = np.ones((6, 2), dtype=bool)
    mask[2:, 1] = False
    verdict = tc.classify(tc.Allocation(network, {"input": mask}), 2)
    assert (verdict.expressivity, verdict.theorem, verdict.rigor) == ("minimal", "T5", "proved")


@settings(max_examples=150)
@given(allocations(linear_networks), samples)
def test_t0_bases_are_sub_allocations_of_full_rank(allocation, m):
    analysis = Analysis(allocation, m, Options(effort=SMALL_DEGREES))
    if t00_monotonicity.why_not(analysis) is not None:
        return
    finding = t00_monotonicity.decide(analysis)
    if finding is not None:
        assert finding.expressivity == "maximal"
        assert analysis.rank.value == analysis.target.value


def test_t0_finds_a_basis_where_neither_a_layer_nor_peeling_does():
    # Sparse: T3, T4 and T9 do not apply, and the output is not affine in all five learnables.
    present = {"W1": [[1, 0], [1, 1]]}
    learnable = {"W1": [[1, 0], [0, 0]], "W2": [[1, 1], [1, 1]]}
    allocation = tc.Allocation(tc.LinearFeedforward([2, 2, 2]), learnable, present)
    others = [theorem for theorem in THEOREMS if theorem.id != "T13"]  # a plan decides it sooner
    verdict = tc.classify(allocation, 2, theorems=others)
    assert (verdict.expressivity, verdict.theorem) == ("maximal", "T0")
    assert tc.check(verdict.certificate)  # type: ignore[arg-type]


@settings(max_examples=300)
@given(seeds)
def test_t5_with_two_steps_is_t4_on_the_recurrent_weights(seed):
    rng = np.random.default_rng(seed)
    hidden, outputs, m = (int(n) for n in rng.integers(1, [6, 5, 5]))
    network = tc.LinearRecurrent(m + int(rng.integers(2)), hidden, outputs, steps=2)
    mask = rng.random((hidden, hidden)) < rng.choice([0.5, 0.7, 0.85])
    allocation = tc.Allocation(network, {"recurrent": mask})
    analysis = Analysis(allocation, m)
    if t05_recurrent.why_not(analysis) is not None:
        return
    finding = t05_recurrent.decide(analysis)
    is_minimal = analysis.rank.value < analysis.target.value
    if finding is None:  # only where T4 leaves it to the rank
        assert min(hidden - outputs, hidden - m) >= 2
        return
    assert (finding.expressivity == "minimal") == is_minimal
    certificate = tc.classify(allocation, m).certificate
    assert certificate is not None
    assert tc.check(certificate).reason == "verified"
