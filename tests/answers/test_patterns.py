"""Capacities, repairs, designs and diagnostics of piecewise linear networks (T10, T11).

Judged by ranks at random rational points, computed by plain loops, and by brute force over masks.
"""

import dataclasses
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.answers.by_samples import Verdicts
from theorycheck.answers.diagnostics import diagnose
from theorycheck.answers.pattern_capacities import PatternSearch
from theorycheck.computing.progress import Progress
from theorycheck.problem.masks import entries_of
from theorycheck.proofs.t11.piecewise import columns_at, rank_modulo
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.piecewise_bounds import dimension_bound, rank_bound
from theorycheck.theorems.analysis import Analysis

E = tc.Expressivity
NF, NR = tc.Feedforward, tc.Recurrent
DEEP = NF([2, 3, 3, 2], activation="relu", bias=True)
NETWORKS = [
    NF([2, 3, 2, 1], activation="relu"),
    NF([1, 2, 2, 2], activation="leaky_relu", bias=True),
    NF([2, 2, 2], activation="hardtanh"),
    NF([1, 3, 1, 1], activation=["hardtanh", "relu"], bias=True),
    NR(1, 2, 1, 3, "all", activation="relu"),
    NR(2, 2, 1, 2, activation="hardtanh", bias=True),
    tc.ShallowReLU([2, 3, 2]),
]


def drawn(seed: int) -> tc.Allocation:
    """A random allocation of one of the networks, a third of them sparse."""
    rng = np.random.default_rng(seed)
    network, present = NETWORKS[seed % len(NETWORKS)], None
    if not rng.integers(3):
        present = {n: rng.random(s) < 0.85 for n, s in network.weight_shapes.items()}
    n_present = tc.Allocation.none(network, present).n_present
    return tc.Allocation.random(network, int(rng.integers(1, n_present)), rng, present=present)


def best_ranks(allocation: tc.Allocation, m: int, points: int = 12) -> tuple[int, int]:
    """The largest ranks of the learnables and of all weights at random points, by plain loops."""
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    learnable, whole = 0, 0
    for seed in range(points):
        columns = columns_at(network, present, m, seed)
        mine = [column for entry, column in columns.items() if allocation.mask(entry[0])[entry[1]]]
        learnable = max(learnable, rank_modulo(mine))
        whole = max(whole, rank_modulo(list(columns.values())))
    return learnable, whole


def is_possible(verdict: tc.Verdict | None) -> bool:
    assert verdict is not None
    return E.MINIMAL not in verdict.expressivity.possible


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 6, 7, 9])
def test_a_capacity_is_what_verdicts_on_each_number_of_samples_say(seed: int):
    allocation = drawn(seed)
    found = tc.capacity(allocation)
    scan = {m: tc.classify(allocation, m) for m in range(1, min(found.largest, 8) + 1)}
    for m, verdict in scan.items():
        in_range = found.positive is None or m <= found.positive
        assert not (in_range and verdict.expressivity is E.MINIMAL), m
        if found.minimal_from is not None and m >= found.minimal_from:
            assert not is_possible(verdict), m
        if found.not_maximal_from is not None and m >= found.not_maximal_from:
            assert verdict.expressivity is not E.MAXIMAL, m
    if found.positive is not None and found.positive + 1 in scan:
        assert not is_possible(scan[found.positive + 1])
    if found.minimal_from is not None and found.minimal_from - 1 in scan:
        assert scan[found.minimal_from - 1].expressivity is not E.MINIMAL
    if found.maximal is not None and found.maximal + 1 in scan:
        assert scan[found.maximal + 1].expressivity is not E.MAXIMAL
    assert found.conditioned_on == "regular teacher"
    assert all(tc.check(v.certificate) for v in found.verdicts.values() if v.certificate)


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 6, 7, 9])
def test_no_rank_at_a_random_point_contradicts_a_capacity(seed: int):
    allocation = drawn(seed)
    found = tc.capacity(allocation)
    assert (
        found.positive is None or found.minimal_from is None or found.positive < found.minimal_from
    )
    if found.minimal_from is None:
        return
    shown = dimension_shown(found.verdicts[max(found.verdicts)])
    for m in (max(found.verdicts), found.minimal_from + 1, found.largest + 1):
        learnable = best_ranks(allocation, m)[0]
        assert learnable <= rank_bound(allocation)
        assert learnable < shown or m < max(found.verdicts)


