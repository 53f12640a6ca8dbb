"""Shallow ReLU draws: known counts, closed forms, an oracle, planted faults."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

import theorycheck as tc
from tests.shared.relu_oracle import Oracle, outputs
from theorycheck.measurement.intervals import clopper_pearson
from theorycheck.measurement.least_squares import MATCH, NO_MATCH, UNDECIDED
from theorycheck.measurement.levenberg import fit
from theorycheck.measurement.relu import exact as relu_exact
from theorycheck.measurement.relu import methods as relu
from theorycheck.measurement.relu import range as relu_range
from theorycheck.measurement.relu.alternative import by_certificate
from theorycheck.measurement.relu.cells import cell_count, cells
from theorycheck.measurement.relu.rational import decide_exactly
from theorycheck.measurement.relu.units import students, unit_kinds
from theorycheck.measurement.trials import Source
from theorycheck.problem.files import problem_from_dict

pytestmark = pytest.mark.long

KNOWN = Path(__file__).parents[1] / "known"
TRIALS = 200
LINEAR = (relu.LEAST_SQUARES, relu.PATTERNS)
EXACT = (*LINEAR, relu.DETERMINANTS)


def measured(allocation: tc.Allocation, samples: int, **options: Any) -> Any:
    return tc.measure(allocation, samples, backend="numpy", **options)


def net(*widths: int, bias: bool = False) -> tc.ShallowReLU:
    return tc.ShallowReLU(widths, bias=bias)


# Known counts


@pytest.fixture(scope="module")
def known() -> list[tuple[str, Any, Any]]:
    """Every known entry with its expected counts and our estimate, each from a seed of its own."""
    found = []
    for stem in ("relu", "relu_regular"):
        for number, entry in enumerate(json.loads((KNOWN / f"{stem}.json").read_text())):
            expected = entry.pop("expected")
            allocation, samples = problem_from_dict(entry)
            estimate = measured(allocation, samples, trials=TRIALS, seed=len(found), restarts=3)
            found.append((f"{stem} {number}", expected, estimate))
    return found


def test_known_counts_and_ours_are_samples_of_one_probability(known: Any):
    """Fisher's exact test of every pair of counts that both sides decide."""
    values = []
    for name, expected, estimate in known:
        if estimate.method not in EXACT:
            continue
        both: list[Any] = [(expected["regular"], estimate.regular)]
        if "matches" in expected:
            both.append((expected, {"matches": estimate.matches, "trials": estimate.trials}))
        for theirs, ours in both:
            table = [[one["matches"], one["trials"] - one["matches"]] for one in (theirs, ours)]
            values.append((float(fisher_exact(table)[1]), name))  # type: ignore[arg-type]
    assert len(values) == 40 * 2 + 82 + 7
    assert min(values)[0] > 1e-4, min(values)
    assert np.mean([value < 0.05 for value, _ in values]) <= 0.05


def test_no_known_draw_stays_undecided_where_patterns_can_be_tried(known: Any):
    assert all(estimate.undecided == 0 for _, _, estimate in known if estimate.method in LINEAR)
    by_roots = [estimate for _, _, estimate in known if estimate.method == relu.DETERMINANTS]
    assert len(by_roots) == 7
    assert sum(estimate.regular["undecided"] for estimate in by_roots) <= 5  # of some 900
    searched = [name for name, _, estimate in known if estimate.method not in EXACT]
    assert searched == ["relu_regular 82", "relu_regular 83"]  # two nonlinear unknowns


def test_searches_find_at_most_what_is_known(known: Any):
    for name, expected, estimate in known:
        if estimate.method in EXACT:
            continue
        high = clopper_pearson(**expected["regular"], level=0.9999)[1]
        assert estimate.regular["interval"][0] <= high, name


@pytest.mark.parametrize("units", [2, 3, 4])
def test_output_layer_alone_has_its_closed_forms(units: int):
    """T10 for W_2 only, of regular teachers, n_0 = m = 2 and d = 1; and m = 1."""
    mask = [[1] * units + [0] * (5 - units)]
    allocation = tc.Allocation(net(2, 5, 1), {"W2": mask})
    counted = measured(allocation, 2, trials=3000, seed=units).regular
    low, high = clopper_pearson(counted["matches"], counted["trials"], level=0.9999)
    wanted = 1 - 2.0 ** (1 - units) - (units - 1) / ((units + 1) * 2.0**units)
    assert low < wanted < high
    counted = measured(allocation, 1, trials=3000, seed=units).regular
    low, high = clopper_pearson(counted["matches"], counted["trials"], level=0.9999)
    assert low < 1 - 2.0**-units < high


