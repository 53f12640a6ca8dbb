"""Limits of time and work: every long loop looks at the deadline, and ranks come after counts.

No test here looks at the machine's clock: theirs tells what the test wants.
"""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, linear_networks
from theorycheck.answers import designs
from theorycheck.answers.diagnostics import diagnose
from theorycheck.computing.deadline import Deadline
from theorycheck.computing.effort import DEFAULT_EFFORT, Effort
from theorycheck.computing.options import Options
from theorycheck.degrees import draws as draws_module
from theorycheck.degrees.bezout import bezout_bound
from theorycheck.degrees.certify import certified_boxes
from theorycheck.degrees.degree import Degree, Open, degree_of
from theorycheck.degrees.polynomials import equations
from theorycheck.degrees.univariate import degree_by_univariate
from theorycheck.degrees.witness import witness
from theorycheck.errors import OutOfTimeError
from theorycheck.field import elimination
from theorycheck.heuristics.relu import soft_rank
from theorycheck.numeric import tracking
from theorycheck.plans.algebra import Residues
from theorycheck.plans.climbing import find_deep
from theorycheck.plans.deep import deep_pairs
from theorycheck.plans.drawn import drawn, drawn_states
from theorycheck.plans.pairs import pairs_of
from theorycheck.plans.search import find_levels
from theorycheck.plans.states import masks_of
from theorycheck.plans.valued import find_valued
from theorycheck.ranks import jacobian, target_dimension
from theorycheck.ranks.bases import greedy_basis
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.ranks.given_inputs import given_inputs
from theorycheck.ranks.relu_search import ReluSearch
from theorycheck.structure.conflicts import find_conflict
from theorycheck.structure.support import jacobian_support
from theorycheck.theorems import analysis as analysis_module
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.one_layer import decide_mask
from theorycheck.theorems.outside_counts import starved_outside
from theorycheck.theorems.registry import THEOREMS

pytestmark = pytest.mark.long

FF, LR, RELU = tc.LinearFeedforward, tc.LinearRecurrent, tc.ShallowReLU
DIAGONALS = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
ROW = tc.Allocation.rows(LR(1, 2, 1, 4), {"recurrent": [0]})
LONG = tc.Allocation.random(LR(1, 3, 2, 30), 8, np.random.default_rng(0))
WIDE = tc.Allocation.spread(FF([24, 30, 24]), 600, np.random.default_rng(0))
PRIME = 8388593
FULL = tc.Allocation.full(FF([4, 4, 4]))
TWO = masks_of(tc.Allocation.spread(FF([6, 6, 6]), 54, np.random.default_rng(0)))
THREE = masks_of(tc.Allocation.spread(FF([4, 4, 4, 4]), 28, np.random.default_rng(0)))
RELU_ROW = tc.Allocation(RELU([3, 4, 2]), {"W1": np.eye(4, 3), "W2": [[1, 1, 0, 0], [0, 0, 1, 1]]})


class Clock:
    """Stands still, and counts how often somebody looks; it jumps to the end at look number `at`.

    After that it counts the looks in `late`.
    """

    def __init__(self, at: float = math.inf) -> None:
        self.at, self.looks, self.late, self.now = at, 0, 0, 0.0

    def __call__(self) -> float:
        self.looks += 1
        self.late += self.looks > self.at
        return self.now if self.looks <= self.at else 1e9


def system_of(allocation: tc.Allocation, samples: int) -> Any:
    solving = Analysis(allocation, samples).solving
    assert solving is not None
    return solving.system


def relu_search(deadline: Deadline) -> Any:
    return ReluSearch(RELU_ROW, 3, 0, 1e-9, 2**30, deadline)


