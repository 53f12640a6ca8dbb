"""Results show themselves: a short line, the lines of the command line, HTML for notebooks."""

import inspect
import pydoc
import re
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.strategies import WORK_ONLY
from theorycheck.cli.app import main
from theorycheck.display.shown import Shown

NETWORK = tc.LinearFeedforward([2, 2, 2])
DIAGONALS = tc.Allocation(NETWORK, {"W1": np.eye(2), "W2": np.eye(2)})
ROWS = tc.Allocation(tc.LinearFeedforward([3, 2]), {"W1": [[1, 0, 0], [1, 1, 1]]})
EFFORT: dict[str, Any] = {"effort": WORK_ONLY}
HOSTILE = "<script>alert(1)</script>"


@cache
def verdict() -> tc.Verdict:
    return tc.classify(DIAGONALS, 2, diagnose=True, **EFFORT)


def certificate() -> tc.Certificate:
    found = verdict().certificate
    assert found is not None
    return found


RESULTS: dict[str, Any] = {
    "verdict": verdict,
    "undecided": lambda: replace(verdict(), theorem=None, certificate=None, reason="so" * 200),
    "explanation": lambda: tc.explain(DIAGONALS, 2, **EFFORT),
    "estimate": lambda: tc.measure(DIAGONALS, 2, trials=20),
    "comparison": lambda: tc.compare(DIAGONALS, 2, trials=20, verdict=verdict()),
    "heuristic": lambda: tc.estimate(DIAGONALS, 2, verdict=verdict()),
    "capacity": lambda: tc.capacity(ROWS),
    "design": lambda: tc.design(NETWORK, 2, 6),
    "impossible": lambda: tc.design(NETWORK, 2, 1),
    "methods": lambda: tc.compare_methods(NETWORK, 4, 2, draws=1),
    "repair": lambda: tc.repair(ROWS, 2),
    "nothing to repair": lambda: tc.repair(tc.Allocation.full(NETWORK), 2),
    "verified": lambda: tc.check(certificate()),
    "wrong": lambda: tc.check({HOSTILE: 1}),
    "proof": lambda: tc.prove(["T3"])[0],
    "verification": lambda: tc.verify(["T3"], examples=5)[0],
}


@cache
def result(name: str) -> Any:
    return RESULTS[name]()


