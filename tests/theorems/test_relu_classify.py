"""`classify` of shallow ReLU networks: against floats, measurements, known counts and itself."""

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, present_masks, seeds
from theorycheck.certificates import Certificate
from theorycheck.errors import ContradictionError, SizeError
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.relu_patterns import PatternList, relevant_units
from theorycheck.ranks.relu_search import ReluSearch
from theorycheck.ranks.relu_steering import steered
from theorycheck.strategies import relu_networks
from theorycheck.strategies.masks import with_budget
from theorycheck.theorems import t10_shallow_relu
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.relu_closed_forms import one_sample, regular_match_probability
from theorycheck.theorems.relu_parts import Lone, lone_unit
from theorycheck.verification.comparison import judge

pytestmark = pytest.mark.long

RELU = tc.ShallowReLU
networks = relu_networks(bias=None)


@st.composite
def critical(draw):
    """About as many learnables as d m, where a network has so many weights."""
    network, m = draw(networks), draw(st.integers(1, 3))
    frame = tc.Allocation.none(network, draw(st.one_of(st.just({}), present_masks(network))))
    budget = network.outputs * m + draw(st.sampled_from([0, 1, 2, -1]))
    return with_budget(draw, frame, min(budget, frame.n_present)), m


problems = st.one_of(critical(), st.tuples(allocations(networks), st.integers(1, 4)), critical())
ORDER = {"minimal": 0, "positive": 1, "intermediate": 1, "maximal": 2}


def classified(allocation, m, **options) -> tc.Verdict:
    return tc.classify(allocation, m, cross_check=True, **options)


def certified(verdict: tc.Verdict) -> Certificate:
    assert verdict.certificate is not None
    return verdict.certificate


def form_of(allocation, m) -> Fraction:
    form = regular_match_probability(allocation, m)
    assert form is not None
    return form.value


def drawn(allocation, m, rng, count):
    """Weights (absent ones 0) and inputs of `count` draws, of any order of magnitude."""
    shapes = allocation.network.weight_shapes
    weights = {
        name: rng.normal(size=(count, *shape))
        * np.exp(rng.normal(size=(count, *shape)))
        * allocation.present_mask(name)
        for name, shape in shapes.items()
    }
    return weights, rng.normal(size=(count, allocation.network.inputs, m))


def jacobians(allocation, weights, inputs, which):
    """By central differences, written without the library's formulas."""

    def answers(values):
        before = values["W1"] @ inputs
        if "b1" in values:
            before = before + values["b1"][..., None]
        result = values["W2"] @ np.maximum(before, 0)
        return result + values["b2"][..., None] if "b2" in values else result

    columns = []
    for name, index in entries_of(dict(allocation.masks(which))):
        step = np.zeros((1, *weights[name].shape[1:]))
        step[0, *index] = 1e-6
        up, down = (answers({**weights, name: weights[name] + s * step}) for s in (1, -1))
        columns.append(((up - down) / 2e-6).reshape(len(inputs), -1))
    shape = (len(inputs), allocation.network.outputs * inputs.shape[-1], 0)
    return np.stack(columns, axis=-1) if columns else np.zeros(shape)


def largest_rank(allocation, m, which, seed=0, count=400) -> int:
    """The largest rank over random points, by singular values well apart from rounding."""
    weights, inputs = drawn(allocation, m, np.random.default_rng(seed), count)
    values = jacobians(allocation, weights, inputs, which)
    if not values.size:
        return 0
    sizes = np.linalg.svd(values, compute_uv=False)
    return int((sizes > 1e-5 * sizes[:, :1].clip(1e-9)).sum(axis=1).max())


@settings(max_examples=120)
@given(problems)
def test_t10_agrees_with_ranks_in_floating_point(problem):
    check_against_floats(*problem)


def check_against_floats(allocation, m):
    verdict, full = classified(allocation, m), allocation.network.outputs * m
    found = largest_rank(allocation, m, "learnable")
    if verdict.expressivity == "minimal":
        assert found < full
    elif verdict.expressivity == "undecided":
        assert largest_rank(allocation, m, "present") < full
    if found == full:
        assert verdict.expressivity in ("positive", "intermediate", "maximal")


