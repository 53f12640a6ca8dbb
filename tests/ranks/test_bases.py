"""Bases along an order: independent, complete, lexicographically first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.oracles import dual_number_rank
from tests.shared.strategies import allocations, linear_networks, seeds
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.bases import greedy_basis, masks_with


def rank_of(allocation, m, entries):
    part = tc.Allocation(
        allocation.network,
        masks_with(allocation.network, entries),
        allocation.given_present(),
    )
    return dual_number_rank(part, m, "learnable")


@given(allocations(linear_networks), st.integers(1, 4), seeds)
def test_the_greedy_basis_is_the_first_one_along_the_order(allocation, m, seed):
    entries = entries_of(dict(allocation.masks("learnable")))
    order = [entries[i] for i in np.random.default_rng(seed).permutation(len(entries))]
    basis = greedy_basis(allocation.network, allocation.given_present(), m, order, seed)
    greedy = []
    for entry in order[:12]:
        if rank_of(allocation, m, [*greedy, entry]) == len(greedy) + 1:
            greedy.append(entry)
    assert [entry for entry in basis if entry in order[:12]] == greedy
    assert rank_of(allocation, m, basis) == len(basis) == rank_of(allocation, m, order)


def test_a_known_rank_ends_the_search():
    network = tc.LinearFeedforward([30, 30, 30])
    order = entries_of(dict(tc.Allocation.full(network).masks("learnable")))
    assert (
        greedy_basis(network, None, 30, order, most=40)
        == greedy_basis(network, None, 30, order)[:40]
    )


def test_bad_arguments_are_refused():
    network = tc.LinearFeedforward([2, 2])
    for entry in (("W2", (0, 0)), ("W1", (0, 2)), ("W1", (0,))):
        with pytest.raises(tc.InputError, match="not a present weight"):
            greedy_basis(network, None, 2, [entry])
    with pytest.raises(tc.InputError, match="not a present weight"):
        greedy_basis(network, {"W1": [[0, 1], [1, 1]]}, 2, [("W1", (0, 0))])
    with pytest.raises(tc.InputError, match="analytic networks"):
        greedy_basis(tc.ShallowReLU([2, 2, 2]), None, 2, [])
    with pytest.raises(tc.SizeError, match="GiB"):
        greedy_basis(network, None, 2, [("W1", (0, 0))], memory_limit=10)
