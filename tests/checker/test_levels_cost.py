"""What a check of levels foresees is less than it takes, and refuses it before it begins."""

import json

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import random_allocation
from theorycheck.checker import levels
from theorycheck.checker.budget import MOST_SECONDS, PER_SECOND, Budget
from theorycheck.checker.check import check_certificate
from theorycheck.checker.context import Context
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
