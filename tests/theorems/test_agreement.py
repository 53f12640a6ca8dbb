"""Samples of tests/agreement.py and tests/over_budget.py: theorems and certificates agree."""

import pytest

from tests.agreement import run_chunk
from tests.over_budget import FAMILIES, agree, share
from theorycheck.verification.predictions import NO_DEGREES

pytestmark = pytest.mark.long


def test_theorems_ranks_and_certificates_agree_on_a_thousand_allocations():
    counts, wrong = run_chunk(seed=12345, count=1000)
    assert wrong == []
    deciders = {who for part, who, _ in counts if part == "verdict"}
    assert deciders >= {"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T9"}


def test_every_theorem_agrees_on_orbits_over_budget():
    found = agree(FAMILIES["333"], 12, NO_DEGREES)
    assert found.total() == 115
    assert {words.split()[0] for words in found} == {"maximal", "minimal"}


def test_plans_decide_random_masks_that_stay_open_without():
    found, before = (
        share(FAMILIES["4-4-4-4"], 2, 3, NO_DEGREES, plans=plans) for plans in (True, False)
    )
    assert found.final == 3 > before.final
