"""Repairs: proved maximal after the moves, with the fewest moves where that is claimed."""

from itertools import combinations

import numpy as np
import pytest

import theorycheck as tc
from tests.answers.test_designs import random_network
from tests.shared.strategies import NO_DEGREES, SMALL_DEGREES
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.target_dimension import target_dimension


def learnables(allocation):
    return set(entries_of(dict(allocation.masks("learnable"))))


def check_repair(allocation, m, found, *, may_freeze=True):
    """The moves lead from the allocation to the proposal, which is proved maximal."""
    before, after = learnables(allocation), learnables(found.allocation)
    frozen = [move.freeze for move in found.moves if move.freeze]
    learned = [move.learn for move in found.moves]
    assert after == before - set(frozen) | set(learned)
    assert set(frozen) <= before
    assert not set(learned) & before
    assert may_freeze or not frozen
    assert len(after) == max(len(before), found.verdict.target_dimension or 0) or not may_freeze
    for name, mask in allocation.masks("present"):
        assert (found.allocation.present_mask(name) == mask).all()
    assert learnables(found.proposal.core) <= after
    assert found.verdict.expressivity is tc.Expressivity.MAXIMAL
    assert tc.check(found.verdict.certificate)
    assert len(found.moves) >= found.least
    assert found.optimal == (len(found.moves) == found.least)


def minimal_allocations(count, rng, networks):
    """Random minimal allocations at the critical budget."""
    while count:
        network, present, m = networks(rng)
        frame = tc.Allocation.none(network, present)
        dimension = target_dimension(frame, m).value
        allocation = tc.Allocation.random(network, dimension, rng, present=present)
        verdict = tc.classify(allocation, m, effort=NO_DEGREES)
        if verdict.expressivity is tc.Expressivity.MINIMAL:
            count -= 1
            yield allocation, m


def without_bottleneck(rng):
    """Dense networks in which one layer alone can match every teacher."""
    m = int(rng.integers(1, 5))
    if rng.random() < 0.3:
        inputs, outputs, steps = map(int, rng.integers(1, 4, 3))
        hidden = min(m, inputs * steps) + int(rng.integers(0, 2))
        return tc.LinearRecurrent(inputs, hidden, outputs, steps), None, m
    widths = [int(width) for width in rng.integers(1, 5, rng.integers(2, 5))]
    bias = bool(rng.integers(2))
    needed = max(min(m, widths[0] + bias), widths[-1])
    widths[1:-1] = [max(width, needed) for width in widths[1:-1]]
    return tc.LinearFeedforward(widths, bias=bias), None, m


def any_network(rng):
    network = random_network(rng)
    shapes = network.weight_shapes
    present = {name: rng.random(shape) < 0.85 for name, shape in shapes.items()}
    return network, present if rng.integers(2) else None, int(rng.integers(1, 5))


@pytest.mark.long
def test_dense_allocations_without_bottleneck_are_always_repaired():
    rng = np.random.default_rng(1)
    optimal = 0
    for allocation, m in minimal_allocations(200, rng, without_bottleneck):
        found = tc.repair(allocation, m)
        assert found.outcome == "repaired"
        check_repair(allocation, m, found)
        optimal += found.optimal
    assert optimal >= 130


@pytest.mark.long
def test_most_other_allocations_are_repaired():
    rng = np.random.default_rng(2)
    repaired = 0
    for allocation, m in minimal_allocations(60, rng, any_network):
        found = tc.repair(allocation, m, effort=SMALL_DEGREES)
        if found.outcome == "repaired":
            repaired += 1
            check_repair(allocation, m, found)
        else:
            assert "does not say that there is none" in found.reason
            assert not found.optimal
    assert repaired >= 45


SMALL = [
    (tc.LinearFeedforward([2, 2, 2]), 2, 4),
    (tc.LinearFeedforward([3, 2]), 2, 4),
    (tc.LinearFeedforward([2, 3, 1]), 2, 3),
    (tc.LinearFeedforward([2, 2], bias=True), 2, 5),
    (tc.LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=2), 2, 2),
]


