"""The commands capacity, design and repair: output, files, and one line for whatever is wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.cli.test_cli import MINIMAL, check_one_line, problems, run

__all__ = ["problems", "run"]  # fixtures

CROSS = Path(__file__).parents[2] / "examples" / "allocations" / "cross.json"
NETWORK = {"kind": "linear_feedforward", "widths": [3, 4, 2]}
MIXED = {
    "network": {"kind": "feedforward", "widths": [2, 2, 2, 1], "activation": ["tanh", "relu"]},
    "samples": 2,
    "learnable": {"W3": [[1, 1]]},
}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(NETWORK))
    return path


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A problem of which no theorem decides: its activations are of several families."""
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps(MIXED))
    return path


def text_of(result: Any) -> str:
    assert (result.status, result.err) == (0, "")
    return " ".join(result.out.split())


# Capacity


def test_capacity_tells_both_limits_and_why(run: Any):
    text = text_of(run("capacity", CROSS))
    assert "cross.json: linear feed-forward 4-4-3; 9 of 28 weights learnable" in text
    assert "MAXIMAL on up to 2 samples; on 3 it is not" in text
    assert "POSITIVE on up to 2 samples; minimal from 3 on" in text
    assert "m = 3 minimal by T4" in text


@pytest.mark.parametrize(
    ("learnable", "words"),
    [
        ({"W1": [[1, 1], [1, 1]]}, ["MAXIMAL on any number of samples POSITIVE on any number"]),
        ({}, ["MAXIMAL on no number of samples", "minimal from 1 on"]),
    ],
)
def test_capacity_without_limit_or_without_samples(
    run: Any, tmp_path: Path, learnable: Any, words: list[str]
):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**MINIMAL, "learnable": learnable}))
    text = text_of(run("capacity", path))
    assert all(word in text for word in words)


def test_capacity_of_kinks_speaks_of_regular_teachers(run: Any, problems: dict[str, Path]):
    text = text_of(run("capacity", problems["relu"]))
    assert "POSITIVE on up to 3 samples; minimal from 4 on" in text
    assert "given a regular teacher" in text


def test_capacity_json_and_bad_files(run: Any, problems: dict[str, Path], mixed: Path):
    result = run("capacity", problems["minimal"], mixed, CROSS, "--json")
    check_one_line(result, mixed, "of linear networks and by T11")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["file"] for line in lines] == [str(problems["minimal"]), str(CROSS)]
    assert (lines[0]["maximal"], lines[0]["minimal_from"], lines[0]["is_tight"]) == (1, 2, True)
    assert lines[1]["verdicts"]["3"]["expressivity"] == "minimal"


# Design


def test_design_writes_what_classify_finds_maximal(run: Any, network: Path, tmp_path: Path):
    out = tmp_path / "out.npz"
    text = text_of(run("design", network, "--samples", 3, "--budget", 7, "--out", out))
    assert "network.json: linear feed-forward 3-4-2, 3 samples; budget 7" in text
    assert "MAXIMAL" in text
    assert "because T" in text
    allocation, samples = tc.load(out)
    assert (allocation.n_learnable, samples) == (7, 3)
    assert "MAXIMAL" in text_of(run("classify", out))


def test_design_json(run: Any, network: Path):
    options = ("--samples", 3, "--budget", 6, "--prefer", "few-layers", "--json", "--seed", 3)
    data = json.loads(text_of(run("design", network, *options)))
    assert (data["file"], data["outcome"], data["as_preferred"]) == (str(network), "found", True)
    assert len(data["allocation"]["learnable"]) == 1
    assert tc.check(data["verdict"]["certificate"])


def test_design_proves_impossibility_with_status_0(run: Any, network: Path, tmp_path: Path):
    out = tmp_path / "out.json"
    arguments = ("design", network, "--samples", 3, "--budget", 5)
    assert "IMPOSSIBLE T1: 5 learnable weights" in text_of(run(*arguments))
    check_one_line(run(*arguments, "--out", out), out, "not written", status=0)
    data = json.loads(text_of(run(*arguments, "--json")))
    assert (data["allocation"], data["verdict"]["expressivity"]) == (None, "minimal")
    assert tc.check(data["verdict"]["certificate"])


