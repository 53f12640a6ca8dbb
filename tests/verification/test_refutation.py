"""Planted wrong theorems must be refuted; the right ones survive the same cases."""

from dataclasses import replace
from pathlib import Path

import pytest

import theorycheck as tc
from tests.planted.base import Planted
from tests.planted.registry import PLANTED
from theorycheck.answers.classification import classify
from theorycheck.errors import ContradictionError
from theorycheck.statements import STATEMENTS
from theorycheck.theorems import t03_rows
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding
from theorycheck.theorems.registry import THEOREMS
from theorycheck.verdict import Expressivity
from theorycheck.verification.base import Property
from theorycheck.verification.run import refute, run_property

pytestmark = pytest.mark.long

SHRINKING = 1.0  # seconds of processor time for one counterexample


def different_truths() -> dict[str, Planted]:
    """One of the planted theorems for each right property and each domain."""
    first: dict[tuple[object, ...], str] = {}
    for name, planted in PLANTED.items():
        truth = planted.truth
        first.setdefault((truth.id, truth.name, truth.cases), name)
    return {name: PLANTED[name] for name in first.values()}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_wrong_theorem_is_refuted(name, tmp_path):
    planted = PLANTED[name]
    found = refute(planted.wrong, examples=1000, seed=0, shrinking=SHRINKING)
    assert found is not None
    assert found.id == planted.wrong.id
    assert found.allocation.network.n_weights <= planted.most
    tc.save(tmp_path / "case.json", found.case.allocation, found.case.samples)
    allocation, samples = tc.load(tmp_path / "case.json")
    again = replace(found.case, allocation=allocation, samples=samples)
    assert planted.wrong.refute(again) == found.message
    if planted.is_measurable:
        assert found.comparison is not None
        assert found.comparison.outcome == "refuted"
    elif found.comparison is not None:
        assert found.comparison.outcome == "inconclusive"


@pytest.mark.parametrize("name", different_truths())
def test_the_right_theorem_survives_the_same_cases(name):
    planted = PLANTED[name]
    same_seed = replace(planted.truth, name=planted.wrong.name)
    assert run_property(same_seed, examples=100, seed=0).counterexample is None


def test_planted_theorems_are_of_every_kind():
    ids = {planted.wrong.id for planted in PLANTED.values()}
    assert ids == set(STATEMENTS)
    assert len(PLANTED) >= 32
    assert all(isinstance(planted.truth, Property) for planted in PLANTED.values())


def test_the_guide_lists_them_all():
    guide = Path(tc.__file__).parents[1] / "docs" / "refutations.md"
    rows = [line for line in guide.read_text().splitlines() if line[:3] in ("| T", "| C")]
    listed = [row.split(" | ")[1] for row in rows]
    assert listed == list(PLANTED)


def test_contradiction_names_both_theorems():
    def lie(_: Analysis) -> Finding:
        return Finding("T9", Expressivity.MINIMAL, "a lie", "count")

    liar = replace(t03_rows.THEOREM, id="T9", why_not=lambda _: None, decide=lie)
    allocation = tc.Allocation.layer(tc.LinearFeedforward([2, 2]), "W1")
    with pytest.raises(ContradictionError, match=r"T3 says maximal .* but T9 says minimal"):
        classify(allocation, 2, theorems=(*THEOREMS, liar), cross_check=True)
