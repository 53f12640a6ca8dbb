"""Capacities: equal to a scan over the number of samples."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

import theorycheck as tc
from tests.shared.strategies import NO_DEGREES, allocations, linear_networks
from theorycheck import Expressivity
from theorycheck.answers.capacities import _CapacitySearch
from theorycheck.computing.progress import nobody

NOT_MAXIMAL = (Expressivity.MINIMAL, Expressivity.INTERMEDIATE)


def limit(numbers, cap):
    """The largest of the numbers, None at the cap."""
    largest = max(numbers, default=0)
    return None if largest == cap else largest


@pytest.mark.long
@settings(max_examples=200)
@given(allocations(linear_networks))
def test_capacity_is_what_a_scan_finds(allocation):
    cap = allocation.network.effective_samples(10**6)
    verdicts = {m: tc.classify(allocation, m, effort=NO_DEGREES) for m in range(1, cap + 1)}
    scan = {m: verdict.expressivity for m, verdict in verdicts.items()}
    found = tc.capacity(allocation, effort=NO_DEGREES)
    assert found.maximal == limit([m for m in scan if scan[m] is Expressivity.MAXIMAL], cap)
    assert found.positive == limit([m for m in scan if scan[m] is not Expressivity.MINIMAL], cap)
    refuted = min((m for m in scan if scan[m] in NOT_MAXIMAL), default=None)
    assert found.not_maximal_from == refuted
    minimal = min((m for m in scan if scan[m] is Expressivity.MINIMAL), default=None)
    assert found.minimal_from == minimal
    assert found.is_everything
    for m, verdict in found.verdicts.items():
        assert verdict.expressivity is scan[m]
        assert verdict.certificate is None or tc.check(verdict.certificate)
    # Beyond the effective samples nothing changes.
    assert tc.classify(allocation, cap + 1, effort=NO_DEGREES).expressivity is scan[cap]


@pytest.mark.parametrize(
    ("allocation", "positive"),
    [
        (tc.Allocation(tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)}), None),
        (tc.Allocation.layer(tc.LinearRecurrent(1, 1, 1, 4), "recurrent"), 1),
    ],
)
def test_degrees_and_witnesses_decide_what_counts_leave_open(allocation, positive):
    found = tc.capacity(allocation, effort=tc.Effort())
    scan = [tc.classify(allocation, m).expressivity for m in range(1, found.largest + 1)]
    maximal = scan.count(Expressivity.MAXIMAL)
    assert (found.maximal, found.is_tight) == (maximal, True)
    assert found.not_maximal_from == maximal + 1
    assert found.positive == positive
    without = tc.capacity(allocation, effort=NO_DEGREES)
    assert not without.is_tight
    assert without.positive == positive


POS, MIN, MAX, MID, UND = (
    Expressivity.POSITIVE,
    Expressivity.MINIMAL,
    Expressivity.MAXIMAL,
    Expressivity.INTERMEDIATE,
    Expressivity.UNDECIDED,
)


def search(classes):
    """The capacity of an imaginary allocation with the given classes on 1, 2, ... samples."""
    verdict = tc.classify(tc.Allocation.none(tc.LinearFeedforward([1, 1])), 1)
    asked = []

    def decide(m):
        asked.append(m)
        return dataclasses.replace(verdict, expressivity=classes[m - 1])

    return _CapacitySearch(decide, nobody).run(len(classes), len(classes) + 1), asked


def test_open_verdicts_leave_a_gap_that_is_stated():
    found, _ = search([MAX] * 5 + [POS] * 10 + [MID] * 3 + [MIN] * 7)
    assert (found.maximal, found.not_maximal_from, found.is_tight) == (5, 16, False)
    assert (found.positive, found.minimal_from) == (18, 19)
    found, _ = search([MAX, UND, UND, MIN])
    assert (found.maximal, found.not_maximal_from, found.minimal_from) == (1, 4, 4)


def test_a_maximal_verdict_at_the_critical_budget_is_found_above_open_ones():
    found, _ = search([MAX] * 10 + [POS] * 28 + [MAX] + [MIN] * 60)
    assert (found.maximal, found.positive, found.is_tight) == (39, 39, True)
    found, _ = search([MAX] * 9 + [POS] + [MAX] * 2 + [POS] * 90 + [MIN])
    assert found.maximal == 12


def test_few_verdicts_are_asked():
    found, asked = search([MAX] * 300 + [POS] * 300 + [MIN] * 400)
    assert (found.maximal, found.positive) == (300, 600)
    assert len(asked) == len(set(asked)) < 50


def test_the_range_can_be_shortened():
    allocation = tc.Allocation.rows(tc.LinearFeedforward([6, 6, 2]), {"W2": [0, 1]})
    assert tc.capacity(allocation).maximal is None
    found = tc.capacity(allocation, 4)
    assert (found.maximal, found.positive, found.largest) == (4, 4, 4)
    assert not found.is_everything
    assert not found.is_tight
    assert tc.capacity(allocation, 10).largest == 6


def test_steps_are_told():
    told = []
    tc.capacity(
        tc.Allocation.none(tc.LinearFeedforward([3, 2])), progress=lambda now: told.append(now.what)
    )
    assert told[0] == "3 samples"
    assert "1 sample" in told


def test_bad_arguments_are_refused():
    mixed = tc.Feedforward([2, 2, 2, 2], activation=["tanh", "relu"])
    allocation = tc.Allocation.none(tc.LinearFeedforward([3, 2]))
    for largest in (0, -1, 1.5, True):
        with pytest.raises(tc.InputError, match="largest must be an integer from 1"):
            tc.capacity(allocation, largest)  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="of linear networks and by T11"):
        tc.capacity(tc.Allocation.none(mixed))
    wide = tc.Allocation.random(tc.LinearFeedforward([30] * 3), 1500, np.random.default_rng(0))
    with pytest.raises(tc.SizeError):
        tc.capacity(wide, memory_limit=1)