# Steps that raise where the time is up.
STEPS: dict[str, Callable[[Deadline], Any]] = {
    "rank": lambda d: generic_rank(WIDE, 24, upper=576, deadline=d),
    "rank over time": lambda d: generic_rank(LONG, 5, upper=8, deadline=d),
    "basis": lambda d: greedy_basis(FF([2, 2]), None, 2, [("W1", (0, 0))], deadline=d),
    "pattern": lambda d: jacobian_support(WIDE, 24, True, None, d),
    "pattern over time": lambda d: jacobian_support(LONG, 5, False, None, d),
    "conflict": lambda d: find_conflict(LONG, d),
    "one layer": lambda d: decide_mask("T4", "W1", np.eye(5, dtype=bool), 2, 3, d),
    "rows and columns": lambda d: starved_outside(np.ones((6, 6), bool), 4, 4, 1, d),
    "given inputs": lambda d: given_inputs(FF([3, 2]), 3, np.eye(3), d),
    "levels": lambda d: find_levels(pairs_of(TWO, (6, 6, 6), 6), PRIME, 0, d),
    "levels with values": lambda d: find_valued(pairs_of(TWO, (6, 6, 6), 6), PRIME, 0, d),
    "deep levels": lambda d: find_deep(THREE, (4, 4, 4, 4), 4, PRIME, 0, d),
    "bases": lambda d: list(deep_pairs(THREE, (4, 4, 4, 4), 4, d)),
    "drawn states": lambda d: list(drawn_states(drawn(FULL, 4, PRIME, 0), d)),
    "systems of a plan": lambda d: (
        Residues(PRIME, d).rank(np.eye(3)) + Residues(PRIME, d).rank(np.eye(2))
    ),
    "expansion": lambda d: equations(system_of(ROW, 2), 0, 0, deadline=d),
    "patterns of units": lambda d: relu_search(d).pattern_ranks("learnable"),
    "regular point": lambda d: relu_search(d).regular_point,
    "diagnostics": lambda d: diagnose(Analysis(DIAGONALS, 2, Options(deadline=d))),
}


