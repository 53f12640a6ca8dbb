"""What allocations share is solved once, and no verdict or certificate depends on that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.computing.effort import DEFAULT_EFFORT, Effort
from theorycheck.degrees import reuse as reuse_module
from theorycheck.degrees.reuse import Reuse
from theorycheck.theorems.analysis import Analysis

pytestmark = pytest.mark.long

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
FAMILIES: list[tuple[Any, int, int]] = [
    (FF([2, 2, 2]), 2, 4),
    (FF([2, 2, 2, 2]), 2, 4),
    (LR(1, 2, 1, 4), 2, 2),
]


def drawn(network: Any, samples: int, budget: int, count: int) -> list[tc.Allocation]:
    """Random allocations of full rank with conflicts; some share blocks of their equations."""
    rng, found = np.random.default_rng(1), []
    while len(found) < count:
        picked = np.zeros(network.n_weights, dtype=bool)
        picked[rng.choice(len(picked), budget, replace=False)] = True
        masks, start = {}, 0
        for name, shape in network.weight_shapes.items():
            size = int(np.prod(shape))
            masks[name] = picked[start : start + size].reshape(shape)
            start += size
        allocation = tc.Allocation(network, masks)
        if Analysis(allocation, samples).solving is not None:
            found.append(allocation)
    return found


def plain(verdict: tc.Verdict) -> dict[str, Any]:
    return {key: value for key, value in verdict.to_dict().items() if key != "seconds"}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_no_verdict_depends_on_reuse_or_order(family):
    network, samples, budget = family
    allocations = drawn(network, samples, budget, count := 6 if samples == budget else 16)
    alone = [plain(tc.classify(a, samples)) for a in allocations]
    for order in (range(count), reversed(range(count))):
        reuse = Reuse()
        for number in order:
            verdict = tc.classify(allocations[number], samples, reuse=reuse)
            assert plain(verdict) == alone[number]
            assert verdict.certificate is not None
            assert tc.check(verdict.certificate)
        before = len(reuse), reuse.hits
        tc.classify(allocations[0], samples, reuse=reuse)
        assert len(reuse) == before[0]
        assert reuse.hits > before[1]


def test_learnables_are_numbered_as_in_the_new_allocation():
    """A block of the last two unknowns, found before as that of the first two."""
    net = FF([1, 2, 2])
    one = tc.Allocation(net, {"W1": [[0], [1]], "W2": [[0, 0], [0, 1]]})
    systems = [
        reuse_module.SquareSystem(one, 1, (1,), (1,)),
        reuse_module.SquareSystem(tc.Allocation(net, {"W2": [[0, 0], [0, 1]]}), 1, (1,), (0,)),
    ]
    reuse, clock = Reuse(), DEFAULT_EFFORT.start()
    found = [reuse.degree(system, 0, DEFAULT_EFFORT, clock) for system in systems]
    assert reuse.hits == 1
    for degree, system in zip(found, systems, strict=True):
        assert isinstance(degree, reuse_module.Degree)
        assert degree.system is system
        assert degree.by["groups"] == [[system.unknowns[0]]]


def test_what_stays_open_is_not_remembered():
    diagonals = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
    reuse = Reuse()
    short = tc.classify(diagonals, 2, effort=Effort(seconds=1e-9), reuse=reuse)
    assert short.limited_by == "seconds"
    assert short.degree is None
    none = tc.classify(diagonals, 2, effort=Effort(instances=0), reuse=reuse)
    assert none.expressivity == "positive"
    verdict = tc.classify(diagonals, 2, reuse=reuse)
    assert plain(verdict) == plain(tc.classify(diagonals, 2))
    assert verdict.expressivity == "intermediate"


@pytest.mark.parametrize("other", ["seed", "samples", "network", "present", "effort"])
def test_other_questions_are_answered_anew(other):
    present = {"W1": [[1, 1], [0, 1]]} if other == "present" else None
    net = FF([2, 2, 2])
    masks = {"W1": np.eye(2), "W2": np.eye(2)}
    reuse, effort = Reuse(), DEFAULT_EFFORT
    tc.classify(tc.Allocation(net, masks), 2, reuse=reuse)
    hits = reuse.hits
    seed, samples = 0, 2
    if other == "seed":
        seed = 1
    elif other == "samples":
        samples = 3  # as good as 2, for the inputs are 2: the same question
    elif other == "network":
        net, masks = FF([2, 3, 2]), {"W1": np.eye(3, 2), "W2": np.eye(2, 3)}
    elif other == "effort":
        effort = Effort(degree=1)
    allocation = tc.Allocation(net, masks, present)
    found = tc.classify(allocation, samples, seed=seed, effort=effort, reuse=reuse)
    assert plain(found) == plain(tc.classify(allocation, samples, seed=seed, effort=effort))
    if other != "effort":  # which asks for the degree anew, then for a witness of the same one
        assert (reuse.hits > hits) == (other == "samples")


def test_absent_connections_and_limits_make_another_block():
    net = LR(1, 2, 1, 4)
    absent = np.array([[1, 0], [1, 1]])
    masks = {"recurrent": np.eye(2)}
    dense, sparse = (
        Analysis(tc.Allocation(net, masks, present), 2).solving
        for present in (None, {"recurrent": absent})
    )
    assert dense is not None
    assert sparse is not None
    reuse, clock = Reuse(), DEFAULT_EFFORT.start()
    degree = reuse.degree(dense.system, 0, DEFAULT_EFFORT, clock)
    assert isinstance(degree, reuse_module.Degree)
    assert degree.value == 6
    other = reuse.degree(sparse.system, 0, DEFAULT_EFFORT, clock)
    assert isinstance(other, reuse_module.Degree)
    alone = reuse_module.degree_of(sparse.system, 0, DEFAULT_EFFORT, clock)
    assert isinstance(alone, reuse_module.Degree)
    assert (other.value, other.by) == (alone.value, alone.by)
    for effort in (Effort(degree=3), Effort(unknowns=1)):
        assert isinstance(reuse.degree(dense.system, 0, effort, clock), reuse_module.Open)
    assert not reuse.hits


def test_the_oldest_results_are_forgotten():
    network, samples, budget = FAMILIES[1]
    reuse = Reuse(most=3)
    for allocation in drawn(network, samples, budget, 8):
        assert plain(tc.classify(allocation, samples, reuse=reuse)) == plain(
            tc.classify(allocation, samples)
        )
        assert len(reuse) <= 3