def float_pattern_ranks(allocation, m, seed=0):
    """Every pattern that 20,000 random points show, with the rank of the learnables in it."""
    weights, inputs = drawn(allocation, m, np.random.default_rng(seed), 20_000)
    before = weights["W1"] @ inputs
    if "b1" in weights:
        before = before + weights["b1"][..., None]
    units = relevant_units(allocation)
    shown, places = np.unique((before > 0)[:, units].reshape(len(before), -1), axis=0,
                              return_index=True)  # fmt: skip
    few = {name: value[places] for name, value in weights.items()}
    values = jacobians(allocation, few, inputs[places], "learnable")
    sizes = np.linalg.svd(values, compute_uv=False)
    ranks = (sizes > 1e-5 * sizes[:, :1].clip(1e-9)).sum(axis=1)
    patterns = shown.reshape(len(shown), len(units), m)
    codes = np.sort((1 << np.arange(len(units))) @ patterns, axis=1)
    return codes, ranks


SHOWN = [
    ([1, 3, 1], 3, False, {}),
    ([2, 3, 1], 3, False, {}),
    ([2, 4, 1], 3, False, {}),
    ([1, 2, 1], 3, True, {}),
    ([2, 4, 1], 3, False, {"W1": [[1, 0], [1, 0], [0, 1], [1, 1]]}),
    ([2, 3, 2], 2, True, {"W1": [[0, 0], [1, 0], [1, 1]], "b1": [1, 1, 0]}),
]


@pytest.mark.parametrize(("widths", "m", "bias", "present"), SHOWN)
def test_patterns_that_points_show_are_listed_with_their_ranks(widths, m, bias, present):
    network = RELU(widths, bias=bias)
    for masks in (("W2",), ("W1",), ("W1", "W2")):
        full = tc.Allocation.full(network, present)
        learnable = {name: full.mask(name) for name in masks}
        allocation = tc.Allocation(network, learnable, present)
        listed = PatternList(allocation, m)
        ranks = listed.ranks(network.outputs * m + 1, 0, 1e-9)  # no rank stops the trials
        by_code = dict(zip(map(tuple, ranks.columns.tolist()), ranks.ranks.tolist(), strict=True))
        codes, found = float_pattern_ranks(allocation, m)
        for code, rank in zip(map(tuple, codes.tolist()), found.tolist(), strict=True):
            assert rank <= by_code[code]  # KeyError: a pattern is missing
        assert max(by_code.values()) == found.max()


def test_patterns_left_out_are_those_that_cannot_be():
    def listed(widths):
        return PatternList(tc.Allocation.full(RELU(widths)), 3).columns.tolist()

    # Two inputs: no four units show all classes of signs on three samples. Three: anything.
    assert len(listed([3, 4, 1])) == math.comb(2**4 + 2, 3) > len(listed([2, 4, 1]))
    assert len(listed([2, 3, 1])) == math.comb(2**3 + 2, 3)
    # One input: signs of products.
    by_signs = {
        tuple(sorted(sum(1 << u for u in range(3) if w[u] * x > 0) for x in row))
        for w in product((-1, 1), repeat=3)
        for row in combinations_with_replacement((-1, 1), 3)
    }
    assert {tuple(row) for row in listed([1, 3, 1])} == by_signs


@given(problems)
def test_all_theorems_agree_and_certificates_hold(problem):
    check_certificate(*problem)


def check_certificate(allocation, m):
    verdict = classified(allocation, m)
    assert verdict.conditioned_on == "regular teacher"
    if verdict.expressivity == "undecided":
        assert verdict.reason.startswith("no teacher is regular")
        return
    certificate = json.loads(json.dumps(certified(verdict).to_dict()))
    result = tc.check(certificate)
    assert result.reason == "verified"
    assert result.error_bound == pytest.approx(verdict.error_bound, rel=1e-6, abs=0)
    assert verdict.error_bound <= 1e-9
    for other in ("minimal", "maximal", "positive", "intermediate"):
        if other != verdict.expressivity:
            assert not tc.check(replace(certified(verdict), expressivity=other))


