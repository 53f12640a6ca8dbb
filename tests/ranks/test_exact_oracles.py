"""Exact ranks, target dimensions and conflicts against independent oracles."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import oracles
from tests.shared.strategies import (
    allocations,
    feedforward_networks,
    linear_networks,
    recurrent_networks,
    samples,
)
from theorycheck import Allocation, LinearFeedforward, LinearRecurrent
from theorycheck.checker import plain
from theorycheck.ranks import point
from theorycheck.ranks.generic_rank import N_PRIMES, generic_rank, trial_error
from theorycheck.ranks.target_dimension import closed_form, target_dimension, upper_bounds
from theorycheck.structure.conflicts import conflict_graph, find_conflict


@given(allocations(linear_networks), st.integers(1, 3))
def test_generic_rank_equals_the_dual_number_rank(allocation, m):
    upper = min(allocation.n_learnable, allocation.network.n_equations(m))
    assert generic_rank(allocation, m, upper=upper).value == oracles.dual_number_rank(
        allocation, m, "learnable"
    )


@given(allocations(linear_networks), st.integers(1, 3))
def test_target_dimension_equals_forward_mode_rank_of_all_weights(allocation, m):
    assert target_dimension(allocation, m).value == oracles.dual_number_rank(
        allocation, m, "present"
    )


@given(st.one_of(feedforward_networks(), recurrent_networks(max_hidden=6)), samples)
def test_closed_form_equals_the_rank_of_all_weights(network, m):
    allocation = Allocation.none(network)
    formula = closed_form(allocation, m)
    upper = network.n_equations(m)
    rank = generic_rank(allocation, m, upper=upper, which="present").value
    assert formula == rank if isinstance(network, LinearFeedforward) else formula in (None, rank)


def test_closed_form_covers_recurrent_networks_with_enough_hidden_units():
    network = LinearRecurrent(inputs=2, hidden=4, outputs=3, steps=2, readout="all")
    assert closed_form(Allocation.none(network), 2) == 12
    assert closed_form(Allocation.none(replace(network, hidden=3)), 2) is None


@given(recurrent_networks(), samples)
def test_upper_bounds_of_recurrent_networks_hold(network, m):
    allocation = Allocation.none(network)
    rank = generic_rank(allocation, m, upper=network.n_equations(m), which="present")
    assert rank.value <= min(upper_bounds(allocation, m).values())


@given(allocations(linear_networks), samples)
def test_more_samples_than_effective_change_no_rank(allocation, m):
    m_e = allocation.network.effective_samples(m)
    upper = min(allocation.n_learnable, allocation.network.n_equations(m))
    ranks = {generic_rank(allocation, k, upper=upper).value for k in (m_e, m, m + 7)}
    if m >= m_e and m_e < m:
        assert len(ranks) == 1


@given(allocations(linear_networks))
def test_conflict_is_found_iff_listing_all_paths_finds_one(allocation):
    assert (find_conflict(allocation) is not None) == oracles.has_conflict(allocation)


@given(allocations(linear_networks))
def test_conflict_graph_has_the_pairs_that_listing_all_paths_finds(allocation):
    graph = conflict_graph(allocation)
    assert graph.number_of_nodes() == allocation.n_learnable
    assert {frozenset(edge) for edge in graph.edges} == oracles.conflicting_pairs(allocation)


PAIRS = ("input", "recurrent", "readout")


def shares_a_path(steps, first, second):
    """The table of T2 for dense recurrent networks."""
    (one, (i, j)), (other, (k, m)) = sorted((first, second), key=lambda w: PAIRS.index(w[0]))
    if one == other == "recurrent":
        return steps >= 4 or (steps == 3 and (i == m or j == k))
    if (one, other) == ("input", "readout"):
        return steps >= 2 or i == m
    if (one, other) == ("input", "recurrent"):
        return steps >= 3 or (steps == 2 and m == i)
    if (one, other) == ("recurrent", "readout"):
        return steps >= 3 or (steps == 2 and m == i)
    return False  # two inputs or two readouts


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_pairs_of_recurrent_weights_conflict_as_tabulated(steps):
    network = LinearRecurrent(inputs=2, hidden=2, outputs=2, steps=steps)
    entries = [
        (name, index)
        for name, shape in network.weight_shapes.items()
        for index in np.ndindex(*shape)
    ]
    for first, second in product(entries, entries):
        learnable = {name: np.zeros(shape, int) for name, shape in network.weight_shapes.items()}
        for name, index in (first, second):
            learnable[name][index] = 1
        found = find_conflict(Allocation(network, learnable)) is not None
        selfish = any(shares_a_path(steps, entry, entry) for entry in (first, second))
        assert found == (selfish or shares_a_path(steps, first, second)), (first, second)


def test_long_recurrent_networks_have_no_conflict_beyond_three_n_steps():
    # A ring of 3 units: the two learnables are met by a path of 7 recurrent edges at the earliest.
    ring = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    present = {"recurrent": ring, "input": [[1], [0], [0]], "readout": [[1, 0, 0]]}
    learnable = {"recurrent": [[0, 0, 1], [0, 0, 0], [0, 0, 0]]}
    for steps, conflict in [(6, False), (7, True), (100, True)]:
        network = LinearRecurrent(inputs=1, hidden=3, outputs=1, steps=steps)
        assert (find_conflict(Allocation(network, learnable, present)) is not None) == conflict


def test_number_of_primes_is_that_of_a_sieve():
    sieve = np.ones(2**23, dtype=bool)
    sieve[:2] = False
    for k in range(2, 2897):
        if sieve[k]:
            sieve[k * k :: k] = False
    assert int(sieve[2**22 :].sum()) == N_PRIMES


@given(st.integers(0, 2**70), st.integers(0, 50), st.sampled_from(["W1", "inputs"]))
def test_points_follow_the_published_rule(seed, trial, name):
    assert point.words(seed, trial, name, 9).tolist() == plain.words(seed, trial, name, 9)
    assert point.draw_prime(seed, trial) == plain.prime_of(seed, trial)


def test_error_bound_grows_with_size_and_trials_multiply_it():
    allocation = Allocation.rows(LinearFeedforward([3, 3, 3]), {"W2": [0, 1]})
    assert trial_error(allocation, 3, 2) < trial_error(allocation, 3, 9)
    result = generic_rank(allocation, 3, upper=9, error_bound=1e-12)
    assert result.error_bound <= 1e-12
    assert result.error_bound == pytest.approx(trial_error(allocation, 3, 9) ** len(result.trials))


def test_unlucky_trials_are_outvoted_by_the_best():
    # At x = p the smallest field of a trial would do; here a trial that lies is simply lower.
    allocation = Allocation.full(LinearFeedforward([2, 2]))
    result = generic_rank(allocation, 2, upper=5)
    assert result.value == 4
    assert result.best.rank == max(trial.rank for trial in result.trials)
