"""Many masks of a mask space at once, against the same questions asked one by one."""

from typing import Any

import numpy as np
import pytest
from flint import nmod_mat
from hypothesis import given
from hypothesis import strategies as st

import tests.shared.strategies as own
from theorycheck import Effort, LinearFeedforward, LinearRecurrent, ShallowReLU, classify
from theorycheck.errors import ContradictionError, InputError, SizeError
from theorycheck.field.arithmetic import reduce
from theorycheck.proofs.shared.exhaustive import all_masks
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.ranks.point import draw_prime
from theorycheck.ranks.target_dimension import target_dimension
from theorycheck.strategies import critical_problems, random_problems
from theorycheck.structure.conflicts import find_conflict
from theorycheck.structure.peeling import peel
from theorycheck.sweeps.batch import classify as batches
from theorycheck.sweeps.batch.classify import Batch, Decision
from theorycheck.sweeps.batch.conflicts import has_conflict
from theorycheck.sweeps.batch.peeled import peel_all
from theorycheck.sweeps.batch.ranks import BatchRanks, _reduced
from theorycheck.sweeps.mask_space import Masks, MaskSpace

NO_DEGREES = Effort(seconds=0, instances=0, bases=0)
SPARSE = {"W1": [[1, 0], [1, 1], [0, 1]], "W2": [[1, 1, 0], [0, 1, 1]]}
DEAD_END = {"W1": [[1, 1], [1, 0]], "W2": [[1, 0], [1, 0]], "W3": [[1, 1]]}
RING = {"recurrent": [[0, 0, 1], [1, 0, 0], [0, 1, 0]], "input": [[1], [0], [0]]}

# Network, samples, present connections.
CASES: dict[str, tuple[Any, int, Any]] = {
    "2-2-2 on one sample": (LinearFeedforward([2, 2, 2]), 1, None),
    "2-2-2": (LinearFeedforward([2, 2, 2]), 2, None),
    "bottleneck": (LinearFeedforward([2, 1, 2]), 2, None),
    "one layer": (LinearFeedforward([3, 2]), 2, None),
    "three layers": (LinearFeedforward([2, 2, 2, 1]), 2, None),
    "biases": (LinearFeedforward([2, 2, 1], bias=True), 3, None),
    "biases, one sample": (LinearFeedforward([1, 2, 2], bias=True), 1, None),
    "sparse": (LinearFeedforward([2, 3, 2]), 2, SPARSE),
    "dead ends": (LinearFeedforward([2, 2, 2, 1]), 2, DEAD_END),
    "no output": (LinearFeedforward([2, 1, 1]), 2, {"W2": [[0]]}),
    "recurrent": (LinearRecurrent(1, 2, 1, 3), 3, None),
    "recurrent, all steps": (LinearRecurrent(1, 2, 1, 4, "all"), 3, None),
    "recurrent, two steps": (LinearRecurrent(1, 2, 1, 2), 2, None),
    "recurrent, three units": (LinearRecurrent(1, 3, 1, 3), 3, None),
    "ring": (LinearRecurrent(1, 3, 1, 6), 6, RING),
    "ring, all steps": (LinearRecurrent(1, 3, 1, 5, "all"), 1, RING),
}
MOST_MASKS = 256


def space_of(network: Any, present: Any = None) -> MaskSpace:
    return MaskSpace(network, tuple(network.weight_shapes), present)


def some_masks(space: MaskSpace, most: int, seed: int = 0) -> Masks:
    """All masks of the mask space, or so many random ones."""
    if 2**space.n_entries <= most:
        return all_masks(space.n_entries)
    rng = np.random.default_rng(seed)
    return rng.random((most, space.n_entries)) < rng.random((most, 1))


def check_ranks(batch: Batch, masks: Masks) -> None:
    """Values and error bounds are those of `generic_rank`."""
    target = target_dimension(batch.space.empty, batch.samples, seed=batch.seed).value
    for mask, value, bound in zip(masks, *batch.ranks(masks), strict=True):
        allocation, upper = batch.space.allocation(mask), min(int(mask.sum()), target)
        expected = generic_rank(
            allocation,
            batch.samples,
            upper=upper,
            seed=batch.seed,
            error_bound=batch.error_bound,
        )
        assert (value, bound) == (expected.value, expected.error_bound)


def check_conflicts(space: MaskSpace, masks: Masks) -> None:
    found = has_conflict(space, masks)
    for mask, conflicts in zip(masks, found.tolist(), strict=True):
        assert conflicts == (find_conflict(space.allocation(mask)) is not None)


