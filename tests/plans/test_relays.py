"""Plans of few learnables: cycles, relays, and what the checker says of them."""

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.computing.effort import Effort
from theorycheck.errors import OutOfTimeError
from theorycheck.plans.choices import tried
from theorycheck.plans.graded import Graded
from theorycheck.plans.relays import cycles_in, relayed, sharings
from theorycheck.ranks.bases import masks_with
from theorycheck.theorems import t15_graded_points

NO_DEGREES = Effort(seconds=20, degree=0)


def drawn(rng):
    """A network read at the end, perhaps sparse, and samples."""
    n_in, d, steps = (int(n) for n in rng.integers([1, 1, 2], [4, 4, 6]))
    m = int(rng.integers(1, n_in * (steps - 1) + 1))
    network = tc.LinearRecurrent(n_in, int(rng.integers(2, 13)), d, steps)
    share = float(rng.choice([0.3, 0.6, 1.0]))
    present = {name: rng.random(shape) < share for name, shape in network.weight_shapes.items()}
    return tc.Allocation.full(network, present if share < 1 else None), m


def test_choices_are_within_the_budget_and_the_checker_accepts_their_plans():
    rng, found = np.random.default_rng(0), 0
    while found < 12:
        everything, m = drawn(rng)
        network, d = everything.network, everything.network.outputs
        budget = min(int(rng.uniform(1.1, 1.8) * d * m) + 2, everything.n_learnable)
        chosen = next(relayed(everything, m, budget, 0, NEVER), None)
        if chosen is None:
            continue
        found += 1
        entries, choice = chosen
        assert d * m < len(entries) == len(set(entries)) <= budget
        masks = masks_with(network, entries)
        allocation = tc.Allocation(network, masks, everything.given_present())
        graded = Graded(allocation, m)
        assert tried(graded, choice.plan(graded), 1) is not None
        verdict = tc.classify(
            allocation, m, theorems=[t15_graded_points.THEOREM], effort=NO_DEGREES
        )
        assert verdict.theorem == "T15"
        assert verdict.certificate is not None
        assert tc.check(verdict.certificate)


def test_a_choice_with_one_weight_less_has_no_such_plan():
    """Each weight that is 0 at infinity moves the leading terms in a direction of its own."""
    everything = tc.Allocation.full(tc.LinearRecurrent(3, 8, 3, 5))
    entries, choice = next(relayed(everything, 6, 25, 0, NEVER))
    for entry in choice.zero:
        masks = masks_with(everything.network, [other for other in entries if other != entry])
        growing = tuple(other for other in choice.growing if other != entry)
        zero = tuple(other for other in choice.zero if other != entry)
        graded = Graded(tc.Allocation(everything.network, masks), 6)
        plan = type(choice)(choice.fitted, growing, zero).plan(graded)
        assert tried(graded, plan, 0) is None


@pytest.mark.parametrize(
    ("network", "samples", "budget"),
    [
        (tc.LinearRecurrent(3, 8, 3, 5), 6, 19),
        (tc.LinearRecurrent(3, 8, 3, 5, "all"), 2, 60),
        (tc.LinearRecurrent(3, 8, 3, 3), 7, 60),
        (tc.LinearFeedforward([4, 4, 4]), 3, 20),
    ],
)
def test_where_there_is_no_such_choice(network, samples, budget):
    assert not list(relayed(tc.Allocation.full(network), samples, budget, 0, NEVER))


def test_the_search_ends_with_its_time():
    everything = tc.Allocation.full(tc.LinearRecurrent(3, 8, 3, 5))
    with pytest.raises(OutOfTimeError):
        next(relayed(everything, 6, 30, 0, Deadline(0)))


def test_sharings_add_up():
    for fitted, has_relay, cycle in sharings(4, 32, 4, 16, 20):
        left = 4 - fitted
        assert cycle == 4 * left
        assert cycle + has_relay <= 20
    assert sharings(4, 32, 4, 16, 4) == []
    assert all(one.fitted == 0 for one in sharings(2, 5, 3, 6, 30))  # too few states to fit from


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_cycles_are_disjoint_and_allowed(share):
    rng = np.random.default_rng(0)
    for _ in range(20):
        allowed = rng.random((15, 15)) < share
        size = int(rng.integers(1, 12))
        edges = cycles_in(allowed, size, rng)
        if edges is None:
            assert share < 1
            continue
        assert len(edges) >= size
        assert all(allowed[edge] for edge in edges)
        ends, starts = zip(*edges, strict=True)
        assert sorted(ends) == sorted(starts) == sorted(set(ends))
