"""A sample of tests/agreement.py: all theorems, all exact ranks and all certificates agree."""

import pytest

from tests.agreement import run_chunk

pytestmark = pytest.mark.long


def test_theorems_ranks_and_certificates_agree_on_a_thousand_allocations():
    counts, wrong = run_chunk(seed=12345, count=1000)
    assert wrong == []
    deciders = {who for part, who, _ in counts if part == "verdict"}
    assert deciders >= {"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T9"}
