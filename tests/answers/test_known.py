"""Allocations with exact expected answers (tests/known/*.json)."""

import json
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests import page_checker
from tests.shared.strategies import WORK_ONLY
from theorycheck.computing.effort import Effort
from theorycheck.problem.files import problem_from_dict
from theorycheck.theorems.analysis import Analysis

pytestmark = pytest.mark.long

KNOWN = Path(__file__).parents[1] / "known"
LINEAR = [
    (file.stem, number)
    for file in sorted(KNOWN.glob("*.json"))
    for number, entry in enumerate(json.loads(file.read_text()))
    if entry["network"]["kind"] != "shallow_relu"
]
RELU = ["relu", "relu_regular"]


def read(stem: str, number: int) -> tuple[tc.Allocation, int, dict[str, Any]]:
    entry = json.loads((KNOWN / f"{stem}.json").read_text())[number]
    expected = entry.pop("expected")
    allocation, samples = problem_from_dict(entry)
    return allocation, samples, expected


def test_no_file_of_known_answers_is_missing():
    assert len(LINEAR) == 70 + 50 + 6 + 28 + 100 + 1


@pytest.mark.parametrize(("stem", "number"), LINEAR)
def test_rank_and_target_dimension_are_as_expected(stem, number):
    allocation, samples, expected = read(stem, number)
    analysis = Analysis(allocation, samples)
    assert analysis.rank.value == expected["rank"]
    assert analysis.target.value == expected["target_dimension"]


@pytest.mark.parametrize(("stem", "number"), LINEAR)
def test_class_and_degree_are_as_expected_and_the_certificate_holds(stem, number):
    allocation, samples, expected = read(stem, number)
    is_open = "expressivity" not in expected  # then only the rank is known: no degree is sought
    effort = Effort(seconds=0) if is_open else WORK_ONLY
    verdict = tc.classify(allocation, samples, cross_check=True, effort=effort)
    if not is_open:
        assert verdict.expressivity == expected["expressivity"]
    is_minimal = expected.get("minimal", expected.get("expressivity") == "minimal")
    assert (verdict.expressivity == "minimal") == is_minimal
    if "degree" in expected:
        assert verdict.degree == expected["degree"]
    assert verdict.certificate is not None
    data = json.loads(json.dumps(verdict.certificate.to_dict()))
    result = tc.check(data)
    assert result.reason == "verified"
    assert page_checker.check(data) == (True, "verified")
    assert result.given == ()
    assert result.error_bound <= verdict.error_bound * (1 + 1e-6)  # degrees are counted again


@pytest.mark.parametrize("stem", RELU)
def test_relu_networks_are_minimal_where_no_regular_teacher_was_matched(stem):
    for number in range(len(json.loads((KNOWN / f"{stem}.json").read_text()))):
        allocation, samples, expected = read(stem, number)
        verdict = tc.classify(allocation, samples, cross_check=True)
        regular = expected["regular"]
        assert (verdict.expressivity == "minimal") == (regular["matches"] == 0)
        assert verdict.expressivity in ("minimal", "intermediate", "positive", "maximal")
        assert verdict.expressivity != "maximal" or regular["matches"] == regular["trials"]
        assert verdict.to_dict()["conditioned_on"] == "regular teacher"
        assert verdict.certificate is not None
        assert tc.check(verdict.certificate).reason == "verified"
        assert page_checker.check(verdict.certificate.to_dict()) == (True, "verified")


def test_the_trap_that_fools_every_count_is_minimal_by_rank():
    allocation, samples, _ = read("trap_double_k33", 0)
    verdict = tc.classify(allocation, samples)
    assert (verdict.expressivity, verdict.theorem, verdict.rank) == ("minimal", "T1", 8)
    assert verdict.rigor == "probabilistic"
    assert 0 < verdict.error_bound <= 1e-9