def check_decision(batch: Batch, mask: np.ndarray, decision: Decision) -> None:
    """The decision agrees with `classify`, which is asked for degrees only where that is open."""
    allocation = batch.space.allocation(mask)

    def ask(effort: Effort) -> Any:
        return classify(
            allocation,
            batch.samples,
            seed=batch.seed,
            error_bound=batch.error_bound,
            effort=effort,
        )

    verdict = ask(NO_DEGREES)
    if decision.is_final and not verdict.expressivity.is_final:
        verdict = ask(own.SMALL_DEGREES)
    if decision.is_final:
        assert decision.expressivity is verdict.expressivity
    else:
        assert verdict.expressivity in decision.expressivity.possible | {decision.expressivity}
    for name in ("rank", "target_dimension", "degree"):
        one, other = getattr(decision, name), getattr(verdict, name)
        assert one is None or other is None or one == other, name
    assert decision.error_bound <= batch.error_bound
    if decision.theorem == verdict.theorem:
        assert decision.error_bound == verdict.error_bound


def check_decisions(batch: Batch, masks: Masks) -> None:
    for mask, decision in zip(masks, batch.decide(masks), strict=True):
        check_decision(batch, mask, decision)


@pytest.mark.parametrize("name", CASES)
def test_all_masks_of_small_networks(name: str):
    network, samples, present = CASES[name]
    batch = Batch(space_of(network, present), samples, seed=1)
    masks = some_masks(batch.space, MOST_MASKS)
    check_ranks(batch, masks)
    check_conflicts(batch.space, masks)
    check_decisions(batch, masks[:: 1 + 3 * isinstance(network, LinearRecurrent)])


def test_decisions_name_what_decides():
    space = space_of(LinearFeedforward([2, 2, 2]))
    batch = Batch(space, 2)
    masks = all_masks(8, 4)
    decisions = batch.decide(masks)
    assert set(decisions.theorem) == {"T1", "T2", "T9"}
    assert len(decisions) == len(masks) == len(list(decisions))
    low = np.array(decisions.expressivity) == "minimal"
    assert (decisions.is_final == (decisions.rule != 1)).all()
    assert (decisions.error_bound[low] > 0).all()
    assert (decisions.error_bound[~low] == 0).all()
    assert (decisions.rank[low] < 4).all()
    assert (decisions.rank[~low] == decisions.target_dimension).all()
    assert (decisions.degree[decisions.is_final & ~low] == 1).all()
    assert (decisions.degree[low | ~decisions.is_final] == -1).all()
    few = batch.decide(all_masks(8, 3))
    assert set(few.theorem) == {"T1"}
    assert not few.error_bound.any()
    assert few[0].rank is None
    everything = batch.decide(np.ones((1, 8), dtype=bool))[0]
    assert (everything.theorem, everything.rank) == ("T0", 4)


def test_every_rule_is_used():
    theorems = set()
    for network, samples, present in CASES.values():
        batch = Batch(space_of(network, present), samples)
        decisions = batch.decide(some_masks(batch.space, 4000))
        theorems |= set(zip(decisions.expressivity, decisions.theorem, strict=True))
    assert theorems == set(batches.RULES[1:])


@given(st.data())
def test_any_linear_network(data: st.DataObject):
    problem = data.draw(st.one_of(critical_problems(), random_problems()))
    allocation = problem.allocation
    space = space_of(allocation.network, allocation.given_present())
    seed = data.draw(own.seeds)
    masks = space.masks_of([allocation] * 4)
    swaps = np.random.default_rng(data.draw(st.integers(0, 2**32))).permuted(masks[2:], axis=1)
    masks = np.concatenate([masks[:1], ~masks[:1], swaps])
    batch = Batch(space, problem.samples, seed=seed)
    check_ranks(batch, masks)
    check_conflicts(space, masks)
    check_decisions(batch, masks)


@given(own.feedforward_networks(bias=False), own.samples, st.integers(0, 2**32))
def test_peeling_many_is_peeling_one_by_one(network: Any, samples: int, seed: int):
    space = space_of(network)
    masks = some_masks(space, 20, seed)
    if network.depth == 1:
        return
    left = peel_all(space, samples, masks)
    for index, mask in enumerate(masks):
        peeled = peel(space.allocation(mask), samples)
        assert left.is_peeled[index] == bool(peeled.steps)
        assert left.is_nothing[index] == (peeled.allocation is None)
        if peeled.allocation is not None and peeled.steps:
            assert left.samples[index] == peeled.samples
            assert left.outputs[:, index].sum() == peeled.allocation.network.outputs
            assert left.inputs[:, index].sum() == peeled.allocation.network.inputs
            assert left.masks[index].sum() == peeled.allocation.n_learnable


