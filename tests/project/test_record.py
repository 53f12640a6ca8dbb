"""The record of what the tool says: the same twice, and a change in it is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.record.__main__ import main
from tests.record.commands import printed
from tests.record.comparison import compare_files, differences
from tests.record.plain import plain, scrubbed
from tests.record.writing import all_cases, recorded

FEW = (
    "feedforward/00", "relu/00", "inputs/00", "nonlinear/00", "known/found/", "command/errors",
)  # fmt: skip
AGAIN = ("inputs/00", "command/errors")


def names_of(starts: tuple[str, ...]) -> list[str]:
    return [name for name in all_cases() if name.startswith(starts)]


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> Path:
    """The record of a few cases of every kind, from this process."""
    file = tmp_path_factory.mktemp("record") / "old.jsonl"
    file.write_text("".join(f"{recorded(name)[0]}\n" for name in names_of(FEW)), encoding="utf-8")
    return file


def test_the_cases_are_about_two_thousand_of_all_kinds():
    families = {name.split("/")[0] for name in all_cases()}
    assert len(all_cases()) > 2000
    assert families >= {
        *("feedforward", "recurrent", "relu", "nonlinear", "inputs", "larger", "known", "command")
    }


def test_another_process_writes_the_same(record, tmp_path):
    again, lines = tmp_path / "new.jsonl", []
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OPENBLAS_NUM_THREADS": "1"}
    for start in AGAIN:
        command = [sys.executable, "-m", "tests.record", "write", str(again), "--only", start]
        subprocess.run(command, env=environment, check=True, cwd=Path(__file__).parents[2])
        lines += again.read_text(encoding="utf-8").splitlines()
    assert set(lines) <= set(record.read_text(encoding="utf-8").splitlines())
    assert len(lines) == len(names_of(AGAIN))


def test_a_record_compares_equal_with_itself(record, capsys):
    assert main(["compare", str(record), str(record)]) == 0
    assert capsys.readouterr().out == f"{len(names_of(FEW))} cases, all the same\n"


def test_a_planted_change_of_a_verdict_is_shown(record, tmp_path, capsys, monkeypatch):
    import theorycheck as tc

    to_dict = tc.Verdict.to_dict

    def changed(verdict: tc.Verdict) -> dict:
        found = to_dict(verdict)
        return {**found, "reason": found["reason"].replace("rank", "Rank")}

    monkeypatch.setattr(tc.Verdict, "to_dict", changed)
    name = next(
        json.loads(line)["case"]
        for line in record.read_text(encoding="utf-8").splitlines()
        if "rank" in json.loads(line)["says"].get("verdict", {}).get("reason", "")
    )
    new = tmp_path / "new.jsonl"
    new.write_text(
        "".join(
            f"{recorded(name)[0] if json.loads(line)['case'] == name else line}\n"
            for line in record.read_text(encoding="utf-8").splitlines()
        ),
        encoding="utf-8",
    )
    assert main(["compare", str(record), str(new)]) == 1
    shown = capsys.readouterr().out
    assert name in shown
    assert "verdict.reason" in shown
    assert f"1 of {len(names_of(FEW))} cases differ" in shown


def test_a_case_that_only_one_record_has_is_shown(record, tmp_path, capsys):
    new = tmp_path / "new.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    new.write_text("".join(lines[1:]), encoding="utf-8")
    for pair in ((record, new), (new, record)):
        assert compare_files(*pair) == 1
        assert f"{json.loads(lines[0])['case']}: only in {record}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 1.0),
        (1, True),
        (0.1, 0.1 + 2e-17 + 1e-16),
        ([1, 2], [1]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ("word", "words"),
        (None, 0),
    ],
)
def test_every_kind_of_difference_is_seen(old, new):
    assert list(differences({"it": [old]}, {"it": [new]}))
    assert not list(differences({"it": [old]}, {"it": [old]}))


def test_floats_may_be_let_pass():
    assert not list(differences([1.0, float("nan")], [1.0 + 1e-12, float("nan")], 1e-9))
    assert list(differences([1.0], [1.0 + 1e-6], 1e-9))


def test_the_seconds_of_tables_are_left_out():
    table = "budget  class     rows  seconds\n     3  minimal      4      0.4\n\n     3  rows 0.4"
    other = table.replace("0.4\n", "9.1\n")
    assert printed(table) == printed(other)
    assert printed(table)[1:] == ["     3  minimal      4     TIME", "", "     3  rows 0.4"]


def test_clocks_and_versions_are_left_out():
    assert plain({"a": {"seconds": 1.5, "versions": {}, "b": "0.2 s"}}) == {"a": {"b": "TIME s"}}
    assert scrubbed("Written 2026-01-02 10:11 UTC by theorycheck 0.1.0, Python 3.11.7") == (
        "Written DATE UTC by theorycheck VERSION, Python VERSION"
    )
    assert scrubbed("rank 3 of 4, 2 samples, widths 3.5") == "rank 3 of 4, 2 samples, widths 3.5"
