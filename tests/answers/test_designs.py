"""Designs: maximal with a certificate, or impossible by exact rank; rarely open."""

from collections import Counter

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.oracles import dual_number_rank
from tests.shared.strategies import SMALL_DEGREES
from theorycheck.answers.orders import PREFERENCES, even_order, extend_evenly, plans
from theorycheck.problem.files import problem_to_dict
from theorycheck.problem.masks import entries_of
from theorycheck.problem.placement import allowed_masks
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.target_dimension import target_dimension
from theorycheck.structure.conflicts import find_conflict

pytestmark = pytest.mark.long


def random_network(rng):
    if rng.random() < 0.6:
        widths = [int(width) for width in rng.integers(1, 5, rng.integers(2, 5))]
        return tc.LinearFeedforward(widths, bias=bool(rng.integers(2)))
    sizes = map(int, rng.integers(1, (4, 5, 4, 5)))
    return tc.LinearRecurrent(*sizes, readout="all" if rng.integers(2) else "final")


def random_task(rng):
    """A network, present connections, candidates among them, and samples."""
    network = random_network(rng)
    shapes = network.weight_shapes
    share = {name: rng.random(shape) < 0.85 for name, shape in shapes.items()}
    present = share if rng.integers(2) else None
    within = {name: rng.random(shape) < 0.85 for name, shape in shapes.items()}
    return network, present, within, int(rng.integers(1, 5))


def test_designs_are_maximal_or_proved_impossible():
    rng = np.random.default_rng(1)
    outcomes = Counter()
    for number in range(200):
        network, present, within, m = random_task(rng)
        allowed = tc.Allocation(network, allowed_masks(network, present, within), present)
        dimension = target_dimension(allowed, m).value
        budget = min(dimension + int(rng.integers(-1, 3)), allowed.n_learnable)
        budget = max(budget, 0)
        found = tc.design(
            network, m, budget, within, present, PREFERENCES[number % 2], effort=SMALL_DEGREES
        )
        outcomes[found.outcome] += 1
        if found.outcome == "found":
            check_found(found, allowed, budget, m)
        elif found.outcome == "impossible":
            assert found.verdict is not None
            assert found.verdict.expressivity in ("minimal", "intermediate")
            assert found.verdict.certificate is not None
            assert tc.check(found.verdict.certificate)
            assert budget < dimension or dual_number_rank(allowed, m, "learnable") < dimension
    assert outcomes["found"] >= 100
    assert outcomes["open"] <= 40


def check_found(found, allowed, budget, m):
    assert found.allocation.n_learnable == budget
    assert all((found.allocation.mask(n) <= mask).all() for n, mask in allowed.masks("learnable"))
    assert all((found.allocation.present_mask(n) == p).all() for n, p in allowed.masks("present"))
    core = found.proposal.core
    assert all((mask <= found.allocation.mask(n)).all() for n, mask in core.masks("learnable"))
    assert found.verdict.expressivity is tc.Expressivity.MAXIMAL
    assert tc.check(found.verdict.certificate)
    assert found.verdict.certificate.problem == problem_to_dict(core, m)


@pytest.mark.parametrize("prefer", PREFERENCES)
def test_dense_networks_without_bottleneck_always_have_a_design(prefer):
    rng = np.random.default_rng(2)
    for _ in range(40):
        widths = [int(width) for width in rng.integers(1, 5, rng.integers(2, 5))]
        m = int(rng.integers(1, 5))
        needed = max(min(m, widths[0]), widths[-1])
        widths[1:-1] = [max(width, needed) for width in widths[1:-1]]
        network = tc.LinearFeedforward(widths)
        dimension = min(m, widths[0]) * widths[-1]
        budget = dimension + int(rng.integers(0, network.n_weights - dimension + 1))
        found = tc.design(network, m, budget, prefer=prefer)
        assert found.outcome == "found"
        assert prefer == "spread" or found.as_preferred


def test_preferences_are_kept_where_that_is_possible():
    network = tc.LinearFeedforward([4, 4, 4])
    few = tc.design(network, 4, 16, prefer="few-layers")
    assert few.as_preferred
    assert few.allocation is not None
    assert len(few.allocation.counts) == 1
    spread = tc.design(network, 4, 20)
    assert spread.allocation is not None
    counts = spread.allocation.counts
    assert abs(counts["W1"] - counts["W2"]) <= 4
    assert tc.design(network, 4, 20).to_dict()["allocation"] == spread.to_dict()["allocation"]
    assert spread.to_dict()["verdict"]["expressivity"] == "maximal"


