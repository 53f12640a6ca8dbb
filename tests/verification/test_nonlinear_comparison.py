"""Verdicts on nonlinear networks against measurements, in Python, text, pictures and pages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.cli.test_cli import run
from theorycheck.measurement.nonlinear import methods
from theorycheck.problem.files import problem_to_dict

__all__ = ["run"]  # a fixture

TANH = tc.Feedforward([2, 3, 1], activation="tanh", bias=True)
RNN = tc.Recurrent(1, 2, 1, 3, activation="sigmoid")
POSITIVE = tc.Allocation(TANH, {"W1": [[1, 0], [0, 0], [0, 0]], "W2": [[1, 1, 0]]}), 3
SHORT = tc.Allocation(TANH, {"W2": [[1, 1, 1]]}), 4  # three learnables, four equations
FROZEN = tc.Allocation(tc.Feedforward([1, 1, 1], activation="tanh"), {"W1": [[1]]}), 1
OVER_TIME = tc.Allocation(RNN, {"input": [[1], [0]], "readout": [[1, 1]]}), 2
PIECEWISE = tc.Allocation(
    tc.Feedforward([2, 2, 2, 1], activation="leaky_relu"), {"W1": [[1, 1], [0, 0]]}
), 2  # fmt: skip
FILTERS = [{"channels": 2, "kernel": 2, "padding": 1, "pool": 2}]
SHARED = tc.Allocation(
    tc.Convolutional([1, 3], FILTERS, 1, activation="tanh", bias=True),
    {"W1": [[[1, 0]], [[0, 0]]], "W2": [[1, 1, 0, 0]]},
), 3  # fmt: skip
RESIDUAL = tc.Allocation(
    tc.Feedforward([2, 2, 2, 1], activation="sigmoid", skip=True), {"W1": [[1, 0], [0, 0]]}
), 2  # fmt: skip
PROBLEMS = [
    POSITIVE, SHORT, FROZEN, OVER_TIME, PIECEWISE, SHARED, RESIDUAL, (tc.Allocation.full(TANH), 4),
]  # fmt: skip


def compared(problem: Any, **options: Any) -> Any:
    return tc.compare(*problem, **{"backend": "numpy", "trials": 60, "restarts": 5, **options})


def said(problem: Any, expressivity: str, **changes: Any) -> Any:
    """The verdict with another class, and without numbers that contradict it."""
    kind = tc.Expressivity(expressivity)
    return replace(tc.classify(*problem), expressivity=kind, theorem=None, **changes)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_no_verdict_is_refuted(problem: Any):
    found = compared(problem)
    is_open = found.verdict.expressivity == tc.Expressivity.UNDECIDED
    if problem is POSITIVE:  # maximal, but the search misses matches with large weights
        assert found.verdict.expressivity == tc.Expressivity.MAXIMAL
        assert found.estimate.matches > 30
        assert found.estimate.matches + found.estimate.undecided == found.estimate.trials
        is_open = True
    assert found.outcome == ("inconclusive" if is_open else "agree")


@pytest.mark.parametrize(
    ("problem", "wrong"),
    [(POSITIVE, "minimal"), (FROZEN, "maximal"), (SHORT, "maximal"), (SHORT, "positive")],
)
def test_a_wrong_class_is_refuted(problem: Any, wrong: str):
    verdict = said(problem, wrong, rank=None, target_dimension=None)
    assert compared(problem, verdict=verdict).outcome == "refuted"


def test_a_wrong_rank_is_refuted():
    verdict = replace(tc.classify(*POSITIVE), rank=2)
    found = compared(POSITIVE, verdict=verdict)
    assert found.outcome == "refuted"
    assert "the rank is 3 as measured, not 2" in found.reason


def test_what_a_search_leaves_open_decides_nothing():
    """An intermediate student called maximal: a search alone finds no unmatched draw."""
    network = tc.Feedforward([1, 1, 1], activation="tanh", bias=True)
    problem = tc.Allocation(network, {"b1": [1], "W2": [[1]], "b2": [1]}), 3
    found = compared(problem, verdict=said(problem, "maximal"))
    assert found.outcome == "inconclusive"
    assert found.estimate.undecided > 10


def test_a_comparison_can_be_repeated_from_its_settings():
    first = compared(OVER_TIME, seed=4)
    again = compared(OVER_TIME, seed=first.settings["seed"])
    assert (first.estimate.matches, first.outcome) == (again.estimate.matches, again.outcome)
    assert json.loads(json.dumps(first.to_dict()))["estimate"]["matches"] == first.estimate.matches


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Some of the problems as files."""
    paths = []
    for number, problem in enumerate((POSITIVE, OVER_TIME, PIECEWISE)):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(problem_to_dict(*problem)))
    return paths


def test_commands_measure_and_compare(run: Any, files: list[Path]):
    counted = tc.measure(*POSITIVE, trials=60, backend="numpy", seed=2)
    options = ("--trials", "60", "--backend", "numpy", "--seed", "2")
    shown = run("measure", files[0], *options)
    assert (shown.status, shown.err) == (0, "")
    assert f"{counted.matches} of 60 draws" in shown.out
    assert methods.SEARCH in shown.out
    data = json.loads(run("measure", files[0], *options, "--json").out)
    assert (data["matches"], data["undecided"]) == (counted.matches, counted.undecided)
    shown = run("compare", *files[:2], *options)
    assert shown.status == 0
    assert shown.out.count("AGREE") == 2


def test_progress_tells_the_estimate_so_far():
    told: list[Any] = []
    estimate = tc.measure(*OVER_TIME, trials=600, backend="numpy", progress=told.append)
    assert [step.found.trials for step in told if step.found is not None] == [500, 600]
    assert told[-1].found.matches == estimate.matches


def test_pictures_and_pages_show_the_measurement(run: Any, files: list[Path], tmp_path: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is missing (extra plot)")
    picture, page = tmp_path / "all.svg", tmp_path / "page.html"
    shown = run("plot", *files, "--measure", "40", "--out", picture)
    assert (shown.status, picture.exists()) == (0, True)
    shown = run("plot", files[1], "--what", "all", "--measure", "40", "--out", picture)
    assert (shown.status, shown.err) == (0, "")
    shown = run("report", *files, "--measure", "40", "--out", page)
    assert shown.status == 0
    assert "Levenberg-Marquardt" in page.read_text()


def test_matches_of_teachers_that_may_not_be_regular_refute_nothing():
    """With ReLU a dead teacher is matched by a dead student; here no draw tells which are regular.

    The rank is 4 at most, of 6 equations.
    """
    network = tc.Feedforward([1, 1, 1, 1], activation="relu", bias=True)
    problem = tc.Allocation(network, {"b3": [1]}), 6
    found = compared(problem)
    assert found.verdict.expressivity == tc.Expressivity.MINIMAL
    assert found.verdict.conditioned_on == "regular teacher"
    assert found.estimate.matches > 0
    assert found.outcome == "inconclusive"
    assert "which teachers are regular is not measured" in found.reason