@pytest.mark.parametrize("steps", range(1, 7))
@pytest.mark.parametrize("present", [None, RING], ids=["dense", "ring"])
def test_conflicts_through_time(steps: int, present: Any):
    space = space_of(LinearRecurrent(1, 3, 1, steps), present)
    single = np.eye(space.n_entries, dtype=bool)
    pairs = all_masks(space.n_entries, 2)
    check_conflicts(space, np.concatenate([single, pairs]))
    # A path comes back to a recurrent weight: at once to a loop, after three others in the ring.
    assert has_conflict(space, single).any() == (steps >= (5 if present else 3))


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 40), st.integers(0, 2**32))
def test_the_echelon_form_is_that_of_flint(height: int, width: int, rank: int, seed: int):
    rng, p = np.random.default_rng(seed), draw_prime(seed, 0)
    factors = rng.integers(0, p, (height, rank)), rng.integers(0, p, (rank, width))
    factors[1][:, rng.random(width) < 0.2] = 0
    a = (factors[0].astype(object) @ factors[1].astype(object) % p).astype(np.int64)
    found = _reduced(reduce(a, p), p, np)
    echelon, expected = nmod_mat(height, width, a.ravel().tolist(), p).rref()
    entries = np.array([int(entry) for entry in echelon.entries()]).reshape(height, width)
    assert len(found.basis) == expected
    assert (entries[:expected, found.basis] == np.eye(expected)).all()
    assert (found.matrix % p == entries[:expected, found.others]).all()


def test_large_matrices_are_eliminated_one_by_one():
    """On both sides of the size at which the batched elimination stops, and over budget."""
    rng = np.random.default_rng(3)
    for widths, budgets in (([12, 12, 12], (143, 144, 160)), ([9, 9, 9], (60, 81, 90))):
        space = space_of(LinearFeedforward(widths))
        rows = [rng.permutation(space.n_entries) < budget for budget in budgets]
        low = rows[1] & (np.arange(space.n_entries) % widths[0] != 0)
        check_ranks(Batch(space, widths[0]), np.array([*rows, low]))


def test_too_many_entries_go_to_generic_rank(monkeypatch: pytest.MonkeyPatch):
    batch = Batch(space_of(LinearFeedforward([2, 2, 2])), 2)
    masks = all_masks(8)
    expected, lower = batch.ranks(masks), batch._ranks.lower(masks)
    monkeypatch.setattr("theorycheck.sweeps.batch.ranks._MOST_ENTRIES", 0)
    monkeypatch.setattr(BatchRanks, "_trial", None)  # is not to be asked
    for one, other in zip(batch.ranks(masks), expected, strict=True):
        assert np.array_equal(one, other)
    assert (batch._ranks.lower(masks) >= np.minimum(lower, 4)).all()


def test_small_pieces_give_the_same(monkeypatch: pytest.MonkeyPatch):
    batch = Batch(space_of(LinearFeedforward([3, 2, 2])), 3)
    masks = some_masks(batch.space, 200)
    whole = batch.decide(masks)
    monkeypatch.setattr(batches, "_AT_ONCE", 70)
    monkeypatch.setattr("theorycheck.sweeps.batch.ranks._MASKS_ENTRIES", 30)
    monkeypatch.setattr("theorycheck.sweeps.batch.ranks._BLOCK_ENTRIES", 10)
    assert list(batch.decide(masks)) == list(whole)
    assert len(batch.decide(masks[:0])) == 0


@pytest.mark.parametrize("error_bound", [1e-5, 1e-30, 1e-300])
def test_error_bounds_are_met_or_nothing_is_decided(error_bound: float):
    batch = Batch(space_of(LinearFeedforward([2, 2, 2])), 2, error_bound=error_bound)
    masks = all_masks(8, 4)
    check_ranks(batch, masks)
    decisions = batch.decide(masks)
    assert (decisions.error_bound <= error_bound).all()
    low = batch.ranks(masks)[0] < 4
    assert low.any()
    assert {decisions[int(i)].expressivity for i in np.flatnonzero(low)} == {"minimal"}
    # Sixty-four trials do not do.
    strict = Batch(space_of(LinearRecurrent(1, 2, 1, 3)), 3, error_bound=1e-322)
    values, bounds = strict.ranks(all_masks(8, 3))
    assert (bounds[values < 3] <= 1e-322).all()