# The oracle

CASES = {
    "diagonal": (tc.Allocation(net(2, 2, 1), {"W1": [[1, 0], [0, 1]]}), 2),
    "all inputs": (tc.Allocation(net(2, 2, 1), {"W1": [[1, 1], [1, 1]]}), 2),
    "under budget": (tc.Allocation(net(2, 2, 1), {"W1": [[1, 0], [0, 0]]}), 2),
    "disjoint": (tc.Allocation(net(3, 2, 1), {"W1": [[1, 1, 0], [0] * 3], "W2": [[0, 1]]}), 3),
    "two outputs": (tc.Allocation(net(2, 2, 2), {"W1": [[1, 1], [0, 0]], "W2": [[0, 1]] * 2}), 2),
    "conflict": (tc.Allocation(net(2, 2, 1), {"W1": [[1, 0], [1, 0]], "W2": [[1, 0]]}), 2),
    "no frozen input": (tc.Allocation(net(2, 2, 1), {"W1": [[1, 1], [0, 0]], "W2": [[1, 0]]}), 3),
    "wide conflict": (tc.Allocation(net(3, 2, 1), {"W1": [[1, 1, 0], [0] * 3], "W2": [[1, 0]]}), 3),
    "biases": (
        tc.Allocation(net(1, 2, 1, bias=True), {"W1": [[1], [0]], "b1": [0, 1], "b2": [1]}),
        3,
    ),
    "conflict with bias": (
        tc.Allocation(net(1, 2, 1, bias=True), {"W1": [[0], [1]], "b1": [1, 0], "W2": [[1, 0]]}),
        3,
    ),
    "sparse": (
        tc.Allocation(
            net(2, 2, 2),
            {"W1": [[1, 1], [0, 1]], "W2": [[1, 0], [0, 0]]},
            {"W2": [[1, 1], [0, 1]]},
        ),
        2,
    ),
}


def drawn(name: str, count: int, seed: int = 3) -> tuple[tc.Allocation, Any, Any]:
    """A case, its draws and the trials that made them."""
    allocation, samples = CASES[name]
    trials = relu._ReluTrials(Source(allocation, samples), seed, 5)
    return allocation, trials, trials.drawn(0, count).instances


def differences(name: str, count: int) -> int:
    allocation, trials, instances = drawn(name, count)
    decisions = trials.decide(0, count)
    truth = [Oracle(allocation, instances, draw).has_match() for draw in range(count)]
    return int((np.array(truth) != (decisions == MATCH)).sum() + (decisions == UNDECIDED).sum())


@pytest.mark.parametrize("name", CASES)
def test_each_draw_is_decided_as_all_patterns_one_by_one_say(name: str):
    assert differences(name, 15 if "bias" in name else 40) == 0


def test_the_oracle_knows_the_teacher():
    """A student that has the teacher's frozen weights matches, and outputs are what they seem."""
    for name in CASES:
        _, trials, _ = drawn(name, 3)
        found = trials.drawn(0, 3)
        for draw in range(3):
            weights = {key: value[draw] for key, value in found.teacher.items()}
            values = outputs(weights, found.instances.inputs[draw])
            assert np.allclose(values.ravel(), found.instances.outputs[draw])
            weights = found.instances.weights
            for key in weights:
                weights[key][draw] = found.teacher[key][draw]
        assert (trials.decide(0, 3) == MATCH).all()
        assert all(Oracle(CASES[name][0], found.instances, k).has_match() for k in range(3))


@pytest.mark.parametrize("name", CASES)
def test_a_search_finds_no_match_where_there_is_none(name: str):
    _, trials, instances = drawn(name, 200)
    decisions = trials.decide(0, 200)
    rng = np.random.default_rng(0)
    found = fit(trials._student, instances, rng, restarts=8, certifier=relu.certify_relu)
    # Where the equations that count never have full rank, a search proves nothing.
    redundant = ("under budget", "no frozen input", "two outputs", "sparse")
    assert found.matched.any() or name in redundant
    assert (decisions[found.matched] == MATCH).all()
    assert (decisions == NO_MATCH).any() or name == "all inputs"


def test_dead_teachers_are_matched_by_dead_students():
    """All inputs of all units learnable: the student can be 0, and some teachers are."""
    _, trials, instances = drawn("all inputs", 300)
    is_dead = (instances.outputs == 0).all(axis=1)
    assert is_dead.sum() > 20
    assert (trials.decide(0, 300)[is_dead] == MATCH).all()
    partly = (instances.outputs == 0).any(axis=1) & ~is_dead
    assert partly.sum() > 20


# Planted faults


