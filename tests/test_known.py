"""Allocations with exact expected answers (tests/known/*.json)."""

import json
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from theorycheck.analysis import Analysis
from theorycheck.files import problem_from_dict

KNOWN = Path(__file__).parent / "known"
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
def test_minimal_is_found_and_no_verdict_contradicts(stem, number):
    allocation, samples, expected = read(stem, number)
    verdict = tc.classify(allocation, samples, cross_check=True)
    if "expressivity" in expected:
        assert tc.Expressivity(expected["expressivity"]) in verdict.expressivity.possible
    is_minimal = expected.get("minimal", expected.get("expressivity") == "minimal")
    assert (verdict.expressivity == "minimal") == is_minimal
    assert tc.check(verdict.certificate).reason == "verified"  # type: ignore[arg-type]


@pytest.mark.parametrize("stem", RELU)
def test_relu_networks_are_specified_but_not_decided(stem):
    for number in range(len(json.loads((KNOWN / f"{stem}.json").read_text()))):
        allocation, samples, _ = read(stem, number)
        verdict = tc.classify(allocation, samples)
        assert (verdict.expressivity, verdict.theorem) == ("undecided", None)
        assert verdict.to_dict()["conditioned_on"] == "regular teacher"


def test_the_trap_that_fools_every_count_is_minimal_by_rank():
    allocation, samples, _ = read("trap_double_k33", 0)
    verdict = tc.classify(allocation, samples)
    assert (verdict.expressivity, verdict.theorem, verdict.rank) == ("minimal", "T1", 8)
    assert verdict.rigor == "probabilistic"
    assert 0 < verdict.error_bound <= 1e-9