def dimension_shown(verdict: tc.Verdict) -> int:
    """What D is at least, by the minor of a certificate that the checker accepts."""
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)
    rows = verdict.certificate.evidence.get("regular", {"rows": []})["rows"]
    return verdict.target_dimension or len(rows)


def imagined(
    classes: Mapping[int, tuple[E, int | None]], allocation: tc.Allocation, top: int
) -> Any:
    """The capacity if verdicts had these classes and target dimensions, undecided elsewhere."""
    verdict = tc.classify(tc.Allocation.spread(DEEP, 6), 1)

    def decide(m: int) -> tc.Verdict:
        answer, target = classes.get(m, (E.UNDECIDED, None))
        return dataclasses.replace(verdict, expressivity=answer, target_dimension=target)

    def nobody(_: Progress) -> None: ...

    return PatternSearch(allocation, Verdicts(decide, nobody)).run(top)[0]


def test_what_is_proved_on_one_number_of_samples_is_not_carried_to_others_without_proof():
    allocation = tc.Allocation.spread(DEEP, 7)  # two equations a sample, D = 23 at most
    most, top = dimension_bound(allocation, 10**6), 20
    assert (most, rank_bound(allocation)) == (23, 7)
    # Rank as large as there are equations: so on fewer samples. Short of that nothing follows.
    assert imagined({3: (E.POSITIVE, 6)}, allocation, top).positive == 3
    assert imagined({3: (E.POSITIVE, 5)}, allocation, top).positive == 0
    assert imagined({1: (E.POSITIVE, 2), 2: (E.POSITIVE, 3)}, allocation, top).positive == 2
    # Minimal for ever from where D exceeds the rank on any number of samples, not before.
    minimal = {m: (E.MINIMAL, 5) for m in range(1, top + 1)}
    assert imagined(minimal, allocation, top).minimal_from is None
    assert imagined({**minimal, top: (E.MINIMAL, 8)}, allocation, top).minimal_from == 1
    gap = {**minimal, top: (E.MINIMAL, 8), 9: (E.UNDECIDED, None)}
    assert imagined(gap, allocation, top).minimal_from == 10
    assert imagined({m: (E.MINIMAL, 8) for m in range(5, 21)}, allocation, top).minimal_from == 5


def test_what_holds_where_all_dimensions_are_shown_holds_on_more_samples():
    allocation, top = tc.Allocation.spread(DEEP, 26), 20
    full = {m: (E.POSITIVE, 2 * m) for m in range(1, 12)}
    assert imagined(full, allocation, top).positive == 11
    assert imagined({**full, 12: (E.POSITIVE, 23)}, allocation, top).positive is None
    assert imagined({**full, 12: (E.INTERMEDIATE, 22)}, allocation, top).not_maximal_from is None
    assert imagined({**full, 12: (E.INTERMEDIATE, 23)}, allocation, top).not_maximal_from == 12
    found = imagined({**full, 1: (E.MAXIMAL, 2)}, allocation, top)
    assert (found.maximal, found.positive) == (1, 11)


def test_every_weight_learnable_is_maximal_on_any_number_of_samples():
    found = tc.capacity(tc.Allocation.full(DEEP))
    assert (found.maximal, found.positive, found.minimal_from) == (None, None, None)
    nothing = tc.capacity(tc.Allocation.none(DEEP))
    assert (nothing.maximal, nothing.positive, nothing.minimal_from) == (0, 0, 1)
    assert nothing.to_dict()["conditioned_on"] == "regular teacher"
    assert "regular teacher" in str(nothing)