@pytest.mark.parametrize(("network", "m", "budget"), SMALL)
def test_no_repair_has_fewer_moves_than_an_optimal_one(network, m, budget):
    entries = entries_of(dict(tc.Allocation.full(network).masks("learnable")))
    effort = tc.Effort(instances=0)  # a witness proves no maximum
    verdicts = {
        frozenset(chosen): tc.classify(
            tc.Allocation(network, masks_with(network, chosen)), m, effort=effort
        )
        for chosen in combinations(entries, budget)
    }
    maximal = [key for key, v in verdicts.items() if v.expressivity is tc.Expressivity.MAXIMAL]
    for key, verdict in verdicts.items():
        if verdict.expressivity is not tc.Expressivity.MINIMAL:
            continue
        found = tc.repair(tc.Allocation(network, masks_with(network, key)), m)
        fewest = min(len(other - key) for other in maximal)
        assert found.least <= fewest <= len(found.moves)
        assert not found.optimal or len(found.moves) == fewest
        if verdict.certificate and verdict.certificate.kind == "degree_count":
            assert found.optimal
            assert found.least_error_bound == 0


def test_where_degrees_decide_the_deficiency_is_the_number_of_moves():
    rng = np.random.default_rng(3)
    for _ in range(40):
        mask = rng.random((4, 6)) < 0.5
        for network, name, m in (
            (tc.LinearFeedforward([4, 6, 4]), "W2", 3),
            (tc.LinearRecurrent(2, 6, 4, 2), "readout", 3),
        ):
            allocation = tc.Allocation(network, {name: mask})
            found = tc.repair(allocation, m)
            lacking = int(np.maximum(3 - mask.sum(1), 0).sum())
            assert (len(found.moves), found.optimal) == (lacking, True)
            assert (found.outcome == "maximal") == (lacking == 0)
            if lacking:
                check_repair(allocation, m, found)
                assert {move.learn[0] for move in found.moves} == {name}


def test_too_few_learnables_need_additions():
    allocation = tc.Allocation(
        tc.LinearFeedforward([3, 3]), {"W1": [[1, 1, 1], [0, 1, 0], [0] * 3]}
    )
    found = tc.repair(allocation, 2)
    assert [move.freeze for move in found.moves].count(None) == 2
    assert "are too few (T1), 2 had to be added" in found.reason
    check_repair(allocation, 2, found)


@pytest.mark.long
def test_more_freezes_nothing():
    rng = np.random.default_rng(4)
    for allocation, m in minimal_allocations(30, rng, without_bottleneck):
        found = tc.repair(allocation, m, "more")
        assert found.outcome == "repaired"
        check_repair(allocation, m, found, may_freeze=False)


def test_what_is_open_is_repaired_too():
    diagonals = tc.Allocation(tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
    found = tc.repair(diagonals, 2)
    assert found.outcome == "repaired"
    assert len(found.moves) == 1
    check_repair(diagonals, 2, found)


def test_nothing_to_do_and_dictionaries():
    full = tc.Allocation.full(tc.LinearFeedforward([2, 2]))
    found = tc.repair(full, 2)
    assert (found.outcome, found.moves, found.optimal) == ("maximal", (), True)
    assert found.to_dict()["moves"] == []
    row = tc.repair(tc.Allocation(full.network, {"W1": [[1, 1], [1, 0]]}), 2).to_dict()
    assert row["moves"] == [{"freeze": None, "learn": ["W1", 1, 1]}]
    assert row["verdict"]["expressivity"] == "maximal"
    assert row["allocation"]["learnable"] == {"W1": [[1, 1], [1, 1]]}


def test_bad_arguments_are_refused():
    mixed = tc.Feedforward([2, 2, 2, 2], activation=["tanh", "relu"])
    full = tc.Allocation.full(tc.LinearFeedforward([2, 2]))
    with pytest.raises(tc.InputError, match="budget must be same or more"):
        tc.repair(full, 2, "less")  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="samples must be"):
        tc.repair(full, 0)
    with pytest.raises(tc.InputError, match="linear networks"):
        tc.repair(tc.Allocation.none(mixed), 2)
    with pytest.raises(tc.SizeError, match="GiB"):
        tc.repair(tc.Allocation.none(tc.LinearFeedforward([2, 2])), 2, memory_limit=10)