class Balanced(HTMLParser):
    """Fails on tags that do not close; keeps the text and the tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_shows_itself_in_a_line_in_some_and_as_html(name):
    found = result(name)
    assert isinstance(found, Shown)
    kind = type(found).__name__
    assert re.fullmatch(rf"<{kind} .+>", repr(found))
    assert name == "undecided" or len(repr(found)) <= 130
    assert "(" + kind not in repr(found)
    text = str(found)
    assert all(len(line) <= 100 for line in text.splitlines()) or name == "undecided"
    assert not re.search(r"object at 0x|array\(|Allocation\(", repr(found) + text)
    page = Balanced(found._repr_html_())
    assert page.tags <= {"div", "span", "strong", "table", "tr", "th", "td"}
    shown = " ".join("".join(page.words).split())
    head = found.paragraphs()[0]
    assert head.label in text.split("\n")[0] or kind == "HeuristicEstimate"
    assert " ".join(head.text.split()) in shown


def test_the_shape_of_a_class_is_drawn_and_hostile_text_is_escaped():
    assert "◆" in result("verdict")._repr_html_()
    hostile = replace(result("wrong"), reason=HOSTILE)
    assert HOSTILE not in hostile._repr_html_()
    assert HOSTILE in str(hostile)


def test_what_is_shown_names_the_result():
    assert repr(result("verdict")) == "<Verdict INTERMEDIATE: T7, proved>"
    assert repr(result("repair")).startswith("<Repair MAXIMAL: instead of MINIMAL after 1 move")
    assert repr(result("capacity")) == "<Capacity MAXIMAL: on up to 1 sample; on 2 it is not>"
    assert (
        repr(result("verified")) == "<CheckResult verified: INTERMEDIATE by T7 (witness), proved>"
    )
    assert repr(result("proof")) == "<ProofResult T3: Rows: 3 of 3 steps hold>"
    assert "holds" in str(result("verification"))
    assert str(result("heuristic")) == "0.90 (0.86 to 0.93), heuristic for Gaussian weights"
    assert repr(tc.prove(["T3"])) == f"[{result('proof')!r}]"


def test_warnings_come_first_and_are_not_the_result():
    cut = tc.Allocation(NETWORK, {"W2": [[1, 1], [0, 0]]}, present={"W2": [[1, 1], [0, 0]]})
    warning = "output 1 is constant: no present path reaches it"
    found = tc.explain(cut, 2, **EFFORT)
    assert repr(found) == f"<Explanation MAXIMAL: {tc.Expressivity.MAXIMAL.meaning}>"
    for shown in (found, found.verdict):
        assert str(shown).splitlines()[0] == f"  warning    {warning}"
        words = " ".join(Balanced(shown._repr_html_()).words)
        assert words.index(warning) < words.index("MAXIMAL")
        assert words.count(warning) == 1


def test_a_sweep_shows_itself(tmp_path):
    summary = tc.sweep(tc.SweepSpec(NETWORK, 2, 3), tmp_path / "s.sqlite")
    start = "linear feed-forward 2-2-2, 2 samples; all allocations of budget 3"
    assert repr(summary) == f"<Summary SWEEP: {start}>"
    assert "rows for 56 allocations, 100.00%" in str(summary)
    assert "complete; all proved" in Balanced(summary._repr_html_()).words[-1]


COMMANDS: dict[str, tuple[str, ...]] = {
    "verdict": ("classify", "a.json", "--diagnose"),
    "explanation": ("explain", "a.json"),
    "capacity": ("capacity", "rows.json"),
    "repair": ("repair", "rows.json"),
    "design": ("design", "a.json", "--samples", "2", "--budget", "6"),
    "impossible": ("design", "a.json", "--samples", "2", "--budget", "1"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_prints_the_same_lines(name, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    tc.save("a.json", DIAGONALS, 2)
    tc.save("rows.json", ROWS, 2)
    monkeypatch.setattr(sys, "argv", ["theorycheck", *COMMANDS[name]])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr().out.splitlines()
    for line in str(result(name)).splitlines():
        assert line.replace("move       ", "") in printed, line


@pytest.mark.parametrize("name", sorted(set(dir(tc)) - {"Effort"}))
def test_help_shows_clean_defaults(name):
    """No address, no module and no list of objects; `Effort` alone has functions as defaults."""
    found = getattr(tc, name)
    if inspect.isclass(found) and issubclass(found, Exception):
        return
    members = inspect.getmembers(found, callable) if inspect.isclass(found) else []
    public = [member for label, member in members if not label.startswith("_")]
    for each in (found, *public):
        try:
            defaults = str(inspect.signature(each))
        except ValueError:  # of a function of C
            continue
        assert not re.search(r"<|Theorem\(", defaults), defaults


def test_help_of_classify_is_short():
    text = pydoc.plain(pydoc.render_doc(tc.classify))
    assert "theorems: 'Sequence[Theorem] | None' = None" in text
    assert "progress: 'Watch' = False" in text
    assert "effort: 'Effort' = Effort(seconds=60.0, degree=2000," in text


def test_estimate_and_report_classify_once(monkeypatch, tmp_path):
    """The verdict that there is already is used: nothing is classified twice."""
    calls: list[Any] = []
    honest = tc.classify

    def spy(*arguments: Any, **options: Any) -> tc.Verdict:
        calls.append(arguments)
        return honest(*arguments, **options)

    for module in ("answers.classification", "verification.comparison", "answers.estimation"):
        monkeypatch.setattr(f"theorycheck.{module}.classify", spy)
    tc.estimate(DIAGONALS, 2, verdict=verdict())
    tc.compare(DIAGONALS, 2, verdict=verdict(), trials=5)
    entry = tc.PageEntry("x", DIAGONALS, 2, verdict(), tc.compare(DIAGONALS, 2, trials=5))
    assert len(calls) == 1  # of the one comparison without a verdict
    tc.page([entry, entry])
    assert len(calls) == 1
    monkeypatch.chdir(tmp_path)
    tc.save("a.json", DIAGONALS, 2)
    for command in (("estimate", "a.json"), ("report", "a.json", "--measure", "5")):
        calls.clear()
        monkeypatch.setattr(sys, "argv", ["theorycheck", *command])
        with pytest.raises(SystemExit):
            main()
        assert len(calls) == 1, command
    assert Path("report.html").exists()