@pytest.mark.parametrize("seed", range(7))
def test_redundant_weights_are_those_that_the_pattern_can_spare(seed: int):
    allocation, m = drawn(seed), 2
    analysis = Analysis(allocation, m)
    if analysis.piecewise.target is None:
        with pytest.raises(tc.InputError, match="the target dimension is not known"):
            diagnose(analysis)
        return
    found = diagnose(analysis)
    assert found.in_pattern
    assert found.missing == analysis.piecewise.target - found.rank
    assert best_ranks(allocation, m)[0] <= found.rank
    assert set(found.idle) <= set(found.redundant)
    names = entries_of({name: allocation.mask(name) for name in allocation.counts})
    present = allocation.given_present()
    for entry in names:
        rest = [other for other in names if other != entry]
        without = Analysis(
            tc.Allocation(allocation.network, masks_with(allocation.network, rest), present), m
        )
        point = without.piecewise.point
        kept = point is not None and point.rank == found.rank
        if entry in found.redundant:
            assert kept or not found.rank
        elif len(names) == found.rank:
            assert not kept


@pytest.mark.parametrize("network", NETWORKS[1:4], ids=lambda network: network.describe())
def test_repairs_have_as_few_moves_as_brute_force_finds(network: Any):
    m = 2
    for seed in range(3):
        rng = np.random.default_rng(seed)
        allocation = tc.Allocation.random(network, 2, rng)
        found: Any = tc.repair(allocation, m, "more")
        assert found.outcome in ("repaired", "positive")
        assert is_possible(found.verdict)
        assert tc.check(found.verdict.certificate)
        now = entries_of(dict(allocation.masks("learnable")))
        every = entries_of(dict(tc.Allocation.full(network).masks("learnable")))
        others = [entry for entry in every if entry not in now]
        for more in combinations(others, found.least - 1) if found.least else ():
            wider = tc.Allocation(network, masks_with(network, [*now, *more]))
            assert not is_possible(tc.classify(wider, m))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.describe())
def test_designs_are_proved_and_impossible_below_the_target_dimension(network: Any):
    m = 2
    target = Analysis(tc.Allocation.none(network), m).piecewise.target
    assert target is not None
    found: Any = tc.design(network, m, target)
    assert (found.outcome, found.allocation.n_learnable) == ("found", target)
    assert is_possible(found.verdict)
    assert tc.check(found.verdict.certificate)
    assert best_ranks(found.allocation, m, 60)[0] <= target
    below: Any = tc.design(network, m, target - 1)
    assert below.outcome == "impossible"
    assert tc.check(below.verdict.certificate)
    assert below.verdict.expressivity is E.MINIMAL


def test_designs_inside_of_too_little_are_impossible_or_open():
    last = {"W3": np.array([[1, 1, 1], [0, 0, 0]])}
    found = tc.design(DEEP, 2, 3, within=last)
    assert found.outcome == "impossible"
    wide: Any = tc.design(DEEP, 1, 3, within=last)
    assert wide.outcome == "impossible"
    assert wide.verdict.expressivity is E.MINIMAL


def test_where_the_target_dimension_is_not_known_nothing_is_claimed():
    # One ray leads to all that follows, so that D is smaller than any bound that is known.
    network = NF([2, 1, 2, 2], activation="relu")
    analysis = Analysis(tc.Allocation.spread(network, 7), 2)
    assert analysis.piecewise.target is None
    assert tc.design(network, 2, 7).outcome == "open"
    assert tc.design(network, 2, 2).outcome in ("open", "impossible")
    found = tc.repair(tc.Allocation.spread(network, 5), 2)
    assert (found.outcome, found.least) == ("open", 0)
    assert tc.classify(analysis.allocation, 2, diagnose=True).diagnostics is None


def test_what_ranks_in_patterns_do_not_decide_is_refused_with_its_reason():
    residual = tc.Allocation.spread(NF([2, 2, 2, 1], activation="relu", skip=True), 5)
    for ask in (tc.repair, tc.capacity):
        with pytest.raises(tc.InputError, match="without filters or residual layers"):
            ask(residual, 2)