def test_a_dropped_pattern_is_noticed(monkeypatch: Any):
    honest = relu_exact.cells

    def dropping(unit: Any) -> Any:
        codes, clear = honest(unit)
        return codes[:, :-1], clear

    monkeypatch.setattr(relu_exact, "cells", dropping)
    assert differences("disjoint", 60) > 0


def test_a_forgotten_sign_is_noticed(monkeypatch: Any):
    honest = relu_exact.cells

    def positive(unit: Any) -> Any:
        codes, clear = honest(unit)
        samples = unit.generators.shape[1]
        return np.where(codes >> samples, 0, codes), clear

    monkeypatch.setattr(relu_exact, "cells", positive)
    assert differences("conflict", 60) > 0


def test_a_wrong_sign_rule_is_noticed(monkeypatch: Any):
    def upside_down(self: Any, draws: Any, codes: Any, count: int) -> Any:
        return ~honest(self, draws, codes, count)

    honest = relu_exact._Signs.may_fit
    monkeypatch.setattr(relu_exact._Signs, "may_fit", upside_down)
    assert differences("diagonal", 60) > 0


def test_the_rule_of_signs_only_saves_time(monkeypatch: Any):
    expected = {name: drawn(name, 100)[1].decide(0, 100) for name in CASES}

    def no_rule(self: Any, draws: Any, codes: Any, count: int) -> Any:
        return np.ones((len(draws), count), dtype=bool)

    monkeypatch.setattr(relu_exact._Signs, "may_fit", no_rule)
    for name, decisions in expected.items():
        assert drawn(name, 100)[1].decide(0, 100).tolist() == decisions.tolist()


def looks(name: str, count: int) -> Any:
    """Decisions by patterns alone, before anything is decided again in rational arithmetic."""
    allocation, _, instances = drawn(name, count)
    kinds = unit_kinds(allocation)
    assert kinds
    return relu_exact.decide_patterns(students(allocation, kinds, instances), 10**5).decision


def test_the_first_look_only_saves_time(monkeypatch: Any):
    expected = {name: looks(name, 400) for name in CASES}
    nothing = lambda systems: np.full(len(systems.wanted), UNDECIDED)  # noqa: E731
    monkeypatch.setattr(relu_exact, "in_range", nothing)
    for name, decisions in expected.items():
        assert looks(name, 400).tolist() == decisions.tolist()


def test_a_forgotten_offset_is_noticed(monkeypatch: Any):
    expected = looks("disjoint", 1000)
    honest = relu_range.signs

    def without(unit: Any, theta: Any, error: Any, replaced: Any) -> Any:
        bare = replace(unit, offset=np.where(replaced[:, None], 0, unit.offset))
        return honest(bare, theta, error, replaced)

    monkeypatch.setattr(relu_range, "signs", without)
    assert looks("disjoint", 1000).tolist() != expected.tolist()


# Cells


@pytest.mark.parametrize("name", CASES)
def test_cells_are_the_patterns_that_random_unknowns_have(name: str):
    allocation, _, instances = drawn(name, 4)
    kinds = unit_kinds(allocation)
    assert kinds
    batch = students(allocation, kinds, instances)
    samples = batch.wanted.shape[2]
    rng = np.random.default_rng(1)
    for kind, unit in zip(kinds, batch.units, strict=True):
        codes, clear = cells(unit)
        assert clear.all()
        points = 10 ** rng.uniform(-2, 2, size=(20_000, 1))
        points = points * rng.normal(size=(20_000, unit.generators.shape[2]))
        if unit.has_scale:
            points[:, 0] = abs(points[:, 0])
        for draw in range(4):
            values = unit.offset[draw] + points @ unit.generators[draw].T
            seen = set(((values > 0) @ (1 << np.arange(samples))).tolist())
            found = set((codes[draw] & ((1 << samples) - 1)).tolist())
            assert seen <= found
            if not unit.is_signed:
                assert len(found) == cell_count(kind, samples)
            assert len(found) - len(seen) <= 1  # a narrow cell may be missed by chance


# Rational arithmetic


def test_rational_arithmetic_decides_all_combinations_alike():
    clear = 0
    for name in ("diagonal", "disjoint", "conflict", "biases", "sparse", "two outputs"):
        allocation, trials, instances = drawn(name, 12)
        kinds = unit_kinds(allocation)
        assert kinds
        batch, teacher = students(allocation, kinds, instances), trials.drawn(0, 12).teacher
        found = [cells(unit)[0] for unit in batch.units]
        for choice in product(*(range(code.shape[1]) for code in found)):
            codes = np.array([code[:, k] for code, k in zip(found, choice, strict=True)])
            answers = relu_exact._decide(relu_exact.build(batch, np.arange(12), codes))
            for draw, answer in enumerate(answers):
                one = instances.take(draw)
                taught = {key: value[draw] for key, value in teacher.items()}
                exact = decide_exactly(
                    allocation, kinds, taught, one.weights, one.inputs, codes[:, draw].tolist()
                )
                if UNDECIDED not in (exact, answer):
                    clear += 1
                    assert exact == answer, (name, choice, draw)
    assert clear > 500


