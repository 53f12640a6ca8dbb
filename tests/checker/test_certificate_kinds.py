"""Every kind of certificates has a check, a drawing and its place in the documentation."""

import re
from pathlib import Path

import pytest

import theorycheck as tc
from theorycheck.certificate_kinds import KINDS, NS, kind_of
from theorycheck.checker.registry import CHECKS
from theorycheck.plots.marks.registry import DRAWINGS
from theorycheck.problem.networks.kinds import KINDS as NETWORKS
from theorycheck.statements import STATEMENTS

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str, heading: str) -> set[str]:
    """The kinds that the tables below a heading of a page have rows for."""
    sections = re.split(r"^#+ (.*)$", (DOCS / page).read_text(), flags=re.MULTILINE)
    tables = "\n".join(re.findall(r"^\|.*\|$", sections[sections.index(heading) + 1], re.MULTILINE))
    first = [line.split("|")[1] for line in tables.splitlines()]
    return {name for cell in first for name in re.findall("`(.*?)`", cell)}


def lacking(checks=CHECKS, drawings=DRAWINGS, read=rows) -> dict[str, set[str]]:
    """What some kind lacks, or something has that is no kind."""
    sections = {kind.heading for kind in KINDS.values()}
    described = {
        (name, heading) for heading in sections for name in read("certificates.md", heading)
    }
    has = {
        "check": set(checks),
        "drawing": set(drawings),
        "description": {name for name, heading in described if KINDS[name].heading == heading},
        "line of the table": read("certificates.md", "Which kind speaks for which network"),
        "what is drawn": read("pictures.md", "What of a certificate is drawn"),
    }
    return {what: names ^ KINDS.keys() for what, names in has.items() if names != KINDS.keys()}


def test_every_kind_has_a_check_a_drawing_and_its_documentation():
    assert not lacking()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_lacks_something_would_be_noticed(kind: str):
    def without(table):
        return {name: value for name, value in table.items() if name != kind}

    assert lacking(checks=without(CHECKS)) == {"check": {kind}}
    assert lacking(drawings=without(DRAWINGS)) == {"drawing": {kind}}
    missing = lacking(read=lambda page, heading: rows(page, heading) - {kind})
    assert missing == {
        what: {kind} for what in ("description", "line of the table", "what is drawn")
    }


def test_facts_of_the_kinds_are_about_what_there_is():
    classes = {str(each) for each in tc.Expressivity} - {"undecided"}
    for kind in KINDS.values():
        assert set(kind.classes) <= classes
        assert {scope.theorem for scope in kind.scopes} <= STATEMENTS.keys()
        assert {name for scope in kind.scopes for name in scope.networks} <= {*NETWORKS, NS}
        assert kind.rests_on_another == ("certificate" in kind.keys)
        assert kind_of(kind.name) is kind
    assert kind_of(["forest"]) is kind_of("no kind") is None