@pytest.mark.parametrize("name", STEPS)
def test_long_steps_end_at_the_deadline_wherever_they_are(name):
    step, whole = STEPS[name], Clock()
    step(Deadline(60, clock=whole))
    assert whole.looks > 1, "it never looks at the deadline"
    for at in {1, 2, whole.looks // 2, whole.looks - 1}:
        clock = Clock(at)
        with pytest.raises(OutOfTimeError, match=r"the time of 60 seconds (was up|is too short)"):
            step(Deadline(60, clock=clock))
        assert clock.late <= 3


def test_an_estimate_makes_do_with_the_draws_that_there_was_time_for(monkeypatch):
    monkeypatch.setattr("theorycheck.heuristics.relu._MOST_ENTRIES", 28)  # one draw at a time
    whole = Clock()
    soft_rank(RELU_ROW, 2, draws=3, deadline=Deadline(60, clock=whole))
    some = soft_rank(RELU_ROW, 2, draws=3, deadline=Deadline(60, clock=Clock(whole.looks - 1)))
    assert some == soft_rank(RELU_ROW, 2, draws=2)
    with pytest.raises(OutOfTimeError):
        soft_rank(RELU_ROW, 2, draws=3, deadline=Deadline(60, clock=Clock(1)))


def longer(allocation: tc.Allocation, more: dict[str, Any]) -> tc.Allocation:
    return tc.Allocation.random(LR(**more), allocation.n_learnable, np.random.default_rng(0))


def test_the_longer_the_loop_the_more_often_it_looks():
    looks = []
    for steps in (10, 100):
        clock = Clock()
        more = {"inputs": 1, "hidden": 3, "outputs": 2, "steps": steps}
        generic_rank(longer(LONG, more), 5, upper=8, deadline=Deadline(60, clock=clock))
        looks.append(clock.looks)
    assert looks[1] > looks[0] + 90
    small, large = Clock(), Clock()
    for size, clock in ((10, small), (30, large)):
        allocation = tc.Allocation.full(FF([size, size, size]))
        generic_rank(allocation, size, upper=size**2, deadline=Deadline(60, clock=clock))
    assert large.looks > small.looks


@pytest.mark.parametrize("at", [1, 2, 3, 8, 21, 55, 144])
def test_searches_for_degrees_and_witnesses_stay_open_at_the_deadline(at):
    def opened(clock: Clock, found: Any) -> None:
        assert not clock.late or isinstance(found, (Open, Degree))
        if isinstance(found, Open) and clock.late:
            assert found.limit in ("seconds", "instances")
        assert clock.late <= 60

    for allocation in (DIAGONALS, ROW):
        clock = Clock(at)
        system = system_of(allocation, 2)
        opened(clock, degree_of(system, 0, Effort(), Deadline(60, clock=clock)))
    clock = Clock(at)
    found = degree_of(system_of(DIAGONALS, 2), 0, Effort(), Deadline())
    assert isinstance(found, Degree)
    clock = Clock(at)
    certified = witness(found, 0, Effort(), Deadline(60, clock=clock))
    assert not clock.late or isinstance(certified, Open)
    assert clock.late <= 60


def test_bounds_polynomials_and_boxes_look_at_the_deadline():
    system = system_of(ROW, 2)
    with pytest.raises(OutOfTimeError):
        bezout_bound(system, Deadline(60, clock=Clock(1)))
    whole = Clock()
    best = bezout_bound(system, Deadline(60, clock=whole))
    some = bezout_bound(system, Deadline(60, clock=Clock(whole.looks - 1)))
    assert some.value >= best.value > 0
    assert degree_by_univariate(system, deadline=Deadline(60, clock=Clock(1))) is None
    found = degree_of(system_of(DIAGONALS, 2), 0, Effort(), Deadline())
    assert isinstance(found, Degree)
    assert found.search is not None
    draws = draws_module.Draws(found.system)
    drawn = draws.rational(np.random.default_rng(0), 1)
    with pytest.raises(OutOfTimeError):
        certified_boxes(draws, drawn, found.search.solutions, Deadline(60, clock=Clock(1)))


def plain(verdict: tc.Verdict) -> dict[str, Any]:
    return {key: value for key, value in verdict.to_dict().items() if key != "seconds"}


@settings(max_examples=10)
@given(allocations(linear_networks), st.integers(1, 4), st.integers(1, 400))
def test_whenever_the_clock_jumps_the_verdict_says_what_is_proved(allocation, samples, at):
    quick = Effort(degree=4, unknowns=3, instances=8, bases=1)
    full = tc.classify(allocation, samples, effort=quick)
    clock = Clock(at)
    timed = dataclasses.replace(quick, seconds=60, clock=clock)
    verdict = tc.classify(allocation, samples, effort=timed)
    assert verdict.expressivity.possible >= full.expressivity.possible
    assert clock.late <= 80, "something went on after the end"
    if verdict.expressivity != full.expressivity:
        assert verdict.limited_by == "seconds"
    if not clock.late:
        assert plain(verdict) == plain(full)
    if verdict.certificate is not None:
        assert tc.check(json.loads(json.dumps(verdict.certificate.to_dict())))


@pytest.mark.parametrize("at", [1, 3, 30, 100])
def test_questions_of_many_parts_end_at_the_deadline(at):
    open_ones = []
    for ask in (
        lambda c: tc.design(FF([4, 5, 4]), 4, 16, effort=Effort(clock=c)),
        lambda c: tc.repair(tc.Allocation.none(FF([3, 3, 3])), 3, effort=Effort(clock=c)),
        lambda c: tc.capacity(tc.Allocation.layer(FF([6, 4, 3]), "W2"), effort=Effort(clock=c)),
        lambda c: tc.explain(DIAGONALS, 2, effort=Effort(clock=c)).verdict,
        lambda c: tc.classify(RELU_ROW, 3, effort=Effort(clock=c)),
    ):
        clock = Clock(at)
        found: Any = ask(clock)
        assert clock.late <= 80
        if clock.late and found.limited_by is not None:
            open_ones.append(found.limited_by)
    assert set(open_ones) <= {"seconds"}
    assert open_ones or at > 10


SLOW = {
    "blocks of a rank": (elimination.Elimination, "extend"),
    "columns of a Jacobian": (jacobian.Jacobian, "columns"),
    "products over time": (jacobian, "dot"),
    "steps along a path": (tracking, "_advance"),
    "choices of a design": (designs._DesignSearch, "_filled"),
    "random instances": (draws_module.Draws, "complex"),
}
QUESTIONS: dict[str, Callable[[Effort], Any]] = {
    "rank": lambda e: tc.classify(WIDE, 24, effort=e),
    "over time": lambda e: tc.classify(LONG, 5, effort=e),
    "degree": lambda e: tc.classify(ROW, 2, effort=e),
    "design": lambda e: tc.design(LR(1, 3, 1, 4), 3, 3, effort=e, seconds=e.seconds),
    "estimate": lambda e: tc.estimate(DIAGONALS, 2, effort=e),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_whatever_is_slow_the_promise_is_kept(monkeypatch, question):
    """Each call of a slow step takes half a second by a clock that nothing else moves."""
    clock = Clock()
    for slow in SLOW:
        _plant(monkeypatch, slow, clock)
    QUESTIONS[question](Effort(seconds=4, clock=clock))
    assert clock.now <= 1.2 * 4 + 2
    if question != "over time":
        assert clock.now > 0, "nothing slow was met"


def _plant(monkeypatch: Any, slow: str, clock: Clock) -> None:
    place, name = SLOW[slow]
    fast = getattr(place, name)

    def slowly(*arguments: Any, **more: Any) -> Any:
        clock.now += 0.5
        return fast(*arguments, **more)

    monkeypatch.setattr(place, name, slowly)


@pytest.fixture
def ranks(monkeypatch: Any) -> list[str]:
    """What each exact rank that is computed was of."""
    seen: list[str] = []
    real = analysis_module.generic_rank

    def spy(*arguments: Any, which: str = "learnable", **more: Any) -> Any:
        seen.append(which)
        return real(*arguments, which=which, **more)

    monkeypatch.setattr(analysis_module, "generic_rank", spy)
    monkeypatch.setattr(target_dimension, "generic_rank", spy)
    basis = greedy_basis

    def spied(*arguments: Any, **more: Any) -> Any:
        seen.append("basis")
        return basis(*arguments, **more)

    monkeypatch.setattr("theorycheck.theorems.analysis.greedy_basis", spied)
    return seen


def test_a_structural_count_is_asked_before_any_rank(ranks):
    """The shape of a network of 392, 128 and 10 units at one tenth learnable, made small."""
    rng = np.random.default_rng(1)
    decided = 0
    for _ in range(20):
        allocation = tc.Allocation.random(FF([40, 14, 4]), 170, rng)
        verdict = tc.classify(allocation, 40)
        if verdict.theorem == "T6" or "T6" in verdict.reason:
            decided += 1
            assert not ranks
        ranks.clear()
    assert decided > 5


@settings(max_examples=30)
@given(allocations(linear_networks), st.integers(1, 4))
def test_no_rank_is_computed_where_a_count_decides(allocation, samples):
    counted = [theorem.ask_count(Analysis(allocation, samples)) for theorem in THEOREMS]
    verdict = tc.classify(allocation, samples, effort=Effort(seconds=0))
    finals = [finding for finding in counted if finding and finding.expressivity.is_final]
    if finals:
        assert verdict.theorem == finals[0].theorem
        assert verdict.certificate is not None
        assert verdict.certificate.kind == finals[0].kind


def test_counts_come_first_without_a_rank_of_the_learnables(ranks):
    for allocation, samples in (
        (tc.Allocation.layer(FF([5, 6, 4]), "W2"), 5),
        (tc.Allocation.full(LR(2, 4, 2, 5)), 3),
        (tc.Allocation.rows(FF([6, 6, 6]), {"W1": [0], "W2": [0]}), 6),
        (tc.Allocation.layer(RELU([3, 4, 1]), "W1"), 3),
    ):
        assert tc.classify(allocation, samples).expressivity.is_final
        assert "learnable" not in ranks
        assert "basis" not in ranks


def test_a_rank_is_computed_once(ranks):
    """A sparse network over budget: the target is a rank, and so is each basis that is tried."""
    present = np.ones((3, 3), bool)
    present[0, 1] = False
    masks = {"recurrent": present, "readout": [[1, 0, 0]], "input": [[1], [1], [0]]}
    allocation = tc.Allocation(LR(1, 3, 1, 6), masks, {"recurrent": present})
    tc.classify(allocation, 4, effort=Effort(degree=2, instances=0, bases=2))
    assert ranks.count("present") == 1
    whole = ranks.index("learnable")
    bases = ranks.count("basis")
    assert bases
    # That of the whole, and one for each basis, which the search for degrees does not repeat.
    assert ranks[whole:].count("learnable") <= 1 + bases


def test_a_limit_of_paths_gives_the_same_answer_on_any_machine():
    for allocation in (DIAGONALS, ROW):
        verdicts = []
        for clock in (Clock(), Clock(1)):  # one that stands still, one that is at the end at once
            effort = Effort(math.inf, degree=8, instances=40, paths=3000, clock=clock)
            verdicts.append(plain(tc.classify(allocation, 2, effort=effort)))
        assert verdicts[0] == verdicts[1]
        assert verdicts[0]["limited_by"] != "seconds"


def test_paths_that_may_not_be_followed_end_the_search_and_are_named():
    short = tc.classify(ROW, 2, effort=Effort(math.inf, paths=10))
    assert (short.expressivity, short.degree, short.limited_by) == ("positive", None, "degree")
    assert "all paths were followed that may be" in short.reason
    enough = tc.classify(ROW, 2, effort=Effort(math.inf, paths=5000))
    assert plain(enough) == plain(tc.classify(ROW, 2))
    row = tc.Allocation.rows(LR(1, 2, 1, 5), {"recurrent": [0]})
    even = degree_of(system_of(row, 2), 0, DEFAULT_EFFORT, Deadline())
    assert isinstance(even, Degree)
    found = witness(even, 0, Effort(instances=200, paths=1), Deadline())
    assert isinstance(found, Open)
    assert found.limit == "instances"
    with pytest.raises(tc.InputError, match=r"^effort: paths must be an integer from 0, not -1"):
        Effort(paths=-1)


@pytest.mark.parametrize(
    ("effort", "limit"),
    [
        (Effort(seconds=0), "seconds"),
        (Effort(degree=1), "degree"),
        (Effort(unknowns=1), "degree"),
        (Effort(seconds=1e-9), "seconds"),
    ],
)
def test_what_ended_the_search_is_named(effort, limit):
    verdict = tc.classify(ROW, 2, effort=effort)
    assert (verdict.limited_by, verdict.to_dict()["limited_by"]) == (limit, limit)
    assert tc.classify(ROW, 2).limited_by is None


def test_instances_and_memory_are_named():
    assert tc.classify(DIAGONALS, 2, effort=Effort(instances=0)).limited_by == "instances"
    allocation = tc.Allocation.random(FF([30, 30, 30]), 950, np.random.default_rng(0))
    verdict = tc.explain(allocation, 30, memory_limit=1e5).verdict
    assert (verdict.expressivity, verdict.limited_by) == ("undecided", "memory")
    # Whatever the memory, what counts decide is said.
    few = tc.Allocation.random(FF([30, 30, 30]), 850, np.random.default_rng(0))
    assert tc.classify(few, 30, memory_limit=10**5).expressivity == "minimal"
