"""What a check of levels foresees is less than it takes, and refuses it before it begins."""

import json
from typing import Any, cast

import numpy as np
import pytest

import theorycheck as tc
from tests.checker.test_certificates import certificate_of
from tests.shared.plans import random_allocation
from theorycheck.checker import levels
from theorycheck.checker.budget import MOST_SECONDS, PER_SECOND, Budget
from theorycheck.checker.check import check_certificate
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.checker.deep_levels import deep_of_claim
from theorycheck.checker.levels import pair_of_claim, rows_of
from theorycheck.errors import SizeError
from theorycheck.theorems import t14_levels


def certificates(number):
    rng, found = np.random.default_rng(0), []
    while len(found) < number:
        n = int(rng.integers(2, 7))
        allocation = random_allocation((n, n, n), int(rng.uniform(1.2, 1.8) * n * n), rng)
        verdict = tc.classify(allocation, n, theorems=[t14_levels.THEOREM])
        if verdict.certificate is not None and verdict.certificate.kind == "levels":
            found.append(verdict.certificate)
    return found


def test_a_trial_takes_more_than_is_foreseen(monkeypatch):
    foreseen = []
    counted = levels.least_operations

    def noted(*arguments):
        foreseen.append(counted(*arguments))
        return foreseen[-1]

    monkeypatch.setattr(levels, "least_operations", noted)
    for certificate in certificates(12):
        budget = Budget.of(10**6)
        check_certificate(certificate, Context.of("", budget, 0))
        assert foreseen[-1] < budget.spent < 50 * foreseen[-1]


def test_a_check_that_takes_too_long_does_not_begin(monkeypatch):
    (certificate,) = certificates(1)
    monkeypatch.setattr(levels, "least_operations", lambda *_: 1e12)
    monkeypatch.setattr(levels, "Point", None)
    with pytest.raises(SizeError, match=r"a trial of levels takes about 1.0e\+12.*--seconds"):
        check_certificate(certificate, Context.of("", Budget.of(10**4), 0))
    assert not tc.check(certificate)


def test_no_check_without_limits_may_cost_more_than_its_time():
    assert Budget.of(10**9).operations == MOST_SECONDS * PER_SECOND
    assert Budget.of(len(json.dumps({}))).operations < 1.1e10


@pytest.mark.parametrize("name", ["levels", "deep_levels", "deep_levels rows"])
@pytest.mark.parametrize("is_late", [False, True])
def test_masks_are_paid_for_before_they_are_read(name: str, is_late: bool):
    found = certificate_of(name)
    budget = Budget.of(1000, seconds=3600)
    claim = Claim(found, Context.of("", budget))
    read = pair_of_claim if name == "levels" else deep_of_claim
    read(claim)  # with time and operations enough
    if is_late:
        budget.ends = 0.0
    else:
        budget.operations = budget.spent + 300  # those of no mask
    masks: list[str] = []
    claim.allocation = cast(Any, Noting(claim.allocation, masks))
    with pytest.raises(SizeError, match=r"the masks of the pair|the pair"):
        read(claim)
    assert not masks


class Noting:
    """An allocation that notes whose masks are read."""

    def __init__(self, allocation: tc.Allocation, masks: list[str]) -> None:
        self._allocation, self._masks = allocation, masks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._allocation, name)

    def mask(self, name: str) -> Any:
        self._masks.append(name)
        return self._allocation.mask(name)


def test_masks_are_read_no_further_than_operations_allow():
    found = certificate_of("levels")
    budget = Budget.of(1000, seconds=3600)
    claim = Claim(found, Context.of("", budget))
    mask = np.ones((5, 4), dtype=bool)
    assert rows_of(claim, mask, [0, 3], "a mask") == [[0, 1, 2, 3, 4]] * 2
    budget.operations = budget.spent + 1200
    spent = budget.spent
    with pytest.raises(SizeError, match="a mask"):
        rows_of(claim, mask, range(4), "a mask")
    assert spent < budget.spent <= budget.operations