def test_an_uncertain_target_leaves_open():
    """Of a sparse network whose D is found by trials: with a bound that none of them meet."""
    present = {"W1": np.ones((3, 3)), "W2": [[1, 0, 0], [1, 0, 0], [1, 1, 0]]}
    space = space_of(LinearFeedforward([3, 3, 3]), present)
    sure, unsure = Batch(space, 3), Batch(space, 3)
    assert sure.target is not None
    assert sure.target.error_bound > 0
    object.__setattr__(unsure, "error_bound", 1e-30)  # the target is that of 1e-9
    unsure._analysis.__dict__["target"] = sure.target
    masks = some_masks(space, 300)
    decisions = unsure.decide(masks)
    full = decisions.rank >= sure.target.value
    assert set(np.array(decisions.expressivity)[full]) <= {"maximal"}
    assert "T1" in sure.decide(masks).theorem
    assert None in decisions.theorem


def test_memory_limits():
    space = space_of(LinearFeedforward([2, 2, 2], bias=True), None)
    masks = some_masks(space, 100)
    small = Batch(space, 2, memory_limit=100)
    with pytest.raises(SizeError, match="more than the limit"):
        small.ranks(masks)
    decisions = small.decide(masks)
    counts = masks.sum(axis=1)
    assert small.target is not None
    for count, decision in zip(counts.tolist(), decisions, strict=True):
        expected = {True: "T1", False: "T0" if count == space.n_entries else None}
        assert decision.theorem == expected[count < small.target.value]
    sparse = Batch(space_of(LinearFeedforward([2, 3, 2]), SPARSE), 2, memory_limit=100)
    assert sparse.target is None
    assert set(sparse.decide(np.eye(8, dtype=bool)).expressivity) == {"undecided"}


def test_arguments_are_checked():
    space = space_of(LinearFeedforward([2, 2]))
    with pytest.raises(InputError, match="samples"):
        Batch(space, 0)
    with pytest.raises(InputError, match="error_bound"):
        Batch(space, 1, error_bound=2.0)
    with pytest.raises(InputError, match="linear"):
        Batch(space_of(ShallowReLU([2, 2, 1])), 1)


# Planted errors


def wrong_peel(space: MaskSpace, samples: int, masks: Masks) -> Any:
    return peel_all(space, max(samples - 1, 1), masks)


PLANTED = {
    "no conflicts": ("has_conflict", lambda space, masks: np.zeros(len(masks), dtype=bool)),
    "a learnable too few is peeled": ("peel_all", wrong_peel),
    "one solution always": ("has_bezout_one", lambda space, m, left: left.samples >= 0),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_wrong_rule_is_caught(planted: str, monkeypatch: pytest.MonkeyPatch):
    name, function = PLANTED[planted]
    batch = Batch(space_of(LinearFeedforward([2, 2, 2])), 2)
    masks = all_masks(8, 4)
    check_decisions(batch, masks)
    monkeypatch.setattr(batches, name, function)
    with pytest.raises((AssertionError, ContradictionError)):
        check_decisions(batch, masks)


def test_a_wrong_rank_contradicts_peeling(monkeypatch: pytest.MonkeyPatch):
    batch = Batch(space_of(LinearFeedforward([2, 2, 2])), 2)
    masks = np.array([[0, 0, 0, 0, 1, 1, 1, 1]], dtype=bool)
    assert batch.decide(masks).theorem == ["T2"]
    monkeypatch.setattr(BatchRanks, "of", lambda self, masks: (np.array([3]), np.array([1e-12])))
    with pytest.raises(ContradictionError, match="peeling leaves nothing"):
        batch.decide(masks)


@pytest.mark.parametrize("name", CASES)
def test_cupy_decides_the_same(cupy: Any, name: str):
    network, samples, present = CASES[name]
    space = space_of(network, present)
    masks = some_masks(space, 3000)
    one, other = Batch(space, samples), Batch(space, samples, xp=cupy)
    for mine, theirs in zip(one.ranks(masks), other.ranks(masks), strict=True):
        assert np.array_equal(mine, theirs)
    assert list(one.decide(masks[:500])) == list(other.decide(masks[:500]))
