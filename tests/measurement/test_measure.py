"""Measured match probabilities: known values, seeds, intervals, interrupts, inputs."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

import theorycheck as tc
from theorycheck.measurement import homotopy, methods
from theorycheck.measurement.intervals import clopper_pearson
from theorycheck.measurement.trials import LinearTrials, Source
from theorycheck.numeric.monodromy import Monodromy
from theorycheck.problem.files import problem_from_dict

pytestmark = pytest.mark.long

DIAGONALS = tc.Allocation(
    tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2, dtype=bool), "W2": np.eye(2, dtype=bool)}
)
EXACT_DIAGONALS = 0.8956  # to 2e-4: a discriminant in Gaussian products (see docs/measurement.md)
RECURRENT = tc.LinearRecurrent(1, 2, 1, 4, "final")
CUBIC = tc.Allocation.rows(RECURRENT, {"recurrent": [0]})
LAST = tc.Allocation.layer(tc.LinearFeedforward([2, 3, 2]), "W2")


def measured(allocation, samples, **options):
    return tc.measure(allocation, samples, backend="numpy", **options)


def facts(estimate):
    return {key: value for key, value in asdict(estimate).items() if key != "seconds"}


# Known values


def test_a_known_probability_lies_in_the_interval():
    estimate = measured(DIAGONALS, 2, trials=4000)
    low, high = estimate.interval
    assert low < EXACT_DIAGONALS < high
    assert high - low < 0.025
    assert (estimate.method, estimate.undecided) == ("homotopy", 0)
    assert (estimate.rank, estimate.target_dimension, estimate.degree) == (4, 4, 2)


def test_an_odd_degree_leaves_no_draw_unmatched():
    estimate = measured(CUBIC, 2, trials=1000)
    assert estimate.degree == 3
    assert estimate.matches + estimate.undecided == 1000
    assert estimate.undecided <= 5


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_both_laws_agree_on_what_is_generic(law):
    assert measured(LAST, 2, trials=200, law=law).matches == 200
    short = tc.Allocation.rows(tc.LinearFeedforward([2, 3, 2]), {"W2": [0]})
    estimate = measured(short, 2, trials=200, law=law)
    assert (estimate.matches, estimate.undecided, estimate.law) == (0, 0, law)
    assert (estimate.rank, estimate.target_dimension) == (2, 4)


def test_the_law_matters_where_the_probability_is_between():
    estimates = [measured(DIAGONALS, 2, trials=500, law=law) for law in ("normal", "uniform")]
    assert estimates[0].matches != estimates[1].matches
    assert all(0 < estimate.matches < 500 for estimate in estimates)


@pytest.mark.parametrize("readout", ["final", "all"])
def test_recurrent_networks_of_both_readouts(readout):
    network = tc.LinearRecurrent(1, 2, 1, 3, readout)
    full = measured(tc.Allocation.full(network), 1, trials=20, restarts=30)
    assert full.matches
    assert full.matches + full.undecided == 20
    none = measured(tc.Allocation.none(network), 1, trials=20)
    assert (none.matches, none.undecided, none.method) == (0, 0, "comparison")
    assert none.rank == 0


def test_biases_are_part_of_teacher_and_student():
    network = tc.LinearFeedforward([2, 2, 2], bias=True)
    weights = tc.Allocation.layer(network, "W2")
    both = tc.Allocation(
        network, {name: np.ones(network.weight_shapes[name]) for name in ("W2", "b2")}
    )
    assert measured(weights, 5, trials=100).matches == 0
    estimate = measured(both, 5, trials=100)
    assert (estimate.matches, estimate.rank, estimate.target_dimension) == (100, 6, 6)


def test_absent_connections_stay_absent():
    network = tc.LinearFeedforward([2, 2])
    present = {"W1": [[1, 0], [1, 1]]}
    diagonal = tc.Allocation(network, {"W1": [[1, 0], [1, 1]]}, present)
    estimate = measured(diagonal, 2, trials=100)
    assert (estimate.matches, estimate.target_dimension) == (100, 3)
    partial = measured(tc.Allocation(network, {"W1": [[1, 0], [1, 0]]}, present), 2, trials=100)
    assert (partial.matches, partial.undecided) == (0, 0)


def test_combined_inputs_are_matched_like_all_inputs():
    """More samples than inputs are replaced by combinations; here the outputs are fitted whole."""
    allocation = tc.Allocation(tc.LinearFeedforward([2, 3, 2]), {"W2": [[1, 1, 0], [1, 1, 1]]})
    source = Source(allocation, 5)
    rng = np.random.default_rng(7)
    teacher, student = source.weights(rng, 30), source.weights(rng, 30)
    inputs = source.inputs(rng, 30)
    drawn = LinearTrials(source).draw(np.random.default_rng(7), 30)
    assert drawn.instance.inputs.shape == (30, 2, 2)
    mask = allocation.mask("W2")
    for k in range(30):
        wanted = teacher["W2"][k] @ teacher["W1"][k] @ inputs[k]
        gram = drawn.instance.inputs[k]
        assert np.allclose(gram @ gram.T, inputs[k] @ inputs[k].T)
        hidden, distance = student["W1"][k] @ inputs[k], 0.0
        for row in range(2):
            rest = wanted[row] - (student["W2"][k][row] * ~mask[row]) @ hidden
            fit = np.linalg.lstsq(hidden[mask[row]].T, rest, rcond=None)[0]
            distance += np.abs(fit @ hidden[mask[row]] - rest).max()
        assert distance < 1e-9  # two independent rows per output: every teacher on any samples
    assert measured(allocation, 5, trials=30).matches == 30


def test_combined_inputs_change_no_decision_where_some_match():
    many = measured(DIAGONALS, 6, trials=500)
    few = measured(DIAGONALS, 2, trials=500)
    assert many.interval[0] < few.interval[1]  # the probability does not depend on the inputs
    assert many.interval[1] > few.interval[0]
    assert 0 < many.matches < 500
    assert many.degree == 2


# Seeds and chunks


def test_the_seed_fixes_everything():
    one, other = (measured(DIAGONALS, 2, trials=300, seed=5) for _ in range(2))
    assert facts(one) == facts(other)
    assert facts(measured(DIAGONALS, 2, trials=300, seed=6))["matches"] != one.matches


def test_more_trials_begin_with_the_same_decisions():
    seen = []
    measured(DIAGONALS, 2, trials=700, progress=lambda now: seen.append(facts(now.found)))
    assert [entry["trials"] for entry in seen] == [500, 700]
    assert seen[0] == facts(measured(DIAGONALS, 2, trials=500))


def test_a_wanted_width_ends_the_measurement():
    estimate = measured(LAST, 2, trials=10**6, width=0.005)
    assert estimate.interval[1] - estimate.interval[0] <= 0.005
    assert estimate.trials == 1000


def test_an_interrupt_keeps_what_was_done():
    def stop(now):
        if now.done >= 1000:
            raise KeyboardInterrupt

    estimate = measured(LAST, 2, trials=10**6, progress=stop)
    assert (estimate.matches, estimate.trials) == (1000, 1000)


def test_an_interrupt_before_any_draw_is_one(monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(methods, "_drawn", stop)
    with pytest.raises(KeyboardInterrupt):
        measured(LAST, 2)


# Intervals


@pytest.mark.parametrize(("matches", "trials"), [(0, 1), (1, 1), (3, 10), (90, 100), (1000, 1000)])
def test_intervals_are_those_of_the_beta_distribution(matches, trials):
    low, high = clopper_pearson(matches, trials)
    assert low == (pytest.approx(beta.ppf(0.025, matches, trials - matches + 1)) if matches else 0)
    if matches < trials:
        assert high == pytest.approx(beta.ppf(0.975, matches + 1, trials - matches))
    else:
        assert high == 1


def test_known_intervals():
    assert clopper_pearson(0, 100)[1] == pytest.approx(0.0362, abs=5e-5)
    assert clopper_pearson(50, 100) == pytest.approx((0.3983, 0.6017), abs=5e-5)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_undecided_draws_widen_the_interval_both_ways():
    low, high = clopper_pearson(50, 100, undecided=20)
    assert low == clopper_pearson(50, 100)[0]
    assert high == clopper_pearson(70, 100)[1]


# Inputs from data


def test_inputs_come_from_the_data():
    data = np.random.default_rng(0).normal(size=(7, 2))
    drawn = Source(LAST, 2, data=data).inputs(np.random.default_rng(1), 20)
    for sample in drawn.swapaxes(1, 2).reshape(20, 2, 2):
        found = [int(np.flatnonzero((data == point).all(axis=1))[0]) for point in sample]
        assert len(set(found)) == 2
    assert measured(LAST, 2, trials=100, inputs=data).matches == 100


def test_degenerate_data_lower_the_dimensions_that_are_measured():
    estimate = measured(LAST, 2, trials=50, inputs=np.outer([1.0, 2, 3], [1, 1]))
    assert (estimate.rank, estimate.target_dimension, estimate.matches) == (2, 2, 50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": np.ones((5, 3))}, r"shape \(points, 2\), not \(5, 3\)"),
        ({"inputs": np.ones(5)}, r"shape \(points, 2\), not \(5,\)"),
        ({"inputs": np.full((5, 2), np.nan)}, "finite"),
        ({"inputs": np.ones((1, 2))}, "2 points or more, not 1"),
        ({"law": "cauchy"}, "normal or uniform"),
        ({"width": 1.5}, "between 0 and 1"),
        ({"trials": 0}, "trials"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"restarts": 0}, "restarts"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(tc.InputError, match=message):
        measured(LAST, 2, **options)


def test_data_are_for_feedforward_networks():
    with pytest.raises(tc.InputError, match="feed-forward"):
        measured(CUBIC, 2, inputs=np.ones((9, 1)))


# The search refutes an incomplete set of solutions


def planted_loss(monkeypatch, keep=1):
    """Monodromy that drops all solutions but the first ones, and does not know."""
    from theorycheck.measurement import homotopy

    honest = homotopy.find_solutions

    def lossy(*arguments, **options):
        found = honest(*arguments, **options)
        kept = found.solutions[:keep]
        return Monodromy(found.instance, kept, found.quiet_loops, found.lost, True)

    monkeypatch.setattr(homotopy, "find_solutions", lossy)


def test_missing_solutions_make_draws_undecided_not_unmatched(monkeypatch):
    planted_loss(monkeypatch)
    estimate = measured(CUBIC, 2, trials=100)
    assert estimate.degree is None
    assert estimate.matches + estimate.undecided == 100  # the truth: all are matched
    assert estimate.interval[1] == 1
    # It is the search that does so: without it draws are called unmatched.
    monkeypatch.setattr(methods._StudentSearch, "_cross_check", lambda *arguments: None)
    blind = measured(CUBIC, 2, trials=100)
    assert blind.degree == 1
    assert blind.matches + blind.undecided < 100


def test_a_late_refutation_takes_back_earlier_answers(monkeypatch):
    planted_loss(monkeypatch)
    honest = methods._StudentSearch._cross_check

    def late(search, decisions, instances, chunk):
        if chunk:
            honest(search, decisions, instances, chunk)

    monkeypatch.setattr(methods._StudentSearch, "_cross_check", late)
    seen = []
    estimate = measured(CUBIC, 2, trials=520, progress=lambda now: seen.append(now.found))
    assert seen[0].matches + seen[0].undecided < 500
    assert estimate.matches + estimate.undecided == 520


# Allocations with known classes (tests/known)


def known(stem, number):
    path = Path(__file__).parents[1] / "known" / f"{stem}.json"
    entry = json.loads(path.read_text())[number]
    expected = entry.pop("expected")
    return *problem_from_dict(entry), expected


SPREAD = [
    *[("lffn_222", number) for number in (4, 22)],
    *[("lffn_323", number) for number in (2, 5)],
    *[("lrnn_2114", number) for number in (1, 2, 5)],
    *[("lrnn_mixed", number) for number in (3, 27)],
    *[("ranks", number) for number in (0, 1, 3)],
    ("trap_double_k33", 0),
]


@pytest.mark.parametrize(("stem", "number"), SPREAD)
def test_measured_numbers_are_the_known_ones(stem, number):
    allocation, samples, expected = known(stem, number)
    estimate = measured(allocation, samples, trials=100)
    for name in ("rank", "target_dimension", "degree"):
        if None not in (expected.get(name), getattr(estimate, name)):
            assert getattr(estimate, name) == expected[name]
    kind = expected.get("expressivity")
    if kind == "minimal" or expected.get("minimal"):
        assert estimate.matches == 0
    if kind == "maximal":
        assert estimate.matches + estimate.undecided == 100
        assert estimate.undecided <= 2
    if "matches" in expected:  # two binomial counts of the same probability
        low, high = clopper_pearson(expected["matches"], expected["trials"], level=0.9999)
        assert estimate.interval[0] < high
        assert estimate.interval[1] > low


def test_a_match_of_independent_equations_must_fit_the_dependent_ones_too(monkeypatch):
    """Rank and target are 3, equations and learnables 4: a search solves three equations first."""
    first, last = [[1, 1]], [[1, 0, 0], [1, 0, 0]]
    student = tc.Allocation(tc.LinearFeedforward([2, 1, 3, 2]), {"W1": first, "W3": last})
    found = tc.measure(student, 2, trials=20, backend="numpy")
    assert (found.rank, found.target_dimension, found.method) == (3, 3, "Levenberg-Marquardt")
    assert found.matches > 0
    for module in (methods, homotopy):
        monkeypatch.setattr(module, "misfits", lambda trials, theta, inst: np.ones(len(theta)))
    assert tc.measure(student, 2, trials=20, backend="numpy").matches == 0
