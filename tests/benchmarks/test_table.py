"""The table of ratios, from made-up medians and from a benchmark that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .__main__ import record, run
from .table import Measured, markdown, ratio_rows, read, time_rows


def entry(case: str, median: float, group: str | None = "Ranks", **references: float) -> Any:
    named = [{"name": name, "seconds": s, "rounds": 3} for name, s in references.items()]
    info = {"case": case, "references": named}
    return {"group": group, "fullname": case, "extra_info": info, "stats": {"median": median}}


def test_a_ratio_above_one_means_that_the_own_call_is_faster():
    (measured,) = read([entry("9 x 9", 0.5, flint=2.0, numpy=0.25)])
    assert (measured.ratio("flint"), measured.ratio("numpy")) == (4, 0.5)
    assert ratio_rows([measured]) == [
        ("Ranks", "9 x 9", "500 ms", "flint", "2.0 s", "4.0"),
        ("Ranks", "", "", "numpy", "250 ms", "0.50"),
    ]
    assert time_rows([measured]) == []


def test_cases_without_a_reference_are_merged_and_topics_kept_together():
    entries = [entry("a", 2.0), entry("b", 3.0, "Fits"), entry("a", 1.0), entry("c", 4.0)]
    measured = read(entries)
    assert [(each.topic, each.case) for each in measured] == [
        ("Ranks", "a"),
        ("Ranks", "c"),
        ("Fits", "b"),
    ]
    assert time_rows(measured)[0] == ("Ranks", "a", "1.0 s to 2.0 s, 2 masks", "")
    text = markdown(("case", "time", "result"), time_rows(measured))
    assert text.count("**Ranks**") == text.count("**Fits**") == 1


@pytest.mark.parametrize(
    "entries",
    [
        [entry("a", 1.0, None)],
        [entry("a", 1.0) | {"extra_info": {}}],
        [entry("a", 1.0, flint=1.0), entry("a", 2.0, flint=1.0)],
    ],
    ids=["no group", "no case", "twice"],
)
def test_what_breaks_the_convention_is_refused(entries: list[Any]):
    with pytest.raises(ValueError, match="a"):
        read(entries)


MODULE = """
import pytest
from time import sleep
from tests.benchmarks.convention import Reference, measure

pytestmark = pytest.mark.benchmark(group="Sleep")

def test_sleep(benchmark):
    reference = Reference("longer", lambda: sleep(0.04) or RESULT, share=2)
    own, other = measure(benchmark, "short", lambda: sleep(0.002) or 1, reference, rounds=5)
    assert own == other
"""


def test_a_benchmark_that_runs_is_recorded(tmp_path: Path):
    (tmp_path / "test_sleep.py").write_text(MODULE.replace("RESULT", "1"))
    measured = run("", tmp_path)
    assert measured is not None
    assert [each.case for each in measured] == ["short"]
    # Sleeps may take longer, but never shorter; 0.04 s for twice the work is 0.02 s.
    assert measured[0].seconds[0] >= 0.002
    assert measured[0].references["longer"] >= 0.02
    record(measured, {"date": "2026-11-21"}, tmp_path / "docs" / "today.md")
    assert "| short |" in (tmp_path / "docs" / "today.md").read_text()
    medians = json.loads((tmp_path / "docs" / "today.json").read_text())["medians"]
    assert [Measured(**each | {"seconds": tuple(each["seconds"])}) for each in medians] == measured


@pytest.mark.parametrize("load", ["0.10", "1.90"])
def test_a_record_says_whether_other_work_ran(tmp_path: Path, load: str):
    measured = read([entry("9 x 9", 0.5, flint=2.0)])
    record(measured, {"date": "2026-11-21", "load average before": load}, tmp_path / "today.md")
    assert ("Other work ran" in (tmp_path / "today.md").read_text()) == (load == "1.90")


@pytest.mark.long
def test_a_wrong_answer_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "test_sleep.py").write_text(MODULE.replace("RESULT", "2"))
    assert run("", tmp_path) is None
    assert "assert 1 == 2" in capsys.readouterr().err