@pytest.mark.parametrize("name", ["disjoint", "two outputs"])
def test_unclear_combinations_are_decided_in_rational_arithmetic(monkeypatch: Any, name: str):
    _, trials, _ = drawn(name, 40)
    expected = trials.decide(0, 40)
    unclear = lambda systems: np.full(len(systems.wanted), UNDECIDED)  # noqa: E731
    monkeypatch.setattr(relu_exact, "_decide", unclear)
    monkeypatch.setattr(relu, "fit", lambda *rest, **more: pytest.fail("searched"))
    decided = [trials._exactly(trials.drawn(0, 40), k, v) for k, v in patterns(trials).items()]
    places = list(patterns(trials))
    wrong = [
        place
        for place, answer in zip(places, decided, strict=True)
        if answer not in (UNDECIDED, expected[place])
    ]
    assert not wrong
    assert sum(answer != UNDECIDED for answer in decided) >= 0.8 * len(decided) > 10


def patterns(trials: Any) -> dict[int, list[tuple[int, ...]]]:
    instances = trials.drawn(0, 40).instances
    batch = students(trials._source.allocation, trials._kinds, instances)
    return relu_exact.decide_patterns(batch, 10**5).unclear


def test_farkas_and_the_linear_programme_agree(monkeypatch: Any):
    from theorycheck.measurement.relu import alternative as relu_alternative

    rng = np.random.default_rng(5)
    problems = [
        (rng.normal(size=(number, width)), rng.normal(size=number) - shift, np.full(number, 1e-12))
        for number, width, shift in product((4, 7, 10), (2, 3, 4), (-0.5, 0.0, 0.5))
        for _ in range(4)
    ]
    first = [by_certificate(*problem) for problem in problems]
    assert set(first) == {MATCH, NO_MATCH}
    monkeypatch.setattr(relu_alternative, "_farkas", lambda *rest: UNDECIDED)
    assert [by_certificate(*problem) for problem in problems] == first


# The choice of a method


def test_methods_are_named():
    both = tc.Allocation(net(2, 2, 2), {"W1": [[1, 0], [0, 0]], "W2": [[1, 0], [0, 0]]})
    assert measured(both, 2, trials=5).method == relu.SEARCH
    assert measured(CASES["conflict"][0], 2, trials=5).method == relu.PATTERNS
    assert measured(tc.Allocation.layer(net(2, 2, 2), "W2"), 2, trials=5).method == "least squares"
    many = tc.Allocation.full(net(6, 6, 1))
    assert measured(many, 6, trials=2, restarts=1).method == relu.SEARCH


def test_draws_are_made_once(monkeypatch: Any):
    made = []
    honest = relu._ReluTrials._draw

    def counted(self: Any, chunk: int, count: int) -> Any:
        made.append((chunk, count))
        return honest(self, chunk, count)

    monkeypatch.setattr(relu._ReluTrials, "_draw", counted)
    assert measured(CASES["diagonal"][0], 2, trials=700).regular["trials"] < 700
    assert made == [(0, 500), (1, 200)]


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_nothing_stays_undecided_in_thousands_of_draws(law: str):
    last = tc.Allocation(net(2, 3, 2), {"W2": [[1, 1, 1], [1, 1, 0]]})
    for allocation, samples in ((last, 3), CASES["disjoint"], CASES["conflict"]):
        assert measured(allocation, samples, trials=4000, law=law).undecided == 0


def test_inputs_in_special_position_are_never_decided_wrongly():
    """Repeated and zero coordinates: hyperplanes that coincide or are missing."""
    data = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [2, 2, 1], [1, 1, 0], [0, 0, 1]])
    for name in ("disjoint", "wide conflict"):
        allocation, samples = CASES[name]
        trials = relu._ReluTrials(Source(allocation, samples, data=data), 0, 3)
        decisions = trials.decide(0, 60)
        instances = trials.drawn(0, 60).instances
        assert (decisions != UNDECIDED).sum() > 10
        for draw in np.flatnonzero(decisions != UNDECIDED):
            truth = Oracle(allocation, instances, int(draw)).has_match()
            assert truth == (decisions[draw] == MATCH)