@given(problems, seeds)
def test_more_learnables_or_fewer_samples_never_hurt(problem, seed):
    allocation, m = problem
    rng = np.random.default_rng(seed)
    larger = {
        name: allocation.mask(name)
        | (allocation.present_mask(name) & (rng.random(allocation.mask(name).shape) < 0.3))
        for name in allocation.network.weight_shapes
    }
    more = tc.Allocation(allocation.network, larger, allocation.given_present())
    before, after = classified(allocation, m), classified(more, m)
    assume(before.expressivity != "undecided")
    assert after.expressivity != "undecided"  # regular teachers do not depend on the allocation
    if before.expressivity != "minimal":
        assert after.expressivity != "minimal"
    if before.expressivity == "maximal":
        assert after.expressivity == "maximal"


@given(problems, seeds)
def test_permuting_units_inputs_and_outputs_keeps_the_verdict(problem, seed):
    allocation, m = problem
    rng = np.random.default_rng(seed)
    inputs, hidden, outputs = (rng.permutation(n) for n in allocation.network.widths)

    def permuted(masks):
        result = {"W1": masks["W1"][hidden][:, inputs], "W2": masks["W2"][outputs][:, hidden]}
        if "b1" in masks:
            result |= {"b1": masks["b1"][hidden], "b2": masks["b2"][outputs]}
        return result

    learnable, present = (dict(allocation.masks(which)) for which in ("learnable", "present"))
    other = tc.Allocation(allocation.network, permuted(learnable), permuted(present))
    one, two = classified(allocation, m), classified(other, m)
    assert (one.expressivity, one.rank) == (two.expressivity, two.rank)


@settings(max_examples=40)
@given(problems, seeds)
def test_measurements_do_not_refute(problem, seed):
    allocation, m = problem
    assume(allocation.network.outputs * m <= 6)
    verdict = classified(allocation, m)
    assume(verdict.expressivity != "undecided")
    estimate = tc.measure(allocation, m, trials=30, seed=seed % 1000, restarts=3)
    assert judge(verdict, estimate)[0] != "refuted", judge(verdict, estimate)[1]
    assert estimate.regular is not None
    if verdict.expressivity == "minimal":
        assert estimate.regular["matches"] == 0


# Single cases


def test_t10_minimal_by_count_by_cover_and_by_patterns():
    network = RELU([2, 3, 2])
    few = classified(tc.Allocation.none(network), 2)
    assert (few.expressivity, certified(few).kind, few.rigor) == (
        "minimal",
        "relu_count",
        "proved",
    )
    row = classified(tc.Allocation(network, {"W2": [[1, 1, 1], [1, 0, 0]]}), 2)
    assert (certified(row).kind, row.rigor, row.target_dimension) == ("relu_cover", "proved", 4)
    one_unit = tc.Allocation(RELU([2, 2, 1]), {"W1": [[1, 1], [0, 0]], "W2": [[1, 0]]})
    unit = classified(one_unit, 3)
    assert (certified(unit).kind, unit.rigor, unit.rank) == ("relu_patterns", "probabilistic", 2)
    assert 0 < unit.error_bound <= 1e-9
    assert 0 < classified(one_unit, 3, error_bound=1e-40).error_bound <= 1e-40


def test_without_regular_teachers_nothing_is_claimed():
    for network, m, words in (
        (RELU([1, 1, 2]), 2, "its 3 weights never has rank d m = 4"),
        (RELU([1, 3, 1]), 3, "has rank 2 at most, not d m = 3"),
    ):
        verdict = tc.classify(tc.Allocation.layer(network, "W2"), m)
        assert (verdict.expressivity, verdict.certificate) == ("undecided", None)
        assert words in verdict.reason


def test_too_many_patterns_are_left_undecided_with_the_reason():
    # One unit short: W2 has rank 9 of 10, which no cover of all units together shows.
    present = {"W1": np.eye(20, 10)[:, :10] + np.eye(20, 10, -10)}
    present["W1"][:18, 0], present["W1"][:18, 1:] = 1, 0
    learnable = {"W2": [[1] * 18 + [0, 0]]}
    verdict = tc.classify(tc.Allocation(RELU([10, 20, 1]), learnable, present), 3)
    assert verdict.expressivity == "undecided"
    assert "more than the 65536 that are all looked at" in verdict.reason


def test_a_pattern_too_rare_for_draws_is_solved_for():
    network = RELU([8, 8, 1])
    allocation = tc.Allocation(network, {"W2": [[1] * 8]})
    search = ReluSearch(allocation, 1, 0, 1e-9, 2**30)
    one_dead = np.array([[0b01111111]])
    found = steered_point(search, one_dead)
    assert found is not None
    before = found.weights["W1"] @ found.inputs
    assert (before[:7] > 0).all()
    assert (before[7:] < 0).all()