def test_a_method_says_only_of_one_layer_if_nothing_else_is_learnable():
    network = tc.Feedforward([4, 8, 3], activation="tanh", bias=True)
    for budget, method in ((9, "in W2 and b2 only"), (12, "in W2 and b2 first, others elsewhere")):
        found = tc.design(network, samples=3, budget=budget)
        assert found.allocation is not None
        assert found.method == method
        assert found.reason.startswith(f"{method}: ")
        assert (found.allocation.counts.keys() <= {"W2", "b2"}) == method.endswith("only")


def test_impossibility_has_its_reason():
    network = tc.LinearFeedforward([3, 3, 2])
    few = tc.design(network, 3, 5)
    assert (few.outcome, few.tried) == ("impossible", 0)
    assert few.verdict is not None
    assert few.verdict.theorem == "T1"
    low = tc.design(network, 3, 6, within={"W1": [[1, 1, 0]] * 3})
    assert low.outcome == "impossible"
    assert "even learning all candidates" in low.reason
    assert low.allocation is None
    assert low.to_dict()["allocation"] is None


def test_open_is_said_where_nothing_is_proved():
    diagonals = {
        "W1": np.eye(2),
        "W2": np.eye(2),
    }  # intermediate by the checked values, not by a theorem
    found = tc.design(tc.LinearFeedforward([2, 2, 2]), 2, 4, within=diagonals)
    assert found.outcome in ("open", "impossible")
    assert found.allocation is None
    if found.outcome == "open":
        assert "does not say that there is none" in found.reason
        assert found.to_dict()["verdict"] is None


def test_even_orders_are_even_in_every_first_part():
    rng = np.random.default_rng(3)
    allowed = dict(tc.Allocation.full(tc.LinearFeedforward([5, 6, 4], bias=True)).masks("present"))
    order = even_order(allowed, rng)
    assert sorted(order) == sorted(entries_of(allowed))
    for budget in (2, 9, 24, 40):
        layers = Counter(name[1:] for name, _ in order[:budget])
        assert max(layers.values()) - min(layers.values()) <= 1
        rows = Counter(index[0] for name, index in order[:budget] if name[1:] == "1")
        assert max(rows.values()) - min(rows.get(i, 0) for i in range(6)) <= 1
    chosen = extend_evenly(order[:3], order, 12)
    assert len(set(chosen)) == 12
    assert chosen[:3] == order[:3]


def test_regions_of_plans_have_no_conflict_and_plans_cover_all_candidates():
    rng = np.random.default_rng(4)
    for _ in range(40):
        network, present, within, _ = random_task(rng)
        allowed = allowed_masks(network, present, within)
        everything = sorted(entries_of(allowed))
        for plan in plans(network, allowed, "few-layers", rng):
            assert sorted(plan.order) == everything
            if plan.kind == "split" or (plan.kind == "layer" and "recurrent" not in plan.what):
                masks = masks_with(network, plan.groups[0])
                assert find_conflict(tc.Allocation(network, masks, present)) is None


def test_bad_arguments_are_refused():
    network = tc.LinearFeedforward([2, 2])
    with pytest.raises(tc.InputError, match="prefer must be spread or few-layers"):
        tc.design(network, 2, 4, prefer="even")  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="budget must be an integer from 0 to 4"):
        tc.design(network, 2, 5)
    with pytest.raises(tc.InputError, match="samples must be"):
        tc.design(network, 0, 4)
    with pytest.raises(tc.InputError, match="seed must be"):
        tc.design(network, 2, 4, seed=-1)
    with pytest.raises(tc.InputError, match="linear networks"):
        tc.design(tc.Feedforward([2, 2, 2, 2], activation=["tanh", "relu"]), 2, 4)


def test_networks_too_large_are_refused_at_once():
    network = tc.LinearFeedforward([2**30, 2**30, 2])
    for budget in (3, 30):
        with pytest.raises(tc.SizeError, match="GiB, more than the limit"):
            tc.design(network, 2, budget)
    rows = tc.Allocation.rows(tc.LinearFeedforward([64] * 3), {"W2": [0]})
    with pytest.raises(tc.SizeError, match="GiB, more than the limit"):
        tc.repair(rows, 2, memory_limit=2**15)
