"""Given inputs of nonlinear networks: certificates of T11 about them, and what is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests import page_checker
from tests.checker.test_certificates import redigested
from tests.checker.test_oracle import ANALYTIC, claim_of
from theorycheck.checker import oracle_bounds
from theorycheck.ranks.generic_rank import trial_error
from theorycheck.ranks.given_points import given_points
from theorycheck.theorems.t11_analytic import THEOREM as T11

Json = dict[str, Any]
POINTS = [[1, 0.5, 0], [2, -1, 0.25], [0, 3, 1]]


def found(allocation: tc.Allocation, m: int, inputs: Any) -> Json | None:
    certificate = tc.classify(allocation, m, inputs=inputs, theorems=[T11]).certificate
    return json.loads(json.dumps(certificate.to_dict())) if certificate else None


def verdicts(data: Json) -> set[bool]:
    """What ours and the checker of the page say."""
    return {bool(tc.check(data, seed=5)), page_checker.check(data, "5")[0]}


def example() -> Json:
    network = tc.Feedforward([3, 2, 2], activation="tanh")
    learnable = {"W1": np.eye(2, 3), "W2": [[1, 1], [1, 1]]}
    data = found(tc.Allocation(network, learnable), 3, POINTS)
    assert data is not None
    return data


def with_points(data: Json, inputs: Any, **more: Any) -> Json:
    return redigested({**data, "problem": {**data["problem"], "inputs": inputs, **more}})


def test_certificates_on_independent_samples_are_accepted_by_both_checkers():
    rng, seen = np.random.default_rng(0), Counter()
    for number in range(60):
        name = ANALYTIC[number % len(ANALYTIC)]
        widths = [3, *(int(n) for n in rng.integers(1, 4, rng.integers(2, 4)))]
        network = tc.Feedforward(widths, bool(rng.integers(2)), activation=name)
        if name == "linear":
            continue
        allocation = tc.Allocation.random(network, int(rng.integers(1, network.n_weights)), rng)
        data = found(allocation, 3, rng.integers(-3, 4, (3, 3)) / 4 + 2 * np.eye(3))
        if data is not None:
            assert verdicts(data) == {True}, tc.check(data).reason
            seen[data["kind"]] += 1
    assert min(seen[kind] for kind in ("count", "full_rank")) > 5


def test_the_numbers_are_checked():
    data = example()
    assert verdicts(data) == {True}
    for inputs in (POINTS[:2], [*POINTS, [1, 1, 1]], [[1, 2]] * 3, [[1, 2, "3"]] * 3, None, 3,
                   [[1, 2, True], *POINTS[1:]], [[0, 0, 0]] * 3):  # fmt: skip
        assert verdicts(with_points(data, inputs)) == {False}
    assert verdicts(with_points(data, POINTS, basis=[0, 1, 2])) == {False}
    assert "without a basis" in tc.check(with_points(data, POINTS, basis=[0, 1, 2])).reason
    scaled = [[8 * x for x in point] for point in POINTS]
    assert verdicts(with_points(data, scaled)) == {True}


@pytest.mark.parametrize("bias", [False, True])
def test_samples_that_a_unit_cannot_tell_apart_are_refused(bias: bool):
    """Dependent ones, also if they are so only on what one unit reads."""
    network = tc.Feedforward([3, 2, 2], bias, activation="erf")
    learnable = {"W2": [[1, 1], [1, 0]]}
    allocation = tc.Allocation(network, learnable)
    data = found(allocation, 2, POINTS[:2])
    assert data is not None
    assert verdicts(data) == {True}
    for other in ([2, 1, 0], [-1, -0.5, 0], [1, 0.5, 0]):
        points = [POINTS[0], other]
        if bias and other != POINTS[0]:  # a multiple of a sample is independent of it then
            independent = found(allocation, 2, points)
            assert independent is not None
            assert verdicts(independent) == {True}
            continue
        changed = with_points(data, points)
        assert verdicts(changed) == {False}
        assert "of the family of tanh" in tc.check(changed).reason
    masked = {**data["problem"], "present": {"W1": [[1, 1, 1], [0, 0, 1]]}}
    changed = redigested({**data, "problem": {**masked, "inputs": [[1, 2, 0], [2, 1, 0]]}})
    assert verdicts(changed) == {False}
    assert "of the family of tanh" in tc.check(changed).reason


def test_recurrent_networks_are_refused_unless_it_is_known_which_sums_are_equal():
    evidence = {"target_lower": {"by": "minor", "minor": {"rows": [0], "columns": [0]}}}
    for name, accepted in (("tanh", True), ("silu", False), ("erf", False), ("square", True)):
        network = {"kind": "recurrent", "inputs": 1, "hidden": 1, "outputs": 1, "steps": 2,
                   "activation": name}  # fmt: skip
        problem = {"network": network, "samples": 1, "learnable": {}, "inputs": [[1, 2]]}
        data = {**example(), "kind": "count", "expressivity": "minimal", "learnable": 0}
        data |= {"rank": None, "target_dimension": 1, "problem": problem, "evidence": evidence}
        assert verdicts(redigested(data)) == {accepted}


def test_full_networks_need_no_independent_samples():
    allocation = tc.Allocation.full(tc.Recurrent(1, 2, 1, 2, activation="gelu"))
    certificate = tc.classify(allocation, 2, inputs=[[1, 2], [2, 4]]).certificate
    assert certificate is not None
    assert certificate.kind == "full"
    assert verdicts(json.loads(json.dumps(certificate.to_dict()))) == {True}


def test_the_bound_of_a_trial_counts_the_size_of_the_integers():
    network = tc.Feedforward([3, 4, 3, 2], True, activation="silu")
    allocation, bounds = tc.Allocation.none(network), []
    for scale in (1, 10**6, 2.0**-40):
        points = [[x * scale + 1 for x in point] for point in POINTS]
        claim = claim_of(allocation, 3)
        exact = [[int(x * 2**60) for x in row] for row in zip(*points, strict=True)]
        divisor = math.gcd(*(x for row in exact for x in row))
        claim.inputs = [[x // divisor for x in row] for row in exact]
        bounds.append(oracle_bounds.trial_bound(claim, 5))
        theirs = trial_error(allocation, 3, 5, given_points(network, 3, points))
        # Ours counts how often an input can be a factor, theirs once for each degree.
        assert 0.2 * theirs < bounds[-1] <= theirs
    assert bounds == sorted(bounds)