def steered_point(search, patterns):
    units = list(range(search.allocation.network.widths[1]))
    candidates = steered(search.allocation, search.samples, units, patterns, 0)
    points = (search.certified(*candidate, "learnable") for candidate in candidates)
    return next((point for point in points if point is not None), None)


@pytest.mark.parametrize(("widths", "m"), [([3, 3, 1], 3), ([2, 3, 1], 3), ([1, 3, 1], 2)])
@pytest.mark.parametrize("bias", [False, True])
def test_steering_finds_every_pattern_that_points_show(widths, m, bias):
    allocation = tc.Allocation.full(RELU(widths, bias=bias))
    search = ReluSearch(allocation, m, 0, 1e-9, 2**30)
    full = PatternList(allocation, m).ranks(allocation.network.outputs * m + 1, 0, 1e-9)
    codes, _ = float_pattern_ranks(allocation, m)
    shown = {tuple(code) for code in codes.tolist()}
    for code in full.full(allocation.network.outputs * m).tolist():
        if tuple(code) in shown:
            assert steered_point(search, np.array([code])) is not None


def test_a_dead_unit_needs_a_present_input():
    # Unit 1 has no inputs: its weight to the output moves nothing.
    present = {"W1": [[1, 1], [0, 0]]}
    allocation = tc.Allocation(RELU([2, 2, 1]), {"W2": [[0, 1]]}, present)
    assert certified(classified(allocation, 1)).kind == "relu_cover"


def test_a_sample_that_is_missed_is_not_matched():
    # The certificate's inputs and teacher, weights to the output turned down: no student near.
    allocation = tc.Allocation(RELU([2, 2, 1]), {"W1": [[1, 0], [0, 0]], "W2": [[1, 0]]})
    verdict = classified(allocation, 2)
    kind = certified(verdict).kind
    assert (verdict.expressivity, kind) == ("intermediate", "relu_missed_sample")
    shown = certified(verdict).evidence["regular"]
    weights, inputs = shown["weights"], np.array(shown["inputs"], dtype=float)
    target = -abs(np.array(weights["W2"])) @ np.maximum(np.array(weights["W1"]) @ inputs, 0)
    assert (target < 0).all()
    down = -np.sign(inputs[1, 0])  # the frozen input of unit 0 has one sign on both samples
    values = np.geomspace(1e-4, 1e4, 60)
    values = np.concatenate([-values, [0.0], values])
    first, second = np.meshgrid(values, values)
    hidden = np.stack([first.ravel(), np.full(first.size, down)], axis=1) @ inputs
    answers = second.ravel()[:, None] * np.maximum(hidden, 0)  # unit 1 adds what is positive
    assert (answers.max(axis=1) >= 0).all()


def test_lone_units_are_asked_for_all_that_the_statement_asks():
    def outcome(learnable, present=None, widths=(3, 3, 1), m=3, bias=False):
        allocation = tc.Allocation(RELU(list(widths), bias=bias), learnable, present)
        return lone_unit(allocation, m)

    one = {"W1": [[1, 0, 0], [0, 0, 0], [0, 0, 0]], "W2": [[1, 1, 0]]}
    assert outcome(one) == Lone(0, 0, [0])
    assert outcome(one, m=1) is None  # as many learnable inputs as samples
    assert outcome({**one, "W1": [[1, 0, 0], [0, 1, 0], [0, 0, 0]]}) is None  # two units
    assert outcome({**one, "b2": [1]}, bias=True) is None
    assert outcome({**one, "b1": [1, 0, 0]}, bias=True) is None
    assert outcome(one, {"W1": [[1, 1, 1], [1, 0, 0], [1, 1, 1]]}) is None  # sees input 0 only
    assert outcome(one, {"W1": [[1, 0, 0], [0, 1, 0], [1, 1, 1]]}) == Lone(0, 0, [0])


def test_memory_limits_hold_and_are_said():
    allocation = tc.Allocation.layer(RELU([30, 60, 30]), "W2")
    with pytest.raises(SizeError, match="more than the limit"):
        tc.classify(allocation, 30, memory_limit=10**6)
    explanation = tc.explain(allocation, 30, memory_limit=10**6)
    (relu,) = (one for one in explanation.opinions if one.theorem == "T10")
    assert "more than the limit" in str(relu.obstacle)
    assert explanation.verdict.expressivity == "undecided"


