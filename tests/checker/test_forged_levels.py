"""Levels that somebody made up: all there are of two layers of two units, none may be accepted."""

from __future__ import annotations

import json
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from theorycheck.certificates import Certificate
from theorycheck.checker import levels
from theorycheck.checker.budget import Budget
from theorycheck.checker.context import Context
from theorycheck.checker.registry import check_certificate
from theorycheck.errors import CertificateError

KNOWN = Path(__file__).parents[1] / "known" / "lffn_222.json"


def problems(*classes: str) -> list[dict[str, Any]]:
    """Allocations of 2-2-2 with four learnables on two samples that are of these classes."""
    entries = json.loads(KNOWN.read_text())
    chosen = [each for each in entries if each["expected"]["expressivity"] in classes]
    return [{key: each[key] for key in ("network", "samples", "learnable")} for each in chosen]


def is_accepted(problem: dict[str, Any], evidence: dict[str, Any], seed: int) -> bool:
    """Whether the check holds in its first trial."""
    claim = {"expressivity": "maximal", "learnable": 4, "error_bound": 0.0}
    certificate = Certificate(
        kind="levels", theorem="T14", rank=None, target_dimension=None, problem=problem,
        evidence=evidence, **claim,
    )  # fmt: skip
    try:
        check_certificate(certificate, Context.of("", Budget.of(10_000), seed))
    except CertificateError:
        return False
    return True


def all_evidence() -> list[dict[str, Any]]:
    """Every choice of levels, of infinite columns, of functionals, of values and of a minor."""
    found: list[dict[str, Any]] = []
    levels_of_columns = list(product((None, 0, 1, 2), repeat=2))
    for units, columns, chosen in product(product(range(3), repeat=2), levels_of_columns, range(3)):
        minors = [None] if None not in columns else list(map(list, combinations(range(4), 4)))
        values = list(product(*(range(max(chosen - level, 0) + 1) for level in units)))
        found += [
            {"pair": 1, "axis": axis, "lines": [0, 1], "units": list(units), "chosen": chosen,
             "columns": list(columns), "minor": minor, "values": list(counts)}
            for axis in ("columns", "rows") for minor in minors for counts in values
        ]  # fmt: skip
    return found


@pytest.mark.long
def test_no_levels_show_that_a_minimal_or_intermediate_allocation_is_maximal(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(levels, "LOWER_TRIALS", 1)
    evidence, wrong = all_evidence(), problems("minimal", "intermediate")
    assert len(wrong) == 12
    for number, problem in enumerate(wrong):
        assert not any(is_accepted(problem, each, number) for each in evidence)
    # The same evidence is not refused whatever it is about.
    assert any(is_accepted(problem, each, 0) for problem in problems("maximal")[:20]
               for each in evidence[::7])  # fmt: skip
