"""Spread designs and repairs by plans: what they choose is maximal, verified and even."""

from itertools import pairwise

import numpy as np
import pytest

import theorycheck as tc
from tests.answers.test_repairs import check_repair
from tests.shared.strategies import NO_DEGREES
from theorycheck.answers.completions import completions
from theorycheck.answers.staged import pairing, staged
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.bases import masks_with


def all_allowed(network):
    return {name: np.ones(shape, dtype=bool) for name, shape in network.weight_shapes.items()}


def verified(found):
    """The allocation of a design, and the theorem, after its certificate has been checked."""
    assert found.outcome == "found"
    assert found.allocation is not None
    assert found.verdict is not None
    assert found.verdict.certificate is not None
    assert found.verdict.rigor == "proved"
    assert tc.check(found.verdict.certificate)
    return found.allocation, found.verdict.theorem


def shares(allocation):
    """The largest share of one layer, and the most learnables of one row or column."""
    counts = allocation.counts
    lines = [
        np.count_nonzero(allocation.mask(name), axis=axis).max()
        for name in counts
        for axis in (0, 1)
    ]
    return max(counts.values()) / allocation.n_learnable, max(lines)


def random_chain(rng):
    """Widths without a bottleneck, samples, and a budget slightly above D."""
    n, d, m = (int(k) for k in rng.integers(1, 7, size=3))
    hidden = rng.integers(0, 3, int(rng.integers(1, 4))) + max(d, min(n, m))
    dimension = min(n, m) * d
    network = tc.LinearFeedforward([n, *hidden.tolist(), d])
    budget = dimension + int(rng.integers(1, 3 + dimension // 4))
    return network, m, min(budget, network.n_weights)


def test_staged_choices_are_maximal_and_within_the_budget():
    rng = np.random.default_rng(1)
    n_above = 0
    for _ in range(80):
        network, m, budget = random_chain(rng)
        samples, d = min(m, network.inputs), network.outputs
        core = staged(network, all_allowed(network), samples, budget, rng)
        assert core is not None
        assert samples * d <= len(core) == len(set(core)) <= budget
        allocation = tc.Allocation(network, masks_with(network, core))
        # At D itself a plan of several stages is one of T9, or T13 needs one learnable more.
        if len(core) > samples * d or len(network.weight_layers) == 2:
            n_above += 1
            verdict = tc.classify(allocation, m, effort=NO_DEGREES)
            assert verdict.expressivity is tc.Expressivity.MAXIMAL
            assert verdict.certificate is not None
            assert tc.check(verdict.certificate)
        assert shares(allocation)[1] <= max(samples, d)
    assert n_above > 40


@pytest.mark.parametrize("allowed_share", [0.3, 0.7])
def test_staged_choices_stay_within_the_candidates(allowed_share):
    rng = np.random.default_rng(2)
    n_found = 0
    for _ in range(40):
        network, m, budget = random_chain(rng)
        allowed = {
            name: rng.random(shape) < allowed_share for name, shape in network.weight_shapes.items()
        }
        core = staged(network, allowed, min(m, network.inputs), budget, rng)
        if core is not None:
            n_found += 1
            assert all(allowed[name][index] for name, index in core)
    assert n_found > 2


@pytest.mark.parametrize(
    "network",
    [
        tc.LinearFeedforward([3, 3]),
        tc.LinearFeedforward([3, 3, 3], bias=True),
        tc.LinearFeedforward([3, 2, 3]),
        tc.LinearRecurrent(3, 3, 3, 3),
    ],
)
def test_nothing_is_staged_where_plans_say_nothing(network):
    rng = np.random.default_rng(0)
    assert staged(network, all_allowed(network), 3, 9, rng) is None
    assert staged(network, all_allowed(network), 3, 12, rng) is None or network.is_recurrent


def test_pairings_cost_no_more_than_there_is():
    for rows in range(1, 6):
        for lines in range(rows, 9):
            for units in range(rows, 9):
                for spare in range(1, 6):
                    first, others, rest, level = pairing(rows, lines, units, spare)
                    length = rows - others - level
                    longer = rest - length if length else 0
                    assert first + rest == lines
                    assert rest <= units
                    assert 0 <= longer <= spare


SMALL = [([5, 5, 5], 5, 27), ([6, 6, 6, 6], 6, 40), ([10, 16, 16, 5], 20, 55)]
LARGE = [([20, 64, 64, 10], 20, 210), ([64, 64, 64, 16], 64, 1060)]


@pytest.mark.parametrize(
    ("widths", "m", "budget"),
    [*SMALL, *(pytest.param(*case, marks=pytest.mark.long) for case in LARGE)],
)
def test_spread_designs_slightly_above_d_are_kept_and_verified(widths, m, budget):
    found = tc.design(tc.LinearFeedforward(widths), m, budget, effort=NO_DEGREES)
    assert found.as_preferred
    allocation, _ = verified(found)
    assert allocation.n_learnable == budget
    of_layer, of_line = shares(allocation)
    assert of_layer < 1 / (len(widths) - 1) + 0.1
    assert of_line <= max(min(m, widths[0]), widths[-1]) + 2


def test_one_learnable_above_d_is_enough_for_layers_to_share():
    for widths in ([4, 4, 4], [4, 4, 4, 4]):
        m, d = widths[0], widths[-1]
        found = tc.design(tc.LinearFeedforward(widths), m, m * d + 1, effort=NO_DEGREES)
        assert found.as_preferred
        counts = list(verified(found)[0].counts.values())
        assert max(counts) - min(counts) <= max(m, d)


def test_even_orders_of_recurrent_networks_are_proved_by_gradings():
    found = tc.design(tc.LinearRecurrent(2, 6, 2, 4), samples=4, budget=20)
    assert found.as_preferred
    allocation, theorem = verified(found)
    assert theorem == "T15"
    counts = allocation.counts
    assert max(counts.values()) - min(counts.values()) <= 1
    without = tc.design(tc.LinearRecurrent(2, 6, 2, 4), samples=4, budget=20, seconds=0)
    assert verified(without)[1] != "T15"


def random_open(rng, number):
    """Allocations of a few more learnables than D that stay positive, and samples."""
    while number:
        network = tc.LinearFeedforward([[5, 5, 5], [4, 5, 6], [4, 4, 4, 4]][int(rng.integers(3))])
        m = int(rng.integers(3, 6))
        budget = min(m, network.inputs) * network.outputs + int(rng.integers(1, 6))
        allocation = tc.Allocation.random(network, budget, rng)
        verdict = tc.classify(allocation, m, effort=NO_DEGREES)
        if verdict.expressivity is tc.Expressivity.POSITIVE:
            number -= 1
            yield allocation, m


def test_completions_are_in_order_and_one_is_maximal():
    rng = np.random.default_rng(4)
    for allocation, m in random_open(rng, 10):
        kept = set(entries_of(dict(allocation.masks("learnable"))))
        found = completions(allocation, m, rng)
        lacking = [len(set(core) - kept) for core in found]
        assert all(one <= other for one, other in pairwise(lacking))
        verdicts = (
            tc.classify(
                tc.Allocation(allocation.network, masks_with(allocation.network, core)),
                m,
                effort=NO_DEGREES,
            )
            for core in found
        )
        assert any(verdict.expressivity is tc.Expressivity.MAXIMAL for verdict in verdicts)


@pytest.mark.long
def test_what_is_open_above_d_is_repaired_by_few_additions():
    rng = np.random.default_rng(5)
    for allocation, m in random_open(rng, 6):
        kept = set(entries_of(dict(allocation.masks("learnable"))))
        fewest = min(len(set(core) - kept) for core in completions(allocation, m, rng))
        found = tc.repair(allocation, m, "more", effort=NO_DEGREES)
        assert found.outcome == "repaired"
        assert len(found.moves) <= 2 * fewest + 1
        check_repair(allocation, m, found, may_freeze=False)


@pytest.mark.parametrize(
    ("network", "samples", "budget", "share"),
    [
        (tc.LinearRecurrent(3, 8, 3, 5), 6, 21, 1.0),
        (tc.LinearRecurrent(4, 32, 4, 6), 16, 70, 1.0),
        pytest.param(tc.LinearRecurrent(3, 281, 3, 6), 15, 56, 0.03, marks=pytest.mark.long),
    ],
)
def test_recurrent_designs_slightly_above_d_begin_with_a_plan(network, samples, budget, share):
    rng = np.random.default_rng(0)
    present = {"recurrent": rng.random(network.weight_shapes["recurrent"]) < share}
    found = tc.design(network, samples, budget, present=present if share < 1 else None)
    allocation, theorem = verified(found)
    assert theorem == "T15"
    assert found.as_preferred
    assert allocation.n_learnable == budget
    assert set(allocation.counts) == {"input", "recurrent", "readout"}
    assert found.proposal is not None
    made = tc.construct(found.proposal.core, samples)
    assert made.is_match
    assert made.theorem == "T15"