def test_explanations_name_what_t10_says():
    explanation = tc.explain(tc.Allocation.layer(RELU([2, 2, 1]), "W2"), 2)
    (said,) = [opinion for opinion in explanation.opinions if opinion.expressivity]
    assert (said.theorem, said.expressivity) == ("T10", "intermediate")
    assert "57/140 (Gaussian weights and inputs)" in str(said.reason)


# Closed forms


def test_closed_forms_hold_the_measured_shares():
    for widths, m, mask, value in (
        ([2, 2, 1], 2, [[1, 1]], Fraction(57, 140)),
        ([2, 3, 1], 2, [[1, 1, 0]], None),
        ([2, 2, 2], 2, [[1, 1], [1, 1]], Fraction(43, 100)),
        ([3, 3, 2], 1, [[1, 1, 0], [0, 1, 1]], Fraction(5, 8)),
        ([1, 4, 1], 1, [[0, 1, 0, 1]], Fraction(3, 4)),
    ):
        allocation = tc.Allocation(RELU(widths), {"W2": mask})
        form = form_of(allocation, m)
        assert value is None or form == value
        regular = tc.measure(allocation, m, trials=4000, seed=3).regular
        assert regular is not None
        share = regular["matches"] / regular["trials"]
        error = math.sqrt(share * (1 - share) / regular["trials"])
        assert abs(share - form) < 4.5 * error


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=3))
def test_one_sample_is_the_share_of_patterns_that_leave_no_row_dead(rows):
    mask = np.array(rows)
    live = [(mask & np.array(bits)).any(axis=1).all() for bits in product((0, 1), repeat=4)]
    assert one_sample(mask) == Fraction(sum(map(int, live)), 16)


def test_a_closed_form_of_zero_is_minimal_and_no_other():
    for mask in product((0, 1), repeat=3):
        allocation = tc.Allocation(RELU([2, 3, 1]), {"W2": [mask]})
        form = form_of(allocation, 2)
        assert (form == 0) == (classified(allocation, 2).expressivity == "minimal")
        assert 0 <= form < 1


# Planted errors: what the tests above must catch


def caught(monkeypatch, name, check) -> bool:
    """Whether `check` fails for some problem with a planted function of the theorem."""

    @settings(max_examples=60, phases=[Phase.generate])
    @given(problems)
    def search(problem):
        check(*problem)

    with monkeypatch.context() as patch:
        patch.setattr(t10_shallow_relu, name, PLANTED[name])
        try:
            search()
        except (AssertionError, ContradictionError):
            return True
    return False


PLANTED = {
    "interpolating_units": lambda allocation, m: [[0]] * allocation.network.outputs,
    "small_cover": lambda allocation, m: t10_shallow_relu.Cover([], [], []),
    "bounded_output": lambda allocation: 0,
    "lone_unit": lambda allocation, m: Lone(0, 0, [0]) if m > 1 else None,
    "_positive": lambda analysis, point: t10_shallow_relu._by_count(analysis),
}


@pytest.mark.parametrize("name", PLANTED)
def test_wrong_decisions_are_caught_by_the_checker(monkeypatch, name):
    assert caught(monkeypatch, name, check_certificate)


@pytest.mark.parametrize("name", ["small_cover", "_positive"])
def test_wrong_decisions_are_caught_by_ranks_in_floating_point(monkeypatch, name):
    assert caught(monkeypatch, name, check_against_floats)


def test_a_list_without_some_patterns_is_caught(monkeypatch):
    right = PatternList._may_exist

    def wrong(self, bits):
        return right(self, bits) & bits.all(axis=(1, 2))

    monkeypatch.setattr(PatternList, "_may_exist", wrong)
    with pytest.raises((KeyError, AssertionError)):
        test_patterns_that_points_show_are_listed_with_their_ranks([2, 3, 1], 3, False, {})


@given(problems)
def test_the_target_dimension_is_d_m(problem):
    allocation, m = problem
    verdict = classified(allocation, m)
    if verdict.theorem == "T10":
        assert verdict.target_dimension == Analysis(allocation, m).relu.target
        assert verdict.degree is None
