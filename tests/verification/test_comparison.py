"""Verdicts against measurements: no true one is refuted, every planted error is caught."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import theorycheck as tc
from tests.measurement.test_measure import CUBIC, DIAGONALS, LAST, known, planted_loss
from tests.shared.strategies import (
    NO_DEGREES,
    SMALL_DEGREES,
    WORK_ONLY,
    allocations,
    linear_networks,
    samples,
)
from theorycheck.measurement.intervals import clopper_pearson
from theorycheck.problem.files import problem_from_dict
from theorycheck.verification.comparison import judge

pytestmark = pytest.mark.long

SHORT = tc.Allocation.rows(tc.LinearFeedforward([2, 3, 2]), {"W2": [0]})
EFFORT = replace(WORK_ONLY, instances=200)


def compared(allocation, m, **options):
    return tc.compare(allocation, m, backend="numpy", **{"effort": EFFORT, **options})


def planted(allocation, m, expressivity, **changes):
    """The verdict with another class (and, as `classify` would, numbers that fit it)."""
    verdict = tc.classify(allocation, m, effort=EFFORT)
    return replace(verdict, expressivity=tc.Expressivity(expressivity), **changes)


# True verdicts


@pytest.mark.parametrize(
    ("stem", "number"),
    [
        *[("lffn_222", number) for number in (0, 1, 9, 22, 46, 69)],
        *[("lffn_323", number) for number in (0, 1, 3, 11)],
        *[("lrnn_2114", number) for number in (0, 2, 4)],
        *[("lrnn_mixed", number) for number in (0, 2, 9, 20)],
        ("trap_double_k33", 0),
    ],
)
def test_known_verdicts_are_not_refuted(stem, number):
    allocation, m, expected = known(stem, number)
    found = compared(allocation, m, trials=100)
    assert found.verdict.expressivity == expected["expressivity"]
    assert found.outcome == "agree", found.reason


@settings(max_examples=15)
@given(allocations(linear_networks), samples)
def test_random_allocations_are_not_refuted(allocation, m):
    found = compared(allocation, m, trials=30, restarts=2, effort=SMALL_DEGREES)
    assert found.outcome != "refuted", found.reason


def test_positive_agrees_with_a_match_and_undecided_claims_nothing():
    positive = compared(DIAGONALS, 2, trials=50, effort=NO_DEGREES)
    assert (positive.verdict.expressivity, positive.outcome) == ("positive", "agree")
    unknown = planted(DIAGONALS, 2, "undecided", rank=None, target_dimension=None, degree=None)
    assert compared(DIAGONALS, 2, trials=50, verdict=unknown).outcome == "inconclusive"


def test_relu_is_compared_among_regular_teachers():
    allocation = tc.Allocation.rows(tc.ShallowReLU([2, 3, 1]), {"W1": [0]})
    found = compared(allocation, 2, trials=50)
    assert (found.verdict.expressivity, found.outcome) == ("intermediate", "agree")
    minimal = replace(found.verdict, expressivity=tc.Expressivity.MINIMAL)
    assert found.estimate.regular is not None
    assert found.estimate.regular["matches"] > 0
    assert judge(minimal, found.estimate)[0] == "refuted"
    dead = {"matches": 0, "trials": 40, "undecided": 0, "interval": [0.0, 0.09]}
    assert judge(minimal, replace(found.estimate, regular=dead))[0] == "agree"


# Planted errors


def test_intermediate_called_maximal_is_refuted():
    found = compared(DIAGONALS, 2, trials=200, verdict=planted(DIAGONALS, 2, "maximal"))
    assert found.outcome == "refuted"
    assert "the verdict is maximal, but of 200 draws" in found.reason


@pytest.mark.parametrize("allocation", [DIAGONALS, CUBIC, LAST])
def test_a_possible_match_called_impossible_is_refuted(allocation):
    numbers = {"rank": None, "target_dimension": None, "degree": None}
    found = compared(allocation, 2, trials=20, verdict=planted(allocation, 2, "minimal", **numbers))
    assert found.outcome == "refuted"
    assert "reaches the measured target dimension" in found.reason
    # Without measured ranks the matches alone refute it.
    estimate = replace(found.estimate, rank=None, target_dimension=None)
    assert judge(found.verdict, estimate)[0] == "refuted"


@pytest.mark.parametrize("kind", ["maximal", "intermediate", "positive"])
def test_minimal_called_possible_is_refuted(kind):
    numbers = {"rank": None, "target_dimension": None, "degree": None}
    found = compared(SHORT, 2, trials=20, verdict=planted(SHORT, 2, kind, **numbers))
    assert found.outcome == "refuted"
    assert "the measured rank 2 is below the measured target dimension 4" in found.reason


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("degree", 4, "the degree is 2 as measured, not 4"),
        ("rank", 3, "the rank is 4 as measured, not 3"),
        ("target_dimension", 5, "the target dimension is 4 as measured, not 5"),
    ],
)
def test_a_wrong_number_is_refuted_and_named(name, wrong, words):
    verdict = planted(DIAGONALS, 2, "intermediate", **{name: wrong})
    found = compared(DIAGONALS, 2, trials=20, verdict=verdict)
    assert found.outcome == "refuted"
    assert words in found.reason


def test_a_transposed_mask_is_refuted():
    network = tc.LinearFeedforward([3, 3, 3])
    mask = np.ones((3, 3), dtype=bool)
    mask[0] = False
    rows, columns = (tc.Allocation(network, {"W2": some}) for some in (mask, mask.T))
    wide = tc.classify(rows, 2), tc.classify(columns, 2)
    assert [verdict.expressivity for verdict in wide] == ["minimal", "maximal"]
    assert compared(rows, 2, trials=50, verdict=wide[1]).outcome == "refuted"
    assert compared(columns, 2, trials=50, verdict=wide[0]).outcome == "refuted"


def test_missing_solutions_never_refute_a_true_class(monkeypatch):
    planted_loss(monkeypatch)
    verdict = tc.classify(CUBIC, 2, effort=EFFORT)
    assert (verdict.expressivity, verdict.degree) == ("maximal", 3)
    found = compared(CUBIC, 2, trials=60, verdict=verdict)
    assert found.outcome != "refuted", found.reason


# Rules at their edges


@pytest.mark.parametrize(
    ("kind", "matches", "undecided", "outcome"),
    [
        ("minimal", 0, 0, "agree"),
        ("minimal", 0, 100, "agree"),  # the rank says it
        ("maximal", 100, 0, "agree"),
        ("maximal", 95, 5, "agree"),
        ("maximal", 94, 6, "inconclusive"),
        ("maximal", 0, 100, "inconclusive"),
        ("maximal", 99, 0, "refuted"),
        ("intermediate", 1, 0, "agree"),
        ("intermediate", 100, 0, "inconclusive"),
        ("intermediate", 0, 0, "inconclusive"),
        ("intermediate", 60, 40, "inconclusive"),
        ("positive", 1, 99, "agree"),
        ("positive", 0, 0, "inconclusive"),
        ("undecided", 50, 0, "inconclusive"),
    ],
)
def test_rules(kind, matches, undecided, outcome):
    verdict = planted(DIAGONALS, 2, kind, rank=None, target_dimension=None, degree=None)
    interval = clopper_pearson(matches, 100, undecided)
    estimate = replace(
        tc.measure(DIAGONALS, 2, trials=5, backend="numpy"),
        matches=matches,
        trials=100,
        undecided=undecided,
        interval=interval,
        rank=3 if kind == "minimal" else 4,
    )
    assert judge(verdict, estimate)[0] == outcome


@pytest.mark.parametrize(
    ("method", "degree", "matches", "outcome"),
    [
        ("least squares", None, 1, "inconclusive"),
        ("least squares", None, 2, "refuted"),
        ("homotopy", None, 1, "inconclusive"),  # more equations than unknowns
        ("homotopy", 2, 1, "refuted"),
        ("Levenberg-Marquardt", None, 1, "refuted"),
    ],
)
def test_a_match_up_to_rounding_alone_refutes_nothing(method, degree, matches, outcome):
    verdict = tc.classify(SHORT, 2)
    estimate = tc.measure(SHORT, 2, trials=100, backend="numpy")
    estimate = replace(estimate, method=method, degree=degree, matches=matches)
    verdict = replace(verdict, degree=None)
    assert judge(verdict, estimate)[0] == outcome


# Reproduction


def test_endless_seconds_are_null_in_json():
    found = tc.compare(LAST, 2, trials=5, effort=tc.Effort(seconds=float("inf"), paths=9))
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["settings"]["effort"]["seconds"] is None
    assert data["settings"]["effort"]["paths"] == 9


def test_a_comparison_can_be_repeated_from_its_json():
    found = compared(DIAGONALS, 2, trials=60, seed=3, law="uniform")
    data = json.loads(json.dumps(found.to_dict()))
    assert data.keys() == {
        *("outcome", "reason", "verdict", "estimate", "allocation", "settings", "versions")
    }
    assert data["versions"].keys() == {"theorycheck", "python", "numpy", "scipy"}
    settings = data["settings"]
    limits = settings.pop("effort")
    effort = tc.Effort(
        **{**limits, "seconds": float("inf" if limits["seconds"] is None else limits["seconds"])}
    )
    again = tc.compare(*problem_from_dict(data["allocation"]), **settings, effort=effort)
    assert again.reason == found.reason
    assert again.estimate.matches == data["estimate"]["matches"]