def test_design_stays_within_a_mask(run: Any, problems: dict[str, Path], network: Path):
    arguments = ("design", network, "--samples", 2, "--budget", 5, "--json")
    data = json.loads(text_of(run(*arguments, "--within", problems["linear"])))
    candidates = tc.load(problems["linear"]).allocation
    for name, mask in data["allocation"]["learnable"].items() if data["allocation"] else ():
        assert (candidates.mask(name) >= mask).all()
    same = json.loads(text_of(run("design", problems["linear"], *arguments[2:])))
    assert same["allocation"]["network"] == NETWORK


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "0", "--budget", "6"], "'--samples': it must be an integer from 1, not '0'"),
        (["--samples", "3", "--budget", "x"], "'--budget': it must be an integer from 1, not 'x'"),
        (["--samples", "3", "--budget", "99"], "budget must be an integer from 0 to 20, not 99"),
        (["--samples", "3"], "Missing option '--budget'"),
        (["--samples", "3", "--budget", "6", "--prefer", "even"], "must be spread or few-layers"),
        (["--samples", "3", "--budget", "6", "--within", "no.json"], "no.json: no such file"),
        (["--samples", "3", "--budget", "6", "--within", CROSS], "the candidates are those of"),
        (["--samples", "3", "--budget", "6", "--out", "o.txt"], "must end in .json, .npz or"),
        (["--samples", "3", "--budget", "6", "--out", "no/o.json"], "cannot be written: No such"),
        (["--samples", "3", "--budget", "6", "--memory-limit", "1e-9"], "more than the limit"),
    ],
)
def test_bad_designs_are_one_line(run: Any, network: Path, options: list[Any], message: str):
    check_one_line(run("design", network, *options), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kind": "linear"}, "network.kind must be one of"),
        ({"widths": [2, 2]}, "unknown key 'widths'"),
        ([], "must hold one JSON object"),
        (MIXED, "linear networks"),
    ],
)
def test_bad_networks_are_one_line(run: Any, tmp_path: Path, content: Any, message: str):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    check_one_line(run("design", path, "--samples", 1, "--budget", 1), path, message)


# Repair


def test_repair_prints_moves_and_the_new_verdict(run: Any, tmp_path: Path):
    out = tmp_path / "repaired.json"
    result = run("repair", CROSS, "--out", out)
    assert "  freeze W1[0,3], learn W1[1,0]\n" in result.out
    text = text_of(result)
    assert "MAXIMAL instead of MINIMAL after 1 move, no repair has fewer because T4" in text
    assert "MAXIMAL" in text_of(run("classify", out))
    assert "MAXIMAL it is maximal, nothing to do" in text_of(run("repair", out))
    again = run("repair", out, "--out", tmp_path / "again.json")
    check_one_line(again, "not written, there is no repaired allocation", status=0)


def test_repair_json_and_bad_files(run: Any, problems: dict[str, Path]):
    result = run("repair", problems["minimal"], "missing.json", problems["linear"], "--json")
    check_one_line(result, "missing.json: no such file")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines[0]["moves"] == [{"freeze": None, "learn": ["W1", 1, 1]}]
    assert lines[0]["optimal"] is True
    assert lines[1]["verdict"]["expressivity"] == "maximal"
    assert lines[1]["file"] == str(problems["linear"])


def test_bad_repairs_are_one_line(run: Any, mixed: Path):
    check_one_line(run("repair", CROSS, CROSS, "--out", "o.json"), "one file only")
    check_one_line(run("repair", CROSS, "--budget", "less"), "must be same or more")
    check_one_line(run("repair", mixed), mixed, "linear networks")
    assert "learn" in text_of(run("repair", CROSS, "--budget", "more"))


@pytest.mark.parametrize("name", ["out.txt", "no_folder/out.json"])
def test_the_name_of_the_file_is_checked_before_the_search(
    run: Any, network: Path, problems: dict[str, Path], tmp_path: Path, name: str
):
    words = "must end in" if name.endswith("txt") else "cannot be written: No such file"
    asked = ("design", network, "--samples", 3, "--budget", 7), ("repair", problems["linear"])
    for arguments in asked:
        result = run(*arguments, "--out", tmp_path / name)
        check_one_line(result, words, name)
        assert result.out == ""


def test_a_folder_that_cannot_be_written_is_told_before_the_search(
    run: Any, network: Path, tmp_path: Path, monkeypatch: Any
):
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    arguments = ("design", network, "--samples", 3, "--budget", 7, "--out", tmp_path / "out.json")
    result = run(*arguments)
    check_one_line(result, "cannot be written: Permission denied", "out.json")
    assert result.out == ""


def test_an_open_design_says_so_on_standard_error(
    run: Any, network: Path, tmp_path: Path, monkeypatch: Any
):
    known = tc.design(tc.LinearFeedforward([3, 4, 2]), samples=3, budget=7)
    nothing = replace(known, outcome="open", proposal=None, reason="none of 3 is proved maximal")
    monkeypatch.setattr("theorycheck.answers.designs.design", lambda *args, **named: nothing)
    arguments = ("design", network, "--samples", 3, "--budget", 7)
    result = run(*arguments)
    assert "OPEN none of 3 is proved maximal" in " ".join(result.out.split())
    check_one_line(result, "nothing was proved, neither a design nor that there", status=0)
    result = run(*arguments, "--json", "--out", tmp_path / "out.json")
    assert (result.status, json.loads(result.out)["outcome"]) == (0, "open")
    assert "nothing was proved" in result.err
    assert "not written" in result.err
