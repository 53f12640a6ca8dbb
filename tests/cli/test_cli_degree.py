"""Degrees on the command line: their line in the report, limits of effort, progress."""

import json
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run

__all__ = ["run"]  # a fixture

EXAMPLES = Path(__file__).parents[2] / "examples" / "allocations"
DIAGONALS, ROW = EXAMPLES / "diagonals.json", EXAMPLES / "recurrent_row.json"


def text_of(result: Any) -> str:
    assert (result.status, result.err) == (0, "")
    return " ".join(result.out.split())


def test_the_report_tells_the_degree_and_how_sure_it_is(run: Any):
    text = text_of(run("classify", ROW))
    degree = "degree 3 (monodromy, two draws; wrong with probability at most 6.0e-08)"
    assert degree in text
    assert "MAXIMAL every random teacher is matched" in text
    text = text_of(run("classify", DIAGONALS))
    assert "INTERMEDIATE some random teachers are matched, some are not" in text
    assert "degree 2 (a proved bound that is met)" in text
    assert degree in text_of(run("explain", ROW))


def test_json_has_the_degree_but_no_further_key(run: Any):
    data = json.loads(run("classify", DIAGONALS, "--json").out)
    assert (data["expressivity"], data["degree"], data["theorem"]) == ("intermediate", 2, "T7")
    assert "degree_source" not in data
    assert tc.check(data["certificate"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seconds", 0], "no degree was sought"),
        (["--most-degree", 1], "more than 1 solutions, the limit"),
        (["--most-degree", 0], "no degree was sought, in an effort of degree 0"),
    ],
)
@pytest.mark.parametrize("command", ["classify", "explain"])
def test_limits_reach_the_search(run: Any, command: str, options: list[Any], words: str):
    text = text_of(run(command, ROW, *options))
    assert "POSITIVE" in text
    assert words in text


def test_without_instances_there_is_no_witness(run: Any):
    text = text_of(run("classify", DIAGONALS, "--instances", 0))
    assert "degree 2 (a proved bound that is met)" in text
    assert "POSITIVE" in text


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--seconds", "x", "must be a number from 0, not 'x'"),
        ("--seconds", "-1", "must be a number from 0, not '-1'"),
        ("--seconds", "nan", "must be a number from 0, not 'nan'"),
        ("--most-degree", "1.5", "must be an integer from 0, not '1.5'"),
        ("--instances", "-3", "must be an integer from 0, not '-3'"),
    ],
)
@pytest.mark.parametrize("command", ["classify", "explain"])
def test_bad_limits_are_one_line(run: Any, command: str, option: str, value: str, message: str):
    check_one_line(run(command, ROW, option, value), f"'{option}': {message}")
